// Serves deliveries by filter, newest first, page by page; failures by cause; saved views.
// Invariant: the address has the whole filter, so that a colleague with the same address sees the same.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import {
  deliveriesPage,
  failureGroups,
  deliveryColumns,
  type DeliveryHead,
  type FailureGroup,
} from '../../support/reads/deliveries.ts';
import { readFilter, namesInScope } from '../../support/reads/filter.ts';
import { askedFilter, filterForm, queryOf, carried, type AskedFilter } from '../filter.ts';
import { asked, field, numberOf, problemOf } from '../forms.ts';
import { personOf } from '../gate.ts';
import {
  actionText,
  deliveryLink,
  destinationLink,
  leadLink,
  reasonText,
  stateTag,
  countText,
  timeOf,
} from '../labels.ts';
import { sayTo, notFound, type Say } from '../layout.ts';
import { notice, table, hidden, input, heads } from '../parts.ts';
import { foundOr, refusedNotice, statusOfList, refuse, type Refused } from '../refused.ts';
import { exportWords } from '../words/admin.ts';
import { frame, viewProblems, viewWords } from '../words/frame.ts';
import { deskWords as words } from '../words/desk.ts';
import { remedyText } from '../words/refusals.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';
import {
  ownViews,
  removeView,
  saveView,
  viewLimits,
  viewLists,
  type ViewList,
  type ViewProblem,
} from '../../access/views.ts';
import { impersonal } from '../../support/typed-text.ts';
import type { Both } from '../../support/words.ts';

const pageLength = 50;

export function deliveriesRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, { '/deliveries': ['delivery.read', listPage] });
  server.get('/causes', { config: { gate: 'delivery.read' } }, async (request, reply) => {
    const { say, holder } = personOf(request);
    const groups = await failureGroups(desk.place, holder);
    return desk.show(request, reply, {
      title: say(frame.causes),
      at: '/causes',
      body: groups.length === 0 ? notice(say(words.nothingToDo), 'good') : causesTable(request, groups),
    });
  });
}

const listPage: PageOf = async ({ place, show }, request, reply) => {
  const { say, holder } = personOf(request);
  const wanted = askedFilter(request.query);
  const after = Number(asked(request, 'after', 15)) || undefined;
  const { found, refused } = await foundOr<Awaited<ReturnType<typeof deliveriesPage>>>(
    { items: [], next: undefined },
    () => deliveriesPage(place, holder, readFilter(wanted), { limit: pageLength, after }),
  );
  const { items: rows, next: last } = found;
  const query = queryOf(wanted);
  const views = await viewsPart({ place }, request, 'deliveries', wanted);
  return show(request, reply, {
    title: say(frame.deliveries),
    at: '/deliveries',
    status: statusOfList(refused),
    body: html`${unknownPart(request, refused, wanted)}
      ${filterForm(wanted, say, {
        path: '/deliveries',
        ofClient: holder.clientId !== undefined,
        known: await namesInScope(place, holder),
      })}
      ${views} ${listActs(request, wanted, rows.length > 0)}
      ${refused !== undefined ? undefined : rows.length === 0 ? nothingFound(say, query) : deliveriesTable(request, rows)}
      <p class="actions">
        ${after !== undefined && html`<a href="/deliveries${query === '' ? '' : `?${query}`}">${say(frame.first)}</a>`}
        ${
          last !== undefined &&
          html`<a class="button second" href="/deliveries?${query === '' ? '' : `${query}&`}after=${last}"
            >${say(frame.next)}</a
          >`
        }
      </p>`,
  });
};

/** Names the conditions that cannot be read or match nothing known; the reference of a refused row leads to the search. */
export function unknownPart(
  request: FastifyRequest,
  refused: Refused | undefined,
  { lead }: AskedFilter,
): Html | undefined {
  if (refused === undefined) return undefined;
  const say = sayTo(request);
  const remedy = refused.error === undefined ? undefined : remedyText(refused.error.code);
  return html`${refusedNotice(refused, say)} ${remedy !== undefined && html`<p>${say(remedy)}</p>`}
  ${
    lead !== undefined &&
    may(personOf(request).holder, 'person.find') &&
    html`<p>
      ${say(words.maybeRefused)}
      <a href="/search?reference=${encodeURIComponent(lead)}">${say(words.searchRefused)}</a>
    </p>`
  }`;
}

/** Acts on all deliveries of the filter, and other views of the same deliveries. */
function listActs(request: FastifyRequest, wanted: AskedFilter, isAny: boolean): Html {
  const { say, holder } = personOf(request);
  const query = queryOf(wanted);
  const isNarrowed = query !== '' && isAny;
  return html`<p class="actions">
    ${isNarrowed && may(holder, 'delivery.replay') && html`<a class="button second" href="/replay?${query}">${say(words.replayAll)}</a>`}
    ${isNarrowed && may(holder, 'delivery.cancel') && html`<a class="button danger" href="/cancel?${query}">${say(words.cancelAll)}</a>`}
    <a href="/live${liveQuery(wanted)}">${say(words.followLive)}</a>
    ${
      may(holder, 'list.export') &&
      html`<a href="/exports?list=deliveries${query === '' ? '' : `&${query}`}">${say(exportWords.link)}</a>`
    }
  </p>`;
}

/** An empty list suggests changes of the filter. */
const nothingFound = (say: Say, query: string): Html =>
  query === ''
    ? notice(say(words.noDeliveriesYet))
    : notice(
        html`${say(words.noDeliveries)} ${say(words.widen)} <a href="/deliveries">${say(words.clear)}</a>`,
      );

/** The live tail has no period and no run. */
function liveQuery({ from: _from, to: _to, run: _run, ...wanted }: AskedFilter): string {
  const query = queryOf(wanted);
  return query === '' ? '' : `?${query}`;
}

function deliveriesTable(request: FastifyRequest, rows: readonly DeliveryHead[]): Html {
  const { say, holder, language } = personOf(request);
  const { createdAt, client, destination, lead, action, state, reason } = deliveryColumns;
  const names = [createdAt, client, destination, lead, action, state, reason].map((column) => column.words);
  return table(
    say(frame.deliveries),
    heads(say, words.number, ...names),
    rows.map((row) => [
      deliveryLink(row.id),
      timeOf(row.createdAt, language),
      row.client,
      destinationLink(row.destination),
      leadLink(holder, { clientId: row.client, reference: row.lead }),
      actionText(row.action, say),
      stateTag(row.state, say),
      reasonText(row.reason, say),
    ]),
  );
}

/** Failures that need a person, a line for each cause: its deliveries, and their replay as a group. */
export function causesTable(request: FastifyRequest, groups: readonly FailureGroup[]): Html {
  const { say, holder, language } = personOf(request);
  const canReplay = may(holder, 'delivery.replay');
  return table(
    say(words.toDecide),
    [
      { name: say(words.count), number: true },
      ...heads(say, frame.state, frame.cause, words.destination, words.oldest),
      ...(canReplay ? [{ name: say(words.act) }] : []),
    ],
    groups.map((group) => [
      html`<a href="/deliveries?${groupQuery(group)}">${countText(group.count, language)}</a>`,
      stateTag(group.state, say),
      causeText(group, say),
      destinationLink(group.destination),
      timeOf(group.oldest, language),
      ...(canReplay && group.state === 'failed'
        ? [html`<a href="/replay?${groupQuery(group)}">${say(words.replayThese)}</a>`]
        : []),
    ]),
  );
}

const groupQuery = ({ destination, state, reason }: FailureGroup): string =>
  queryOf({ destination, state, ...(reason === '' ? {} : { cause: reason }) });

const causeText = ({ reason, text }: FailureGroup, say: Say): Html =>
  html`${say(text)} <span class="quiet code">${reason}</span>`;

// Serves saved views: listed at the head of their list, saved under a name, removed by their owner.
// Invariant: a view is an address with a valid filter; another account's is answered as if it did not exist.

export function viewRoutes(server: FastifyInstance, { place, show }: Desk): void {
  const gated = { config: { gate: 'delivery.read' } } as const;
  server.post('/views', gated, async (request, reply) => {
    const { session } = personOf(request);
    const list = viewLists.find((known) => known === field(request, 'list'));
    const wanted = keptOf(askedFilter(request.body));
    // Validated like the list's filter: an invalid one is not saved.
    readFilter(wanted);
    const query = queryOf(wanted);
    if (list === undefined || query === '') refuse(viewWords.nothing);
    const name = field(request, 'name', 200);
    const problem =
      problemOf(() => impersonal(name, 'name')) ??
      viewProblem(await saveView(place.access, session.account.id, { list, name, query }));
    if (problem === undefined) return reply.redirect(`/${list}?${query}`, 303);
    const say = sayTo(request);
    return show(request, reply, {
      title: say(viewWords.save).replace('…', ''),
      at: `/${list}`,
      status: 422,
      body: html`${notice(say(problem), 'bad')}
        <form class="stack card" method="post" action="/views">
          ${hidden('list', list)}${carried(wanted)} ${nameInput(say, name)}
        </form>`,
    });
  });
  server.post('/views/:id/remove', gated, async (request, reply) => {
    const { session } = personOf(request);
    const id = numberOf(request);
    const list = viewLists.find((known) => known === field(request, 'list')) ?? 'deliveries';
    if (id === undefined || !(await removeView(place.access, session.account.id, id))) return notFound(reply);
    const query = queryOf(askedFilter(request.body));
    return reply.redirect(query === '' ? `/${list}` : `/${list}?${query}`, 303);
  });
}

const viewProblem = (problem: ViewProblem | undefined): Both | undefined =>
  problem === undefined ? undefined : viewProblems[problem];

const nameInput = (say: Say, name = ''): Html =>
  html`${input('name', say(viewWords.name), { hint: say(viewWords.nameHint), most: viewLimits.nameLength, value: name })}
    <button>${say(viewWords.keep)}</button>`;

/** A view keeps no lead, which would never be deleted from it, and no run, whose list is itself temporary. */
const keptOf = ({ lead: _lead, run: _run, ...wanted }: AskedFilter): AskedFilter => wanted;

/** Head of a list: its saved views, and the form that saves the present one. */
export async function viewsPart(
  { place }: Pick<Desk, 'place'>,
  request: FastifyRequest,
  list: ViewList,
  wanted: AskedFilter,
): Promise<Html> {
  const say = sayTo(request);
  const views = await ownViews(place.access, personOf(request).session.account.id, list);
  const here = html`${hidden('list', list)}${carried(wanted)}`;
  const query = queryOf(wanted);
  return html`${
    views.length > 0 &&
    html`<nav class="views saved" aria-labelledby="views">
      <p id="views">${say(viewWords.views)}</p>
      <ul>
        ${views.map(
          (view) =>
            html`<li>
              <a href="/${list}?${view.query}" ${view.query === query ? html` aria-current="page"` : ''}
                >${view.name}</a
              >
              <form method="post" action="/views/${view.id}/remove">
                ${here}<button
                  class="plain"
                  title="${say(viewWords.removeIt)}"
                  aria-label="${say(viewWords.removeIt)} ${view.name}"
                >
                  ×
                </button>
              </form>
            </li>`,
        )}
      </ul>
    </nav>`
  }${queryOf(keptOf(wanted)) !== '' && saveForm(request, here)}`;
}

function saveForm(request: FastifyRequest, here: Html): Html {
  const say = sayTo(request);
  return html`<details>
    <summary>${say(viewWords.save)}</summary>
    <form class="line card" method="post" action="/views">${here} ${nameInput(say)}</form>
  </details>`;
}
