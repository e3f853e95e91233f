// Writes the file of phone-consent proofs that a client receives before its leads are deleted (C30).
// Invariant: whole on the disk before the transaction that deletes the leads commits; under its name there is never half a file.
import { createHash } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Encrypter } from 'age-encryption';
import { stringify } from 'csv-stringify/sync';
import type { PhoneProof } from '../store/phone-proofs.ts';

export interface PhoneProofsPlace {
  /** Undefined: no folder is configured, and hand-overs wait. */
  readonly folder: string | undefined;
  /** An age recipient (`age1...`): the files are encrypted for it. */
  readonly recipient: string | undefined;
}

export interface WrittenFile {
  readonly name: string;
  readonly bytes: number;
  readonly digest: Buffer;
}

/** The client reads it: French. */
const columns: readonly (readonly [title: string, of: (proof: PhoneProof) => string])[] = [
  ['reference', ({ reference }) => reference],
  ['operation', ({ operation }) => operation ?? ''],
  ['lead_du', ({ collectedAt }) => collectedAt.toISOString()],
  ['nom', ({ lastName }) => lastName ?? ''],
  ['prenom', ({ firstName }) => firstName ?? ''],
  ['email', ({ email }) => email ?? ''],
  ['mobile', ({ mobile }) => mobile ?? ''],
  ['fixe', ({ landline }) => landline ?? ''],
  ['finalite', ({ purpose }) => purpose],
  ['reponse', ({ state }) => state],
  ['recueillie_le', ({ recordedAt }) => recordedAt.toISOString()],
  ['version_du_texte', ({ wordingVersion }) => wordingVersion ?? ''],
  ['entite_juridique', ({ legalEntity }) => legalEntity ?? ''],
  ['valable_jusqu_au', ({ validUntil }) => validUntil?.toISOString() ?? ''],
  ['source', ({ source }) => source ?? ''],
];

/**
 * Writes `NAME.csv` and `NAME.json`, with the suffix `.age` where a recipient is configured.
 * @throws the disk's error, as its code
 */
export async function writeProofs(
  { folder, recipient }: PhoneProofsPlace & { readonly folder: string },
  name: string,
  proofs: readonly PhoneProof[],
): Promise<readonly WrittenFile[]> {
  const titles = columns.map(([title]) => title);
  const rows = proofs.map((proof) => columns.map(([, of]) => of(proof)));
  // Spreadsheets must not run a cell that begins like a formula.
  const csv = stringify([titles, ...rows], { bom: true, delimiter: ';', escape_formulas: true });
  const json = rows.map((row) => Object.fromEntries(row.map((value, index) => [titles[index] ?? '', value])));
  const files = [
    [`${name}.csv`, Buffer.from(csv)],
    [`${name}.json`, Buffer.from(`${JSON.stringify(json, undefined, 2)}\n`)],
  ] as const;
  const written: WrittenFile[] = [];
  for (const [file, plain] of files) {
    const encrypted = recipient === undefined ? plain : await encryptedFor(recipient, plain);
    written.push(await writeWhole(folder, recipient === undefined ? file : `${file}.age`, encrypted));
  }
  return written;
}

async function encryptedFor(recipient: string, plain: Buffer): Promise<Buffer> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return Buffer.from(await encrypter.encrypt(plain));
}

async function writeWhole(folder: string, name: string, bytes: Buffer): Promise<WrittenFile> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = await open(`${path}.part`, 'w', 0o600);
  try {
    await draft.writeFile(bytes);
    await draft.sync();
  } finally {
    await draft.close();
  }
  await rename(`${path}.part`, path);
  // The name too is on the disk before anything is deleted.
  const place = await open(dirname(path), 'r');
  try {
    await place.sync();
  } finally {
    await place.close();
  }
  return { name, bytes: bytes.length, digest: createHash('sha256').update(bytes).digest() };
}
