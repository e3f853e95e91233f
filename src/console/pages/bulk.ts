// Serves the replay or cancellation of all deliveries of a filter: counted and shown first, confirmed by typing the number, then begun
// as a run.
// Invariant: the run covers the counted deliveries: where they have changed meanwhile, nothing begins and the new plan is shown.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import { perform, reason, type Act, type By } from '../../support/acts/act.ts';
import { cancelAll, planBulk, replayAll, type BulkPlan } from '../../support/acts/bulk.ts';
import { replayFlags, type ReplayHow } from '../../support/acts/deliveries.ts';
import type { BulkRunHead } from '../../support/reads/bulk-runs.ts';
import { readFilter } from '../../support/reads/filter.ts';
import { boxes } from '../act-form.ts';
import { askedFilter, carried, queryOf, type AskedFilter } from '../filter.ts';
import { filterFacts } from '../filter-words.ts';
import { asked, field } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { facts, hidden, input, notice, table } from '../parts.ts';
import { refusedBy, refusedNotice, type Refused } from '../refused.ts';
import { sayTo } from '../show.ts';
import { countText } from '../times.ts';
import { deskWords as words } from '../words/desk.ts';
import type { Desk } from './sign-in.ts';

const beginning =
  <Input extends object>(act: Act<Input, BulkRunHead>) =>
  ({ place }: Desk, by: By, input: object): Promise<BulkRunHead> =>
    perform(place, act, by, { to: [], input });

const doors = [
  {
    kind: 'replay',
    gate: replayAll.permission,
    begin: beginning(replayAll),
    title: words.replayAllTitle,
    text: words.planText,
    nothing: words.nothingGoes,
    confirmHint: words.confirmHint,
    button: words.replay,
    tone: '',
  },
  {
    kind: 'cancel',
    gate: cancelAll.permission,
    begin: beginning(cancelAll),
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
    // As people type large numbers: with spaces between the thousands.
    const expected = Number(field(request, 'number', 20).replaceAll(/[\s\u202f.,]/g, '') || '-1');
    const input = { ...how, filter: wanted, expected, reason: field(request, 'reason', 1_000) };
    let run: BulkRunHead | undefined;
    const refused = await refusedBy(async () => {
      run = await door.begin(desk, actingOf(request), input);
    }, /^(?:BULK-002|USAGE-)/);
    return run === undefined
      ? planPage(desk, request, reply, { door, wanted, how, refused })
      : reply.redirect(`/runs/${run.id}`, 303);
  });
}

/** Options of a replay. */
const options = Object.keys(replayFlags) as (keyof ReplayHow)[];
type How = Partial<ReplayHow>;
const howOf = (typed: (name: string) => string): How =>
  Object.fromEntries(options.filter((name) => typed(name) === 'yes').map((name) => [name, true]));

interface Planned {
  readonly door: Door;
  readonly wanted: AskedFilter;
  readonly how: How;
  readonly refused?: Refused | undefined;
}

async function planPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  { door, wanted, how, refused }: Planned,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const filter = readFilter(wanted);
  const plan = await planBulk(place, personOf(request).holder, { kind: door.kind, ...how, filter });
  return show(request, reply, {
    title: say(door.title),
    at: '/deliveries',
    status: refused === undefined ? 200 : 422,
    body: html`${refusedNotice(refused, say)}
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
    (name) =>
      html`<p>
        <a href="/${door.kind}?${query}&${name}=yes">${sayTo(request)(replayFlags[name].words)}</a>
      </p>`,
  );
}

function confirmForm(request: FastifyRequest, { door, wanted, how }: Planned, { going }: BulkPlan): Html {
  const say = sayTo(request);
  const hint = `${say(door.confirmHint)} ${countText(going, visitOf(request).language)}`;
  return html`<form class="card stack" method="post" action="/${door.kind}">
    ${carried(wanted)} ${Object.keys(how).map((name) => hidden(name, 'yes'))}
    ${boxes(request, { fields: { reason } }, `/${door.kind}`)}
    ${input('number', say(words.confirm), { hint, inputmode: 'numeric', most: 12 })}
    <button class="${door.tone}">${say(door.button)}</button>
  </form>`;
}
