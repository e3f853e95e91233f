// The ledger of erasures (C44): for each erasure, deletion, withdrawal and restriction one line of keyed digests, in a folder outside the
// database.
// Invariant: a line is only added; the row that asks for it is removed once the line is on the disk, so that a crash repeats a line and
// loses none. Applying a line twice changes nothing.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { backupMoment } from '../domain/backup-rotation.ts';
import { derived } from '../domain/keyed.ts';
import type { Key, KeyRing } from '../domain/key-ring.ts';
import { RelaisError } from '../errors.ts';
import { loggable } from '../log.ts';
import { syncFolder } from '../retention/sealed-files.ts';
import type { Database } from '../store/database.ts';
import {
  countLines,
  dropWritten,
  highestIds,
  linesWritten,
  takeUnwritten,
  type LedgerAct,
  type UnwrittenErasure,
} from '../store/backups/erasures-unwritten.ts';
import type { Manifest } from './manifest.ts';
import { readSaid, type Said } from './said-lines.ts';

/** A line as it is in the file, without its MAC. */
export interface LedgerLine extends Said {
  readonly at: string;
  readonly client: string;
  readonly act: LedgerAct;
  /** Digest of the lead's id, of a cleared row of its own; absent for addresses and backups. */
  readonly lead?: string;
  /** Digest of client and reference; absent for addresses and backups. */
  readonly reference?: string;
  /** Highest ids given so far. */
  readonly highest: Readonly<Record<string, number>>;
  readonly key: string;
  /** Name of the folder; absent in lines of versions before. */
  readonly writer?: string;
  /** The how manieth line of its writer it is. */
  readonly number?: number;
  /** Lines of every writer so far; in the last line of those written at once. */
  readonly written?: Readonly<Record<string, number>>;
}

const keyFor = (key: Key): Buffer => derived(key.bytes, 'erasure ledger');
const digest = (key: Buffer, ...parts: readonly (string | number)[]): string =>
  createHmac('sha256', key).update(JSON.stringify(parts)).digest('hex');

export const leadDigest = (key: Key, leadId: number): string => digest(keyFor(key), 'lead', leadId);
export const referenceDigest = (key: Key, client: string, reference: string): string =>
  digest(keyFor(key), 'reference', client, reference);

const linesAtOnce = 200;
const fileOf = (at: Date): string => `erasures-${at.toISOString().slice(0, 7)}.jsonl`;
const isLedgerFile = (name: string): boolean => /^erasures-\d{4}-\d\d\.jsonl$/.test(name);

export interface LedgerPlace {
  readonly database: Database;
  readonly sealKeys: KeyRing;
  /** Key of the digests of addresses on the opposition list. */
  readonly oppositionKey: Buffer;
  /** Undefined: no ledger is kept, and what waits for it is dropped. */
  readonly folder: string | undefined;
}

/** Writes what waits. Returns true when there may be more. @throws the disk's error; the rows wait for the next try */
export async function writeLedger({
  database,
  sealKeys,
  oppositionKey,
  folder,
}: LedgerPlace): Promise<boolean> {
  const count = await database.transaction(async (tx) => {
    const rows = await takeUnwritten(tx, linesAtOnce);
    if (rows.length === 0) return 0;
    if (folder !== undefined) {
      // Before the highest ids: a place in the order of receipt is not above them.
      const said = await readSaid(tx, oppositionKey, rows);
      const highest = await highestIds(tx);
      const key = sealKeys.current();
      const writer = await writerOf(folder);
      await countLines(tx, writer, rows.length);
      const written = await linesWritten(tx);
      const first = (written[writer] ?? 0) - rows.length + 1;
      const lines = rows.map((row, index) => {
        const place = { writer, number: first + index, ...(index === rows.length - 1 ? { written } : {}) };
        return `${signed(key, { ...lineOf(key, row, highest), ...said.get(row.id), ...place })}\n`;
      });
      await append(folder, tx.now(), lines.join(''));
    }
    await dropWritten(
      tx,
      rows.map(({ id }) => id),
    );
    return rows.length;
  });
  return count === linesAtOnce;
}

function lineOf(
  key: Key,
  { clientId, act, leadId, reference, addresses, at }: UnwrittenErasure,
  highest: LedgerLine['highest'],
): LedgerLine {
  return {
    at: at.toISOString(),
    client: clientId,
    act,
    ...(leadId === 0 ? {} : { lead: leadDigest(key, leadId) }),
    ...(reference === '' ? {} : { reference: referenceDigest(key, clientId, reference) }),
    ...(addresses.length === 0 ? {} : { addresses: addresses.map((one) => one.toString('hex')) }),
    highest,
    key: key.id,
  };
}

const macOf = (key: Key, text: string): string => digest(keyFor(key), 'line', text);

const signed = (key: Key, line: LedgerLine): string => {
  const text = JSON.stringify(line);
  return JSON.stringify({ ...line, mac: macOf(key, text) });
};

/** The name of a folder, made at its first line: hosts write a ledger each, and a restore must have all of them. */
const writerFile = 'writer';
const writerName = /^[a-z0-9-]{1,64}$/;

async function writerOf(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, writerFile);
  const read = async (): Promise<string> => (await readFile(path, 'utf8')).trim();
  // A file that cannot be read is no missing one: its ledger would go on under another name.
  const known = await read().catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (writerName.test(known)) return known;
  const host = hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 50);
  const name = `${host}-${randomBytes(3).toString('hex')}`;
  await writeFile(`${path}.${name}`, `${name}\n`, { mode: 0o600, flush: true });
  // Two processes of a host may begin at once: the last name stays, and none is read half written.
  await rename(`${path}.${name}`, path);
  return read();
}

/** Begins a line of its own: what a full disk or a crash cut off, perhaps in another process a moment ago, ends before it. */
async function append(folder: string, now: Date, text: string): Promise<void> {
  const file = await open(join(folder, fileOf(now)), 'a', 0o600);
  try {
    await file.appendFile(`\n${text}`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(folder);
}

export interface LedgerRead {
  readonly lines: number;
  /** Lines that were cut off as they were written: their rows were written again. */
  readonly cut: number;
  /** Time of the newest line, ISO 8601; empty without a line. */
  readonly newest: string;
  /** Highest ids that any line knows, by table. */
  readonly highest: Readonly<Record<string, number>>;
  /** Ranges of the lines that are there, by writer. */
  readonly there: ReadonlyMap<string, readonly Range[]>;
  /** Lines that a writer has written as far as any line knows. */
  readonly written: Readonly<Record<string, number>>;
}

interface Range {
  readonly from: number;
  to: number;
}

/** Checks the whole ledger, before anything is restored. @throws BACKUP-002 */
export async function readLedger(folder: string, sealKeys: KeyRing): Promise<LedgerRead> {
  const read = { lines: 0, cut: 0, newest: '' };
  const highest: Record<string, number> = {};
  const written: Record<string, number> = {};
  const there = new Map<string, Range[]>();
  for await (const line of everyLine(folder, sealKeys)) {
    if (line === undefined) {
      read.cut += 1;
      continue;
    }
    read.lines += 1;
    if (line.at > read.newest) read.newest = line.at;
    for (const [table, id] of Object.entries(line.highest))
      highest[table] = Math.max(highest[table] ?? 0, id);
    const { writer, number = 0 } = line;
    if (writer === undefined) continue;
    for (const [name, lines] of Object.entries({ [writer]: number, ...line.written }))
      written[name] = Math.max(written[name] ?? 0, lines);
    const ranges = there.get(writer) ?? [];
    there.set(writer, ranges);
    const last = ranges.at(-1);
    if (last !== undefined && number >= last.from && number <= last.to + 1)
      last.to = Math.max(last.to, number);
    else ranges.push({ from: number, to: number });
  }
  return { ...read, highest, there, written };
}

/**
 * The ledgers of which lines are missing since the backup, or all lines: a host wrote one, and only others' are here.
 * @param manifest names the lines that were written before it began
 */
export function missingLedgers(
  { there, written }: LedgerRead,
  { ledger = {} }: Pick<Manifest, 'ledger'>,
): readonly string[] {
  const known = [...new Set([...Object.keys(ledger), ...Object.keys(written)])];
  return known.toSorted().filter((name) => {
    const ranges = (there.get(name) ?? []).toSorted((a, b) => a.from - b.from);
    let upTo = ledger[name] ?? 0;
    for (const { from, to } of ranges) if (from <= upTo + 1) upTo = Math.max(upTo, to);
    return ranges.length === 0 || upTo < (written[name] ?? 0);
  });
}

/** @throws BACKUP-002 where the ledger of a host is missing, or a part of it; USAGE-001 for a waiver of one that is not */
export function refuseMissing(
  read: LedgerRead,
  folder: string,
  manifest: Pick<Manifest, 'ledger' | 'name'>,
  waived: readonly string[],
): void {
  const missing = missingLedgers(read, manifest);
  const needless = waived.filter((name) => !missing.includes(name));
  if (needless.length > 0)
    throw new RelaisError(
      'USAGE-001',
      `--without-ledger ${needless.join(', ')}: nothing is missing of a ledger of that name. Missing: ${missing.join(', ') || 'none'}.`,
    );
  const left = missing.filter((name) => !waived.includes(name));
  if (left.length === 0) return;
  throw new RelaisError(
    'BACKUP-002',
    `${folder} lacks lines of the ledger of ${left.join(', ')}: persons erased there since ${manifest.name} would come back. Copy that host's ledger into a folder of its own beside the others. Where none is left: --without-ledger NAME for each, and repeat those erasures and withdrawals before \`relais restore open\`.`,
  );
}

/** @throws BACKUP-002 for a ledger without a line since the backup began: persons erased since would come back */
export function refuseOlder({ newest }: LedgerRead, folder: string, { name, notedInLedger }: Manifest): void {
  const begun = backupMoment(name)?.toISOString() ?? '';
  if (notedInLedger !== true || newest >= begun) return;
  throw new RelaisError(
    'BACKUP-002',
    `The ledger in ${folder} ends ${newest === '' ? 'before its first line' : `at ${newest}`}, before the backup ${name} began: persons erased since would come back. Take a newer copy, of every host that writes one. Where none is left: --older-ledger, and repeat those erasures and withdrawals before \`relais restore open\`.`,
  );
}

/** The lines, so many at once: a ledger of years does not fit in memory. @throws BACKUP-002 */
export async function* ledgerParts(
  folder: string,
  sealKeys: KeyRing,
  atOnce = 50_000,
): AsyncGenerator<readonly LedgerLine[]> {
  let part: LedgerLine[] = [];
  for await (const line of everyLine(folder, sealKeys)) {
    if (line !== undefined) part.push(line);
    if (part.length < atOnce) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}

/**
 * Every line of every file of the folder, and of folders in it: several hosts write one each. Undefined for a line that was cut off.
 * @throws BACKUP-002 where there is no file, and for a whole line that no key of ours signed: a person might come back for want of it
 */
async function* everyLine(folder: string, sealKeys: KeyRing): AsyncGenerator<LedgerLine | undefined> {
  const names = (await readdir(folder, { recursive: true })).filter((name) =>
    isLedgerFile(name.split('/').at(-1) ?? ''),
  );
  if (names.length === 0)
    throw new RelaisError(
      'BACKUP-002',
      `${folder} has no file of a ledger (${fileOf(new Date(0))}). Where nothing was ever erased, an empty one says so.`,
    );
  for (const name of names.toSorted())
    for await (const text of createInterface({ input: createReadStream(join(folder, name)) })) {
      if (text === '') continue;
      const line = lineIn(text);
      yield line === undefined ? undefined : verified(line, name, sealKeys);
    }
}

type Signed = LedgerLine & { readonly mac: string };

function lineIn(text: string): Signed | undefined {
  try {
    const line = JSON.parse(text) as unknown;
    return typeof line === 'object' && line !== null ? (line as Signed) : undefined;
  } catch {
    return undefined;
  }
}

/** @throws BACKUP-002 */
function verified({ mac, ...line }: Signed, name: string, sealKeys: KeyRing): LedgerLine {
  const key = sealKeys.byId(line.key);
  if (key === undefined)
    throw new RelaisError(
      'BACKUP-002',
      `A line of ${name} is signed under the sealing key ${loggable(line.key)}: give it in RELAIS_SEAL_KEY or RELAIS_SEAL_KEY_PREVIOUS.`,
    );
  const [given, expected] = [String(mac), macOf(key, JSON.stringify(line))].map((hex) =>
    Buffer.from(hex, 'hex'),
  );
  if (
    given === undefined ||
    expected === undefined ||
    given.length !== expected.length ||
    !timingSafeEqual(given, expected)
  )
    throw new RelaisError(
      'BACKUP-002',
      `A line of ${name} was changed after it was written: take another copy of the ledger.`,
    );
  return line;
}
