// Bulk runs over all deliveries of a filter: planned, confirmed by the number, followed, stopped.
import type { FastifyInstance } from 'fastify';
import type { Permission } from '../../access/permissions.ts';
import {
  beginBulk,
  pauseBulk,
  planBulk,
  stopBulk,
  type BulkPlan,
  type PlannedKind,
} from '../../support/acts/bulk.ts';
import {
  bulkRun,
  bulkRunsPage,
  bulkStates,
  type BulkRunHead,
  type BulkState,
} from '../../support/reads/bulk-runs.ts';
import { acts, asks, reads, type AskedWith, type RouteDeps } from '../route.ts';
import * as s from '../schemas.ts';
import { replayFlags, type ReplayAsked } from './delivery-schemas.ts';
import { filterFields, filterOf, type FilterAsked } from './filter.ts';

const tag = 'work';
const paged = { limit: s.limitField, after: s.afterField };

export function bulkRoutes(server: FastifyInstance, deps: RouteDeps): void {
  runs(server, deps);
  for (const [kind, url, permission, summary] of bulkDoors) {
    const door = { kind, url, permission, summary };
    plan(server, deps, door);
    begin(server, deps, door);
  }
}

const bulkDoors: readonly (readonly [PlannedKind, string, Permission, string])[] = [
  ['replay', '/v1/deliveries/replay', 'delivery.replay', 'Replay everything the filter matches'],
  ['cancel', '/v1/deliveries/cancel', 'delivery.cancel', 'Cancel everything the filter matches'],
  ['close', '/v1/tasks/close', 'task.close', 'Close every failed delivery the filter matches'],
];

const runSchema = s.object({
  id: s.whole(),
  kind: s.text(),
  state: s.oneOf(bulkStates),
  filter: { type: 'object', additionalProperties: true },
  actor: s.text(),
  reason: s.text(),
  counted: s.whole(),
  done: s.whole(),
  refused: s.whole(),
  results: s.list(
    s.object({
      result: s.text(),
      text: s.bothWords,
      isRefusal: s.flag(),
      count: s.whole(),
      deliveries: s.list(s.whole(), 'the first of them'),
    }),
  ),
  isInWork: s.flag(),
  failures: s.whole('steps that failed since the last that passed'),
  failure: s.text(),
  cancelledBy: s.text(),
  cancelReason: s.text(),
  createdAt: s.moment(),
  updatedAt: s.moment(),
  endedAt: s.orNull(s.moment()),
});
const runAnswer = (run: BulkRunHead): object =>
  s.asJson({ ...run, results: run.results.map(s.inWords) }) as object;

function runs(server: FastifyInstance, deps: RouteDeps): void {
  const { support } = deps;
  reads(server, {
    url: '/v1/bulk-runs',
    permission: 'delivery.read',
    tag,
    summary: 'Bulk runs, newest first',
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
    permission: 'delivery.read',
    tag,
    params,
    summary: 'One bulk run: how far it is, what it did and refused',
    answer: runSchema,
    work: async ({ params: named, caller }) =>
      runAnswer(await bulkRun(support, caller.holder, Number(named['run']))),
  });
  runActs(server, deps);
}

const params = {
  run: { type: 'string', pattern: '^[0-9]{1,15}$', description: 'number of the bulk run' },
};

const done = (run: BulkRunHead): { readonly status: 200; readonly body: object } => ({
  status: 200,
  body: runAnswer(run),
});

function runActs(server: FastifyInstance, deps: RouteDeps): void {
  const { support } = deps;
  for (const [verb, state, summary] of [
    ['pause', 'paused', 'A bulk run rests where it stands, once its step has ended'],
    ['resume', 'running', 'A bulk run that rests goes on'],
  ] as const)
    acts<Readonly<Record<string, never>>>(server, deps, {
      url: `/v1/bulk-runs/:run/${verb}`,
      permission: 'delivery.replay',
      tag,
      params,
      summary,
      body: s.request({}),
      answer: runSchema,
      work: async ({ params: named, caller }, keep) => {
        const acting = { scope: caller.holder, actor: caller.actor };
        const id = Number(named['run']);
        return done(await pauseBulk(support, acting, id, state, (tx, run) => keep(tx, done(run))));
      },
    });
  acts<{ readonly reason: string }>(server, deps, {
    url: '/v1/bulk-runs/:run/cancel',
    permission: 'delivery.replay',
    tag,
    params,
    summary: 'Stop a bulk run where it stands; what it has done stays done',
    body: s.request({ reason: s.typed('why: a ticket number') }, ['reason']),
    answer: runSchema,
    work: async ({ params: named, body, caller }, keep) => {
      const acting = { scope: caller.holder, actor: caller.actor };
      const id = Number(named['run']);
      return done(await stopBulk(support, acting, id, body, (tx, run) => keep(tx, done(run))));
    },
  });
}

interface BulkBody extends ReplayAsked {
  readonly filter: FilterAsked;
}
interface ConfirmedBody extends BulkBody {
  readonly expected: number;
  readonly reason: string;
  readonly evidence?: string;
}

interface Door {
  readonly kind: PlannedKind;
  readonly url: string;
  readonly permission: Permission;
  readonly summary: string;
}

const askedBy = (kind: PlannedKind): Readonly<Record<string, s.Schema>> => ({
  filter: { ...s.request(filterFields), minProperties: 1 },
  ...(kind === 'replay' ? replayFlags : {}),
});

function plan(
  server: FastifyInstance,
  { support }: RouteDeps,
  { kind, url, permission, summary }: Door,
): void {
  asks<BulkBody>(server, {
    url: `${url}/plan`,
    permission,
    tag,
    summary: `${summary}: what would be done, and to how many`,
    body: s.request(askedBy(kind), ['filter']),
    answer: s.object({
      matched: s.whole(),
      going: s.whole('the number to confirm as `expected`'),
      groups: s.list(s.object({ plan: s.text(), text: s.bothWords, count: s.whole(), isRefused: s.flag() })),
      first: s.list(s.whole(), 'numbers of the first of them'),
    }),
    work: async ({ body, caller }) => {
      const planned: BulkPlan = await planBulk(support, caller.holder, {
        ...body,
        kind,
        filter: filterOf(body.filter),
      });
      return { ...planned, groups: planned.groups.map(s.inWords) };
    },
  });
}

function begin(server: FastifyInstance, deps: RouteDeps, { kind, url, permission, summary }: Door): void {
  const { support } = deps;
  acts<ConfirmedBody>(server, deps, {
    url,
    permission,
    tag,
    summary,
    status: 202 as const,
    description:
      'A bulk run does it; it goes on whatever becomes of who asked. /v1/bulk-runs shows how far it is.',
    body: s.request(
      {
        ...askedBy(kind),
        expected: {
          type: 'integer',
          minimum: 1,
          description: '`going` of the plan: another number is refused',
        },
        reason: s.typed('why: a ticket number'),
        ...(kind === 'close' ? { evidence: s.typed('the proof of it: a mail, a ticket') } : {}),
      },
      ['filter', 'expected', 'reason', ...(kind === 'close' ? ['evidence'] : [])],
    ),
    answer: runSchema,
    work: async ({ body, caller }: AskedWith<ConfirmedBody>, keep) => {
      const run = await beginBulk(
        support,
        { scope: caller.holder, actor: caller.actor },
        { ...body, kind, filter: filterOf(body.filter) },
        (tx, begun) => keep(tx, { status: 202, body: runAnswer(begun) }),
      );
      return { status: 202, body: runAnswer(run) };
    },
  });
}
