// The manifest of a backup: what it holds, by counts and checksums, and up to where the log went; signed under the sealing key.
// Invariant: no value of a person; a manifest or a file that differs from what was written is refused.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { derived } from '../domain/keyed.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import { RelaisError } from '../errors.ts';
import { digestOf } from './packed.ts';

export const manifestName = 'manifest.json';
/** The whole dump of the leads' schema. */
export const mainName = 'main.sql.zst.age';

export interface DumpedSchema {
  readonly file: string;
  /** Rows by table; empty tables included. */
  readonly rows: Readonly<Record<string, number>>;
}

export interface LongCopy {
  readonly main: DumpedSchema;
  readonly persons: { readonly file: string; readonly leads: number };
  /** Later leads are in no part of it. */
  readonly upTo: number;
}

export interface PackedFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly format: 'relais-backup-1';
  readonly name: string;
  readonly program: string;
  readonly server: string;
  readonly schemaVersion: number;
  /** Read before the dump began: a restored log has this seal and this entry. */
  readonly log: { readonly anchor: string | null; readonly entry: number };
  readonly main: DumpedSchema;
  readonly keys: DumpedSchema;
  /** The long copy, in the first backup of each third of a month. */
  readonly long: LongCopy | null;
  readonly files: readonly PackedFile[];
  /** Issued statistics, where there are any. */
  readonly statistics?: { readonly file: string; readonly months: number };
  /** Archives of the log, kept once beside the backups. */
  readonly archives: readonly string[];
  /** A line of the ledger was asked for as it began: a ledger without a later line is older than this backup. */
  readonly notedInLedger?: true;
  /** Lines that each host's ledger had as it began. */
  readonly ledger?: Readonly<Record<string, number>>;
}

interface Signed extends Manifest {
  readonly keyId: string;
  readonly mac: string;
}

/** @param purpose keeps what is signed for one file from passing for another */
export const macOf = (key: Buffer, purpose: 'backup manifest' | 'backup test', value: object): Buffer =>
  createHmac('sha256', derived(key, purpose)).update(JSON.stringify(value)).digest();

export async function writeManifest(folder: string, manifest: Manifest, sealKeys: KeyRing): Promise<void> {
  const key = sealKeys.current();
  const signed: Signed = {
    ...manifest,
    keyId: key.id,
    mac: macOf(key.bytes, 'backup manifest', manifest).toString('hex'),
  };
  await writeFile(join(folder, manifestName), `${JSON.stringify(signed, undefined, 2)}\n`, {
    mode: 0o600,
    flush: true,
  });
}

/** @throws BACKUP-002 for a manifest that the sealing key did not sign, KEY-001 where that key is not configured */
export async function readManifest(folder: string, sealKeys: KeyRing): Promise<Manifest> {
  const text = await readFile(join(folder, manifestName), 'utf8');
  const { keyId, mac, ...manifest } = parsed(text, folder);
  const key = sealKeys.byId(keyId);
  if (key === undefined)
    throw new RelaisError(
      'KEY-001',
      `The backup was made under the sealing key ${keyId}: give it in RELAIS_SEAL_KEY or RELAIS_SEAL_KEY_PREVIOUS.`,
    );
  const given = Buffer.from(mac, 'hex');
  const expected = macOf(key.bytes, 'backup manifest', manifest);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new RelaisError('BACKUP-002', `The manifest in ${folder} was changed after it was written.`);
  return manifest;
}

function parsed(text: string, folder: string): Signed {
  try {
    const read = JSON.parse(text) as Partial<Signed>;
    if (read.format === 'relais-backup-1' && typeof read.keyId === 'string' && typeof read.mac === 'string')
      return read as Signed;
  } catch {
    // As for any other text.
  }
  throw new RelaisError('BACKUP-002', `${join(folder, manifestName)} is no manifest of a backup.`);
}

/** @throws BACKUP-002 for the first file that is missing or differs */
export async function checkFiles(folder: string, files: readonly PackedFile[]): Promise<void> {
  for (const { name, bytes, sha256 } of files) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) throw new RelaisError('BACKUP-002', `${name} is missing from ${folder}.`);
    if (found.size !== bytes || (await digestOf(path)) !== sha256)
      throw new RelaisError('BACKUP-002', `${name} in ${folder} is not the file that was written.`);
  }
}
