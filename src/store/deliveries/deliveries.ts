// Reads and locks deliveries, the unit of work: planned once, claimed under a lease, settled once.
// Invariant: one row per (client, lead, revision, destination, action); state and fencing token guard every change.
import type { Action } from '../../../connectors/contract.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import type { Sql } from '../database.ts';
import { packed, unpacker } from '../placeholders.ts';

export interface Delivery {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  readonly leadId: number;
  readonly revision: number;
  readonly action: Action;
  readonly key: string;
  readonly state: DeliveryState;
  readonly reason: string;
  readonly priority: number;
  readonly run: number;
  readonly keyRun: number;
  readonly attempt: number;
  readonly spent: number;
  readonly departures: number;
  readonly departedAttempt: number;
  readonly maybeReceived: boolean;
  readonly askFirst: boolean;
  readonly sentRevision: number;
  readonly sentMappingId: number;
  readonly dueAt: Date;
  readonly expiresAt: Date;
  readonly queuedAt: Date | undefined;
  readonly pendingSince: Date | undefined;
  /** Since when the recipient has answered that it does not know the delivery; undefined when its last answer was another. */
  readonly notFoundSince: Date | undefined;
  readonly leaseToken: number;
  readonly leaseUntil: Date | undefined;
  readonly batchId: number;
  readonly recipientReference: string | undefined;
  readonly createdAt: Date;
  readonly firstDepartedAt: Date | undefined;
  readonly settledAt: Date | undefined;
}

/** Columns that no attempt reads: they would be a sixth of its row, most of them dates. */
type Unattempted = 'priority' | 'departedAttempt' | 'dueAt' | 'leaseUntil' | 'createdAt' | 'settledAt';
/** A delivery as an attempt needs it. */
export type AttemptDelivery = Omit<Delivery, Unattempted>;

type AttemptRow = Omit<
  DeliveryRow,
  'priority' | 'departed_attempt' | 'due_at' | 'lease_until' | 'created_at' | 'settled_at'
>;

export type DeliveryRow = {
  id: number;
  client_id: string;
  destination_id: string;
  lead_id: number;
  revision: number;
  action: Action;
  delivery_key: string;
  state: DeliveryState;
  reason: string;
  priority: number;
  run: number;
  key_run: number;
  attempt: number;
  spent: number;
  departures: number;
  departed_attempt: number;
  maybe_received: number;
  ask_first: number;
  sent_revision: number;
  sent_mapping_id: number;
  due_at: Date;
  expires_at: Date;
  queued_at: Date | null;
  pending_since: Date | null;
  not_found_since: Date | null;
  lease_token: number;
  lease_until: Date | null;
  batch_id: number;
  recipient_reference: string | null;
  created_at: Date;
  first_departed_at: Date | null;
  settled_at: Date | null;
};

const attemptColumnNames = [
  'id',
  'client_id',
  'destination_id',
  'lead_id',
  'revision',
  'action',
  'delivery_key',
  'state',
  'reason',
  'run',
  'key_run',
  'attempt',
  'spent',
  'departures',
  'maybe_received',
  'ask_first',
  'sent_revision',
  'sent_mapping_id',
  'expires_at',
  'queued_at',
  'pending_since',
  'not_found_since',
  'lease_token',
  'batch_id',
  'recipient_reference',
  'first_departed_at',
] as const satisfies readonly (keyof AttemptRow)[];
const columnNames = [
  ...attemptColumnNames,
  'priority',
  'departed_attempt',
  'due_at',
  'lease_until',
  'created_at',
  'settled_at',
] as const satisfies readonly (keyof DeliveryRow)[];

const listed = (alias: string, names: readonly string[]): string =>
  names.map((name) => `${alias}.${name}`).join(', ');

/** Columns of a delivery, prefixed with a table alias. */
export const deliveryColumns = (alias: string): string => listed(alias, columnNames);
/** Columns that an attempt reads, as one packed column; `unpackAttempt` reads it. */
export const packedAttempt = (alias: string): string =>
  packed(attemptColumnNames.map((name) => `${alias}.${name}`));

const attemptOf = (row: AttemptRow): AttemptDelivery => ({
  id: row.id,
  clientId: row.client_id,
  destinationId: row.destination_id,
  leadId: row.lead_id,
  revision: row.revision,
  action: row.action,
  key: row.delivery_key,
  state: row.state,
  reason: row.reason,
  run: row.run,
  keyRun: row.key_run,
  attempt: row.attempt,
  spent: row.spent,
  departures: row.departures,
  maybeReceived: row.maybe_received === 1,
  askFirst: row.ask_first === 1,
  sentRevision: row.sent_revision,
  sentMappingId: row.sent_mapping_id,
  expiresAt: row.expires_at,
  queuedAt: row.queued_at ?? undefined,
  pendingSince: row.pending_since ?? undefined,
  notFoundSince: row.not_found_since ?? undefined,
  leaseToken: row.lease_token,
  batchId: row.batch_id,
  recipientReference: row.recipient_reference ?? undefined,
  firstDepartedAt: row.first_departed_at ?? undefined,
});

/** A delivery as it is inserted: every column that is not given has its default. */
export const newAttempt = (
  row: Pick<
    AttemptDelivery,
    'id' | 'clientId' | 'destinationId' | 'leadId' | 'revision' | 'action' | 'key' | 'state' | 'reason'
  >,
  at: Date,
  maxAgeMs: number,
): AttemptDelivery => ({
  ...row,
  run: 1,
  keyRun: 1,
  attempt: 0,
  spent: 0,
  departures: 0,
  maybeReceived: false,
  askFirst: false,
  sentRevision: 0,
  sentMappingId: 0,
  expiresAt: new Date(at.getTime() + maxAgeMs),
  queuedAt: at,
  pendingSince: undefined,
  notFoundSince: undefined,
  leaseToken: 0,
  batchId: 0,
  recipientReference: undefined,
  firstDepartedAt: undefined,
});

const unpackRow = unpacker<AttemptRow>(
  attemptColumnNames,
  new Set(['expires_at', 'queued_at', 'pending_since', 'not_found_since', 'first_departed_at']),
);
export const unpackAttempt = (value: unknown): AttemptDelivery => attemptOf(unpackRow(value));

export const deliveryOf = (row: DeliveryRow): Delivery => ({
  ...attemptOf(row),
  priority: row.priority,
  departedAttempt: row.departed_attempt,
  dueAt: row.due_at,
  leaseUntil: row.lease_until ?? undefined,
  createdAt: row.created_at,
  settledAt: row.settled_at ?? undefined,
});

/** Deliveries as their attempts need them, without a lock. */
export async function readAttempts(sql: Sql, ids: readonly number[]): Promise<readonly AttemptDelivery[]> {
  const rows = await sql.all<{ packed: unknown }>(
    `SELECT ${packedAttempt('d')} AS packed FROM deliveries d WHERE d.id IN (?)`,
    [ids],
  );
  return rows.map((row) => unpackAttempt(row.packed));
}

export async function readDeliveries(sql: Sql, ids: readonly number[]): Promise<readonly Delivery[]> {
  return deliveriesById(sql, ids, '');
}

/** The same, locked in the transaction. */
export async function lockDeliveries(tx: Sql, ids: readonly number[]): Promise<readonly Delivery[]> {
  return deliveriesById(tx, ids, ' FOR UPDATE');
}

async function deliveriesById(
  sql: Sql,
  ids: readonly number[],
  lock: '' | ' FOR UPDATE',
): Promise<readonly Delivery[]> {
  const rows = await sql.all<DeliveryRow>(
    `SELECT ${deliveryColumns('d')} FROM deliveries d FORCE INDEX (PRIMARY) WHERE d.id IN (?) ORDER BY d.id${lock}`,
    [ids],
  );
  return rows.map(deliveryOf);
}

export async function deliveriesByKeys(sql: Sql, keys: readonly string[]): Promise<readonly Delivery[]> {
  const rows = await sql.all<DeliveryRow>(
    `SELECT ${deliveryColumns('d')} FROM deliveries d WHERE d.delivery_key IN (?) ORDER BY d.id`,
    [keys],
  );
  return rows.map(deliveryOf);
}

/** Every delivery of these leads, oldest first. */
export async function deliveriesOfLeads(sql: Sql, leadIds: readonly number[]): Promise<readonly Delivery[]> {
  const rows = await sql.all<DeliveryRow>(
    `SELECT ${deliveryColumns('d')} FROM deliveries d WHERE d.lead_id IN (?) ORDER BY d.id`,
    [leadIds],
  );
  return rows.map(deliveryOf);
}
