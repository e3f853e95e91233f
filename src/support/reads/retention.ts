// The calendar of what will be deleted or anonymised, and what runs did, for whoever shows it.
// Invariant: reads only; counts, dates and the centre's references, nothing of a person.
import { addDays, addMonths, civilDate, monthOf, type CivilDate } from '../../domain/civil-date.ts';
import { unknownClient } from '../../errors/unknown.ts';
import { planRetention, type RetentionPlan } from '../../retention/plan.ts';
import { findClient } from '../../store/destinations.ts';
import { clientsWithRequests } from '../../store/request-ends.ts';
import { clientsWithLeads } from '../../store/retention-candidates.ts';
import { listRuns, type RetentionRun } from '../../store/retention-items.ts';
import type { SupportPlace } from '../place.ts';

export type { PlannedDate, RetentionPlan } from '../../retention/plan.ts';
export type { RetentionRun } from '../../store/retention-items.ts';

/** Clients that a calendar may be asked of. */
export const clientsToPlan = async ({
  database,
}: Pick<SupportPlace, 'database'>): Promise<readonly string[]> =>
  [...new Set([...(await clientsWithLeads(database)), ...(await clientsWithRequests(database))])].toSorted(
    (a, b) => a.localeCompare(b),
  );

export interface Calendar extends RetentionPlan {
  readonly month: string;
  readonly today: CivilDate;
}

/** Leads dated for one page: more takes longer than somebody waits. */
const mostDated = 20_000;

/**
 * One month, of one client or of all; what is overdue belongs to the present one.
 * @param month `2027-03`; another text: the present one
 * @throws FIND-001
 */
export async function retentionCalendar(
  { database }: Pick<SupportPlace, 'database'>,
  { client, month: asked }: { readonly client?: string; readonly month: string },
  most = mostDated,
): Promise<Calendar> {
  if (client !== undefined && (await findClient(database, client)) === undefined) throw unknownClient(client);
  const today = civilDate(database.now());
  const month = /^[1-9]\d{3}-(0[1-9]|1[0-2])$/.test(asked) ? asked : monthOf(today);
  const from = `${month}-01`;
  const until = addDays(addMonths(from, 1), -1);
  const clients = client === undefined ? await clientsToPlan({ database }) : [client];
  const isPresent = month === monthOf(today);
  const plan = await planRetention(database, clients, isPresent ? { until } : { from, until }, most);
  return { ...plan, month, today };
}

/** Newest first. */
export const retentionRuns = (
  { database }: Pick<SupportPlace, 'database'>,
  client: string | undefined,
  limit: number,
): Promise<readonly RetentionRun[]> => listRuns(database, client, limit);
