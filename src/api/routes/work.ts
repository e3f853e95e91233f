// Tasks and alerts that need a person, their closing, what Relais set aside, and the feed of events.
import type { FastifyInstance } from 'fastify';
import { mayRetryRows, replanClient, retryRow } from '../../support/acts/set-aside.ts';
import { closeTasks } from '../../support/acts/tasks.ts';
import { refusedRowColumns, refusedRows } from '../../support/reads/people.ts';
import { filterSchemas, readFilter } from '../../support/reads/filter.ts';
import {
  alertColumns,
  alertKinds,
  alertsPage,
  deliveryTasksPage,
  openAlerts,
  type AlertKind,
} from '../../support/reads/tasks.ts';
import { adviceLine } from '../../support/advice.ts';
import { offers, reads, type RouteDeps, once, pageByPage } from '../route.ts';
import * as s from '../schemas.ts';
import { deliverySchema } from './deliveries.ts';
import { RelaisError } from '../../errors.ts';
import { eventKinds, eventsOfLife, eventWords, type EventKind } from '../../support/reads/events.ts';

const tag = 'work';
const paged = { limit: s.limitField, after: s.afterField };
const alert = s.schemasOf(alertColumns);
const of = { client: filterSchemas.client, destination: filterSchemas.destination };

export function workRoutes(server: FastifyInstance, deps: RouteDeps): void {
  const { support } = deps;
  reads(server, {
    url: '/v1/tasks',
    id: 'listTasks',
    permission: 'task.read',
    tag,
    summary: 'Work that needs a person: deliveries, newest first, and on the first page the open alerts',
    description: pageByPage,
    query: { ...of, ...paged },
    answer: s.object({
      items: s.list(
        s.object({
          task: s.text('by which it is closed'),
          kind: s.oneOf(['failed', 'decision']),
          delivery: deliverySchema,
          since: s.moment(),
          text: s.bothWords,
          advice: s.list(s.bothWords),
        }),
      ),
      next: s.orNull(s.text()),
      alerts: s.list(s.object(alert)),
    }),
    work: async ({ query, caller }) => {
      const asked = s.pageAsked(query);
      const page = await deliveryTasksPage(support, caller.holder, readFilter(query), asked);
      const alerts =
        asked.after === undefined ? await openAlerts(support, caller.holder, readFilter(query), 200) : [];
      return {
        ...(s.pageAnswer(page, (task) => ({
          ...s.inWords(task),
          advice: task.advice.map(adviceLine).map(s.words),
        })) as object),
        alerts: s.asJson(alerts.map(s.inWords)),
      };
    },
  });
  alertRoutes(server, deps);
  setAsideRoutes(server, deps);
}

function alertRoutes(server: FastifyInstance, deps: RouteDeps): void {
  const { support } = deps;
  reads(server, {
    url: '/v1/alerts',
    id: 'listAlerts',
    permission: 'task.read',
    tag,
    summary: 'Alerts as they were raised, newest first',
    description: pageByPage,
    query: { ...of, ...paged, kind: s.oneOf(alertKinds, 'of one kind'), since: filterSchemas.since },
    answer: s.pageOf(s.object({ ...alert, sentAt: s.orNull(s.moment()), closedAt: s.orNull(s.moment()) })),
    work: async ({ query, caller }) => {
      const { since, client, destination } = readFilter(query);
      const filter = { client, destination, since, kind: query['kind'] as AlertKind | undefined };
      return s.pageAnswer(await alertsPage(support, caller.holder, filter, s.pageAsked(query)), s.inWords);
    },
  });
  offers(server, deps, closeTasks, {
    url: '/v1/tasks/:task/close',
    id: 'closeTask',
    tag,
    params: { task: s.taskName('the number of a failed delivery, or `A12` for an alert') },
    summary: 'Say that a task needs nobody any more; nothing is sent, and no delivery changes',
    description: once,
    answer: s.object({ task: s.text(), isClosedNow: s.flag('false: it had been closed before') }),
    body: (closed, task) => ({ task, isClosedNow: closed > 0 }),
  });
}

function setAsideRoutes(server: FastifyInstance, deps: RouteDeps): void {
  const { support } = deps;
  reads(server, {
    url: '/v1/refused-rows',
    id: 'listRefusedRows',
    permission: 'task.read',
    tag,
    summary: 'Rows of `lead_intake` that were refused, newest first: columns and reasons, no values',
    description: pageByPage,
    query: {
      client: filterSchemas.client,
      limit: s.limitField,
      after: { ...s.afterField, pattern: '^[0-9]{1,20}$' },
    },
    answer: s.pageOf(
      s.object({
        ...s.schemasOf(refusedRowColumns),
        mayRetry: s.flag('the row can be taken in again as it is, by this key'),
      }),
    ),
    work: async ({ query: { client, limit = '50', after }, caller: { holder } }) => {
      const page = await refusedRows(support, holder, client === undefined ? {} : { client }, {
        limit: Number(limit),
        after,
      });
      const offered = await mayRetryRows(support.database, holder, page.items);
      return s.pageAnswer(page, (row) => ({
        ...s.recordOf(refusedRowColumns, row),
        mayRetry: offered.has(row.id),
      }));
    },
  });
  offers(server, deps, retryRow, {
    url: '/v1/refused-rows/:row/retry',
    id: 'retryRefusedRow',
    tag,
    params: { row: { type: 'string', pattern: '^[0-9]{1,20}$', description: 'the number of a refused row' } },
    summary: 'Take a row in again, as it is, that Relais itself set aside (`SET_ASIDE`, `INTERNAL`)',
    description: `The rows that were refused because its lead was unknown come with it. ${once}`,
    answer: s.object({ row: s.text(), alongside: s.whole('rows about the same lead taken in with it') }),
    body: ({ alongside }, row) => ({ row, alongside }),
  });
  offers(server, deps, replanClient, {
    url: '/v1/clients/:client/replan',
    id: 'replanClient',
    tag,
    params: { client: filterSchemas.client },
    summary: 'Plan changes of leads again, at once, that planning set aside (alert `PLANNING:...`)',
    description: `They come back by themselves too, within the hour. ${once}`,
    answer: s.object({ client: s.text(), planned: s.whole('changes that are planned again') }),
    body: (planned, client) => ({ client, planned }),
  });
}

// GET /v1/events: the feed of events, read on from the reader's last position.

export function eventRoutes(server: FastifyInstance, { support }: RouteDeps): void {
  reads(server, {
    url: '/v1/events',
    id: 'listEvents',
    permission: 'event.read',
    tag: 'events',
    summary: 'Events since the last answer',
    description:
      'Keep `next` and give it back as `after`: each event comes once, in one order, within seconds of what it tells. ' +
      eventKinds.map((kind) => `\`${kind}\`: ${eventWords[kind]}`).join('; ') +
      '.',
    query: {
      after: {
        type: 'string',
        pattern: '^(now|([0-9a-f]{8}[.])?[0-9]{1,15}-[0-9]{1,15})$',
        description: '`next` of the answer before; `now`',
      },
      kinds: { type: 'string', maxLength: 200, description: 'comma between; all where nothing is said' },
      limit: s.limitField,
    },
    answer: s.object({
      items: s.list(
        s.object({
          id: s.whole('the same event has the same number for ever'),
          at: s.moment(),
          kind: s.oneOf(eventKinds),
          client: s.text(),
          destination: s.text(),
          delivery: s.orNull(s.whole()),
          key: s.orNull(s.text('`webhook-id` of what was sent')),
          lead: s.orNull(s.text("the centre's reference")),
          action: s.orNull(s.text()),
          run: s.whole(),
          reason: s.text(),
        }),
      ),
      next: s.text('always there'),
      hasMore: s.flag('ask again at once'),
    }),
    work: async ({ query: { after, kinds, limit }, caller }) =>
      s.asJson(
        await eventsOfLife(support, caller.holder, {
          after,
          ...(kinds === undefined ? {} : { kinds: kindsOf(kinds) }),
          limit: limit === undefined ? 50 : Number(limit),
        }),
      ),
  });
}

function kindsOf(text: string): readonly EventKind[] {
  const named = text.split(',');
  const known = eventKinds.filter((kind) => named.includes(kind));
  if (known.length !== new Set(named).size)
    throw new RelaisError('USAGE-001', `kinds are of these: ${eventKinds.join(', ')}.`);
  return known;
}
