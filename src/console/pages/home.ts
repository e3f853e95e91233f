// Serves the first page: the tasks that need a person now, and nothing else.
// Invariant: each line links to the page that settles it; an account of a client sees that client's alone.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html } from '../../privacy/papers/html.ts';
import { failureGroups } from '../../support/reads/deliveries.ts';
import { destinationsWithHealth } from '../../support/reads/destinations.ts';
import { rolesMissing } from '../../support/reads/processes.ts';
import { openAlerts } from '../../support/reads/tasks.ts';
import { alertGroups } from '../alerts-part.ts';
import { personOf } from '../gate.ts';
import { notice, section } from '../parts.ts';
import { sayTo } from '../show.ts';
import { frame } from '../words/frame.ts';
import { deskWords as words } from '../words/desk.ts';
import { causesTable } from './deliveries.ts';
import { sendingTable } from './destinations.ts';
import type { Desk } from './sign-in.ts';

const mostAlerts = 200;

export function homeRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/', { config: { gate: 'delivery.read' } }, (request, reply) => homePage(desk, request, reply));
}

async function homePage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const { holder } = personOf(request);
  const missing = holder.clientId === undefined ? await rolesMissing(place) : [];
  const causes = await failureGroups(place, holder);
  const alerts = may(holder, 'task.read') ? await openAlerts(place, holder, {}, mostAlerts) : [];
  const troubled = (await destinationsWithHealth(place, holder)).filter(
    ({ sends }) => sends !== 'all' && sends !== 'closed',
  );
  const isQuiet = [missing, causes, alerts, troubled].every((list) => list.length === 0);
  return show(request, reply, {
    title: say(frame.home),
    at: '/',
    body: html`${
      missing.length === 0
        ? undefined
        : notice(html`${say(words.missing)} <strong>${missing.join(', ')}</strong>`, 'bad')
    }
    ${isQuiet ? notice(say(words.nothingToDo), 'good') : undefined}
    ${section(say(words.toDecide), causes, (rows) => causesTable(request, rows))}
    ${section(say(words.alerts), alerts, (rows) => alertGroups(request, rows))}
    ${section(say(words.trouble), troubled, (rows) => sendingTable(request, rows))}`,
  });
}
