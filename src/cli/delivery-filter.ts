// Selects the deliveries of a command: by ids or keys, or by the filters that lists and bulk work share.
// Invariant: a list and a bulk run with the same filter cover the same deliveries.
import { Option, type Command } from 'commander';
import type { App } from '../app.ts';
import { deliveryStates, type DeliveryState } from '../domain/delivery.ts';
import { RelaisError } from '../errors.ts';
import type { ReadOnlySql } from '../store/database.ts';
import {
  eachDelivery,
  findDelivery,
  type DeliveryFilter,
  type ListedDelivery,
} from '../store/delivery-lists.ts';
import { knownNames } from '../support/known-names.ts';
import { instant, type Moment } from './arguments.ts';

export interface FilterOptions {
  readonly client?: string;
  readonly destination?: string;
  readonly state?: DeliveryState;
  readonly cause?: string;
  readonly since?: Moment;
  readonly until?: Moment;
  readonly lead?: string;
}

/** The filters of a list and of a replay are the same, so that the list shows the deliveries that the replay covers. */
export function withFilters(command: Command): Command {
  return command
    .option('--client <client>', 'of one client')
    .option('--destination <destination>', 'owed to one destination')
    .addOption(new Option('--state <state>', 'in one state').choices(deliveryStates))
    .option('--cause <code>', 'reason code: refused, invalid, opt_in_missing, refused:programme_closed ...')
    .option('--since <date>', 'planned since: 2026-11-25, 2026-11-25T14:00, or an age: 2h, 7d', instant)
    .option('--until <date>', 'planned before', instant)
    .option('--lead <reference>', "the centre's reference of the lead");
}

export function filterOf(options: FilterOptions, now: Date): DeliveryFilter {
  const { client, destination, state, lead, cause } = options;
  const since = options.since?.(now);
  const until = options.until?.(now);
  return Object.fromEntries(
    Object.entries({ client, destination, state, since, until, lead, reason: cause }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}

export const isFiltered = (options: FilterOptions): boolean =>
  Object.keys(filterOf(options, new Date(0))).length > 0;

/** @throws FIND-001 */
export async function existingDelivery(sql: ReadOnlySql, name: string): Promise<ListedDelivery> {
  const found = await findDelivery(sql, name);
  if (found === undefined) throw new RelaisError('FIND-001', `No delivery has the number or key ${name}.`);
  return found;
}

/** @throws USAGE-001 unless ids or filters are given, and not both */
export function refuseBoth(names: readonly string[], options: FilterOptions, verb: string): void {
  const filtered = isFiltered(options);
  if (names.length > 0 && filtered) throw new RelaisError('USAGE-001', 'Give ids or filters, not both.');
  if (names.length === 0 && !filtered)
    throw new RelaisError(
      'USAGE-001',
      `Say what to ${verb}: ids, or filters such as --destination and --state.`,
    );
}

/** The named or the matching deliveries; each once. @throws FIND-001 for an unknown name */
export async function wantedDeliveries(
  app: App,
  names: readonly string[],
  options: FilterOptions,
): Promise<readonly ListedDelivery[]> {
  const rows: ListedDelivery[] = [];
  for (const name of names) rows.push(await existingDelivery(app.database, name));
  if (names.length === 0) {
    const filter = filterOf(options, app.database.now());
    await knownNames(app.database, filter);
    for await (const page of eachDelivery(app.database, filter)) rows.push(...page);
  }
  return [...new Map(rows.map((row) => [row.id, row])).values()];
}

/** Ids kept of those that were typed one by one. */
const mostTyped = 200;

/** Order of a bulk run, kept for its later readers. */
export const askedFilter = (
  app: App,
  names: readonly string[],
  options: FilterOptions,
): DeliveryFilter | { readonly deliveries: readonly string[] } =>
  names.length > 0 ? { deliveries: names.slice(0, mostTyped) } : filterOf(options, app.database.now());
