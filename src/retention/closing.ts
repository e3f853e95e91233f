// Ends a client's contract (C55): closed at once, returned to the client, deleted on the agreed day, proved.
// Invariant: each step is a transaction that can be repeated; nothing of the client leaves after the first, and nothing is deleted before
// the client has received everything. No recipient is asked to delete: clients keep their own data.
import { writeNote } from '../client-mails/notes.ts';
import { civilDate, frenchDate, isCivilDate, type CivilDate } from '../domain/civil-date.ts';
import { coversMatter, type Instruction } from '../domain/instructions.ts';
import { RelaisError, foreignCode } from '../errors.ts';
import type { CollectDeps } from '../privacy/person/collect.ts';
import {
  findClosing,
  heldRows,
  insertClosing,
  lockClosing,
  noteReturned,
  stillOpen,
  contractEnd,
  heldTables,
  noteDeleted,
  openClosings,
  strandedFiles,
  unendedDeliveries,
  wipeRest,
  type Closing,
  type HeldBefore,
} from '../store/retention/closings.ts';
import { accountsOfClient, endAccount } from '../store/access/accounts.ts';
import { endApiKey, keysOfClient } from '../store/access/api-keys.ts';
import { readAuthorisations, revokeAuthorisation } from '../store/destinations/authorisations.ts';
import { destinationsOfClients, setStatus } from '../store/destinations/destinations.ts';
import { appendHandovers, appendHandover } from '../store/log/handovers.ts';
import { findInstruction } from '../store/retention/register.ts';
import { logPosition, entriesSince } from '../store/people/proofs.ts';
import { lockClients } from '../store/client-locks.ts';
import { endSessions } from '../store/access/sessions.ts';
import { writeReturn, type ClientReturn, type ReturnRequest } from './client-return.ts';
import type { Log } from '../log.ts';
import { writeProof, type ProofDeps } from '../privacy/proofs/prove.ts';
import { closeBroken, raiseBroken } from '../store/alerts/alerts.ts';
import { closeClientAlerts } from '../store/alerts/tasks.ts';
import { type Database, type ReadOnlySql, type Sql, isStoreTrouble } from '../store/database.ts';
import { endWhole } from '../store/files/long-files.ts';

export type ClosingOverview = Awaited<ReturnType<typeof closingOverview>>;

/** @throws FIND-001 */
export async function closingOverview(sql: ReadOnlySql, clientId: string) {
  const rows = await sql.all('SELECT 1 FROM clients WHERE id = ?', [clientId]);
  if (rows.length === 0) throw new RelaisError('FIND-001', `No client is called ${clientId}.`);
  return {
    clientId,
    closing: await findClosing(sql, clientId),
    held: await heldRows(sql, clientId),
    open: await stillOpen(sql, clientId),
  };
}

type ClosingRequest = Pick<Closing, 'clientId' | 'instruction' | 'deleteOn' | 'reason' | 'actor'>;

/**
 * After its commit nothing of the client comes in or leaves: departures read the authorisations under their lock.
 * @throws FIND-001, CLIENT-001, RETENTION-001, USAGE-001
 */
export function closeClient(database: Database, request: ClosingRequest): Promise<void> {
  const { clientId, instruction, deleteOn, reason, actor } = request;
  return database.transaction(async (tx) => {
    if (!(await lockClients(tx, [clientId], 'alone', 'taken')).has(clientId))
      throw new RelaisError('FIND-001', `No client is called ${clientId}.`);
    if ((await findClosing(tx, clientId)) !== undefined) return;
    requireDay(deleteOn, civilDate(tx.now()));
    const cited = await requireInstruction(tx, clientId, instruction);
    await refuseOpenRights(tx, clientId);
    const held: HeldBefore = { rows: await heldRows(tx, clientId), log: await logPosition(tx) };
    await insertClosing(tx, { clientId, instruction, deleteOn, reason, actor, held: JSON.stringify(held) });
    await endDestinations(tx, clientId, actor);
    await endAccess(tx, clientId, actor);
    await appendHandover(tx, {
      entry: 'client_closed',
      clientId,
      actor,
      purpose: reason,
      reason: `#${instruction} delete:${deleteOn} leads:${held.rows['leads'] ?? 0}`,
    });
    await writeNote(tx, {
      clientId,
      kind: 'contract_ended',
      title: 'fin du contrat',
      changes: [
        'Plus aucun lead n’est reçu ni transmis',
        'Toutes les habilitations de destinataires prennent fin',
        'Vos comptes et les clés de vos systèmes prennent fin',
        `Les données vous sont remises, puis supprimées chez nous le ${frenchDate(deleteOn)}`,
      ],
      askedBy: cited.givenBy,
      doneBy: actor,
      instruction,
      document: cited.document,
    });
  });
}

/** @throws USAGE-001 */
export function requireDay(day: string, today: CivilDate): void {
  if (!isCivilDate(day)) throw new RelaisError('USAGE-001', `"${day}" is not a date (2027-01-31).`);
  if (day < today) throw new RelaisError('USAGE-001', `${day} has passed: say today or a later day.`);
}

/** @throws FIND-001, RETENTION-001 */
export async function requireInstruction(
  tx: Sql,
  clientId: string,
  number: number,
  matter: 'contract_end' | 'hosting' = 'contract_end',
): Promise<Instruction> {
  const found = await findInstruction(tx, clientId, number);
  if (found === undefined)
    throw new RelaisError('FIND-001', `Client ${clientId} has no instruction ${number}.`);
  if (!coversMatter(found, matter, ''))
    throw new RelaisError(
      'RETENTION-001',
      `Instruction ${number} of ${clientId} covers ${found.covers.join(', ')}, not ${matter === 'hosting' ? 'where its data is hosted (hosting)' : 'the end of its contract (contract_end)'}.`,
    );
  return found;
}

/** Refuses while recipients have still to be notified of a person's right. */
async function refuseOpenRights(tx: Sql, clientId: string): Promise<void> {
  const { rights } = await stillOpen(tx, clientId);
  if (rights > 0)
    throw new RelaisError(
      'CLIENT-001',
      `${rights} changes and erasures of ${clientId} have still to reach a recipient. Nothing was changed.`,
    );
}

/** Archives the client's destinations and revokes their authorisations. */
export async function endDestinations(
  tx: Sql,
  clientId: string,
  actor: string,
  reason: 'contract_ended' | 'moved' = 'contract_ended',
): Promise<void> {
  const destinations = await destinationsOfClients(tx, [clientId]);
  for (const { id } of destinations) await setStatus(tx, id, 'archived', reason);
  const authorisations = await readAuthorisations(
    tx,
    destinations.map(({ id }) => id),
  );
  for (const { id, destinationId, recipient } of [...authorisations.values()].flat())
    if (await revokeAuthorisation(tx, id, actor))
      await appendHandovers(
        tx,
        [{ entry: 'revoked', clientId, destinationId, authorisationId: id, recipient, actor, reason }],
        { moved: 'taken' },
      );
}

export async function endAccess(tx: Sql, clientId: string, actor: string): Promise<void> {
  for (const id of await accountsOfClient(tx, clientId)) {
    await endAccount(tx, id);
    await endSessions(tx, id);
    await appendHandovers(tx, [
      { entry: 'account_changed', clientId, actor, reason: 'CONTRACT_ENDED', target: `account:${id}` },
    ]);
  }
  for (const id of await keysOfClient(tx, clientId)) {
    await endApiKey(tx, id);
    await appendHandovers(tx, [
      { entry: 'api_key_changed', clientId, actor, reason: 'CONTRACT_ENDED', target: `key:${id}` },
    ]);
  }
}

/** Writes the files and records them; without the record nothing is deleted. @throws CLIENT-001, USAGE-001, LOG-003 */
export async function returnClient(
  database: Database,
  deps: CollectDeps,
  order: ReturnRequest & { readonly actor: string },
): Promise<ClientReturn> {
  const { clientId, recipients, actor } = order;
  const closing = await findClosing(database, clientId);
  if (closing === undefined || closing.state === 'deleted')
    throw new RelaisError(
      'CLIENT-001',
      `The contract of ${clientId} ${stateWords(closing)}: nothing to return.`,
    );
  const made = await writeReturn(database, deps, order);
  await database.transaction(async (tx) => {
    await lockClients(tx, [clientId], 'alone', 'taken');
    if ((await lockClosing(tx, clientId))?.state === 'deleted')
      throw new RelaisError('CLIENT-001', `The data of ${clientId} were deleted meanwhile.`);
    await noteReturned(tx, clientId, {
      name: order.to,
      bytes: made.files.reduce((sum, { bytes }) => sum + bytes, 0),
      digest: made.digest,
    });
    await appendHandovers(
      tx,
      made.files.map(({ name, bytes, digest }) => ({
        entry: 'client_returned' as const,
        clientId,
        actor,
        fileName: name,
        bytes,
        digest,
        reason: `leads:${made.leads} refused:${made.refusedRows}`,
        target: recipients
          .map((recipient) => recipient.slice(0, 62))
          .join(' ')
          .slice(0, 200),
      })),
    );
  });
  return made;
}

const stateWords = (closing: Closing | undefined): string =>
  closing === undefined ? 'has not ended' : 'has ended, and its data are deleted';

// Completes a closed contract by itself: cancels open deliveries and, once the leads are deleted, deletes the rest, with a proof.
// Invariant: the proof is made from the tables; no proof is made while one still has a row of the client.

interface ClosingEndNeeds {
  readonly database: Database;
  readonly proofs: ProofDeps;
  readonly log: Log;
  /** Replaces the calendar in tests. */
  readonly today?: () => CivilDate;
}

/** Cancels deliveries; a right that its recipient has not received becomes a manual task. */
type Cancel = (
  tx: Sql,
  ids: readonly number[],
  by: { readonly actor: string },
  why: 'contract_ended',
) => Promise<{ readonly ended: readonly number[] }>;

const deliveriesAtOnce = 200;
const rowsAtOnce = 1_000;

/** Takes one step for each contract that has ended. Returns whether there may be more to do at once. */
export async function followClosings(needs: ClosingEndNeeds, cancel: Cancel): Promise<boolean> {
  const { database, log } = needs;
  let more = false;
  for (const closing of await openClosings(database))
    try {
      if (await cancelSome(database, closing, cancel)) more = true;
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
function cancelSome(database: Database, { clientId, actor }: Closing, cancel: Cancel): Promise<boolean> {
  return database.transaction(async (tx) => {
    const open = await unendedDeliveries(tx, clientId, deliveriesAtOnce);
    if (open.length === 0) return false;
    const ids = open.map(({ id }) => id);
    return (await cancel(tx, ids, { actor }, 'contract_ended')).ended.length > 0;
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

/** Deletes the rest and makes the proof, once the agreed day has come, every lead is deleted and no right holds a row. Returns whether it is complete. */
export async function endClosing(needs: ClosingEndNeeds, clientId: string): Promise<boolean> {
  const { database } = needs;
  const today = needs.today?.() ?? civilDate(database.now());
  const end = await contractEnd(database, clientId);
  if (end === undefined || end > today) return false;
  if (((await heldRows(database, clientId))['leads'] ?? 0) > 0) return false;
  // Under a restriction of processing nothing is deleted, and a row has no lead to wait with.
  if ((await stillOpen(database, clientId)).heldRows > 0) return false;
  while (await database.transaction((tx) => wipeRest(tx, clientId, rowsAtOnce)));
  return database.transaction((tx) => prove(tx, needs, clientId));
}

async function prove(tx: Sql, { proofs }: ClosingEndNeeds, clientId: string): Promise<boolean> {
  await lockClients(tx, [clientId], 'alone', 'taken');
  const closing = await lockClosing(tx, clientId);
  if (closing?.state !== 'returned') return false;
  const after = await heldRows(tx, clientId);
  if (Object.values(after).some((rows) => rows > 0)) return false;
  const { rows: before, log } = JSON.parse(closing.held) as HeldBefore;
  const { actor, instruction, reason } = closing;
  await appendHandover(tx, {
    entry: 'client_deleted',
    clientId,
    actor,
    purpose: reason,
    reason: `#${instruction} leads:${before['leads'] ?? 0}`,
  });
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
  await closeClientAlerts(tx, 'moved_reports', clientId);
  await closeBroken(tx, { clientId, destinationId: '', step: 'CLOSING' });
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
