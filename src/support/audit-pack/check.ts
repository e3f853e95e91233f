// Checks an audit pack offline: its signature, each file's sum, the links of the log; with the sealing key its seals and entries too.
// Invariant: needs the file and the public key; reads piece by piece; the first fault is named.
import { createHash, verify } from 'node:crypto';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import type { KeyRing } from '../../domain/key-ring.ts';
import { keyIdOf, publicKeysOf } from '../../privacy/proofs/proof.ts';
import { checkArchive } from './check-archive.ts';
import { checkJournal, Wrong, type JournalCounts, type PackProblem } from './check-journal.ts';
import { manifestName, packFormat, signatureName, type PackedFile } from './signed-zip.ts';

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
      const journal = await checkFiles(zip, { entries, manifest, sealKeys });
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
}

async function checkFiles(zip: ZipFile, checking: Checking): Promise<JournalCounts> {
  const { entries, manifest, sealKeys } = checking;
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
  return checkJournal(await zip.openReadStreamPromise(journal), sealKeys);
}
