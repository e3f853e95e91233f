// Serves the home page and the tasks: failures by cause, and alerts, each closed with a reason and its evidence.
// Invariant: closing is an entry of the log; it sends nothing and changes no delivery.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html } from '../../privacy/papers/html.ts';
import { replanClient } from '../../support/acts/set-aside.ts';
import { closeTasks } from '../../support/acts/tasks.ts';
import { failureGroups } from '../../support/reads/deliveries.ts';
import { someDestinationOf } from '../../support/reads/filter.ts';
import { isOfPlanning, openAlerts, type AlertHead } from '../../support/reads/tasks.ts';
import { actForm, actRoutes, offered } from '../act-form.ts';
import { alertAdvicePart, alertFacts, alertGroups, alertsTable, alertTitle } from '../alerts-part.ts';
import { asked, numberOf } from '../forms.ts';
import { personOf } from '../gate.ts';
import { notice, section } from '../parts.ts';
import type { Refused } from '../refused.ts';
import { notFound } from '../layout.ts';
import { frame } from '../words/frame.ts';
import { searchWords } from '../words/work.ts';
import { deskWords as words } from '../words/desk.ts';
import { causesTable } from './deliveries.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';
import { troubledDestinations } from '../../support/reads/destinations.ts';
import { spansClients } from '../../support/place.ts';
import { rolesMissing } from '../../support/reads/status.ts';
import { sendingTable } from './destinations.ts';

const mostAlerts = 200;

export function tasksRoutes(server: FastifyInstance, desk: Desk): void {
  const { place } = desk;
  pages(server, desk, { '/tasks': ['task.read', listPage], '/tasks/alerts/:id': ['task.read', alertPage] });
  const close = offered(
    closeTasks,
    () => '/tasks?say=done',
    (request) => ({ to: [`A${numberOf(request) ?? ''}`] }),
  );
  const replan = offered(
    replanClient,
    () => '/tasks?say=done',
    async (request) => ({ to: [(await openAlert(desk, request))?.client ?? ''] }),
  );
  actRoutes(server, place, '/tasks/alerts', { close, replan }, (request, reply, { refused }) =>
    alertPage(desk, request, reply, refused),
  );
}

const listPage: PageOf = async ({ place, show }, request, reply) => {
  const { say, holder } = personOf(request);
  const all = await openAlerts(place, holder, {}, mostAlerts);
  const [kind, client] = [asked(request, 'alert'), asked(request, 'client')];
  const alerts = kind === '' ? all : all.filter((alert) => alert.kind === kind && alert.client === client);
  const causes = kind === '' ? await failureGroups(place, holder) : [];
  const troubled = kind === '' ? await troubledDestinations(place, holder) : [];
  const shown = kind === '' ? alertGroups : alertsTable;
  const [first] = alerts;
  return show(request, reply, {
    title: kind === '' || first === undefined ? say(frame.tasks) : alertTitle(first, request),
    at: '/tasks',
    body: html`${asked(request, 'say') === 'done' && notice(say(frame.done), 'good')}
      ${causes.length + alerts.length + troubled.length === 0 && notice(say(words.nothingToDo), 'good')}
      ${section(say(words.toDecide), causes, (rows) => causesTable(request, rows))}
      ${section(say(words.alerts), alerts, (rows) => shown(request, rows))}
      ${section(say(words.trouble), troubled, (rows) => sendingTable(request, rows))}
      ${kind !== '' && html`<p><a href="/tasks">${say(words.allAlerts)}</a></p>`}
      <p><a href="/refused-rows">${say(searchWords.refusedRows)}</a></p>`,
  });
};

async function openAlert({ place }: Desk, request: FastifyRequest): Promise<AlertHead | undefined> {
  const alerts = await openAlerts(place, personOf(request).holder, {}, 1_000);
  return alerts.find(({ id }) => id === numberOf(request));
}

const alertPage: PageOf<[refused?: Refused]> = async (desk, request, reply, refused) => {
  const { place, show } = desk;
  const { say, holder } = personOf(request);
  const alert = await openAlert(desk, request);
  if (alert === undefined) return notFound(reply);
  const isSetAside = alert.kind === 'intake_failed' && alert.client !== '' && isOfPlanning(alert);
  const replan = html`<h2>${say(words.replan)}</h2>
    ${actForm(request, replanClient, {
      action: `/tasks/alerts/${alert.id}/replan`,
      button: say(words.replan),
      layout: 'card stack',
    })}`;
  const form = html`<h2>${say(words.takeOver)}</h2>
    ${actForm(request, closeTasks, {
      action: `/tasks/alerts/${alert.id}/close`,
      button: say(words.takeOver),
      tone: 'second',
      layout: 'card stack',
    })}`;
  return show(request, reply, {
    title: alertTitle(alert, request),
    at: '/tasks',
    refused,
    body: html`${alertFacts(request, alert)}
    ${alertAdvicePart(request, alert, await someDestinationOf(place, personOf(request).holder, alert.client))}
    ${isSetAside && may(holder, 'row.retry') && replan} ${may(holder, 'task.close') && form}`,
  });
};

// Serves the first page: the tasks that need a person now, and nothing else.
// Invariant: each line links to the page that settles it; an account of a client sees that client's alone.

export function homeRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, { '/': ['delivery.read', homePage] });
}

const homePage: PageOf = async ({ place, show }, request, reply) => {
  const { say, holder } = personOf(request);
  const missing = spansClients(holder) ? await rolesMissing(place, holder) : [];
  const causes = await failureGroups(place, holder);
  const alerts = may(holder, 'task.read') ? await openAlerts(place, holder, {}, mostAlerts) : [];
  const troubled = await troubledDestinations(place, holder);
  const isQuiet = [missing, causes, alerts, troubled].every((list) => list.length === 0);
  return show(request, reply, {
    title: say(frame.home),
    at: '/',
    body: html`${missing.length > 0 && notice(html`${say(words.missing)} <strong>${missing.join(', ')}</strong>`, 'bad')}
    ${isQuiet && notice(say(words.nothingToDo), 'good')}
    ${section(say(words.toDecide), causes, (rows) => causesTable(request, rows))}
    ${section(say(words.alerts), alerts, (rows) => alertGroups(request, rows))}
    ${section(say(words.trouble), troubled, (rows) => sendingTable(request, rows))}`,
  });
};
