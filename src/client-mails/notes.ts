// Writes the note of a change made on a client's instruction (C48): numbered, kept, in the log, mailed to contact and officer.
// Invariant: it is written in the transaction of the change. It names fields and settings, never a person's value: mail addresses
// and phone numbers are masked.
import { impersonalText } from '../domain/names-in-text.ts';
import { RelaisError } from '../errors.ts';
import { insertNote, nextNoteNumber, hasNoteOf, type StoredNote } from '../store/alerts/client-mails.ts';
import type { Sql, Database } from '../store/database.ts';
import { isMoved } from '../store/hosting/moves.ts';
import { appendHandover } from '../store/log/handovers.ts';
import { contractMailboxes, queueClientMail } from './queue.ts';
import { addDays, civilDate, frenchDate, startOfDay, type CivilDate } from '../domain/civil-date.ts';
import { countText } from '../domain/counted.ts';
import { optInWords } from '../domain/lead-values.ts';
import { columnFacts } from '../domain/lead-fields/columns.ts';
import { rowChanges, type RowChange } from '../store/intake/row-changes.ts';
import { lockClients } from '../store/client-locks.ts';

const noteKinds = [
  'mapping_published',
  'mapping_rolled_back',
  'client_facts',
  'recipient_authorised',
  'recipient_revoked',
  'secret_rotated',
  'instruction_recorded',
  'retention',
  'person_rectified',
  'person_erased',
  'person_objected',
  'person_restricted',
  'consent_withdrawn',
  'rows_changed',
  'contract_ended',
  'hosting_changed',
] as const;
export type NoteKind = (typeof noteKinds)[number];

export interface ClientNote {
  readonly clientId: string;
  readonly kind: NoteKind;
  /** French, one line: `format « horizon-crm » publié, version 3`. */
  readonly title: string;
  /** Changes in French, a line each. A person's data appears as names of fields, never as values. */
  readonly changes: readonly string[];
  /** The asker at the client, or the prospect with the request; absent: the centre by itself. */
  readonly askedBy?: string | undefined;
  /** Account of the actor. */
  readonly doneBy: string;
  /** Number of the client's registered instruction. */
  readonly instruction?: number | undefined;
  /** Contract, letter or request that justifies it. */
  readonly document?: string | undefined;
  /** Mailboxes that the contract named until this change. */
  readonly formerMailboxes?: readonly string[];
  readonly destinationId?: string;
  readonly mappingVersionId?: number;
}

/** Asker of a change that the centre makes by itself. */
const byTheCentre = 'le centre, de sa propre initiative';

const most = { askedBy: 160, document: 200 } as const;

/** A cut name or document would lose its end, in the note and in the log. @throws USAGE-001 */
function refuseLong({ askedBy = '', document = '' }: ClientNote): void {
  if (askedBy.trim().length > most.askedBy)
    throw new RelaisError('USAGE-001', [
      `Qui l’a demandé : ${most.askedBy} caractères au plus.`,
      `Name of the person who asked: ${most.askedBy} characters at most.`,
    ]);
  if (document.trim().length > most.document)
    throw new RelaisError('USAGE-001', [
      `Le document a ${most.document} caractères au plus.`,
      `The document has ${most.document} characters at most.`,
    ]);
}

/**
 * Returns the note's number among the client's; 0 where the client has moved to another installation, which goes on with its numbers.
 * Call it last in the transaction: it locks the client's counter until the end.
 */
export async function writeNote(tx: Sql, note: ClientNote): Promise<number> {
  refuseLong(note);
  if (await isMoved(tx, note.clientId)) return 0;
  const known = await contractMailboxes(tx, note.clientId, note.formerMailboxes);
  const clean = (text: string): string =>
    impersonalText(text.toWellFormed().replaceAll(/\s+/g, ' ').trim(), known);
  const askedBy = clean(note.askedBy ?? byTheCentre).slice(0, most.askedBy);
  const number = await nextNoteNumber(tx, note.clientId);
  const row: StoredNote = {
    clientId: note.clientId,
    number,
    writtenAt: tx.now(),
    kind: note.kind,
    destinationId: note.destinationId ?? '',
    mappingVersionId: note.mappingVersionId ?? 0,
    title: clean(note.title).slice(0, 200),
    changes: note.changes.map(clean),
    askedBy,
    doneBy: note.doneBy.slice(0, 120),
    instruction: note.instruction ?? 0,
    document: clean(note.document ?? '').slice(0, most.document),
  };
  await insertNote(tx, row);
  await appendHandover(tx, {
    entry: 'note_written',
    clientId: note.clientId,
    destinationId: row.destinationId,
    mappingVersionId: row.mappingVersionId,
    actor: row.doneBy,
    recipient: askedBy,
    purpose: `note ${number}`,
    reason: note.kind,
  });
  await queueClientMail(tx, {
    clientId: note.clientId,
    kind: 'note',
    key: noteKey(number),
    to: ['contact', 'dpo'],
    subject: `Note n° ${number} : ${row.title}`,
    paragraphs: noteParagraphs(row),
    formerMailboxes: note.formerMailboxes ?? [],
  });
  return number;
}

/** Key of the mails of a note. */
export const noteKey = (number: number): string => `note-${number}`;

const who: Readonly<Record<string, string>> = {
  staff: 'un agent du centre (n°',
  account: 'un agent du centre (compte n°',
  key: 'un système du centre (clé n°',
};

/** Words for the gateway's own processes as actors. */
const itself: Readonly<Record<string, string>> = {
  intake: 'la passerelle, à la réception des lignes',
  planner: 'la passerelle',
  worker: 'la passerelle',
  console: 'la console',
  centre: 'le centre',
};

/** Staff appear as numbers here: their names are kept elsewhere (C58). */
function doneByWords(actor: string): string {
  const [, kind = '', id = ''] = /^(staff|account|key):(\d+)$/.exec(actor) ?? [];
  return who[kind] === undefined ? (itself[actor] ?? actor) : `${who[kind]} ${id})`;
}

/** Text of the note for its readers, in French. */
export function noteParagraphs(note: StoredNote): readonly string[] {
  const day = note.writtenAt.toLocaleString('fr-FR', {
    timeZone: 'Europe/Paris',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  });
  return [
    `Note n° ${note.number}, ${day} (heure de Paris)`,
    `Objet : ${note.title}`,
    ['Modification effectuée :', ...note.changes.map((line) => `  - ${line}`)].join('\n'),
    [
      `Demandée par : ${note.askedBy}`,
      ...(note.instruction === 0 ? [] : [`Instruction enregistrée : n° ${note.instruction}`]),
      ...(note.document === '' ? [] : [`Motif ou document : ${note.document}`]),
      `Effectuée par : ${doneByWords(note.doneBy)}`,
    ].join('\n'),
  ];
}

// Writes the notes about rows of lead_intake that changed persons' data (C48): one for each client and day, with a line for each change.
// Invariant: for a past day, once; it names fields and opt-ins and the entry of the log, never a value or a lead.

const otherChanges = (count: number): string =>
  `${countText(count, 'fr')} ${count < 2 ? 'autre modification' : 'autres modifications'}`;

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
    await lockClients(tx, [clientId], 'alone', 'taken');
    if (await hasNoteOf(tx, clientId, { kind, document })) return false;
    await writeNote(tx, {
      clientId,
      kind,
      title: `données de personnes modifiées par des lignes reçues le ${frenchDate(day)}`,
      changes: [
        ...lines,
        ...(more === 0 ? [] : [`Et ${otherChanges(more)} de ce jour, que le journal contient`]),
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
