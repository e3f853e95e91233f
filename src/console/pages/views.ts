// Serves saved views: listed at the head of their list, saved under a name, removed by their owner.
// Invariant: a view is an address with a valid filter; another account's is answered as if it did not exist.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  ownViews,
  removeView,
  saveView,
  viewLimits,
  viewLists,
  type ViewList,
  type ViewProblem,
} from '../../access/views.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { readFilter } from '../../support/reads/filter.ts';
import { askedFilter, carried, queryOf, type AskedFilter } from '../filter.ts';
import { field, numberOf } from '../forms.ts';
import { personOf } from '../gate.ts';
import { impersonal } from '../../support/typed-text.ts';
import type { Both } from '../../support/words.ts';
import type { Say } from '../layout.ts';
import { hidden, input, notice } from '../parts.ts';
import { problemOf } from '../reasons.ts';
import { refuse } from '../refusals.ts';
import { notFound, sayTo } from '../show.ts';
import { viewProblems, viewWords as words } from '../words/views.ts';
import type { Desk } from './sign-in.ts';

export function viewRoutes(server: FastifyInstance, { place, show }: Desk): void {
  const gated = { config: { gate: 'delivery.read' } } as const;
  server.post('/views', gated, async (request, reply) => {
    const { session } = personOf(request);
    const list = viewLists.find((known) => known === field(request, 'list'));
    const wanted = keptOf(askedFilter(request.body));
    // Validated like the list's filter: an invalid one is not saved.
    readFilter(wanted);
    const query = queryOf(wanted);
    if (list === undefined || query === '') refuse(words.nothing);
    const name = field(request, 'name', 200);
    const problem =
      problemOf(() => impersonal(name, 'name')) ??
      viewProblem(await saveView(place.access, session.account.id, { list, name, query }));
    if (problem === undefined) return reply.redirect(`/${list}?${query}`, 303);
    const say = sayTo(request);
    return show(request, reply, {
      title: say(words.save).replace('…', ''),
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
  html`${input('name', say(words.name), { hint: say(words.nameHint), most: viewLimits.nameLength, value: name })}
    <button>${say(words.keep)}</button>`;

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
    views.length === 0
      ? undefined
      : html`<nav class="views saved" aria-labelledby="views">
          <p id="views">${say(words.views)}</p>
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
                      title="${say(words.removeIt)}"
                      aria-label="${say(words.removeIt)} ${view.name}"
                    >
                      ×
                    </button>
                  </form>
                </li>`,
            )}
          </ul>
        </nav>`
  }${queryOf(keptOf(wanted)) === '' ? undefined : saveForm(request, here)}`;
}

function saveForm(request: FastifyRequest, here: Html): Html {
  const say = sayTo(request);
  return html`<details>
    <summary>${say(words.save)}</summary>
    <form class="line card" method="post" action="/views">${here} ${nameInput(say)}</form>
  </details>`;
}
