// Serves the live tail of events. Without the script a link loads newer events; with it, the page follows by itself.
// Invariant: each place in the tail has an address; nothing of a person; a client sees its own.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import { namesInScope, readFilter, type KnownNames } from '../../support/reads/filter.ts';
import { liveAfter, liveUpTo, type LiveEntry, type LivePage } from '../../support/reads/live.ts';
import { askedFilter, filterForm, queryOf, type AskedFilter } from '../filter.ts';
import { asked } from '../forms.ts';
import { personOf } from '../gate.ts';
import { deliveryLink, destinationLink, leadLink, stateTag, timeOf } from '../labels.ts';
import { notice, table, heads } from '../parts.ts';
import { refuse, foundOr, statusOfList } from '../refused.ts';
import { sayTo } from '../layout.ts';
import { frame } from '../words/frame.ts';
import { deskWords, liveWords as words } from '../words/desk.ts';
import { unknownPart, viewsPart } from './deliveries.ts';
import type { Desk } from './sign-in.ts';

/** As many as a page of less than 100 KB shows. */
const mostShown = 100;
const conditions = ['client', 'destination', 'state', 'cause', 'lead'] as const;

export function liveRoutes(server: FastifyInstance, { place, show }: Desk): void {
  server.get('/live', { config: { gate: 'delivery.read' } }, async (request, reply) => {
    const { holder } = personOf(request);
    const wanted = askedFilter(request.query);
    if (wanted.from !== undefined || wanted.to !== undefined) refuse(words.noPeriod);
    if (wanted.run !== undefined) refuse(words.noRun);
    const [after, upTo] = [asked(request, 'after', 40), asked(request, 'upto', 40)];
    const limit = mostShown;
    const { found: page, refused } = await foundOr<LivePage | undefined>(undefined, () =>
      after === ''
        ? liveUpTo(place, holder, readFilter(wanted), { limit, ...(upTo === '' ? {} : { upTo }) })
        : liveAfter(place, holder, readFilter(wanted), { after, limit }),
    );
    const views = await viewsPart({ place }, request, 'live', wanted);
    const known = await namesInScope(place, holder);
    if (page === undefined)
      return show(request, reply, {
        title: sayTo(request)(words.title),
        at: '/live',
        status: statusOfList(refused),
        body: html`${unknownPart(request, refused, wanted)} ${filterOfPage(request, wanted, known)} ${views}`,
      });
    const shown = { page, views, known, isAfter: after !== '', isKept: upTo !== '' };
    return livePage(show, request, reply, wanted, shown);
  });
}

interface Shown {
  readonly page: LivePage;
  readonly views: Html;
  readonly known: KnownNames;
  /** True for a request of events newer than a place. */
  readonly isAfter: boolean;
  /** True on return to a place: the script does not continue from there by itself. */
  readonly isKept: boolean;
}

function livePage(
  show: Desk['show'],
  request: FastifyRequest,
  reply: FastifyReply,
  wanted: AskedFilter,
  { page, views, known, isAfter, isKept }: Shown,
): FastifyReply {
  const say = sayTo(request);
  const isEmpty = page.items.length === 0;
  return show(request, reply, {
    title: say(words.title),
    at: '/live',
    script: 'live',
    body: html`<p>${say(words.text)}</p>
      ${filterOfPage(request, wanted, known)} ${views}
      <div
        id="live"
        data-address="${addressOf(wanted)}"
        data-place="${page.next}"
        data-more="${page.hasMore ? 'yes' : 'no'}"
        data-kept="${isKept || isAfter ? 'yes' : 'no'}"
        data-most="${mostShown}"
      >
        ${controls(request)}
        <p class="actions">
          <a class="button second" id="live-newer" href="${addressOf(wanted, { after: page.next })}"
            >${say(words.newer)}</a
          >
          <a href="${addressOf(wanted)}">${say(words.newest)}</a>
          <a href="/deliveries${queryOf(wanted) === '' ? '' : `?${queryOf(wanted)}`}">${say(words.list)}</a>
        </p>
        ${isEmpty && html`<div id="live-empty">${notice(say(isAfter ? words.nothingNewer : words.nothing))}</div>`}
        <div id="live-list" ${isEmpty ? html` hidden` : ''}>${entriesTable(request, page.items)}</div>
      </div>`,
  });
}

const filterOfPage = (request: FastifyRequest, wanted: AskedFilter, known: KnownNames): Html =>
  filterForm(wanted, sayTo(request), {
    path: '/live',
    names: conditions,
    ofClient: personOf(request).holder.clientId !== undefined,
    known,
  });

function addressOf(wanted: AskedFilter, place: { readonly after?: string } = {}): string {
  const query = new URLSearchParams({ ...wanted, ...place }).toString();
  return query === '' ? '/live' : `/live?${query}`;
}

/** Controls of the script: hidden without it. */
function controls(request: FastifyRequest): Html {
  const say = sayTo(request);
  return html`<div class="live-bar" id="live-bar" role="group" aria-label="${say(words.controls)}" hidden>
    <button type="button" id="live-pause" data-pause="${say(words.pause)}" data-resume="${say(words.resume)}">
      ${say(words.pause)}
    </button>
    <button type="button" class="second" id="live-show">${say(words.show)}</button>
    <span
      id="live-status"
      role="status"
      data-none="${say(words.none)}"
      data-one="${say(words.one)}"
      data-many="${say(words.many)}"
      data-more="${say(words.more)}"
      data-paused="${say(words.paused)}"
      data-silent="${say(words.silent)}"
      data-ended="${say(words.ended)}"
    ></span>
  </div>`;
}

function entriesTable(request: FastifyRequest, items: readonly LiveEntry[]): Html {
  const { say, language, holder } = personOf(request);
  const { delivery, destination } = deskWords;
  return table(
    say(words.title),
    heads(say, words.at, words.what, delivery, destination, frame.lead, words.stateNow),
    items.map((entry) => [
      timeOf(entry.at, language),
      say(entry.words),
      entry.delivery === null ? undefined : deliveryLink(entry.delivery),
      destinationLink(entry.destination),
      entry.lead === null ? undefined : leadLink(holder, { clientId: entry.client, reference: entry.lead }),
      entry.state === null ? undefined : stateTag(entry.state, say),
    ]),
  );
}
