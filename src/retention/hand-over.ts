// Hands a client its proofs of phone consent before a deletion, unless it has waived them in writing (C30, C53).
// Invariant: a lead with such a consent is not deleted before a file with all of them is on the disk and in the log.
import { createHash } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { coversMatter } from '../domain/instructions.ts';
import { foreignCode } from '../errors.ts';
import { raiseAlerts, raisedSince } from '../store/alerts/alerts.ts';
import type { Sql } from '../store/database.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import { listInstructions } from '../store/retention/register.ts';
import { phoneProofs, type PhoneProof } from '../store/retention/gone-leads.ts';
import type { SealedFile } from './sealed-files.ts';
import {
  addToRun,
  lockRun,
  proveItems,
  putOffItems,
  takeItems,
  type RetentionRun,
} from '../store/retention/retention-items.ts';

const leadsAtOnce = 500;
const waitSeconds = 3_600;

/** Hands over the proofs of the next leads of the run. Returns how many leads it processed. */
export async function handOverProofs(tx: Sql, run: RetentionRun, place: PhoneProofsPlace): Promise<number> {
  const items = await takeItems(tx, run.id, 'proofs', leadsAtOnce);
  if (items.length === 0) return 0;
  const ids = items.map(({ leadId }) => leadId);
  const waived = await waivers(tx, run.clientId);
  const proofs = (await phoneProofs(tx, ids)).filter(({ operation }) => !waived(operation ?? ''));
  const proving = new Map(proofs.map(({ leadId, consentId }) => [leadId, consentId]));
  const failure = proofs.length === 0 ? undefined : await written(tx, run, place, proofs);
  const through = failure === undefined ? ids : ids.filter((id) => !proving.has(id));
  await proveItems(
    tx,
    through.map((leadId) => ({ leadId, upto: proving.get(leadId) ?? 0 })),
  );
  if (failure === undefined) return items.length;
  await putOffItems(tx, [...proving.keys()], 'proofs', waitSeconds);
  const alert = { kind: 'proofs_not_handed_over', clientId: run.clientId } as const;
  if (!(await raisedSince(tx, alert, 86_400))) await raiseAlerts(tx, [{ ...alert, reason: failure }]);
  return items.length;
}

/** Returns whether an instruction waives the proofs of an operation. */
export async function waivers(tx: Sql, clientId: string): Promise<(operation: string) => boolean> {
  const instructions = await listInstructions(tx, clientId);
  return (operation) => instructions.some((instruction) => coversMatter(instruction, 'proofs', operation));
}

/** Returns a code when there is no file. */
async function written(
  tx: Sql,
  run: RetentionRun,
  place: PhoneProofsPlace,
  proofs: readonly PhoneProof[],
): Promise<string | undefined> {
  const { folder } = place;
  if (folder === undefined) return 'NO_FOLDER';
  // Under the run's lock: the number is only for this file, and the same again after a crash.
  const part = ((await lockRun(tx, run.id))?.proofFiles ?? 0) + 1;
  const name = `${run.clientId}/preuves-${run.day}-${run.id}-${part}`;
  const files = await writeProofs({ ...place, folder }, name, proofs).catch(foreignCode);
  if (typeof files === 'string') return files;
  const leads = new Set(proofs.map(({ leadId }) => leadId)).size;
  await appendHandovers(
    tx,
    files.map(({ name: fileName, bytes, digest }) => ({
      entry: 'proofs_handed_over',
      clientId: run.clientId,
      actor: run.actor,
      fileName,
      bytes,
      digest,
      reason: `leads:${leads} consents:${proofs.length}`,
    })),
  );
  await addToRun(tx, run.id, { proofFiles: 1 });
  return undefined;
}

// Writes the file of phone-consent proofs that a client receives before its leads are deleted (C30).
// Invariant: whole on the disk before the transaction that deletes the leads commits; under its name there is never half a file.

export interface PhoneProofsPlace {
  /** Undefined: no folder is configured, and hand-overs wait. */
  readonly folder: string | undefined;
  /** An age recipient (`age1...`): the files are encrypted for it. */
  readonly recipient: string | undefined;
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
async function writeProofs(
  { folder, recipient }: PhoneProofsPlace & { readonly folder: string },
  name: string,
  proofs: readonly PhoneProof[],
): Promise<readonly SealedFile[]> {
  const titles = columns.map(([title]) => title);
  const rows = proofs.map((proof) => columns.map(([, of]) => of(proof)));
  // Spreadsheets must not run a cell that begins like a formula.
  const csv = stringify([titles, ...rows], { bom: true, delimiter: ';', escape_formulas: true });
  const json = rows.map((row) => Object.fromEntries(row.map((value, index) => [titles[index] ?? '', value])));
  const files = [
    [`${name}.csv`, Buffer.from(csv)],
    [`${name}.json`, Buffer.from(`${JSON.stringify(json, undefined, 2)}\n`)],
  ] as const;
  const written: SealedFile[] = [];
  for (const [file, plain] of files) {
    const encrypted = recipient === undefined ? plain : await encryptedFor(recipient, plain);
    written.push(await writeWhole(folder, recipient === undefined ? file : `${file}.age`, encrypted));
  }
  return written;
}

async function encryptedFor(recipient: string, plain: Buffer): Promise<Buffer> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return Buffer.from(await encrypter.encrypt(plain));
}

async function writeWhole(folder: string, name: string, bytes: Buffer): Promise<SealedFile> {
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
