// Reads the calendar of future deletions and anonymisations, and the results of runs.
// Invariant: reads only; counts, dates and the centre's references, nothing of a person.
import { addDays, addMonths, civilDate, monthOf } from '../../domain/civil-date.ts';
import { unknownClient } from '../../errors/unknown.ts';
import { planRetention } from '../../retention/plan.ts';
import { findClient } from '../../store/destinations/destinations.ts';
import { clientsWithRequests } from '../../store/people/requests.ts';
import { clientsToVisit } from '../../store/retention/retention-candidates.ts';
import {
  listRuns,
  runningRuns,
  waitingItems,
  type RetentionRun,
} from '../../store/retention/retention-items.ts';
import { filterInScope, knownInScope } from '../named-text.ts';
import { isWithin, type Scope, type Spanning, type SupportPlace } from '../place.ts';

export type { PlannedDate } from '../../retention/plan.ts';
export type { RetentionRun } from '../../store/retention/retention-items.ts';

export const clientsToPlan = async (
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
): Promise<readonly string[]> =>
  [...new Set([...(await clientsToVisit(database)), ...(await clientsWithRequests(database))])]
    .filter((client) => isWithin(scope, client))
    .toSorted((a, b) => a.localeCompare(b));

export type Calendar = Awaited<ReturnType<typeof retentionCalendar>>;

/** Leads dated for one page: more would take too long. */
const mostDated = 20_000;

/**
 * One month, of one client or of all; overdue leads belong to the present month.
 * @param month `2027-03`; another text: the present one
 * @throws FIND-001
 */
export async function retentionCalendar(
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  { client, month: asked }: { readonly client?: string; readonly month: string },
  most = mostDated,
) {
  if (
    client !== undefined &&
    (!isWithin(scope, client) || (await findClient(database, client)) === undefined)
  )
    throw unknownClient(client);
  const today = civilDate(database.now());
  const month = /^[1-9]\d{3}-(0[1-9]|1[0-2])$/.test(asked) ? asked : monthOf(today);
  const from = `${month}-01`;
  const until = addDays(addMonths(from, 1), -1);
  const clients = client === undefined ? await clientsToPlan({ database }, scope) : [client];
  const isPresent = month === monthOf(today);
  const plan = await planRetention(database, clients, isPresent ? { until } : { from, until }, most);
  return { ...plan, month, today };
}

/** Newest first. @throws FIND-001 for an unknown client */
export async function retentionRuns(
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  client: string | undefined,
  limit: number,
): Promise<readonly RetentionRun[]> {
  const filter = await filterInScope(database, scope, client === undefined ? {} : { client });
  return listRuns(database, filter.client, limit);
}

/** The client named, or every client that has anything to plan. @throws FIND-001 */
export async function clientsMeant(
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  named: string | undefined,
): Promise<readonly string[]> {
  if (named === undefined) return clientsToPlan({ database }, scope);
  await knownInScope(database, scope, { client: named });
  return [named];
}

export const isRunning = async (
  { database }: Pick<SupportPlace, 'database'>,
  _: Spanning,
): Promise<boolean> => (await runningRuns(database)).length > 0;

/** Leads of a client that are due and wait, by what for. */
export const waitingOfClient = (
  { database }: Pick<SupportPlace, 'database'>,
  scope: Scope,
  client: string,
): ReturnType<typeof waitingItems> => waitingItems(database, isWithin(scope, client) ? [client] : []);
