// Writes the log of one client and one period for an auditor: the exact texts that were signed and sealed, with their seals.
// Invariant: no entry of another client; archived entries are read from the archives, or nothing is written at all; memory
// does not grow with the log.
import { join } from 'node:path';
import { addDays, civilDate } from '../../domain/civil-date.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { RelaisError } from '../../errors.ts';
import { archivesNeeded, linesOf, sealLine, sealSlackMs } from '../../privacy/archive-file.ts';
import { entryIdsOf, entryText } from '../../privacy/macs.ts';
import {
  lastSealBefore,
  type LogArchive,
  readEntries,
  sealsAfter,
  type HandoverRow,
  type Seal,
} from '../../store/log/seals.ts';
import type { Database } from '../../store/database.ts';
import { handoverColumns } from '../../store/log/handovers.ts';
import { waitingAfter } from '../../store/log/handovers-unsealed.ts';
import { idsOf } from '../../store/log/log-range.ts';
import { dayOf, wholeDays } from '../../privacy/signed-days.ts';
import type { PackAsked } from './evidence.ts';

export const journalFormat = 'relais-audit-log-1';

type JournalAsked = Pick<PackAsked, 'clientId' | 'from' | 'until'>;

interface JournalPlace {
  readonly database: Database;
  readonly sealKeys: KeyRing;
  /** Folder of `relais log archive`; undefined: no archives are available. */
  readonly archives?: string | undefined;
}

const sealsAtOnce = 20;

/** Time as the columns of an entry are sealed: ISO 8601 without a zone. */
const momentText = (at: Date): string => `${at.toISOString().slice(0, 23)}000`;
const place = (column: (typeof handoverColumns)[number]): number => handoverColumns.indexOf(column) + 1;
const [atPlace, clientPlace] = [place('at'), place('client_id')];

/** An entry's columns by their names, as its text has them. */
type JournalEntry = (column: (typeof handoverColumns)[number] | 'id') => string;

export const entryOf = (text: string): JournalEntry => {
  const values = JSON.parse(text) as readonly (string | number | null)[];
  return (column) => String(values[column === 'id' ? 0 : place(column)] ?? '');
};

/**
 * True for an entry of the client and the period. A day that is wholly within the period has all entries that were sealed on it, as its
 * signed statement counts them: also one that waited for its seal since before.
 */
const isMeant = ({ clientId, from, until }: JournalAsked): ((text: string, sealedOn?: string) => boolean) => {
  const [first, behind] = [momentText(from), momentText(until)];
  const isWhole = wholeDays({ from: civilDate(from), until: addDays(civilDate(until), -1) });
  return (text, sealedOn = '') => {
    // Every value is a text: an entry without the client's name is not parsed.
    if (!text.includes(JSON.stringify(clientId))) return false;
    const values = JSON.parse(text) as readonly (string | null)[];
    const at = values[atPlace] ?? '';
    return values[clientPlace] === clientId && (isWhole(sealedOn) || (at >= first && at < behind));
  };
};

/** @param seen called for each written entry */
export async function* journalLines(
  at: JournalPlace,
  asked: JournalAsked,
  seen: (text: string) => void,
): AsyncGenerator<string> {
  const { clientId, from, until } = asked;
  const entry = ['id', ...handoverColumns];
  yield JSON.stringify({ format: journalFormat, client: clientId, from, until, entry });
  const counts = { seals: 0, entries: 0, unsealed: 0 };
  const written = function* (texts: readonly string[]): Generator<string> {
    for (const text of texts) {
      seen(text);
      yield text;
    }
  };
  const waiting = new Map<number, string>();
  // Seals without the client's entries between two with them: their links join the two.
  let between: Seal[] = [];
  const walk = await createWalk(at, asked);
  for (const round of ['first', 'again'] as const) {
    for await (const { seal, texts } of walk.follow()) {
      for (const text of texts) waiting.delete(Number(entryOf(text)('id')));
      if (texts.length === 0) {
        if (counts.seals > 0) between.push(seal);
        continue;
      }
      for (const link of between) yield linkLine(link);
      yield sealLine(seal);
      yield* written(texts);
      counts.seals += between.length + 1;
      counts.entries += texts.length;
      between = [];
    }
    // An entry that is sealed while waiting ones are read is found in the second round.
    if (round === 'first')
      for (const text of await waitingTexts(at.database, asked))
        waiting.set(Number(entryOf(text)('id')), text);
  }
  counts.unsealed = waiting.size;
  if (waiting.size > 0) yield JSON.stringify({ unsealed: waiting.size });
  yield* written([...waiting.values()]);
  yield JSON.stringify({ end: true, ...counts });
}

/** A seal without the client's entries: its place in the chain alone. */
const linkLine = ({ sequence, sealedAt, previous, mac }: Seal): string =>
  JSON.stringify({
    link: sequence,
    sealedAt: sealedAt.toISOString(),
    previous: previous.toString('hex'),
    mac: mac.toString('hex'),
  });

interface SealedTexts {
  readonly seal: Seal;
  /** The client's entries of the period, in the order of the seal. */
  readonly texts: readonly string[];
}

/** The seals from the period on, each once; a second call yields those added meanwhile. */
async function createWalk(
  at: JournalPlace,
  asked: JournalAsked,
): Promise<{ readonly follow: () => AsyncGenerator<SealedTexts> }> {
  const { database, archives = '' } = at;
  const meant = isMeant(asked);
  const isWhole = wholeDays({ from: civilDate(asked.from), until: addDays(civilDate(asked.until), -1) });
  const needed = await archivesNeeded(database, { folder: at.archives, sealKeys: at.sealKeys }, asked.from);
  const [firstId, lastId] = await idsOf(database, asked);
  let last = await lastSealBefore(database, new Date(asked.from.getTime() - sealSlackMs));
  let open: { readonly archive: LogArchive; readonly seals: ReturnType<typeof archivedSeals> } | undefined;

  const textsOf = async (seal: Seal): Promise<readonly string[]> => {
    const archive = needed.find(
      ({ firstSeal, lastSeal }) => firstSeal <= seal.sequence && seal.sequence <= lastSeal,
    );
    if (archive === undefined) {
      const ids = entryIdsOf(seal.entries);
      const day = dayOf(seal.sealedAt);
      if (!isWhole(day) && !ids.some((id) => id >= firstId && id <= lastId)) return [];
      return (await readEntries(database, ids, asked.clientId))
        .map(entryText)
        .filter((text) => meant(text, day));
    }
    if (open?.archive !== archive)
      open = { archive, seals: archivedSeals(join(archives, archive.fileName), meant) };
    for (let next = await open.seals.next(); next.done !== true; next = await open.seals.next())
      if (next.value.sequence === seal.sequence) return next.value.texts;
    throw new RelaisError('LOG-002', [
      `${archive.fileName} n’a pas de sceau ${seal.sequence}.`,
      `${archive.fileName} has no seal ${seal.sequence}.`,
    ]);
  };

  return {
    follow: async function* () {
      for (;;) {
        const part = await sealsAfter(database, last, sealsAtOnce);
        if (part.length === 0) return;
        for (const seal of part) {
          yield { seal, texts: await textsOf(seal) };
          last = seal.sequence;
        }
      }
    },
  };
}

async function* archivedSeals(
  path: string,
  meant: (text: string, sealedOn: string) => boolean,
): AsyncGenerator<{ readonly sequence: number; readonly texts: readonly string[] }> {
  let sequence: number | undefined;
  let texts: string[] = [];
  let day = '';
  for await (const line of linesOf(path)) {
    if (line.startsWith('[')) {
      if (meant(line, day)) texts.push(line);
      continue;
    }
    if (sequence !== undefined) yield { sequence, texts };
    const { seal, sealedAt = '' } = JSON.parse(line) as {
      readonly seal?: number;
      readonly sealedAt?: string;
    };
    [sequence, texts, day] = [seal, [], sealedAt.slice(0, 10)];
  }
}

/** Entries of the client that no seal covers yet. */
async function waitingTexts(database: Database, asked: JournalAsked): Promise<readonly string[]> {
  const meant = isMeant(asked);
  const found: string[] = [];
  for (let after = 0; ;) {
    const waiting = await waitingAfter(database, after, 100);
    if (waiting === undefined) return found;
    const rows: HandoverRow[] = [];
    for (let start = 0; start < waiting.entries.length; start += 1_000)
      rows.push(
        ...(await readEntries(
          database,
          waiting.entries.slice(start, start + 1_000).map(({ id }) => id),
        )),
      );
    found.push(...rows.map(entryText).filter((text) => meant(text)));
    after = waiting.last;
  }
}
