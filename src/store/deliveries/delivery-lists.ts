// Reads deliveries for support: lists by filter, one by number or key, the log entries of one.
// Invariant: reads only, by index, page by page (keyset); a period or a lead bounds the ids before any row is read.
import type { DeliveryFilter } from '../../domain/delivery-filter.ts';
import { inList, type ReadOnlySql, type SqlValue, type Sql, columnOf, allAs, firstAs } from '../database.ts';
import type { HandoverEntry } from '../log/handovers.ts';
import { needsPerson } from '../alerts/tasks.ts';
import { deliveryColumns, deliveryOf, type Delivery, type DeliveryRow } from './deliveries.ts';
import { deliveryStates, type DeliveryState } from '../../domain/delivery.ts';
import { isDone, ofBulkList } from './bulk-runs.ts';
import type { LoggedTry } from '../log/lead-log.ts';
import { spellingsOf } from '../leads/support-leads.ts';

// Chooses the index by which the deliveries of a filter are found, so that a page costs the same among ten million rows.
// Invariant: reads only; every way names its index, and together the ways find each delivery of the filter once.

/** The SQL of a filter. */
interface Conditions {
  readonly sql: string;
  readonly values: readonly SqlValue[];
  /** Ids between which a period lies. */
  readonly span?: number;
}

interface Way {
  readonly from: string;
  /** Column that orders its deliveries. */
  readonly key: 'd.id' | 'i.delivery_id';
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** State of most deliveries: the newest of them are found soonest from the end of the table. */
const common: DeliveryState = 'delivered';
/** Reasons that only delivered ones have. */
const deliveredReasons: readonly string[] = ['accepted', 'duplicate', 'unproved'];
/** A period of fewer rows is read whole. */
const shortPeriod = 20_000;

const by = (
  index: 'PRIMARY' | 'deliveries_due' | 'deliveries_destination' | 'deliveries_lead',
): Pick<Way, 'from' | 'key'> => ({ from: `deliveries d FORCE INDEX (${index})`, key: 'd.id' });

/** By the list of a bulk run, which is shorter than any other way. */
const wayOfRun = (run: number): Way => ({
  from: ofBulkList,
  key: 'i.delivery_id',
  sql: `i.run_id = ? AND ${isDone}`,
  values: [run],
});

/** @returns none when nothing can match */
async function waysOf(
  sql: ReadOnlySql,
  filter: DeliveryFilter,
  { span }: Conditions,
): Promise<readonly Way[]> {
  if (filter.bulkRun !== undefined) return [wayOfRun(filter.bulkRun)];
  if (filter.lead !== undefined) return [{ ...by('deliveries_lead'), sql: '1 = 1', values: [] }];
  const states = span !== undefined && span < shortPeriod ? undefined : rareStates(filter);
  const destinations =
    filter.destination === undefined
      ? filter.client === undefined
        ? undefined
        : await destinationsOf(sql, filter.client)
      : [filter.destination];
  if (states !== undefined) return [ofStates(states, destinations)];
  return destinations === undefined
    ? [{ ...by('PRIMARY'), sql: '1 = 1', values: [] }]
    : destinations.map((id) => ({
        ...by('deliveries_destination'),
        sql: 'd.destination_id = ?',
        values: [id],
      }));
}

/** States with few deliveries at a time, when the filter needs no other. */
function rareStates({ state, open, reason }: DeliveryFilter): readonly DeliveryState[] | undefined {
  if (state !== undefined) return state === common ? undefined : [state];
  if (open === true) return ['failed', 'waiting'];
  const [base = ''] = (reason ?? '').split(':');
  if (base === '' || deliveredReasons.includes(base)) return undefined;
  return deliveryStates.filter((known) => known !== common);
}

function ofStates(states: readonly DeliveryState[], destinations: readonly string[] | undefined): Way {
  const among = inList(states);
  const way = by('deliveries_due');
  const sql = `d.state IN (${among.marks})`;
  if (destinations === undefined) return { ...way, sql, values: among.values };
  // A client without destinations has no deliveries: an empty list would be invalid SQL.
  const of = inList(destinations.length === 0 ? [''] : destinations);
  return {
    ...way,
    sql: `${sql} AND d.destination_id IN (${of.marks})`,
    values: [...among.values, ...of.values],
  };
}

const destinationsOf = (sql: ReadOnlySql, client: string): Promise<readonly string[]> =>
  columnOf<string>(sql, 'SELECT id FROM destinations WHERE client_id = ?', [client]);

/** Ids of the newest matches, newest first. @param before only ids below this one */
async function newestIds(
  sql: ReadOnlySql,
  filter: DeliveryFilter,
  where: Conditions,
  { limit, before }: { readonly limit: number; readonly before: number },
): Promise<readonly number[]> {
  const found: number[] = [];
  for (const way of await waysOf(sql, filter, where)) {
    const rows = await sql.all<{ id: number }>(
      `SELECT d.id FROM ${way.from} WHERE ${way.sql} AND ${where.sql} AND ${way.key} < ?
        ORDER BY ${way.key} DESC LIMIT ${Math.trunc(limit)}`,
      [...way.values, ...where.values, before],
    );
    found.push(...rows.map(({ id }) => id));
  }
  return found.sort((a, b) => b - a).slice(0, limit);
}

/** Number of matches, counted up to `most`. */
async function countTo(
  sql: ReadOnlySql,
  filter: DeliveryFilter,
  where: Conditions,
  most: number,
): Promise<number> {
  let counted = 0;
  for (const way of await waysOf(sql, filter, where)) {
    if (counted >= most) break;
    const [row] = await sql.all<{ n: number }>(
      `SELECT COUNT(*) AS n FROM (SELECT d.id FROM ${way.from}
        WHERE ${way.sql} AND ${where.sql} LIMIT ${Math.trunc(most - counted)}) AS first_ones`,
      [...way.values, ...where.values],
    );
    counted += row?.n ?? 0;
  }
  return counted;
}

export interface ListedDelivery extends Delivery {
  readonly leadReference: string;
  readonly leadErased: boolean;
  readonly leadRevision: number;
}

/** Undefined when nothing can match. */
async function conditions(sql: ReadOnlySql, filter: DeliveryFilter): Promise<Conditions | undefined> {
  const parts: string[] = [];
  const values: SqlValue[] = [];
  const add = (part: string, ...given: readonly SqlValue[]): void => {
    parts.push(part);
    values.push(...given);
  };
  if (filter.lead !== undefined) {
    const leads = await leadIdsOf(sql, filter.lead, filter.client);
    if (leads.length === 0) return undefined;
    const list = inList(leads);
    add(`d.lead_id IN (${list.marks})`, ...list.values);
  }
  if (filter.client !== undefined) add('d.client_id = ?', filter.client);
  if (filter.destination !== undefined) add('d.destination_id = ?', filter.destination);
  if (filter.state !== undefined) add('d.state = ?', filter.state);
  if (filter.open === true) add(`d.state IN ('failed', 'waiting') AND ${needsPerson}`);
  if (filter.reason !== undefined)
    add("(d.reason = ? OR SUBSTRING_INDEX(d.reason, ':', 1) = ?)", filter.reason, filter.reason);
  const low = filter.since === undefined ? 0 : (await idsAround(sql, filter.since, -1)).low;
  if (filter.since !== undefined) add('d.created_at >= ? AND d.id >= ?', filter.since, low);
  const high = filter.until === undefined ? undefined : (await idsAround(sql, filter.until, 1)).high;
  if (filter.until !== undefined && high !== undefined)
    add('d.created_at < ? AND d.id <= ?', filter.until, high);
  return {
    sql: parts.length === 0 ? '1 = 1' : parts.join(' AND '),
    values,
    ...(filter.since === undefined ? {} : { span: (high ?? (await newestId(sql))) - low }),
  };
}

const newestId = async (sql: ReadOnlySql): Promise<number> =>
  (await sql.all<{ id: number | null }>('SELECT MAX(id) AS id FROM deliveries'))[0]?.id ?? 0;

/** A reference is unique within a client only; without a client, every client is searched. */
const leadIdsOf = (
  sql: ReadOnlySql,
  reference: string,
  client: string | undefined,
): Promise<readonly number[]> =>
  columnOf(
    sql,
    `SELECT l.id FROM clients c JOIN leads l ON l.client_id = c.id AND l.reference = ?
      WHERE ${client === undefined ? '1 = 1' : 'c.id = ?'}`,
    client === undefined ? [reference] : [reference, client],
  );

/** The same reference in capitals or in small letters, where a lead has it so. */
export const leadSpelled = async (
  sql: ReadOnlySql,
  reference: string,
  client: string | undefined,
): Promise<string | undefined> =>
  (
    await columnOf<string>(
      sql,
      `SELECT l.reference FROM clients c JOIN leads l ON l.client_id = c.id AND l.reference IN (?)
        WHERE ${client === undefined ? '1 = 1' : 'c.id = ?'} LIMIT 1`,
      client === undefined ? [spellingsOf(reference)] : [spellingsOf(reference), client],
    )
  )[0];

export async function leadExists(
  sql: ReadOnlySql,
  reference: string,
  client: string | undefined,
): Promise<boolean> {
  return (await leadIdsOf(sql, reference, client)).length > 0;
}

/** Ids and times of creation grow together, but not in step: concurrent planners may differ by this much. */
const slackMs = 600_000;

/**
 * The range of ids around deliveries created at an instant, by bisection of the primary key: no index leads by time alone, and a
 * period must not read the whole table.
 */
async function idsAround(
  sql: ReadOnlySql,
  at: Date,
  side: -1 | 1,
): Promise<{ readonly low: number; readonly high: number }> {
  const target = at.getTime() + side * slackMs;
  const [ends] = await sql.all<{ low: number | null; high: number | null }>(
    'SELECT MIN(id) AS low, MAX(id) AS high FROM deliveries',
  );
  let low = ends?.low ?? 0;
  let high = (ends?.high ?? 0) + 1;
  while (high - low > 200) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await sql.all<{ created_at: Date }>(
      'SELECT created_at FROM deliveries WHERE id >= ? ORDER BY id LIMIT 1',
      [middle],
    );
    if (row === undefined || row.created_at.getTime() >= target) high = middle;
    else low = middle;
  }
  return { low, high };
}

type ListedRow = DeliveryRow & {
  id: number;
  reference: string;
  erased_at: Date | null;
  lead_revision: number;
};

const listedOf = (row: ListedRow): ListedDelivery => ({
  ...deliveryOf(row),
  leadReference: row.reference,
  leadErased: row.erased_at !== null,
  leadRevision: row.lead_revision,
});

const listed = (from: string): string =>
  `SELECT ${deliveryColumns('d')}, l.reference, l.erased_at, l.revision AS lead_revision FROM ${from} JOIN leads l ON l.id = d.lead_id`;
const listedRows = listed('deliveries d');

/** Newest first. @param after the last id of the page before */
export async function listDeliveries(
  sql: ReadOnlySql,
  filter: DeliveryFilter,
  limit: number,
  after?: number,
): Promise<readonly ListedDelivery[]> {
  const where = await conditions(sql, filter);
  if (where === undefined) return [];
  const ids = await newestIds(sql, filter, where, { limit, before: after ?? Number.MAX_SAFE_INTEGER });
  if (ids.length === 0) return [];
  const list = inList(ids);
  return allAs(sql, listedOf, `${listedRows} WHERE d.id IN (${list.marks}) ORDER BY d.id DESC`, list.values);
}

/** Number of matches, counted up to `most`. */
export async function countDeliveries(
  sql: ReadOnlySql,
  filter: DeliveryFilter,
  most: number,
): Promise<number> {
  const where = await conditions(sql, filter);
  return where === undefined ? 0 : countTo(sql, filter, where, most);
}

/** Every delivery of a filter, oldest first, page by page. */
export async function* eachDelivery(
  sql: ReadOnlySql,
  filter: DeliveryFilter,
): AsyncGenerator<readonly ListedDelivery[]> {
  const where = await conditions(sql, filter);
  if (where === undefined) return;
  const all = { from: 'deliveries d', key: 'd.id', sql: '1 = 1', values: [] } as const;
  const way = filter.bulkRun === undefined ? all : wayOfRun(filter.bulkRun);
  for (let after = 0; ;) {
    const rows = await sql.all<ListedRow>(
      `${listed(way.from)} WHERE ${way.sql} AND ${where.sql} AND ${way.key} > ? ORDER BY ${way.key} LIMIT 2000`,
      [...way.values, ...where.values, after],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    yield rows.map(listedOf);
  }
}

/** Finds a delivery by number or by key (`webhook-id`). */
export async function findDelivery(sql: ReadOnlySql, name: string): Promise<ListedDelivery | undefined> {
  const number = /^\d{1,15}$/.test(name);
  return firstAs(sql, listedOf, `${listedRows} WHERE ${number ? 'd.id = ?' : 'd.delivery_key = ?'}`, [
    number ? Number(name) : name,
  ]);
}

export interface StoryEntry extends LoggedTry {
  readonly entry: HandoverEntry;
  /** Name of one of several calls; empty when the delivery is one call. */
  readonly callName: string;
  readonly purpose: string;
  readonly recipient: string;
  readonly authorisation: number;
  /** Document of the authorisation; null when the entry names none. */
  readonly document: string | null;
  readonly connector: string;
  /** Version number of the mapping; 0 when none. */
  readonly version: number;
  readonly leadRevision: number;
  readonly fields: string | null;
  readonly consents: string | null;
  readonly digest: Buffer | null;
  readonly bytes: number;
  readonly fileName: string;
  readonly durationMs: number;
  readonly nextStep: string;
}

/** The log of one delivery, in order: the entries of its lead, and closings that name the delivery's number alone. */
export async function deliveryStory(sql: ReadOnlySql, deliveryId: number): Promise<readonly StoryEntry[]> {
  const [row] = await sql.all<{ leadId: number }>('SELECT lead_id AS leadId FROM deliveries WHERE id = ?', [
    deliveryId,
  ]);
  return sql.all<StoryEntry>(
    `SELECT h.id, h.at, h.entry, h.run, h.attempt, h.call_name AS callName, h.actor, h.purpose, h.recipient, h.target, h.authorisation_id AS authorisation,
            a.document_ref AS document, h.connector,
            COALESCE(v.version, 0) AS version, h.lead_revision AS leadRevision, h.fields, h.consents, h.digest, h.bytes,
            h.file_name AS fileName, h.outcome, h.reason, h.status, h.duration_ms AS durationMs, h.next_step AS nextStep
       FROM handovers h FORCE INDEX (handovers_subject)
       LEFT JOIN mapping_versions v ON v.id = h.mapping_version_id
       LEFT JOIN authorisations a ON a.id = h.authorisation_id
      WHERE h.lead_id IN (?, ?) AND h.delivery_id = ? ORDER BY h.id`,
    [0, row?.leadId ?? 0, deliveryId],
  );
}

/**
 * Returns the ids of these deliveries that ended while a person had yet to decide whether the recipient has them.
 * Read from the log: the rule that held one may be a call's, an answer's, or an earlier version's. No query when
 * none has ended.
 */
export async function heldUndecided(sql: Sql, rows: readonly Delivery[]): Promise<ReadonlySet<number>> {
  const ended = rows.filter(
    ({ state, maybeReceived }) => maybeReceived && (state === 'failed' || state === 'cancelled'),
  );
  if (ended.length === 0) return new Set();
  const deliveries = inList(ended.map(({ id }) => id));
  const leads = inList([...new Set(ended.map(({ leadId }) => leadId))]);
  const found = await sql.all<{ readonly id: number }>(
    `SELECT DISTINCT h.delivery_id AS id FROM handovers h FORCE INDEX (handovers_subject)
      WHERE h.lead_id IN (${leads.marks}) AND h.delivery_id IN (${deliveries.marks}) AND h.next_step = 'hold'
        AND NOT EXISTS (SELECT 1 FROM handovers n FORCE INDEX (handovers_subject)
          WHERE n.lead_id = h.lead_id AND n.delivery_id = h.delivery_id AND n.id > h.id
            AND n.outcome IN ('accepted', 'duplicate', 'unconfirmed', 'absent'))`,
    [...leads.values, ...deliveries.values],
  );
  return new Set(found.map(({ id }) => id));
}
