// Bulk runs over all deliveries of a filter: planned, confirmed by the number, followed, stopped.
import type { FastifyInstance } from 'fastify';
import type { Act } from '../../support/acts/act.ts';
import {
  cancelAll,
  cancelRunAct,
  closeAll,
  pauseRunAct,
  planBulk,
  replayAll,
  resumeRunAct,
  type BulkPlan,
  type PlannedKind,
} from '../../support/acts/bulk.ts';
import type { ReplayHow } from '../../support/acts/deliveries.ts';
import {
  bulkRun,
  bulkRunsPage,
  bulkStates,
  runColumns,
  type BulkRunHead,
  type BulkState,
} from '../../support/reads/bulk-runs.ts';
import { readFilter, type FilterAsked } from '../../support/reads/filter.ts';
import { bodyOf, offers, asks, reads, type RouteDeps, once, pageByPage } from '../route.ts';
import * as s from '../schemas.ts';

const tag = 'work';
const paged = { limit: s.limitField, after: s.afterField };

export function bulkRoutes(server: FastifyInstance, deps: RouteDeps): void {
  runs(server, deps);
  doors(server, deps, replayAll, {
    kind: 'replay',
    url: '/v1/deliveries/replay',
    id: 'replayDeliveries',
    planId: 'planReplayDeliveries',
    summary: 'Replay everything the filter matches',
  });
  doors(server, deps, cancelAll, {
    kind: 'cancel',
    url: '/v1/deliveries/cancel',
    id: 'cancelDeliveries',
    planId: 'planCancelDeliveries',
    summary: 'Cancel everything the filter matches',
  });
  doors(server, deps, closeAll, {
    kind: 'close',
    url: '/v1/tasks/close',
    id: 'closeTasks',
    planId: 'planCloseTasks',
    summary: 'Close every failed delivery the filter matches',
  });
}

const runSchema = s.object(s.schemasOf(runColumns));
const runAnswer = (run: BulkRunHead): object =>
  s.asJson({ ...run, results: run.results.map(s.inWords) }) as object;

function runs(server: FastifyInstance, deps: RouteDeps): void {
  const { support } = deps;
  reads(server, {
    url: '/v1/bulk-runs',
    id: 'listBulkRuns',
    permission: 'delivery.read',
    tag,
    summary: 'Bulk runs, newest first',
    description: pageByPage,
    query: { ...paged, state: s.oneOf(bulkStates, 'in one state') },
    answer: s.pageOf(runSchema),
    work: async ({ query, caller }) =>
      s.pageAnswer(
        await bulkRunsPage(
          support,
          caller.holder,
          query['state'] === undefined ? {} : { state: query['state'] as BulkState },
          s.pageAsked(query),
        ),
        runAnswer,
      ),
  });
  reads(server, {
    url: '/v1/bulk-runs/:run',
    id: 'getBulkRun',
    permission: 'delivery.read',
    tag,
    params,
    summary: 'One bulk run: how far it is, what it did and refused',
    description: 'Ask again while `state` is running; a run that has ended keeps its results.',
    answer: runSchema,
    work: async ({ params: named, caller }) =>
      runAnswer(await bulkRun(support, caller.holder, Number(named['run']))),
  });
  runActs(server, deps);
}

const params = { run: { type: 'string', pattern: '^[0-9]{1,15}$', description: 'number of the bulk run' } };

function runActs(server: FastifyInstance, deps: RouteDeps): void {
  const route = { tag, params, description: once, answer: runSchema, body: runAnswer };
  offers(server, deps, pauseRunAct, {
    ...route,
    url: '/v1/bulk-runs/:run/pause',
    id: 'pauseBulkRun',
    summary: 'Pause a bulk run, once its step has ended',
  });
  offers(server, deps, resumeRunAct, {
    ...route,
    url: '/v1/bulk-runs/:run/resume',
    id: 'resumeBulkRun',
    summary: 'Resume a paused bulk run',
  });
  offers(server, deps, cancelRunAct, {
    ...route,
    url: '/v1/bulk-runs/:run/cancel',
    id: 'cancelBulkRun',
    summary: 'Stop a bulk run where it is; what it has done stays done',
  });
}

interface Door {
  readonly kind: PlannedKind;
  readonly url: string;
  readonly id: string;
  readonly planId: string;
  readonly summary: string;
}

/** The plan of what an act would do, and the act, which confirms its number. */
function doors<Input extends object>(
  server: FastifyInstance,
  deps: RouteDeps,
  act: Act<Input, BulkRunHead>,
  { kind, url, id, planId, summary }: Door,
): void {
  asks<Partial<ReplayHow> & { readonly filter: FilterAsked }>(server, {
    url: `${url}/plan`,
    id: planId,
    permission: act.permission,
    tag,
    summary: `${summary}: what would be done, and to how many`,
    description: 'Changes nothing. `going` is the number that the order confirms.',
    body: bodyOf(act, ['filter', 'anew', 'acceptDoubles', 'again']),
    answer: s.object({
      matched: s.whole(),
      going: s.whole('the number to confirm as `expected`'),
      groups: s.list(s.object({ plan: s.text(), text: s.bothWords, count: s.whole(), isRefused: s.flag() })),
      first: s.list(s.whole(), 'numbers of the first of them'),
    }),
    work: async ({ body, caller }) => {
      const filter = readFilter(body.filter);
      const plan: BulkPlan = await planBulk(deps.support, caller.holder, { ...body, kind, filter });
      return { ...plan, groups: plan.groups.map(s.inWords) };
    },
  });
  offers(server, deps, act, {
    url,
    id,
    tag,
    summary,
    status: 202,
    description: 'A bulk run does it; it continues when the caller ends. /v1/bulk-runs shows how far it is.',
    answer: runSchema,
    body: runAnswer,
  });
}
