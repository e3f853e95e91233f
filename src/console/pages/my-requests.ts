// Serves a client's own page of requests: the copy of the demand behind its login (C23), and its declaration that the person was
// informed (C25).
// Invariant: only requests of its own persons; a copy has a reason and is in the log before a byte is sent.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { mayFor } from '../../access/permissions.ts';
import { civilDate, frenchDate } from '../../domain/civil-date.ts';
import { isInformed } from '../../domain/requests.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import type { RequestStory } from '../../privacy/requests/show.ts';
import { clockOf, requestsListed } from '../../support/reads/requests.ts';
import { copyOwnDemand, declareInformed } from '../../support/acts/requests.ts';
import { actRoutes, boxes, offered, type ShowPage } from '../act-form.ts';
import { asked, numberOf } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { notFound, sayTo, type Say } from '../layout.ts';
import { facts, input, notice, listOf } from '../parts.ts';
import type { Refused } from '../refused.ts';
import { countText, timeOf } from '../labels.ts';
import { frame } from '../words/frame.ts';
import { requestWords as words } from '../words/requests.ts';
import { documentRoute } from './request-acts.ts';
import { clockPiece, kindText, stateTag } from './requests.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';

const mostShown = 200;
const listPath = '/my/requests';

export function myRequestRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, {
    [listPath]: ['request.own', listPage],
    '/my/requests/:id': ['request.own', onePage],
  });
  const page: ShowPage = (request, reply, { refused }) => onePage(desk, request, reply, refused);
  documentRoute(server, desk, listPath, copyOwnDemand, page);
  actRoutes(server, desk.place, listPath, { informed: offered(declareInformed) }, page);
}

/** Undefined for one that does not exist, or is another client's. */
async function ownStory({ place }: Desk, request: FastifyRequest): Promise<RequestStory | undefined> {
  const id = numberOf(request);
  if (id === undefined) return undefined;
  const story = await place.requests.show(id);
  return mayFor(personOf(request).holder, 'request.own', story.request.clientId) ? story : undefined;
}

const listPage: PageOf = async ({ place, show }, request, reply) => {
  const say = sayTo(request);
  const { clientId } = personOf(request).holder;
  if (clientId === undefined) return notFound(reply);
  const areClosed = asked(request, 'shown') === 'closed';
  const { items } = await requestsListed(place, { clientId }, { areClosed }, mostShown);
  return show(request, reply, {
    title: say(words.myTitle),
    at: listPath,
    body: html`<p>${say(words.myText)}</p>
      <p class="actions">
        <a href="${areClosed ? listPath : `${listPath}?shown=closed`}"
          >${say(areClosed ? words.seeOpen : words.seeClosed)}</a
        >
      </p>
      ${listOf(say, words.myTitle, words.noRequest, items, [
        [words.number, (row) => html`<a href="/my/requests/${row.id}">${row.id}</a>`],
        [words.kind, (row) => kindText(row.kind, say)],
        [frame.state, (row) => stateTag(row, say)],
        [words.received, (row) => frenchDate(civilDate(row.receivedAt))],
        [
          words.due,
          (row) => (row.state === 'closed' ? frenchDate(row.clock.lastDay) : clockPiece(row.clock, say)),
        ],
      ])}`,
  });
};

const onePage: PageOf<[refused?: Refused]> = async (desk, request, reply, refused) => {
  const story = await ownStory(desk, request);
  if (story === undefined) return notFound(reply);
  const { say, language } = visitOf(request);
  const { request: own } = story;
  const clock = clockOf(own, desk.place.database.now());
  return desk.show(request, reply, {
    title: `${say(words.title)} ${own.id}`,
    at: listPath,
    refused,
    body: html`${asked(request, 'say') === 'done' && notice(say(frame.done), 'good')}
      <div class="card">
        ${facts([
          [say(words.kind), kindText(own.kind, say)],
          [say(frame.state), stateTag(own, say)],
          [say(words.received), timeOf(own.receivedAt, language)],
          [say(words.due), own.state === 'closed' ? frenchDate(clock.lastDay) : clockPiece(clock, say)],
          own.appliedAt !== null && [say(words.applied), timeOf(own.appliedAt, language)],
          own.informedAt !== null &&
            isInformed(own) && [say(words.informed), timeOf(own.informedAt, language)],
        ])}
      </div>
      ${copies(story, request, say)} ${own.state !== 'closed' && declaration(own, request, say)}`,
  });
};

function copies({ request: own, demands }: RequestStory, request: FastifyRequest, say: Say): Html {
  const { language } = visitOf(request);
  const copied = demands.filter(({ kind }) => kind === 'demand');
  if (copied.length === 0) return notice(say(words.myNoDocument));
  return html`<h2>${say(words.document)}</h2>
    ${copied.map(
      ({ document, size, addedAt }) =>
        html`<form class="card line" method="post" action="/my/requests/${own.id}/documents/${document}">
          <p>${countText(size, language)} ${say(words.bytes)}, ${timeOf(addedAt, language)}</p>
          ${input('reason', say(frame.reason), { hint: say(words.takeHint) })}
          <button class="second" aria-label="${say(words.takeDocument)} ${document}">
            ${say(words.takeDocument)}
          </button>
        </form>`,
    )}`;
}

const declaration = ({ id, state }: RequestStory['request'], request: FastifyRequest, say: Say): Html =>
  html`<h2>${say(words.myDeclare)}</h2>
    ${state === 'open' && notice(say(words.myDeclareEarly))}
    <form class="card stack" method="post" action="/my/requests/${id}/informed">
      <p>${say(words.myDeclareText)}</p>
      ${boxes(request, declareInformed, `/my/requests/${id}/informed`)}
      <button>${say(words.myDeclare)}</button>
    </form>`;
