// Completes a closed contract by itself: cancels open deliveries and, once the leads are deleted, deletes the rest, with a proof.
// Invariant: the proof is made from the tables; no proof is made while one still has a row of the client.
import { writeNote } from '../client-mails/notes.ts';
import { civilDate, frenchDate, type CivilDate } from '../domain/civil-date.ts';
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { writeProof, type ProofDeps } from '../privacy/proofs/prove.ts';
import { raiseBroken } from '../store/broken-alerts.ts';
import {
  contractEnd,
  heldRows,
  heldTables,
  lockClosing,
  noteDeleted,
  openClosings,
  strandedFiles,
  unendedDeliveries,
  wipeRest,
  type Closing,
  type HeldBefore,
} from '../store/closings.ts';
import { isStoreTrouble, type Database, type Sql } from '../store/database.ts';
import { readDeliveries } from '../store/deliveries.ts';
import { entryNames } from '../store/entry-names.ts';
import { appendHandovers } from '../store/handovers.ts';
import { lockLeads } from '../store/leads.ts';
import { endWhole } from '../store/long-files.ts';
import { cancelUnsent } from '../store/planned-deliveries.ts';
import { entriesSince } from '../store/proofs.ts';
import { lockClients } from '../store/same-person.ts';

export interface ClosingEndNeeds {
  readonly database: Database;
  readonly proofs: ProofDeps;
  readonly log: Log;
  /** Replaces the calendar in tests. */
  readonly today?: () => CivilDate;
}

const deliveriesAtOnce = 200;
const rowsAtOnce = 1_000;

/** Takes one step for each contract that has ended. Returns whether there may be more to do at once. */
export async function followClosings(needs: ClosingEndNeeds): Promise<boolean> {
  const { database, log } = needs;
  let more = false;
  for (const closing of await openClosings(database))
    try {
      if (await cancelSome(database, closing)) more = true;
      else if (await voidFiles(database, closing)) more = true;
      else if (await endClosing(needs, closing.clientId))
        log.info('client.deleted', { client: closing.clientId });
    } catch (error) {
      if (isStoreTrouble(error)) throw error;
      const code = foreignCode(error);
      log.error('client.closing_broken', { client: closing.clientId, code });
      await raiseBroken(database, { clientId: closing.clientId, destinationId: '', step: 'CLOSING', code });
    }
  return more;
}

/** Cancels deliveries that could still leave; one being sent ends first. */
function cancelSome(database: Database, { clientId, actor }: Closing): Promise<boolean> {
  return database.transaction(async (tx) => {
    const open = await unendedDeliveries(tx, clientId, deliveriesAtOnce);
    if (open.length === 0) return false;
    await lockLeads(tx, [...new Set(open.map(({ leadId }) => leadId))]);
    const ids = open.map(({ id }) => id);
    const cancelled = await cancelUnsent(tx, ids, 'contract_ended', true);
    await appendHandovers(
      tx,
      (await readDeliveries(tx, cancelled)).map((row) => ({
        entry: 'cancelled' as const,
        ...entryNames(row),
        actor,
        reason: 'contract_ended',
      })),
    );
    return cancelled.length > 0;
  });
}

/** A file that is no longer sent would keep its leads for ever. */
function voidFiles(database: Database, { clientId, actor }: Closing): Promise<boolean> {
  return database.transaction(async (tx) => {
    const files = await strandedFiles(tx, clientId);
    for (const { id } of files) await endWhole(tx, id, 'voided');
    await appendHandovers(
      tx,
      files.map(({ id: batchId, destinationId }) => ({
        entry: 'batch_voided' as const,
        clientId,
        destinationId,
        batchId,
        actor,
        reason: 'contract_ended',
      })),
    );
    return files.length > 0;
  });
}

/** Deletes the rest and makes the proof, once the agreed day has come and every lead is deleted. Returns whether it is complete. */
export async function endClosing(needs: ClosingEndNeeds, clientId: string): Promise<boolean> {
  const { database } = needs;
  const today = needs.today?.() ?? civilDate(database.now());
  const end = await contractEnd(database, clientId);
  if (end === undefined || end > today) return false;
  if (((await heldRows(database, clientId))['leads'] ?? 0) > 0) return false;
  while (await database.transaction((tx) => wipeRest(tx, clientId, rowsAtOnce)));
  return database.transaction((tx) => prove(tx, needs, clientId));
}

async function prove(tx: Sql, { proofs }: ClosingEndNeeds, clientId: string): Promise<boolean> {
  await lockClients(tx, [clientId], 'alone');
  const closing = await lockClosing(tx, clientId);
  if (closing?.state !== 'returned') return false;
  const after = await heldRows(tx, clientId);
  if (Object.values(after).some((rows) => rows > 0)) return false;
  const { rows: before, log } = JSON.parse(closing.held) as HeldBefore;
  const { actor, instruction, reason } = closing;
  await appendHandovers(tx, [
    {
      entry: 'client_deleted',
      clientId,
      actor,
      purpose: reason,
      reason: `#${instruction} leads:${before['leads'] ?? 0}`,
    },
  ]);
  const proof = await writeProof(tx, proofs, {
    act: 'contract_end',
    clientId,
    leadIds: [],
    references: [],
    tables: heldTables.map((table) => ({
      table,
      rowsBefore: before[table] ?? 0,
      rowsAfter: after[table] ?? 0,
      columns: [],
    })),
    before: log,
    entries: await entriesSince(tx, log.entry, { clientId, leadIds: [] }),
    actor,
  });
  await noteDeleted(tx, clientId, proof.number);
  await writeNote(tx, {
    clientId,
    kind: 'contract_ended',
    title: 'données supprimées après la fin du contrat',
    changes: [
      `Toutes les données de vos prospects sont supprimées chez nous (${frenchDate(civilDate(tx.now()))})`,
      `Preuve signée n° ${proof.number} ; les fichiers remis font foi de ce qui était détenu`,
    ],
    doneBy: actor,
    instruction,
  });
  return true;
}
