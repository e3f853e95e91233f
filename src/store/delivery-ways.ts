// Chooses the index by which the deliveries of a filter are found, so that a page costs the same among ten million rows.
// Invariant: reads only; every way names its index, and together the ways find each delivery of the filter once.
import { deliveryStates, type DeliveryState } from '../domain/delivery.ts';
import type { DeliveryFilter } from '../domain/delivery-filter.ts';
import { isDone, ofBulkList } from './bulk-outcomes.ts';
import { inList, type ReadOnlySql, type SqlValue } from './database.ts';

/** The SQL of a filter. */
export interface Conditions {
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
export const wayOfRun = (run: number): Way => ({
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

const destinationsOf = async (sql: ReadOnlySql, client: string): Promise<readonly string[]> =>
  (await sql.all<{ id: string }>('SELECT id FROM destinations WHERE client_id = ?', [client])).map(
    (row) => row.id,
  );

/** Ids of the newest matches, newest first. @param before only ids below this one */
export async function newestIds(
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
export async function countTo(
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
