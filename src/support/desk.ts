// What a person at work reads: deliveries by a filter, what needs somebody, destinations and how they send, bulk runs.
// Invariant: reads only; one who belongs to a client reads that client's alone, whatever the filter says.
import { anyBulkRun } from '../store/bulk-runs.ts';
import { listBulkRuns, type BulkRow } from '../store/bulk-runs.ts';
import type { ReadOnlySql, Sql } from '../store/database.ts';
import { allDestinations, findDestination, readStates, type Destination } from '../store/destinations.ts';
import {
  eachDelivery,
  findDelivery,
  listDeliveries,
  type DeliveryFilter,
  type ListedDelivery,
} from '../store/delivery-lists.ts';
import { gatewayStatus, type DeliveryCount } from '../store/gateway-status.ts';
import { seenProcesses } from '../store/processes.ts';
import { alertTasks, countTasks, type AlertTask, type TaskFilter, type TaskGroup } from '../store/tasks.ts';
import { knownNames } from './known-names.ts';
import { publishedHours } from './published-hours.ts';
import { isRefusal } from './bulk-steps.ts';
import { replayPlans, type ReplayPlan } from './replay.ts';
import { sendingStateOf, type SendingState } from './sending-state.ts';
import { storyOf, type Story } from './story.ts';

export type { AlertTask, BulkRow, DeliveryFilter, ListedDelivery, TaskGroup };

type PlanDeps = Parameters<typeof replayPlans>[0];
/** Of the person who reads; undefined: of the centre, who sees every client. */
type OfClient = string | undefined;

const within = <F extends TaskFilter>(filter: F, client: OfClient): F =>
  client === undefined ? filter : { ...filter, client };

/** Newest first. @throws FIND-001 for a name nobody knows */
export async function deliveriesPage(
  sql: ReadOnlySql,
  filter: DeliveryFilter,
  client: OfClient,
  page: { readonly limit: number; readonly after?: number | undefined },
): Promise<readonly ListedDelivery[]> {
  const own = within(filter, client);
  // A wrong name is told with the nearest known one: to nobody who may not know the others.
  if (client === undefined) await knownNames(sql, own);
  return listDeliveries(sql, own, page.limit, page.after);
}

/** With its story; undefined where it is nobody's, or another client's. */
export async function deliveryWithStory(
  { database, published }: PlanDeps,
  id: number,
  client: OfClient,
): Promise<{ readonly row: ListedDelivery; readonly story: Story } | undefined> {
  const row = await findDelivery(database, String(id));
  if (row === undefined || (client !== undefined && row.clientId !== client)) return undefined;
  const destination = await findDestination(database, row.destinationId);
  const hours = await publishedHours({ database, published }, [destination]);
  return { row, story: await storyOf(database, row, hours.get(row.destinationId)) };
}

/** What needs a person, by destination and cause. */
export const openCauses = (
  sql: ReadOnlySql,
  filter: TaskFilter,
  client: OfClient,
): Promise<readonly TaskGroup[]> => countTasks(sql, within(filter, client));

/** Alerts that ask for somebody and speak of no delivery that says it itself. */
export const openAlerts = (
  sql: ReadOnlySql,
  filter: TaskFilter,
  client: OfClient,
  limit: number,
): Promise<readonly AlertTask[]> => alertTasks(sql, within(filter, client), limit);

export interface DestinationSeen {
  readonly destination: Destination;
  /** Undefined where it sends as many as it bears. */
  readonly sending: SendingState | undefined;
  readonly counts: readonly DeliveryCount[];
}

/** Those of one client, or all; by name. */
export async function destinationsSeen(
  { database, published }: PlanDeps,
  client: OfClient,
): Promise<readonly DestinationSeen[]> {
  const all = (await allDestinations(database)).filter(
    ({ clientId }) => client === undefined || clientId === client,
  );
  const states = await readStates(
    database,
    all.map(({ id }) => id),
  );
  const hours = await publishedHours({ database, published }, all);
  const { deliveries } = await gatewayStatus(database);
  return all.map((destination) => ({
    destination,
    sending: sendingStateOf(destination, states.get(destination.id), hours.get(destination.id)),
    counts: deliveries.filter(({ destination: id }) => id === destination.id),
  }));
}

/** Which of the two roles that carry leads nobody plays at present. */
export async function rolesMissing(sql: Sql): Promise<readonly ('planner' | 'worker')[]> {
  const alive = new Set((await seenProcesses(sql)).map(({ role }) => role));
  return (['planner', 'worker'] as const).filter((role) => !alive.has(role));
}

export const runsPage = (
  sql: ReadOnlySql,
  page: { readonly limit: number; readonly before?: number },
): Promise<readonly BulkRow[]> => listBulkRuns(sql, {}, page);

export const anyRunOpen = anyBulkRun;

/** So many are worked in one run; more are asked for in parts, by client or period. */
export const mostAtOnce = 200_000;

export interface MatchedPlan {
  readonly rows: readonly Pick<ListedDelivery, 'id' | 'run' | 'attempt' | 'state'>[];
  /** How many end how, by the same judgement as the replay itself. */
  readonly plans: ReadonlyMap<ReplayPlan, number>;
  readonly going: number;
  readonly destinations: readonly string[];
  /** More match than are worked at once. */
  readonly isCut: boolean;
}

/** Everything a filter matches, and what a replay would do with each; nothing is changed. @throws FIND-001 */
export async function replayOfAll(
  deps: PlanDeps,
  filter: DeliveryFilter,
  client: OfClient,
): Promise<MatchedPlan> {
  const own = within(filter, client);
  if (client === undefined) await knownNames(deps.database, own);
  const rows: MatchedPlan['rows'][number][] = [];
  const plans = new Map<ReplayPlan, number>();
  const destinations = new Set<string>();
  for await (const page of eachDelivery(deps.database, own)) {
    const judged = await replayPlans(deps, page);
    for (const row of page) {
      const plan = judged.get(row.id) ?? 'not_found';
      plans.set(plan, (plans.get(plan) ?? 0) + 1);
      if (isRefusal(plan)) continue;
      destinations.add(row.destinationId);
      rows.push({ id: row.id, run: row.run, attempt: row.attempt, state: row.state });
    }
    if (rows.length >= mostAtOnce) break;
  }
  return {
    ...{ rows, plans, going: rows.length, destinations: [...destinations].sort() },
    isCut: rows.length >= mostAtOnce,
  };
}
