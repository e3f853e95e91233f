// Writes the notes about rows of lead_intake that changed persons' data (C48): one for each client and day, with a line for each change.
// Invariant: for a past day, once; it names fields and opt-ins and the entry of the log, never a value or a lead.
import { addDays, civilDate, frenchDate, startOfDay, type CivilDate } from '../domain/civil-date.ts';
import { counted, type OneAndSeveral } from '../domain/counted.ts';
import { optInWords } from '../domain/opt-in-words.ts';
import { columnFacts } from '../domain/lead-fields/columns.ts';
import { hasNoteOf } from '../store/client-notes.ts';
import type { Database } from '../store/database.ts';
import { rowChanges, type RowChange } from '../store/row-changes.ts';
import { lockClients } from '../store/same-person.ts';
import { writeNote } from './notes.ts';

const otherChanges: OneAndSeveral = [
  ['autre modification', 'other change'],
  ['autres modifications', 'other changes'],
];

/** Covers a planner that stopped over a long weekend. */
const daysBack = 4;
/** Time, in ms, for transactions that began on a day to commit. */
const graceMs = 3_600_000;
/** Lines of a note; further ones are only counted. */
const mostLines = 200;
const kind = 'rows_changed';

/** Returns a function that writes due notes and returns how many it wrote; each process checks a day once. */
export function createRowNotes(database: Database): () => Promise<number> {
  let through: CivilDate | undefined;
  return async () => {
    const last = addDays(civilDate(new Date(database.now().getTime() - graceMs)), -1);
    const earliest = addDays(last, 1 - daysBack);
    let written = 0;
    for (let day = earliest; day <= last; day = addDays(day, 1)) {
      if (through !== undefined && day <= through) continue;
      written += await writeRowNotes(database, day);
      through = day;
    }
    return written;
  };
}

/** Writes the notes of one day, for every client that has none of it yet. */
export async function writeRowNotes(database: Database, day: CivilDate): Promise<number> {
  const byClient = new Map<string, DayOf>();
  const span = { from: startOfDay(day), to: startOfDay(addDays(day, 1)) };
  for await (const page of rowChanges(database, span))
    for (const change of page) {
      if (change.fields.length + change.takenBack.length === 0) continue;
      const known = byClient.get(change.clientId) ?? { lines: [], more: 0 };
      byClient.set(change.clientId, known);
      if (known.lines.length < mostLines) known.lines.push(lineOf(change));
      else known.more += 1;
    }
  let written = 0;
  for (const [clientId, of] of byClient) if (await writeOne(database, { clientId, day, ...of })) written += 1;
  return written;
}

interface DayOf {
  readonly lines: string[];
  more: number;
}

const writeOne = (
  database: Database,
  { clientId, day, lines, more }: DayOf & { readonly clientId: string; readonly day: CivilDate },
): Promise<boolean> =>
  database.transaction(async (tx) => {
    const document = `lignes reçues le ${frenchDate(day)}`;
    // The second of two planners at once sees the note of the first.
    await lockClients(tx, [clientId], 'alone');
    if (await hasNoteOf(tx, clientId, { kind, document })) return false;
    await writeNote(tx, {
      clientId,
      kind,
      title: `données de personnes modifiées par des lignes reçues le ${frenchDate(day)}`,
      changes: [
        ...lines,
        ...(more === 0 ? [] : [`Et ${counted(more, otherChanges)[0]} de ce jour, que le journal contient`]),
      ],
      askedBy: 'les outils de collecte du centre, par les lignes reçues',
      doneBy: 'intake',
      document,
    });
    return true;
  });

const labels = new Map<string, string>(columnFacts.map(({ column, label }) => [column, label ?? column]));

function lineOf({ at, entry, fields, takenBack }: RowChange): string {
  const time = at.toLocaleTimeString('fr-FR', {
    timeZone: 'Europe/Paris',
    hour: '2-digit',
    minute: '2-digit',
  });
  const what =
    fields.length > 0
      ? `champs corrigés : ${fields.map((field) => labels.get(field) ?? field).join(', ')}`
      : takenBack.map((optIn) => `${optInWords(optIn)} : refus ou retrait enregistré`).join(', ');
  return `${time}, ${what} (écriture n° ${entry} du journal)`;
}
