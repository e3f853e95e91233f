// Serves deliveries by filter, newest first, page by page; and failures by cause.
// Invariant: the address has the whole filter, so that a colleague with the same address sees the same.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import {
  deliveriesPage,
  failureGroups,
  type DeliveryHead,
  type FailureGroup,
} from '../../support/reads/deliveries.ts';
import { deliveryColumns } from '../../support/reads/delivery-row.ts';
import { readFilter } from '../../support/reads/filter.ts';
import { namesInScope } from '../../support/reads/names.ts';
import { askedFilter, filterForm, queryOf, type AskedFilter } from '../filter.ts';
import { asked } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { actionText, deliveryLink, destinationLink, leadLink, reasonText, stateTag } from '../labels.ts';
import type { Say } from '../layout.ts';
import { notice, table } from '../parts.ts';
import { foundOr, refusedNotice, statusOfList, type Refused } from '../refused.ts';
import { sayTo } from '../show.ts';
import { countText, timeOf } from '../times.ts';
import { exportWords } from '../words/admin.ts';
import { frame } from '../words/frame.ts';
import { deskWords as words } from '../words/desk.ts';
import { remedyText } from '../words/refusals.ts';
import type { Desk } from './sign-in.ts';
import { viewsPart } from './views.ts';

const pageLength = 50;

export function deliveriesRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/deliveries', { config: { gate: 'delivery.read' } }, (request, reply) =>
    listPage(desk, request, reply),
  );
  server.get('/causes', { config: { gate: 'delivery.read' } }, async (request, reply) => {
    const say = sayTo(request);
    const { holder } = personOf(request);
    const groups = await failureGroups(desk.place, holder);
    return desk.show(request, reply, {
      title: say(frame.causes),
      at: '/causes',
      body: groups.length === 0 ? notice(say(words.nothingToDo), 'good') : causesTable(request, groups),
    });
  });
}

async function listPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const { holder } = personOf(request);
  const wanted = askedFilter(request.query);
  const after = Number(asked(request, 'after', 15)) || undefined;
  const { found, refused } = await foundOr<Awaited<ReturnType<typeof deliveriesPage>>>(
    { items: [], next: undefined },
    () =>
      deliveriesPage(place, holder, readFilter(wanted), {
        limit: pageLength,
        ...(after === undefined ? {} : { after }),
      }),
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
        ${after === undefined ? undefined : html`<a href="/deliveries${query === '' ? '' : `?${query}`}">${say(frame.first)}</a>`}
        ${
          last === undefined
            ? undefined
            : html`<a class="button second" href="/deliveries?${query === '' ? '' : `${query}&`}after=${last}"
                >${say(frame.next)}</a
              >`
        }
      </p>`,
  });
}

/** Names the conditions that cannot be read or match nothing known; the reference of a refused row leads to the search. */
export function unknownPart(
  request: FastifyRequest,
  refused: Refused | undefined,
  { lead }: AskedFilter,
): Html | undefined {
  if (refused === undefined) return undefined;
  const say = sayTo(request);
  const remedy = refused.error === undefined ? undefined : remedyText(refused.error.code);
  return html`${refusedNotice(refused, say)} ${remedy === undefined ? undefined : html`<p>${say(remedy)}</p>`}
  ${
    lead === undefined || !may(personOf(request).holder, 'person.find')
      ? undefined
      : html`<p>
          ${say(words.maybeRefused)}
          <a href="/search?reference=${encodeURIComponent(lead)}">${say(words.searchRefused)}</a>
        </p>`
  }`;
}

/** Acts on all deliveries of the filter, and other views of the same deliveries. */
function listActs(request: FastifyRequest, wanted: AskedFilter, isAny: boolean): Html {
  const say = sayTo(request);
  const { holder } = personOf(request);
  const query = queryOf(wanted);
  const isNarrowed = query !== '' && isAny;
  return html`<p class="actions">
    ${
      isNarrowed && may(holder, 'delivery.replay')
        ? html`<a class="button second" href="/replay?${query}">${say(words.replayAll)}</a>`
        : undefined
    }
    ${
      isNarrowed && may(holder, 'delivery.cancel')
        ? html`<a class="button danger" href="/cancel?${query}">${say(words.cancelAll)}</a>`
        : undefined
    }
    <a href="/live${liveQuery(wanted)}">${say(words.followLive)}</a>
    ${
      may(holder, 'list.export')
        ? html`<a href="/exports?list=deliveries${query === '' ? '' : `&${query}`}"
            >${say(exportWords.link)}</a
          >`
        : undefined
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
  const say = sayTo(request);
  const { holder } = personOf(request);
  const { language } = visitOf(request);
  const { createdAt, client, destination, lead, action, state, reason } = deliveryColumns;
  const heads = [createdAt, client, destination, lead, action, state, reason].map((column) => column.words);
  return table(
    say(frame.deliveries),
    [words.number, ...heads].map((name) => ({ name: say(name) })),
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
  const say = sayTo(request);
  const { holder } = personOf(request);
  const { language } = visitOf(request);
  const canReplay = may(holder, 'delivery.replay');
  return table(
    say(words.toDecide),
    [
      { name: say(words.count), number: true },
      ...[frame.state, frame.cause, words.destination, words.oldest].map((name) => ({ name: say(name) })),
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
