// Checks an audit pack offline: its signature, each file's sum, the links of the log; with the sealing key its seals and entries too.
// Invariant: needs the file and the public key; reads piece by piece; the first fault is named.
import { createHash, verify, timingSafeEqual } from 'node:crypto';
import { openPromise, type Entry, type ZipFile, type LocalFileHeader } from 'yauzl';
import type { KeyRing, Key } from '../../domain/key-ring.ts';
import { checkProof, keyIdOf, publicKeysOf } from '../../privacy/proofs/proof.ts';
import { createDaySums, problemOfDays, type DayProblem } from '../../privacy/signed-days.ts';
import { manifestName, packFormat, signatureName, type PackedFile } from './pack.ts';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { sealOf } from '../../privacy/archive-file.ts';
import { coveredBy, keyOfSeal, macAt, textMac } from '../../privacy/macs.ts';
import type { Seal } from '../../store/log/seals.ts';
import { entryOf, journalFormat } from './journal.ts';

export interface Manifest {
  readonly client: { readonly id: string; readonly name: string };
  readonly period: { readonly from: string; readonly until: string };
  readonly madeAt: string;
  readonly madeBy: string;
  readonly key: string;
  readonly files: readonly PackedFile[];
}

export type CheckedPack =
  | ({ readonly ok: true; readonly manifest: Manifest } & JournalCounts)
  | { readonly ok: false; readonly problem: PackProblem; readonly where: string };

/** A manifest or a signature is no longer than this. */
const longestHead = 4_000_000;

/**
 * @param publicKeys PEM, as `relais proof key` prints them; the signing key must be among them
 * @param sealKeys when given, each seal and entry is computed again
 */
export async function checkPack(path: string, publicKeys: string, sealKeys?: KeyRing): Promise<CheckedPack> {
  try {
    const zip = await openPromise(path, { lazyEntries: true, autoClose: false }).catch((error: unknown) => {
      // A file that cannot be read is reported by its name.
      throw (error as NodeJS.ErrnoException).path === undefined ? new Wrong('not_a_pack') : error;
    });
    try {
      const entries = await entriesOf(zip);
      const manifest = await signedManifest(zip, entries, publicKeys);
      await checkArchive(zip, entries.values());
      const days = createDaySums();
      const { proofs, ...journal } = await checkFiles(zip, { entries, manifest, sealKeys, days });
      await checkDays(zip, { entries, manifest, days }, publicKeys);
      await checkProofs(zip, { entries, manifest, days, cited: proofs }, publicKeys);
      await checkVerified(zip, entries);
      return { ok: true, manifest, ...journal };
    } finally {
      zip.close();
    }
  } catch (error) {
    if (error instanceof Wrong) return { ok: false, problem: error.problem, where: error.where };
    throw error;
  }
}

async function entriesOf(zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      // Programs disagree on a name that occurs twice, one taking the first and another the last.
      if (entries.has(entry.fileName)) throw new Wrong('file_added', entry.fileName);
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    throw error instanceof Wrong ? error : new Wrong('not_a_pack');
  }
  return entries;
}

async function signedManifest(
  zip: ZipFile,
  entries: ReadonlyMap<string, Entry>,
  publicKeys: string,
): Promise<Manifest> {
  const keys = publicKeysOf(publicKeys);
  if (keys === undefined) throw new Wrong('key_unreadable');
  const bytes = await wholeOf(zip, entries.get(manifestName));
  const signature = await wholeOf(zip, entries.get(signatureName));
  const manifest = manifestIn(bytes);
  const key = keys.find((published) => keyIdOf(published) === manifest.key);
  if (key === undefined) throw new Wrong('other_key', manifest.key);
  if (!verify(null, bytes, key, signature)) throw new Wrong('signature_wrong');
  return manifest;
}

function manifestIn(bytes: Buffer): Manifest {
  try {
    const said = JSON.parse(bytes.toString()) as Manifest & { readonly format?: unknown };
    if (said.format === packFormat && Array.isArray(said.files)) return said;
  } catch {
    // The error below covers it.
  }
  throw new Wrong('not_a_pack', manifestName);
}

async function wholeOf(zip: ZipFile, entry: Entry | undefined): Promise<Buffer> {
  if (entry === undefined || entry.uncompressedSize > longestHead) throw new Wrong('not_a_pack');
  const parts: Buffer[] = [];
  try {
    for await (const part of await zip.openReadStreamPromise(entry)) parts.push(part as Buffer);
  } catch {
    throw new Wrong('file_changed', entry.fileName);
  }
  return Buffer.concat(parts);
}

interface Checking {
  readonly entries: ReadonlyMap<string, Entry>;
  readonly manifest: Manifest;
  readonly sealKeys: KeyRing | undefined;
  readonly days: ReturnType<typeof createDaySums>;
}

async function checkFiles(zip: ZipFile, checking: Checking): Promise<CheckedJournal> {
  const { entries, manifest, sealKeys, days } = checking;
  const listed = new Set([manifestName, signatureName, ...manifest.files.map(({ name }) => name)]);
  for (const name of entries.keys()) if (!listed.has(name)) throw new Wrong('file_added', name);
  for (const { name, bytes, sha256 } of manifest.files) {
    const entry = entries.get(name);
    if (entry === undefined) throw new Wrong('file_missing', name);
    const hash = createHash('sha256');
    let length = 0;
    try {
      for await (const part of await zip.openReadStreamPromise(entry)) {
        hash.update(part as Buffer);
        length += (part as Buffer).length;
      }
    } catch {
      throw new Wrong('file_changed', name);
    }
    if (length !== bytes || hash.digest('hex') !== sha256) throw new Wrong('file_changed', name);
  }
  const journal = entries.get('journal.jsonl');
  if (journal === undefined) throw new Wrong('file_missing', 'journal.jsonl');
  return checkJournal(await zip.openReadStreamPromise(journal), sealKeys, days);
}

async function checkDays(
  zip: ZipFile,
  { entries, manifest, days }: Omit<Checking, 'sealKeys'>,
  publicKeys: string,
): Promise<void> {
  const signed = [];
  for (const name of [...entries.keys()].toSorted()) {
    const day = /^sceaux\/(\d{4}-\d\d-\d\d)\.json$/.exec(name)?.[1];
    if (day === undefined) continue;
    const signature = await wholeOf(zip, entries.get(`sceaux/${day}.sig`));
    signed.push({ day, bytes: await wholeOf(zip, entries.get(name)), signature });
  }
  const { client, period } = manifest;
  const found = problemOfDays(signed, publicKeysOf(publicKeys) ?? [], client.id, period, days.of);
  if (found !== undefined) throw new Wrong(found.problem, found.day);
}

/** @param cited of the proofs that the log cites: SHA-256 of the document by its number */
async function checkProofs(
  zip: ZipFile,
  { entries, manifest, cited }: Omit<Checking, 'sealKeys'> & { readonly cited: ReadonlyMap<number, string> },
  publicKeys: string,
): Promise<void> {
  for (const name of entries.keys()) {
    const number = Number(/^preuves\/(\d+)\.json$/.exec(name)?.[1] ?? 0);
    if (number === 0) continue;
    const bytes = await wholeOf(zip, entries.get(name));
    const checked = checkProof(String(bytes), publicKeys);
    const isCited = cited.get(number) === createHash('sha256').update(bytes).digest('hex');
    if (
      !checked.ok ||
      !isCited ||
      checked.proof.number !== number ||
      checked.proof.client.id !== manifest.client.id
    )
      throw new Wrong('proof_changed', name);
  }
}

/** The centre signs a pack of a broken log too, and says so in it. */
async function checkVerified(zip: ZipFile, entries: ReadonlyMap<string, Entry>): Promise<void> {
  const name = 'verification.json';
  const said = JSON.parse(String(await wholeOf(zip, entries.get(name)))) as { readonly end?: unknown };
  if (said.end !== 'good') throw new Wrong('log_unproved', name);
}

// Checks the archive of an audit pack byte by byte, so that every program extracts the same files from it.
// Invariant: every byte belongs to a file. A comment, bytes between two files, or a file name different from the directory's
// would be read by some programs and skipped by this one.

/** Lengths without the variable parts: APPNOTE.TXT 4.3.12, 4.3.16; with the two records of ZIP64 (4.3.14, 4.3.15) before the last. */
const directoryLength = 46;
const endLengths: readonly number[] = [22, 22 + 56 + 20];
/** Sum and sizes behind a file whose length was not known before it (4.3.9), those of ZIP64 longer. */
const lengthsBehind = ({ generalPurposeBitFlag }: LocalFileHeader): readonly number[] =>
  (generalPurposeBitFlag & 8) === 0 ? [0] : [16, 24];
/** Sizes of ZIP64 and a time: other parts may give a file another name. */
const harmless: readonly number[] = [0x0001, 0x5455];

/** @throws Wrong */
async function checkArchive(zip: ZipFile, entries: Iterable<Entry>): Promise<void> {
  if (zip.comment !== '') throw new Wrong('archive_padded');
  /** Where the next file may begin. */
  let places: readonly number[] = [0];
  let directory = 0;
  for (const entry of [...entries].toSorted(
    (a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader,
  )) {
    const local = await zip.readLocalFileHeaderPromise(entry).catch(() => {
      throw new Wrong('archive_padded', entry.fileName);
    });
    if (!places.includes(entry.relativeOffsetOfLocalHeader) || !isAsListed(entry, local))
      throw new Wrong('archive_padded', entry.fileName);
    places = lengthsBehind(local).map((length) => local.fileDataStart + entry.compressedSize + length);
    directory += directoryLength + entry.fileNameLength + entry.extraFieldLength;
  }
  const ends = places.flatMap((place) => endLengths.map((length) => place + directory + length));
  if (!ends.includes(zip.fileSize)) throw new Wrong('archive_padded');
}

const isAsListed = (entry: Entry, local: LocalFileHeader): boolean =>
  local.fileName.equals(entry.fileNameRaw) &&
  local.extraFieldLength === 0 &&
  entry.fileCommentLength === 0 &&
  entry.extraFields.every(({ id }) => harmless.includes(id)) &&
  local.compressionMethod === entry.compressionMethod &&
  local.generalPurposeBitFlag === entry.generalPurposeBitFlag &&
  isLengthAsListed(entry, local);

/** The header before the file has no lengths where they follow the file. */
const isLengthAsListed = (entry: Entry, local: LocalFileHeader): boolean =>
  (local.generalPurposeBitFlag & 8) === 0
    ? local.compressedSize === entry.compressedSize && local.uncompressedSize === entry.uncompressedSize
    : local.compressedSize === 0 && local.uncompressedSize === 0;

// Checks the log of an audit pack: one chain of seals, each entry covered by its seal; with the sealing key both are computed again.
// Invariant: read line by line; the first fault is named, with its seal or entry.

export type PackProblem =
  | DayProblem
  | 'not_a_pack'
  | 'archive_padded'
  | 'key_unreadable'
  | 'signature_wrong'
  | 'file_missing'
  | 'file_added'
  | 'file_changed'
  | 'log_broken'
  | 'seal_changed'
  | 'entry_changed'
  | 'key_missing'
  | 'proof_changed'
  | 'log_unproved';

export class Wrong extends Error {
  readonly problem: PackProblem;
  readonly where: string;
  constructor(problem: PackProblem, where = '') {
    super(problem);
    this.problem = problem;
    this.where = where;
  }
}

interface JournalCounts {
  readonly seals: number;
  readonly entries: number;
  readonly unsealed: number;
}

interface CheckedJournal extends JournalCounts {
  /** SHA-256 in hexadecimal of each proof that an entry cites, by its number. */
  readonly proofs: ReadonlyMap<number, string>;
}

/** The seal whose entries are being read, and the position in it. */
interface OpenSeal {
  readonly seal: Seal;
  readonly ids: readonly number[];
  /** Undefined without the sealing keys. */
  readonly key: Key | undefined;
  at: number;
}

async function checkJournal(
  bytes: Readable,
  sealKeys: KeyRing | undefined,
  days: Checking['days'],
): Promise<CheckedJournal> {
  const proofs = new Map<number, string>();
  const counts = { seals: 0, entries: 0, unsealed: 0 };
  let part: 'head' | 'sealed' | 'unsealed' | 'ended' = 'head';
  let open: OpenSeal | undefined;
  let before: { readonly sequence: number; readonly mac: string } | undefined;
  for await (const line of createInterface({ input: bytes, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (part === 'ended') throw new Wrong('log_broken', 'journal.jsonl');
    if (line.startsWith('[')) {
      const value = entryOf(line);
      if (value('entry') === 'proof_made')
        proofs.set(Number(value('reason').slice('proof:'.length)), value('digest'));
      if (part === 'unsealed') counts.unsealed += 1;
      else {
        if (open === undefined) throw new Wrong('log_broken', 'journal.jsonl');
        nextEntry(open, line);
        days.add(open.seal.sealedAt, line);
        counts.entries += 1;
      }
      continue;
    }
    const said = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (part === 'head') {
      if (said['format'] !== journalFormat) throw new Wrong('log_broken', 'journal.jsonl');
      part = 'sealed';
    } else if (said['end'] === true) {
      if (['seals', 'entries', 'unsealed'].some((name) => said[name] !== counts[name as keyof typeof counts]))
        throw new Wrong('log_broken', 'journal.jsonl');
      part = 'ended';
    } else if (typeof said['unsealed'] === 'number') part = 'unsealed';
    else {
      open = openSeal(said, sealKeys);
      const { sequence, previous, mac } = linkOf(said);
      if (before !== undefined && (sequence !== before.sequence + 1 || previous !== before.mac))
        throw new Wrong('log_broken', `seal ${sequence}`);
      before = { sequence, mac };
      counts.seals += 1;
    }
  }
  if (part !== 'ended') throw new Wrong('log_broken', 'journal.jsonl');
  return { ...counts, proofs };
}

function linkOf(said: Readonly<Record<string, unknown>>): {
  readonly sequence: number;
  readonly previous: string;
  readonly mac: string;
} {
  const { seal, link, previous, mac } = said;
  const sequence = seal ?? link;
  if (typeof sequence !== 'number' || typeof previous !== 'string' || typeof mac !== 'string')
    throw new Wrong('log_broken', 'journal.jsonl');
  return { sequence, previous, mac };
}

/** Undefined for a seal that is only a link. */
function openSeal(
  said: Readonly<Record<string, unknown>>,
  sealKeys: KeyRing | undefined,
): OpenSeal | undefined {
  if (said['link'] !== undefined) return undefined;
  const seal = sealOf(said);
  if (seal === undefined) throw new Wrong('log_broken', 'journal.jsonl');
  const key = sealKeys === undefined ? undefined : keyOfSeal(sealKeys, seal);
  if (key === 'unknown') throw new Wrong('key_missing', `seal ${seal.sequence}`);
  if (key === undefined && sealKeys !== undefined) throw new Wrong('seal_changed', `seal ${seal.sequence}`);
  const ids = coveredBy(seal);
  if (ids === undefined) throw new Wrong('seal_changed', `seal ${seal.sequence}`);
  return { seal, ids, key, at: 0 };
}

/** Checks that an entry is the next one of the seal; with the key also that its text is the sealed one. */
function nextEntry(open: OpenSeal, line: string): void {
  const { seal, ids, key } = open;
  const id = Number((JSON.parse(line) as readonly unknown[])[0]);
  const at = ids.indexOf(id, open.at);
  if (at < 0) throw new Wrong('entry_changed', `entry ${id}`);
  open.at = at + 1;
  if (key === undefined) return;
  if (!timingSafeEqual(textMac(key, line), macAt(seal, at))) throw new Wrong('entry_changed', `entry ${id}`);
}
