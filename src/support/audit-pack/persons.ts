// Writes the requests of persons with their clocks, and past and planned deletions, for an audit pack.
// Invariant: reads only; dates, counts, steps and numbers of the staff; nothing of a person.
import { addDays, addMonths, civilDate } from '../../domain/civil-date.ts';
import { planRetention } from '../../retention/plan.ts';
import { listRequests, type Request } from '../../store/requests.ts';
import { listRuns } from '../../store/retention-items.ts';
import { actorNumber, type PackAsked, type PackPlace } from './place.ts';

/** Most leads dated for the calendar. */
const mostDated = 100_000;
const monthsAhead = 12;

/** Open at some time of the period, newest first. */
export async function* requests(
  { database }: PackPlace,
  { clientId, from, until }: PackAsked,
): AsyncGenerator<object> {
  for (let before: number | undefined; ;) {
    const page = await listRequests(database, { clientId }, 200, before);
    before = page.at(-1)?.id;
    if (before === undefined) return;
    for (const request of page)
      if (request.openedAt < until && (request.closedAt === null || request.closedAt >= from))
        yield requestFacts(request, database.now());
  }
}

/** Dates, steps and numbers of the actors; typed texts about the person are left out. */
function requestFacts(request: Request, now: Date): object {
  const { id, kind, state, receivedAt, dueAt, extendedAt, identityCheckedAt, outcome, optIns } = request;
  const { openedAt, confirmedAt, appliedAt, liftedAt, informedAt, closedAt } = request;
  return {
    request: id,
    kind,
    state,
    optIns,
    receivedAt,
    openedAt,
    openedBy: actorNumber(request.openedBy),
    lastDay: addDays(civilDate(dueAt), -1),
    extendedAt,
    identityCheckedAt,
    confirmedAt,
    appliedAt,
    appliedBy: actorNumber(request.appliedBy),
    liftedAt,
    informedAt,
    closedAt,
    closedBy: actorNumber(request.closedBy),
    outcome,
    isLate: (closedAt ?? now) >= dueAt,
  };
}

export async function retention(
  { database }: PackPlace,
  { clientId, from, until }: PackAsked,
): Promise<object> {
  const today = civilDate(database.now());
  const plan = await planRetention(database, [clientId], { until: addMonths(today, monthsAhead) }, mostDated);
  const runs = (await listRuns(database, clientId, 10_000)).filter(
    ({ startedAt }) => startedAt >= from && startedAt < until,
  );
  return {
    runs: runs.map(({ clientId: _, ...run }) => ({ ...run, actor: actorNumber(run.actor) })),
    sums: {
      purged: runs.reduce((sum, { purged }) => sum + purged, 0),
      anonymised: runs.reduce((sum, { anonymised }) => sum + anonymised, 0),
    },
    calendar: {
      asOf: today,
      isCut: plan.isCut,
      dates: plan.dates.map(({ clientId: _, references: __, ...date }) => date),
      requests: plan.requests.map(({ clientId: _, ...line }) => line),
      waiting: plan.waiting.map(({ clientId: _, ...line }) => line),
    },
  };
}
