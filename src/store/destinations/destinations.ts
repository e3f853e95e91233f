// Stores clients, destinations, the version published for each, and their running state; reads the contract that intake checks.
// Invariant: publish, suspend and resume write a destination's row; claims and settlements write its state row.
import { closedCircuit, type Circuit } from '../../domain/breaker.ts';
import type { RateWindows } from '../../domain/rates.ts';
import { isHeld } from '../../domain/send-policy.ts';
import type { ClientFacts, DestinationStatus, Notice } from '../../domain/destination.ts';
import { allAs, columnOf, inList, type ReadOnlySql, type Sql, firstNumber } from '../database.ts';
import { packed, unpacker } from '../placeholders.ts';
import { requireOwnClient } from '../hosting/instances.ts';
import { noticesOf } from './notices.ts';

export interface Destination {
  readonly id: string;
  readonly clientId: string;
  readonly connector: string;
  readonly status: DestinationStatus;
  readonly statusReason: string;
  /** 0: nothing published. */
  readonly mappingVersionId: number;
  readonly leadsFrom: Date;
}

const columnNames = 'id, client_id, connector, status, status_reason, mapping_version_id, leads_from';
const columns = `id, client_id AS clientId, connector, status, status_reason AS statusReason,
  mapping_version_id AS mappingVersionId, leads_from AS leadsFrom`;

export const destinationsOfClients = (
  sql: Sql,
  clientIds: readonly string[],
): Promise<readonly Destination[]> =>
  sql.all<Destination>(`SELECT ${columns} FROM destinations WHERE client_id IN (?) ORDER BY id`, [clientIds]);

/** Digest of all columns of the destinations of a client, as text. @param client column or mark of the client's id */
export const destinationsDigest = (client: string): string =>
  `(SELECT CAST(CONCAT(COUNT(*), ':', BIT_XOR(CAST(CONV(LEFT(SHA2(CONCAT_WS('|', ${columnNames}), 256), 16), 16, 10) AS UNSIGNED))) AS CHAR)
      FROM destinations WHERE client_id = ${client})`;

/** The destinations of a client, and the digest of these very rows. */
export async function destinationsOfClient(
  sql: Sql,
  clientId: string,
): Promise<{ readonly digest: string; readonly destinations: readonly Destination[] }> {
  const rows = await sql.all<Destination & { readonly digest: string }>(
    `SELECT ${columns}, ${destinationsDigest('?')} AS digest FROM destinations WHERE client_id = ? ORDER BY id`,
    [clientId, clientId],
  );
  return {
    digest: rows[0]?.digest ?? '',
    destinations: rows.map(({ digest: _digest, ...destination }) => destination),
  };
}

export const allDestinations = (sql: ReadOnlySql): Promise<readonly Destination[]> =>
  sql.all<Destination>(`SELECT ${columns} FROM destinations ORDER BY client_id, id`);

export const destinationsBy = (sql: Sql, types: readonly string[]): Promise<readonly Destination[]> =>
  sql.all<Destination>(`SELECT ${columns} FROM destinations WHERE connector IN (?) ORDER BY client_id, id`, [
    types,
  ]);

export const findDestination = (sql: ReadOnlySql, id: string): Promise<Destination | undefined> =>
  destinationNamed(sql, id, '');

/** Locks the destination: the next publication waits for this transaction. */
export const lockDestination = (tx: Sql, id: string): Promise<Destination | undefined> =>
  destinationNamed(tx, id, ' FOR UPDATE');

const destinationNamed = async (
  sql: ReadOnlySql,
  id: string,
  lock: '' | ' FOR UPDATE',
): Promise<Destination | undefined> =>
  // MySQL ignores trailing blanks: a name that differs by them matches no destination.
  (await sql.all<Destination>(`SELECT ${columns} FROM destinations WHERE id = ?${lock}`, [id])).find(
    (found) => found.id === id,
  );

/** The versions in force, under a shared lock: publications wait until the transaction ends. */
export async function lockVersionsInForce(
  tx: Sql,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (ids.length === 0) return new Map();
  const { marks, values } = inList([...new Set(ids)].sort());
  const rows = await tx.all<{ id: string; mapping_version_id: number }>(
    `SELECT id, mapping_version_id FROM destinations FORCE INDEX (PRIMARY) WHERE id IN (${marks}) ORDER BY id LOCK IN SHARE MODE`,
    values,
  );
  return new Map(rows.map((row) => [row.id, row.mapping_version_id]));
}

/** Inserts client and destination, or updates their facts; keeps status and state. @throws INSTANCE-001 */
export async function saveDestination(
  tx: Sql,
  client: ClientFacts,
  destination: {
    readonly id: string;
    readonly connector: string;
    readonly mappingVersionId: number;
    readonly leadsFrom: Date;
  },
): Promise<void> {
  await requireOwnClient(tx, client.id);
  await tx.run(
    `INSERT INTO clients (id, name, legal_entity, facts) VALUES (?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE name = VALUES(name), legal_entity = VALUES(legal_entity), facts = VALUES(facts),
       facts_revision = facts_revision + 1, updated_at = CURRENT_TIMESTAMP(3)`,
    [client.id, client.name, client.legalEntity, JSON.stringify(client)],
  );
  await tx.run(
    `INSERT INTO destinations (id, client_id, connector, mapping_version_id, leads_from) VALUES (?, ?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE connector = VALUES(connector), mapping_version_id = VALUES(mapping_version_id), updated_at = CURRENT_TIMESTAMP(3)`,
    [destination.id, client.id, destination.connector, destination.mappingVersionId, destination.leadsFrom],
  );
  await tx.run(
    `INSERT INTO destination_states (destination_id, client_id, circuit) VALUES (?, ?, ?)
     ON DUPLICATE KEY UPDATE client_id = VALUES(client_id)`,
    [destination.id, client.id, JSON.stringify(closedCircuit)],
  );
}

export async function findClient(sql: Sql, id: string): Promise<ClientFacts | undefined> {
  const rows = await sql.all<{ id: string; facts: string }>('SELECT id, facts FROM clients WHERE id = ?', [
    id,
  ]);
  const row = rows.find((found) => found.id === id);
  return row === undefined ? undefined : (JSON.parse(row.facts) as ClientFacts);
}

export const clientIds = (sql: ReadOnlySql): Promise<readonly string[]> =>
  columnOf<string>(sql, 'SELECT id FROM clients ORDER BY id');

export async function setStatus(
  tx: Sql,
  id: string,
  status: DestinationStatus,
  reason: string,
): Promise<void> {
  await tx.run(
    'UPDATE destinations SET status = ?, status_reason = ?, updated_at = CURRENT_TIMESTAMP(3) WHERE id = ?',
    [status, reason.slice(0, 200), id],
  );
}

/** Deliveries that are queued, being sent, or in a file. */
export const underWay = (sql: Sql, id: string): Promise<number> =>
  firstNumber(
    sql,
    `SELECT COUNT(*) AS n FROM deliveries WHERE destination_id = ? AND (state IN ('queued', 'sending')
        OR (batch_id > 0 AND state IN ('waiting', 'pending')))`,
    [id],
  );

// ---------------------------------------------------------------- running state

export interface DestinationState {
  readonly destinationId: string;
  readonly circuit: Circuit;
  /** Windows in which departures were last counted; counted only while the mapping limits a rate. */
  readonly windows: RateWindows;
  /** Digest of the address and secrets last used; undefined when none was. */
  readonly accessDigest: Buffer | undefined;
  /** The database's clock at this read, epoch ms: the reference for the circuit's times. */
  readonly now: number;
}

export type StateRow = {
  destination_id: string;
  circuit: string;
  rate_windows: string | null;
  access_digest: Buffer | null;
  db_now: Date;
};
export const stateColumns =
  'destination_id, circuit, rate_windows, access_digest, UTC_TIMESTAMP(3) AS db_now';
export const stateOf = (row: StateRow): DestinationState => ({
  destinationId: row.destination_id,
  circuit: JSON.parse(row.circuit) as Circuit,
  windows: row.rate_windows === null ? {} : (JSON.parse(row.rate_windows) as RateWindows),
  accessDigest: row.access_digest ?? undefined,
  now: row.db_now.getTime(),
});

/** The same, as one packed column of `destination_states`; `unpackState` reads it. */
export const packedState = packed(['circuit', 'rate_windows', 'HEX(access_digest)', 'UTC_TIMESTAMP(3)']);
const unpackColumns = unpacker<
  Omit<StateRow, 'destination_id' | 'access_digest'> & { access: string | null }
>(['circuit', 'rate_windows', 'access', 'db_now'], new Set(['db_now']));
export function unpackState(destinationId: string, value: unknown): DestinationState {
  const { access, ...row } = unpackColumns(value);
  const digest = access === null ? null : Buffer.from(access, 'hex');
  return stateOf({ ...row, destination_id: destinationId, access_digest: digest });
}

/** @param lock `true` locks the rows for the rest of the transaction, in name order */
export async function readStates(
  sql: ReadOnlySql,
  destinationIds: readonly string[],
  lock = false,
): Promise<ReadonlyMap<string, DestinationState>> {
  if (destinationIds.length === 0) return new Map();
  const { marks, values } = inList([...new Set(destinationIds)].sort());
  const rows = await sql.all<StateRow>(
    `SELECT ${stateColumns} FROM destination_states FORCE INDEX (PRIMARY)
      WHERE destination_id IN (${marks}) ORDER BY destination_id${lock ? ' FOR UPDATE' : ''}`,
    values,
  );
  return new Map(rows.map((row) => [row.destination_id, stateOf(row)]));
}

/** Destinations that are held, as domain/send-policy defines it (`isHeld`, stored in the column `held`). */
export const heldStates = (sql: ReadOnlySql): Promise<readonly DestinationState[]> =>
  allAs(sql, stateOf, `SELECT ${stateColumns} FROM destination_states WHERE held = 1`);

export async function saveCircuit(tx: Sql, destinationId: string, circuit: Circuit): Promise<void> {
  await tx.run('UPDATE destination_states SET circuit = ?, held = ? WHERE destination_id = ?', [
    JSON.stringify(circuit),
    isHeld(circuit) ? 1 : 0,
    destinationId,
  ]);
}

/** Stores the digest of the access in use from now on; the destination has accepted nothing under it yet. */
export async function saveAccess(tx: Sql, destinationId: string, digest: Buffer): Promise<void> {
  await tx.run('UPDATE destination_states SET access_digest = ? WHERE destination_id = ?', [
    digest,
    destinationId,
  ]);
}

export async function saveRateWindows(tx: Sql, destinationId: string, windows: RateWindows): Promise<void> {
  await tx.run('UPDATE destination_states SET rate_windows = ? WHERE destination_id = ?', [
    JSON.stringify(windows),
    destinationId,
  ]);
}

/** Takes the next file sequence of a destination; the row stays locked until the caller commits. */
export async function takeSequence(tx: Sql, destinationId: string): Promise<number> {
  const [row] = await tx.all<{ next_sequence: number }>(
    'SELECT next_sequence FROM destination_states WHERE destination_id = ? FOR UPDATE',
    [destinationId],
  );
  const sequence = row?.next_sequence ?? 1;
  await tx.run('UPDATE destination_states SET next_sequence = ? WHERE destination_id = ?', [
    sequence + 1,
    destinationId,
  ]);
  return sequence;
}

export interface ClientContract {
  readonly clientId: string;
  readonly facts: ClientFacts;
  readonly notices: readonly Notice[];
  /** Those with a version in force that take leads. */
  readonly destinations: readonly Destination[];
}

/**
 * Reads the contract against which intake checks a client's leads: its facts, notices and published destinations.
 * Read while the clients' rows are locked, so that it is current.
 */
export async function readContracts(sql: Sql, ids: readonly string[]): Promise<readonly ClientContract[]> {
  const rows = await sql.all<{ id: string; facts: string }>(`SELECT id, facts FROM clients WHERE id IN (?)`, [
    ids,
  ]);
  const notices = await noticesOf(sql, ids);
  const destinations = Map.groupBy(await destinationsOfClients(sql, ids), ({ clientId }) => clientId);
  return rows.map(({ id, facts }) => ({
    clientId: id,
    facts: JSON.parse(facts) as ClientFacts,
    notices: notices.get(id) ?? [],
    destinations: (destinations.get(id) ?? []).filter(
      ({ mappingVersionId, status }) => mappingVersionId > 0 && status !== 'archived',
    ),
  }));
}
