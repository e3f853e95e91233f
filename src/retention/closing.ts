// Ends a client's contract (C55): closed at once, returned to the client, deleted on the agreed day, proved.
// Invariant: each step is a transaction that can be repeated; nothing of the client leaves after the first, and nothing is deleted before
// the client has received everything. No recipient is asked to delete: clients keep their own data.
import { writeNote } from '../client-mails/notes.ts';
import { civilDate, frenchDate, isCivilDate, type CivilDate } from '../domain/civil-date.ts';
import { coversMatter, type Instruction } from '../domain/instructions.ts';
import { RelaisError } from '../errors.ts';
import type { CollectDeps } from '../privacy/person/collect.ts';
import {
  findClosing,
  heldRows,
  insertClosing,
  lockClosing,
  noteReturned,
  stillOpen,
  type Closing,
  type HeldBefore,
  type StillOpen,
} from '../store/closings.ts';
import { accountsOfClient, endAccount } from '../store/accounts.ts';
import { endApiKey, keysOfClient } from '../store/api-keys.ts';
import { readAuthorisations, revokeAuthorisation } from '../store/authorisations.ts';
import type { Database, ReadOnlySql, Sql } from '../store/database.ts';
import { destinationsOfClients, setStatus } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { findInstruction } from '../store/instructions.ts';
import { logPosition } from '../store/proofs.ts';
import { lockClients } from '../store/same-person.ts';
import { endSessions } from '../store/sessions.ts';
import { writeReturn, type ClientReturn, type ReturnRequest } from './client-return.ts';

export interface ClosingOverview {
  readonly clientId: string;
  readonly closing: Closing | undefined;
  /** Rows of each table. */
  readonly held: Readonly<Record<string, number>>;
  readonly open: StillOpen;
}

/** @throws FIND-001 */
export async function closingOverview(sql: ReadOnlySql, clientId: string): Promise<ClosingOverview> {
  const rows = await sql.all('SELECT 1 FROM clients WHERE id = ?', [clientId]);
  if (rows.length === 0) throw new RelaisError('FIND-001', `No client is called ${clientId}.`);
  return {
    clientId,
    closing: await findClosing(sql, clientId),
    held: await heldRows(sql, clientId),
    open: await stillOpen(sql, clientId),
  };
}

export interface ClosingRequest {
  readonly clientId: string;
  /** Number of the instruction that ends the contract. */
  readonly instruction: number;
  readonly deleteOn: CivilDate;
  readonly reason: string;
  readonly actor: string;
}

/**
 * After its commit nothing of the client comes in or leaves: departures read the authorisations under their lock.
 * @throws FIND-001, CLIENT-001, RETENTION-001, USAGE-001
 */
export function closeClient(database: Database, request: ClosingRequest): Promise<void> {
  const { clientId, instruction, deleteOn, reason, actor } = request;
  return database.transaction(async (tx) => {
    if (!(await lockClients(tx, [clientId], 'alone')).has(clientId))
      throw new RelaisError('FIND-001', `No client is called ${clientId}.`);
    if ((await findClosing(tx, clientId)) !== undefined) return;
    requireDay(deleteOn, civilDate(tx.now()));
    const cited = await requireInstruction(tx, clientId, instruction);
    await refuseOpenRights(tx, clientId);
    const held: HeldBefore = { rows: await heldRows(tx, clientId), log: await logPosition(tx) };
    await insertClosing(tx, { clientId, instruction, deleteOn, reason, actor, held: JSON.stringify(held) });
    await endDestinations(tx, clientId, actor);
    await endAccess(tx, clientId, actor);
    await appendHandovers(tx, [
      {
        entry: 'client_closed',
        clientId,
        actor,
        purpose: reason,
        reason: `#${instruction} delete:${deleteOn} leads:${held.rows['leads'] ?? 0}`,
      },
    ]);
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

function requireDay(day: string, today: CivilDate): void {
  if (!isCivilDate(day)) throw new RelaisError('USAGE-001', `"${day}" is not a date (2027-01-31).`);
  if (day < today) throw new RelaisError('USAGE-001', `${day} has passed: say today or a later day.`);
}

async function requireInstruction(tx: Sql, clientId: string, number: number): Promise<Instruction> {
  const found = await findInstruction(tx, clientId, number);
  if (found === undefined)
    throw new RelaisError('FIND-001', `Client ${clientId} has no instruction ${number}.`);
  if (!coversMatter(found, 'contract_end', ''))
    throw new RelaisError(
      'RETENTION-001',
      `Instruction ${number} of ${clientId} covers ${found.covers.join(', ')}, not the end of its contract (contract_end).`,
    );
  return found;
}

/** Refuses while recipients have still to be notified of a person's right. */
async function refuseOpenRights(tx: Sql, clientId: string): Promise<void> {
  const { rights } = await stillOpen(tx, clientId);
  if (rights > 0)
    throw new RelaisError(
      'CLIENT-001',
      `${rights} changes and erasures of ${clientId} have still to be told to a recipient. Nothing was changed.`,
    );
}

async function endDestinations(tx: Sql, clientId: string, actor: string): Promise<void> {
  const destinations = await destinationsOfClients(tx, [clientId]);
  for (const { id } of destinations) await setStatus(tx, id, 'archived', 'contract_ended');
  const authorisations = await readAuthorisations(
    tx,
    destinations.map(({ id }) => id),
  );
  for (const { id, destinationId, recipient } of [...authorisations.values()].flat())
    if (await revokeAuthorisation(tx, id, actor))
      await appendHandovers(tx, [
        {
          entry: 'revoked',
          clientId,
          destinationId,
          authorisationId: id,
          recipient,
          actor,
          reason: 'contract_ended',
        },
      ]);
}

/** Ends the access of the client's accounts and systems. */
async function endAccess(tx: Sql, clientId: string, actor: string): Promise<void> {
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

export interface ReturnOrder extends ReturnRequest {
  readonly actor: string;
}

/** Writes the files and records them; without the record nothing is deleted. @throws CLIENT-001, USAGE-001, LOG-003 */
export async function returnClient(
  database: Database,
  deps: CollectDeps,
  order: ReturnOrder,
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
    await lockClients(tx, [clientId], 'alone');
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
