// Serves the replay or cancellation of all deliveries of a filter: counted and shown first, confirmed by typing the number, then begun
// as a run.
// Invariant: the run covers the counted deliveries: where they have changed meanwhile, nothing begins and the new plan is shown.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isRelaisError } from '../../errors.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { beginBulk, planBulk, type BulkAsked, type BulkPlan } from '../../support/acts/bulk.ts';
import type { Both } from '../../support/words.ts';
import { askedFilter, carried, filterOf, queryOf, type AskedFilter } from '../filter.ts';
import { filterFacts } from '../filter-words.ts';
import { asked, field } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { facts, hidden, input, notice, table } from '../parts.ts';
import { reasonProblem } from '../reasons.ts';
import { sayTo } from '../show.ts';
import { countText } from '../times.ts';
import { frame } from '../words/frame.ts';
import { deskWords as words } from '../words/desk.ts';
import type { Desk } from './sign-in.ts';

const doors = [
  {
    kind: 'replay',
    gate: 'delivery.replay',
    title: words.replayAllTitle,
    text: words.planText,
    nothing: words.nothingGoes,
    confirmHint: words.confirmHint,
    button: words.replay,
    tone: '',
  },
  {
    kind: 'cancel',
    gate: 'delivery.cancel',
    title: words.cancelAllTitle,
    text: words.planEndText,
    nothing: words.nothingEnds,
    confirmHint: words.confirmEnd,
    button: words.cancelThem,
    tone: 'danger',
  },
] as const;
type Door = (typeof doors)[number];

export function bulkRoutes(server: FastifyInstance, desk: Desk): void {
  for (const door of doors) doorRoutes(server, desk, door);
}

function doorRoutes(server: FastifyInstance, desk: Desk, door: Door): void {
  server.get(`/${door.kind}`, { config: { gate: door.gate } }, (request, reply) =>
    planPage(desk, request, reply, {
      door,
      wanted: askedFilter(request.query),
      how: howOf((name) => asked(request, name, 3)),
    }),
  );
  server.post(`/${door.kind}`, { config: { gate: door.gate } }, async (request, reply) => {
    const wanted = askedFilter(request.body);
    const how = howOf((name) => field(request, name, 3));
    const reason = field(request, 'reason', 1_000).trim();
    const problem = reasonProblem(reason);
    if (problem !== undefined) return planPage(desk, request, reply, { door, wanted, how, problem });
    // As people type large numbers: with spaces between the thousands.
    const expected = Number(field(request, 'number', 20).replaceAll(/[\s\u202f.,]/g, '') || '-1');
    try {
      const run = await beginBulk(desk.place, actingOf(request), {
        kind: door.kind,
        ...how,
        filter: filterOf(wanted),
        expected,
        reason,
      });
      return await reply.redirect(`/runs/${run.id}`, 303);
    } catch (error) {
      if (!isRelaisError(error) || error.code !== 'BULK-002') throw error;
      return planPage(desk, request, reply, { door, wanted, how, problem: words.changed });
    }
  });
}

/** Options of a replay. */
const options = ['anew', 'acceptDoubles', 'again'] as const;
type How = Pick<BulkAsked, (typeof options)[number]>;
const howOf = (typed: (name: string) => string): How =>
  Object.fromEntries(options.filter((name) => typed(name) === 'yes').map((name) => [name, true]));

interface Planned {
  readonly door: Door;
  readonly wanted: AskedFilter;
  readonly how: How;
  readonly problem?: Both;
}

async function planPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  { door, wanted, how, problem }: Planned,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const filter = filterOf(wanted);
  const plan = await planBulk(place, personOf(request).holder, { kind: door.kind, ...how, filter });
  return show(request, reply, {
    title: say(door.title),
    at: '/deliveries',
    status: problem === undefined ? 200 : 422,
    body: html`${problem === undefined ? undefined : notice(say(problem), 'bad')}
      <p>${say(door.text)}</p>
      <div class="card">${facts(filterFacts({ ...wanted, ...how }, visitOf(request).language))}</div>
      ${planTable(request, plan)} ${moreLinks(request, plan, { door, wanted, how })}
      ${plan.going === 0 ? notice(say(door.nothing), 'warn') : confirmForm(request, { door, wanted, how }, plan)}
      <p><a href="/deliveries?${queryOf(wanted)}">${say(words.seeMatching)}</a></p>`,
  });
}

function planTable(request: FastifyRequest, { groups }: BulkPlan): Html {
  const say = sayTo(request);
  const { language } = visitOf(request);
  return table(
    say(words.plan),
    [{ name: say(words.count), number: true }, { name: say(words.plan) }],
    groups.map(({ count, text, isRefused }) => [
      countText(count, language),
      isRefused ? html`${say(words.refused)} : ${say(text)}` : say(text),
    ]),
  );
}

/** The option that releases a group refused for this reason. */
const lets: Readonly<Partial<Record<BulkPlan['groups'][number]['plan'], 'acceptDoubles' | 'again'>>> = {
  undecided: 'acceptDoubles',
  already_delivered: 'again',
  mapping_unchanged: 'again',
};

/** The same plan with one option more, where deliveries wait for it. */
function moreLinks(
  request: FastifyRequest,
  { groups }: BulkPlan,
  { door, wanted, how }: Planned,
): readonly Html[] {
  const query = [queryOf(wanted), ...Object.keys(how).map((name) => `${name}=yes`)].join('&');
  return [...new Set(groups.flatMap(({ plan }) => lets[plan] ?? []))].map(
    (name) => html`<p><a href="/${door.kind}?${query}&${name}=yes">${sayTo(request)(words[name])}</a></p>`,
  );
}

function confirmForm(request: FastifyRequest, { door, wanted, how }: Planned, { going }: BulkPlan): Html {
  const say = sayTo(request);
  const hint = `${say(door.confirmHint)} ${countText(going, visitOf(request).language)}`;
  return html`<form class="card stack" method="post" action="/${door.kind}">
    ${carried(wanted)} ${Object.keys(how).map((name) => hidden(name, 'yes'))}
    ${input('reason', say(frame.reason), {
      hint: say(frame.reasonHint),
      value: field(request, 'reason'),
    })}
    ${input('number', say(words.confirm), { hint, inputmode: 'numeric', most: 12 })}
    <button class="${door.tone}">${say(door.button)}</button>
  </form>`;
}
