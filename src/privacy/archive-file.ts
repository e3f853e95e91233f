// Writes and checks the file of an archive: seals of the log with the entries they cover, as gzip over JSON Lines.
// Invariant: the lines of entries are the exact texts that were sealed; a cut or altered file does not verify; no line contains personal
// data, because the log contains none.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { join } from 'node:path';
import type { Key, KeyRing } from '../domain/key-ring.ts';
import { isOfSystem, RelaisError } from '../errors.ts';
import { handoverColumns } from '../store/log/handovers.ts';
import { coveredBy, entryIdsOf, keyOfSeal, macAt, textMac } from './macs.ts';
import type { Action } from '../../connectors/contract.ts';
import { missingArchive } from '../errors/unknown.ts';
import { type LogArchive, type Seal, logArchives, readEntries, sealsAfter } from '../store/log/seals.ts';
import type { Sql } from '../store/database.ts';
import { entriesOfLeads, firstCameIn, type LeadEntry } from '../store/log/lead-log.ts';

const archiveFormat = 'relais-log-archive-1';

/** First line: it names the format, so that the file can be identified years later. */
export const headLine = (head: { readonly month: string; readonly firstSeal: number }): string =>
  JSON.stringify({ format: archiveFormat, ...head, entry: ['id', ...handoverColumns] });

export const sealLine = (seal: Seal): string =>
  JSON.stringify({
    seal: seal.sequence,
    sealedAt: seal.sealedAt.toISOString(),
    entries: seal.entries,
    count: seal.count,
    macs: seal.entryMacs.toString('base64'),
    previous: seal.previous.toString('hex'),
    mac: seal.mac.toString('hex'),
    ...(seal.keyId === '' ? {} : { key: seal.keyId }),
  });

/** Last line: without it, or with another count, the file was cut. */
export const endLine = (seals: number, entries: number): string =>
  JSON.stringify({ end: true, seals, entries });

/** MAC of an archive's record in the database. */
export function archiveMac(key: Key, archive: Omit<LogArchive, 'mac'>): Buffer {
  const head = [archive.firstSeal, archive.lastSeal, archive.fileName, archive.entries];
  return createHmac('sha256', key.bytes)
    .update('archive\0')
    .update(JSON.stringify(head))
    .update(archive.digest)
    .digest();
}

/** The record names no key: true where one of the keys made its MAC. */
export const isArchiveMac = (keys: KeyRing, archive: LogArchive): boolean =>
  keys.keys.some((key) => timingSafeEqual(archiveMac(key, archive), archive.mac));

type ArchiveProblem = {
  readonly kind:
    | 'archive_missing'
    | 'archive_changed'
    | 'seal_changed'
    | 'entry_changed'
    | 'entry_missing'
    | 'key_missing';
  readonly seal?: number;
  readonly entry?: number;
};

type ArchiveCheck =
  | {
      readonly ok: true;
      readonly month: string;
      readonly firstSeal: number;
      readonly lastSeal: number;
      readonly seals: number;
      readonly entries: number;
      /** MACs of the seal before the first and of the last seal: they link archives to each other and to the table. */
      readonly previous: Buffer;
      readonly lastMac: Buffer;
      readonly digest: Buffer;
    }
  | { readonly ok: false; readonly problem: ArchiveProblem };

class Wrong extends Error {
  readonly problem: ArchiveProblem;
  constructor(problem: ArchiveProblem) {
    super(problem.kind);
    this.problem = problem;
  }
}

/**
 * Reads a file line by line; needs the keys of its seals and nothing else.
 * @throws the operating system's error when the file exists and cannot be read
 */
export async function checkArchiveFile(path: string, keys: KeyRing): Promise<ArchiveCheck> {
  try {
    const checked = await checkLines(linesOf(path), keys);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return { ok: true, ...checked, digest: hash.digest() };
  } catch (error) {
    if (error instanceof Wrong) return { ok: false, problem: error.problem };
    const gone = isOfSystem(error) && error.code === 'ENOENT';
    if (isOfSystem(error) && !gone) throw error;
    return { ok: false, problem: { kind: gone ? 'archive_missing' : 'archive_changed' } };
  }
}

/** A line of a seal has some fifty thousand characters; a longer one than this is not part of an archive. */
const longestLine = 16_000_000;

/** Its lines, unpacked. @throws Wrong where the file is cut or a line is longer than `longestLine` */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const source = createReadStream(path);
  const text = createGunzip();
  text.setEncoding('utf8');
  source.on('error', (error) => text.destroy(error));
  source.pipe(text);
  let rest = '';
  try {
    for await (const part of text) {
      const lines = (rest + String(part)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > longestLine) throw new Wrong({ kind: 'archive_changed' });
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    source.destroy();
    text.destroy();
  }
}

type Checked = Omit<Extract<ArchiveCheck, { readonly ok: true }>, 'ok' | 'digest'>;

/** The seal whose entries are being read. */
interface OpenSeal {
  readonly seal: Seal;
  readonly key: Key;
  readonly ids: readonly number[];
  /** Entries read so far. */
  at: number;
}

async function checkLines(lines: AsyncIterable<string>, keys: KeyRing): Promise<Checked> {
  let head: { readonly month: string; readonly firstSeal: number } | undefined;
  let open: OpenSeal | undefined;
  let seals = 0;
  let entries = 0;
  let ended = false;
  let previous: Buffer | undefined;
  const changed = (): Wrong =>
    new Wrong({ kind: 'archive_changed', ...(open === undefined ? {} : { seal: open.seal.sequence }) });
  for await (const line of lines) {
    if (ended) throw changed();
    if (line.startsWith('[')) {
      if (open === undefined || !isNextEntry(open, line)) throw changed();
      entries += 1;
      continue;
    }
    const said = parsed(line);
    if (head === undefined) {
      if (said['format'] !== archiveFormat) throw changed();
      head = { month: String(said['month']), firstSeal: Number(said['firstSeal']) };
      continue;
    }
    refuseIncomplete(open);
    if (said['end'] === true) {
      if (said['seals'] !== seals || said['entries'] !== entries) throw changed();
      ended = true;
      continue;
    }
    const next = sealOf(said);
    if (next === undefined) throw changed();
    open = openSeal(next, keys, { before: open?.seal, firstSeal: head.firstSeal });
    previous ??= next.previous;
    seals += 1;
  }
  if (!ended || head === undefined || open === undefined || previous === undefined) throw changed();
  return { ...head, lastSeal: open.seal.sequence, seals, entries, previous, lastMac: open.seal.mac };
}

/** False when the seal covers no further entry. @throws Wrong when the entry is not the one it covers */
function isNextEntry(open: OpenSeal, line: string): boolean {
  const { seal, key, ids, at } = open;
  const id = ids[at];
  if (id === undefined) return false;
  if (!timingSafeEqual(textMac(key, line), macAt(seal, at)))
    throw new Wrong({ kind: 'entry_changed', seal: seal.sequence, entry: id });
  open.at += 1;
  return true;
}

/** @throws Wrong when entries of the seal are missing */
function refuseIncomplete(open: OpenSeal | undefined): void {
  if (open === undefined || open.at >= open.ids.length) return;
  throw new Wrong({ kind: 'entry_missing', seal: open.seal.sequence, entry: open.ids[open.at] ?? 0 });
}

/** @throws Wrong when the seal does not follow the one before, or was made with no key of the ring */
function openSeal(
  seal: Seal,
  keys: KeyRing,
  { before, firstSeal }: { readonly before: Seal | undefined; readonly firstSeal: number },
): OpenSeal {
  const follows = before === undefined ? seal.sequence === firstSeal : seal.sequence === before.sequence + 1;
  const isLinked = before === undefined || seal.previous.equals(before.mac);
  const key = keyOfSeal(keys, seal);
  if (key === 'unknown') throw new Wrong({ kind: 'key_missing', seal: seal.sequence });
  const ids = key === undefined || !follows || !isLinked ? undefined : coveredBy(seal);
  if (key === undefined || ids === undefined) throw new Wrong({ kind: 'seal_changed', seal: seal.sequence });
  return { seal, key, ids, at: 0 };
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export function sealOf(said: Readonly<Record<string, unknown>>): Seal | undefined {
  const { seal, sealedAt, entries, count, macs, previous, mac, key = '' } = said;
  if (typeof seal !== 'number' || typeof count !== 'number') return undefined;
  for (const text of [sealedAt, entries, macs, previous, mac, key])
    if (typeof text !== 'string') return undefined;
  const at = new Date(sealedAt as string);
  const before = Buffer.from(previous as string, 'hex');
  const own = Buffer.from(mac as string, 'hex');
  if (Number.isNaN(at.getTime()) || before.length !== 32 || own.length !== 32) return undefined;
  return {
    sequence: seal,
    sealedAt: at,
    entries: entries as string,
    entryMacs: Buffer.from(macs as string, 'base64'),
    count,
    previous: before,
    mac: own,
    keyId: key as string,
  };
}

// Reads entries of leads from the log, from its archives too, so that an answer about a person is complete.
// Invariant: an archive is read only once it verifies and is the recorded one; without an archive that it needs there is no answer.

export interface ArchivePlace {
  readonly sealKeys: KeyRing;
  /** Folder of `relais log archive`; undefined: no archives are available. */
  readonly folder: string | undefined;
}

/** Clocks of writers and sealers differ by less than this. */
export const sealSlackMs = 600_000;

/**
 * Archives with entries since an instant that have left the table; each is compared with its record.
 * @throws LOG-003 where they are not available, LOG-002 where one is not the recorded file
 */
export async function archivesNeeded(
  sql: Sql,
  { sealKeys, folder }: ArchivePlace,
  from: Date,
): Promise<readonly LogArchive[]> {
  const needed: LogArchive[] = [];
  for (const archive of await logArchives(sql)) {
    const [last] = await sealsAfter(sql, archive.lastSeal - 1, 1);
    const [first] = await sealsAfter(sql, archive.firstSeal - 1, 1);
    if (first === undefined || last === undefined || last.sealedAt.getTime() < from.getTime() - sealSlackMs)
      continue;
    const ids = entryIdsOf(first.entries);
    if ((await readEntries(sql, ids)).length === ids.length) continue;
    if (folder === undefined)
      throw new RelaisError('LOG-003', [
        `Le journal de cette période est dans ${archive.fileName} depuis qu’il a été archivé.`,
        `The log of this period was archived to ${archive.fileName}.`,
      ]);
    const check = await checkArchiveFile(join(folder, archive.fileName), sealKeys);
    if (!check.ok || !check.digest.equals(archive.digest)) throw missingArchive(archive.fileName, folder);
    needed.push(archive);
  }
  return needed;
}

/** Every entry about these leads since the first of them came in, by id. @throws LOG-002, LOG-003 */
export async function allEntriesOfLeads(
  sql: Sql,
  place: ArchivePlace,
  leadIds: readonly number[],
): Promise<readonly LeadEntry[]> {
  const found = new Map((await entriesOfLeads(sql, leadIds)).map((entry) => [entry.id, entry]));
  const wanted = new Set(leadIds);
  // Every value of an entry is a text: a line without an id of these leads is not parsed.
  const marks = leadIds.map((id) => `"${id}"`);
  const from = await firstCameIn(sql, leadIds);
  const archives = from === undefined ? [] : await archivesNeeded(sql, place, from);
  for (const { fileName } of archives)
    for await (const line of linesOf(join(place.folder ?? '', fileName))) {
      if (!line.startsWith('[') || !marks.some((mark) => line.includes(mark))) continue;
      const entry = entryOf(line);
      if (wanted.has(entry.leadId)) found.set(entry.id, entry);
    }
  return [...found.values()].sort((a, b) => a.id - b.id);
}

/** As `entryTextOf` wrote it. */
function entryOf(line: string): LeadEntry {
  const [id, ...values] = JSON.parse(line) as readonly (number | string | null)[];
  const text = (column: (typeof handoverColumns)[number]): string =>
    String(values[handoverColumns.indexOf(column)] ?? '');
  const number = (column: (typeof handoverColumns)[number]): number => Number(text(column));
  return {
    id: Number(id),
    at: new Date(`${text('at').slice(0, 23)}Z`),
    entry: text('entry'),
    destinationId: text('destination_id'),
    deliveryId: number('delivery_id'),
    leadId: number('lead_id'),
    run: number('run'),
    attempt: number('attempt'),
    action: text('action') as Action | '',
    actor: text('actor'),
    purpose: text('purpose'),
    connector: text('connector'),
    recipient: text('recipient'),
    target: text('target'),
    fields: text('fields'),
    consents: text('consents') || '[]',
    outcome: text('outcome'),
    reason: text('reason'),
    status: number('status'),
    callName: text('call_name'),
    mappingVersionId: number('mapping_version_id'),
  };
}
