// What support asks of MySQL: lists, look-ups, the story of one delivery, the state of the house.
// Invariant: reads only, by index, page by page (keyset); every look-up of a person names the clients it looks in.
import type { DeliveryState } from '../domain/delivery.ts';
import { inList, type Sql, type SqlValue } from './database.ts';
import { deliveryColumns, deliveryOf, type Delivery, type DeliveryRow } from './deliveries.ts';

export interface DeliveryFilter {
  readonly client?: string;
  readonly destination?: string;
  readonly state?: DeliveryState;
  /** The reason's base (`refused`) or whole (`refused:programme_closed`). */
  readonly reason?: string;
  readonly since?: Date;
  readonly until?: Date;
  /** The centre's reference of the lead. */
  readonly lead?: string;
}

export interface ListedDelivery extends Delivery {
  readonly leadReference: string;
  readonly leadErased: boolean;
}

function conditions(filter: DeliveryFilter): { readonly sql: string; readonly values: SqlValue[] } {
  const parts: string[] = [];
  const values: SqlValue[] = [];
  const add = (part: string, ...given: SqlValue[]): void => {
    parts.push(part);
    values.push(...given);
  };
  if (filter.client !== undefined) add('d.client_id = ?', filter.client);
  if (filter.destination !== undefined) add('d.destination_id = ?', filter.destination);
  if (filter.state !== undefined) add('d.state = ?', filter.state);
  if (filter.reason !== undefined)
    add(
      "(d.reason = ? OR d.reason LIKE CONCAT(?, ':%'))",
      filter.reason,
      filter.reason.replace(/[%_\\]/g, ''),
    );
  if (filter.since !== undefined) add('d.created_at >= ?', filter.since);
  if (filter.until !== undefined) add('d.created_at < ?', filter.until);
  if (filter.lead !== undefined) add('l.reference = ?', filter.lead);
  return { sql: parts.length === 0 ? '1 = 1' : parts.join(' AND '), values };
}

/** Newest first. @param before the last id of the page before */
export async function listDeliveries(
  sql: Sql,
  filter: DeliveryFilter,
  limit: number,
  before?: number,
): Promise<readonly ListedDelivery[]> {
  const where = conditions(filter);
  const rows = await sql.all<DeliveryRow & { reference: string; erased_at: Date | null }>(
    `SELECT ${deliveryColumns('d')}, l.reference, l.erased_at FROM deliveries d JOIN leads l ON l.id = d.lead_id
      WHERE ${where.sql} AND d.id < ? ORDER BY d.id DESC LIMIT ${Math.trunc(limit)}`,
    [...where.values, before ?? Number.MAX_SAFE_INTEGER],
  );
  return rows.map((row) => ({
    ...deliveryOf(row),
    leadReference: row.reference,
    leadErased: row.erased_at !== null,
  }));
}

/** Every delivery of a filter, oldest first, page by page. */
export async function* eachDelivery(
  sql: Sql,
  filter: DeliveryFilter,
): AsyncGenerator<readonly ListedDelivery[]> {
  const where = conditions(filter);
  for (let after = 0; ;) {
    const rows = await sql.all<DeliveryRow & { reference: string; erased_at: Date | null }>(
      `SELECT ${deliveryColumns('d')}, l.reference, l.erased_at FROM deliveries d JOIN leads l ON l.id = d.lead_id
        WHERE ${where.sql} AND d.id > ? ORDER BY d.id LIMIT 500`,
      [...where.values, after],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    yield rows.map((row) => ({
      ...deliveryOf(row),
      leadReference: row.reference,
      leadErased: row.erased_at !== null,
    }));
  }
}

/** By number or by key (`webhook-id`). */
export async function findDelivery(sql: Sql, name: string): Promise<ListedDelivery | undefined> {
  const byKey = !/^\d+$/.test(name);
  const [row] = await sql.all<DeliveryRow & { reference: string; erased_at: Date | null }>(
    `SELECT ${deliveryColumns('d')}, l.reference, l.erased_at FROM deliveries d JOIN leads l ON l.id = d.lead_id
      WHERE ${byKey ? 'd.delivery_key = ?' : 'd.id = ?'}`,
    [byKey ? name : Number(name)],
  );
  return row === undefined
    ? undefined
    : { ...deliveryOf(row), leadReference: row.reference, leadErased: row.erased_at !== null };
}

export interface StoryEntry {
  readonly id: number;
  readonly at: Date;
  readonly entry: string;
  readonly run: number;
  readonly attempt: number;
  readonly actor: string;
  readonly purpose: string;
  readonly recipient: string;
  readonly target: string;
  readonly authorisation: number;
  /** Version number of the mapping; 0 when none. */
  readonly version: number;
  readonly leadRevision: number;
  readonly fields: string | null;
  readonly consents: string | null;
  readonly digest: Buffer | null;
  readonly bytes: number;
  readonly fileName: string;
  readonly outcome: string;
  readonly reason: string;
  readonly status: number;
  readonly durationMs: number;
  readonly nextStep: string;
}

/** The log of one delivery, in order. */
export async function deliveryStory(sql: Sql, deliveryId: number): Promise<readonly StoryEntry[]> {
  return sql.all<StoryEntry>(
    `SELECT h.id, h.at, h.entry, h.run, h.attempt, h.actor, h.purpose, h.recipient, h.target, h.authorisation_id AS authorisation,
            COALESCE(v.version, 0) AS version, h.lead_revision AS leadRevision, h.fields, h.consents, h.digest, h.bytes,
            h.file_name AS fileName, h.outcome, h.reason, h.status, h.duration_ms AS durationMs, h.next_step AS nextStep
       FROM handovers h LEFT JOIN mapping_versions v ON v.id = h.mapping_version_id
      WHERE h.delivery_id = ? ORDER BY h.id`,
    [deliveryId],
  );
}

export interface FoundLead {
  readonly id: number;
  readonly clientId: string;
  readonly reference: string;
  readonly channel: string;
  readonly collectedAt: Date;
  readonly erased: boolean;
}

export interface LeadQuery {
  readonly email?: string;
  /** E.164. */
  readonly phone?: string;
  readonly reference?: string;
}

/** Leads of these clients by mailbox, phone or reference; at most 200, newest first. */
export async function findLeads(
  sql: Sql,
  clients: readonly string[],
  query: LeadQuery,
): Promise<readonly FoundLead[]> {
  if (clients.length === 0) return [];
  const { marks, values } = inList(clients);
  const parts: string[] = [];
  const given: SqlValue[] = [];
  if (query.email !== undefined) {
    parts.push('p.email = ?');
    given.push(query.email);
  }
  if (query.phone !== undefined) {
    parts.push('(p.mobile = ? OR p.landline = ?)');
    given.push(query.phone, query.phone);
  }
  if (query.reference !== undefined) {
    parts.push('l.reference = ?');
    given.push(query.reference);
  }
  const rows = await sql.all<{
    id: number;
    client_id: string;
    reference: string;
    channel: string;
    collected_at: Date;
    erased_at: Date | null;
  }>(
    `SELECT l.id, l.client_id, l.reference, l.channel, l.collected_at, l.erased_at
       FROM leads l LEFT JOIN prospects p ON p.lead_id = l.id AND p.client_id = l.client_id
      WHERE ${query.email === undefined && query.phone === undefined ? 'l' : 'p'}.client_id IN (${marks}) AND ${parts.join(' AND ')}
      ORDER BY l.id DESC LIMIT 200`,
    [...values, ...given],
  );
  return rows.map((row) => ({
    id: row.id,
    clientId: row.client_id,
    reference: row.reference,
    channel: row.channel,
    collectedAt: row.collected_at,
    erased: row.erased_at !== null,
  }));
}

/** Why a lead was not routed: destinations that did not take it. */
export async function routingRefusals(
  sql: Sql,
  leadId: number,
): Promise<
  readonly { readonly destinationId: string; readonly reason: string; readonly revision: number }[]
> {
  return sql.all(
    'SELECT destination_id AS destinationId, reason, revision FROM routing_refusals WHERE lead_id = ? ORDER BY id',
    [leadId],
  );
}

export interface HouseState {
  readonly deliveries: readonly {
    readonly destination: string;
    readonly state: string;
    readonly count: number;
    readonly oldest: Date;
  }[];
  readonly intakeNew: number;
  readonly intakeRefused: number;
  readonly changes: number;
  readonly unsealed: number;
  readonly alertsUnsent: number;
}

export async function houseState(sql: Sql): Promise<HouseState> {
  const one = async (statement: string): Promise<number> =>
    (await sql.all<{ n: number }>(statement))[0]?.n ?? 0;
  return {
    deliveries: await sql.all(
      'SELECT destination_id AS destination, state, COUNT(*) AS count, MIN(created_at) AS oldest FROM deliveries GROUP BY destination_id, state ORDER BY destination_id, state',
    ),
    intakeNew: await one("SELECT COUNT(*) AS n FROM lead_intake WHERE status = 'new'"),
    intakeRefused: await one("SELECT COUNT(*) AS n FROM lead_intake WHERE status = 'refused'"),
    changes: await one('SELECT COUNT(*) AS n FROM lead_changes'),
    unsealed: await one('SELECT COUNT(*) AS n FROM handovers_unsealed'),
    alertsUnsent: await one('SELECT COUNT(*) AS n FROM alerts WHERE sent_at IS NULL'),
  };
}
