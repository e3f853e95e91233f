// Hands a client its proofs of phone consent before a deletion, unless it has waived them in writing (C30, C53).
// Invariant: a lead with such a consent is not deleted before a file with all of them is on the disk and in the log.
import { coversMatter } from '../domain/instructions.ts';
import { foreignCode } from '../errors.ts';
import { raiseAlerts, raisedSince } from '../store/alerts.ts';
import type { Sql } from '../store/database.ts';
import { appendHandovers } from '../store/handovers.ts';
import { listInstructions } from '../store/instructions.ts';
import { phoneProofs, type PhoneProof } from '../store/phone-proofs.ts';
import {
  addToRun,
  lockRun,
  proveItems,
  putOffItems,
  takeItems,
  type RetentionRun,
} from '../store/retention-items.ts';
import { writeProofs, type PhoneProofsPlace } from './proofs-file.ts';

/** Leads of one file. */
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
  if (!(await raisedSince(tx, 'proofs_not_handed_over', '', 86_400)))
    await raiseAlerts(tx, [{ kind: 'proofs_not_handed_over', clientId: run.clientId, reason: failure }]);
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
