// Tasks and alerts that need a person, and their closing.
import type { FastifyInstance } from 'fastify';
import { closeTasks } from '../../support/acts/tasks.ts';
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
import { offers } from '../act.ts';
import { reads, type RouteDeps } from '../route.ts';
import * as s from '../schemas.ts';
import { deliverySchema } from './delivery-schemas.ts';

const tag = 'work';
const paged = { limit: s.limitField, after: s.afterField };
const alert = s.schemasOf(alertColumns);
const of = { client: filterSchemas.client, destination: filterSchemas.destination };

export function workRoutes(server: FastifyInstance, deps: RouteDeps): void {
  const { support } = deps;
  reads(server, {
    url: '/v1/tasks',
    permission: 'task.read',
    tag,
    summary: 'What needs a person: deliveries, newest first, and on the first page the open alerts',
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
}

function alertRoutes(server: FastifyInstance, deps: RouteDeps): void {
  const { support } = deps;
  reads(server, {
    url: '/v1/alerts',
    permission: 'task.read',
    tag,
    summary: 'Alerts as they were raised, newest first',
    query: { ...of, ...paged, kind: s.oneOf(alertKinds, 'of one kind'), since: filterSchemas.since },
    answer: s.pageOf(s.object({ ...alert, sentAt: s.orNull(s.moment()), closedAt: s.orNull(s.moment()) })),
    work: async ({ query, caller }) => {
      const { since, client, destination } = readFilter(query);
      const filter = {
        ...(client === undefined ? {} : { client }),
        ...(destination === undefined ? {} : { destination }),
        ...(since === undefined ? {} : { since }),
        ...(query['kind'] === undefined ? {} : { kind: query['kind'] as AlertKind }),
      };
      return s.pageAnswer(await alertsPage(support, caller.holder, filter, s.pageAsked(query)), s.inWords);
    },
  });
  offers(server, deps, closeTasks, {
    url: '/v1/tasks/:task/close',
    tag,
    params: { task: s.taskName('the number of a failed delivery, or `A12` for an alert') },
    summary: 'Say that a task needs nobody any more; nothing is sent, and no delivery changes',
    answer: s.object({ task: s.text(), isClosedNow: s.flag('false: it had been closed before') }),
    body: (closed, task) => ({ task, isClosedNow: closed > 0 }),
  });
}
