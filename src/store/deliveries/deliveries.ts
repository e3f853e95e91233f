// Reads and locks deliveries, the unit of work: planned once, claimed under a lease, settled once.
// Invariant: one row per (client, lead, revision, destination, action); state and fencing token guard every change.
import type { Action } from '../../../connectors/contract.ts';
import type { DeliveryState } from '../../domain/delivery.ts';
import { allAs, type Sql } from '../database.ts';
import { packed, unpacker } from '../placeholders.ts';
import { columnName } from '../columns.ts';

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

/** A delivery as an attempt needs it. */
export type AttemptDelivery = Pick<Delivery, (typeof attempted)[number]>;

const attempted = [
  'id',
  'clientId',
  'destinationId',
  'leadId',
  'revision',
  'action',
  'key',
  'state',
  'reason',
  'run',
  'keyRun',
  'attempt',
  'spent',
  'departures',
  'maybeReceived',
  'askFirst',
  'sentRevision',
  'sentMappingId',
  'expiresAt',
  'queuedAt',
  'pendingSince',
  'notFoundSince',
  'leaseToken',
  'batchId',
  'recipientReference',
  'firstDepartedAt',
] as const satisfies readonly (keyof Delivery)[];

/** No attempt reads these: they would be a sixth of its row, most of them dates. */
const unattempted = [
  'priority',
  'departedAttempt',
  'dueAt',
  'leaseUntil',
  'createdAt',
  'settledAt',
] as const satisfies readonly (keyof Delivery)[];

const columnsOf = (names: readonly (keyof Delivery)[]) =>
  names.map((name) => ({ name, column: name === 'key' ? 'delivery_key' : columnName(name) }));

const attemptColumns = columnsOf(attempted);
const columns = [...attemptColumns, ...columnsOf(unattempted)];

/** Columns of a delivery, prefixed with a table alias; `deliveryOf` reads them. */
export const deliveryColumns = (alias: string): string =>
  columns.map(({ column }) => `${alias}.${column}`).join(', ');
/** Columns that an attempt reads, as one packed column; `unpackAttempt` reads it. */
export const packedAttempt = (alias: string): string =>
  packed(attemptColumns.map(({ column }) => `${alias}.${column}`));

const instants = new Set(['expiresAt', 'queuedAt', 'pendingSince', 'notFoundSince', 'firstDepartedAt']);
const flags: ReadonlySet<string> = new Set(['maybeReceived', 'askFirst']);
export const unpackAttempt = unpacker<AttemptDelivery>(attempted, instants, flags);

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

export type DeliveryRow = Readonly<Record<string, unknown>>;

export function deliveryOf(row: DeliveryRow): Delivery {
  const made: Record<string, unknown> = {};
  for (const { name, column } of columns)
    made[name] = flags.has(name) ? row[column] === 1 : (row[column] ?? undefined);
  return made as unknown as Delivery;
}

/** Deliveries as their attempts need them, without a lock. */
export async function readAttempts(sql: Sql, ids: readonly number[]): Promise<readonly AttemptDelivery[]> {
  const rows = await sql.all<{ packed: unknown }>(
    `SELECT ${packedAttempt('d')} AS packed FROM deliveries d WHERE d.id IN (?)`,
    [ids],
  );
  return rows.map((row) => unpackAttempt(row.packed));
}

export const readDeliveries = (sql: Sql, ids: readonly number[]): Promise<readonly Delivery[]> =>
  deliveriesById(sql, ids, '');

/** The same, locked in the transaction. */
export const lockDeliveries = (tx: Sql, ids: readonly number[]): Promise<readonly Delivery[]> =>
  deliveriesById(tx, ids, ' FOR UPDATE');

const deliveriesById = (
  sql: Sql,
  ids: readonly number[],
  lock: '' | ' FOR UPDATE',
): Promise<readonly Delivery[]> =>
  allAs(
    sql,
    deliveryOf,
    `SELECT ${deliveryColumns('d')} FROM deliveries d FORCE INDEX (PRIMARY) WHERE d.id IN (?) ORDER BY d.id${lock}`,
    [ids],
  );

export const deliveriesByKeys = (sql: Sql, keys: readonly string[]): Promise<readonly Delivery[]> =>
  allAs(
    sql,
    deliveryOf,
    `SELECT ${deliveryColumns('d')} FROM deliveries d WHERE d.delivery_key IN (?) ORDER BY d.id`,
    [keys],
  );

/** Every delivery of these leads, oldest first. */
export const deliveriesOfLeads = (sql: Sql, leadIds: readonly number[]): Promise<readonly Delivery[]> =>
  allAs(
    sql,
    deliveryOf,
    `SELECT ${deliveryColumns('d')} FROM deliveries d WHERE d.lead_id IN (?) ORDER BY d.id`,
    [leadIds],
  );
