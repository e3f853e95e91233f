// Serves bulk runs: planned by a filter and confirmed, then followed to their end, paused or stopped.
// Invariant: finished deliveries of a run stay; an account without the permission reads, and has no button.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import {
  cancelRunAct,
  pauseRunAct,
  resumeRunAct,
  cancelAll,
  planBulk,
  replayAll,
  type BulkPlan,
} from '../../support/acts/bulk.ts';
import { namesFor } from '../../support/named-text.ts';
import {
  bulkRun,
  bulkRunsPage,
  type BulkFollowed,
  type BulkRunHead,
  bulkFollowed,
  type BulkKind,
} from '../../support/reads/bulk-runs.ts';
import { filterFacts, askedFilter, carried, queryOf, type AskedFilter } from '../filter.ts';
import { actForm, actRoutes, offered, boxes } from '../act-form.ts';
import { asked, numberOf, field } from '../forms.ts';
import { personOf, visitOf, actingOf } from '../gate.ts';
import { deliveryLink, stateTag, countText, timeOf, counted } from '../labels.ts';
import { notFound, sayTo, type Say } from '../layout.ts';
import { tableOf, facts, notice, section, state, table, hidden, input, type Tone, listOf } from '../parts.ts';
import { doneOrRefused, type Refused } from '../refused.ts';
import { frame } from '../words/frame.ts';
import { deskWords as words, runStateWords, runCounts } from '../words/desk.ts';
import { kindWords } from '../../support/bulk-steps.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';
import { perform, reason, type Act, type By } from '../../support/acts/act.ts';
import { replayFlags, type ReplayHow } from '../../support/acts/deliveries.ts';
import { readFilter } from '../../support/reads/filter.ts';
import type { SupportPlace } from '../../support/place.ts';

export function runsRoutes(server: FastifyInstance, desk: Desk): void {
  const { place } = desk;
  pages(server, desk, { '/runs': ['task.read', listPage], '/runs/:id': ['task.read', runPage] });
  const acts = {
    stop: offered(cancelRunAct, () => ''),
    pause: offered(pauseRunAct, () => ''),
    resume: offered(resumeRunAct, () => ''),
  };
  actRoutes(server, place, '/runs', acts, (request, reply, { refused }) =>
    runPage(desk, request, reply, refused),
  );
}

const listPage: PageOf = async ({ place, show }, request, reply) => {
  const { say, language } = visitOf(request);
  const after = Number(asked(request, 'after', 15)) || undefined;
  const { holder } = personOf(request);
  const { items, next } = await bulkRunsPage(place, holder, {}, { limit: 50, after });
  const named = await namesFor(place, holder);
  return show(request, reply, {
    title: say(frame.runs),
    at: '/runs',
    body: html`${listOf(say, frame.runs, words.noRuns, items, [
      [words.number, (run) => html`<a href="/runs/${run.id}">${run.id}</a>`],
      [words.runKind, (run) => say(kindWords[run.kind] ?? [run.kind, run.kind])],
      [frame.state, (run) => runTag(run, say)],
      [
        words.progress,
        (run) => `${countText(run.done + run.refused, language)} / ${countText(run.counted, language)}`,
      ],
      [words.begun, (run) => timeOf(run.createdAt, language)],
      [words.by, (run) => named(run.actor)],
      [frame.reason, (run) => run.reason],
    ])}
    ${next !== undefined && html`<p><a href="/runs?after=${next}">${say(frame.next)}</a></p>`}`,
  });
};

const runPage: PageOf<[refused?: Refused]> = async ({ place, show }, request, reply, refused) => {
  const { say, holder } = personOf(request);
  const id = numberOf(request);
  if (id === undefined) return notFound(reply);
  const run = await bulkRun(place, holder, id);
  // Reloads the whole page when the run has stopped: other acts are possible now.
  if (isAskedByItself(request) && run.state !== 'running') reply.header('HX-Refresh', 'true');
  const followed = await followedOf(place, run);
  const named = await namesFor(place, holder);
  const stop = actForm(request, cancelRunAct, {
    action: `/runs/${id}/stop`,
    button: say(words.stopRun),
    tone: 'danger',
    layout: 'line card',
    hint: words.stopText,
  });
  const isOpen = run.state === 'running' || run.state === 'paused';
  const [act, text] =
    run.state === 'paused' ? (['resume', words.goOn] as const) : (['pause', words.pauseRun] as const);
  const rest = html`<form class="line card" method="post" action="/runs/${id}/${act}">
    <button class="second">${say(text)}</button>
  </form>`;
  return show(request, reply, {
    title: `${say(words.run)} ${id}`,
    at: '/runs',
    refused,
    body: html`${progressPart(request, run, named, followed)}
    ${isOpen && may(holder, 'delivery.replay') && html`${rest}${stop}`}`,
  });
};

/** The script refreshes it while it runs; without the script the reader reloads the page. */
function progressPart(
  request: FastifyRequest,
  run: BulkRunHead,
  named: (text: string) => string,
  followed: BulkFollowed | undefined,
): Html {
  const { say, language } = visitOf(request);
  const through = run.done + run.refused;
  const again =
    run.state === 'running'
      ? html` hx-get="/runs/${run.id}" hx-trigger="every 2s" hx-select="#progress" hx-swap="outerHTML"
        hx-headers='{"x-relais-by-itself":"run"}'`
      : '';
  return html`<div id="progress" ${again}>
    <div class="card">
      <label for="bar"
        >${say(words.progress)} : ${countText(through, language)} / ${countText(run.counted, language)}</label
      >
      <progress id="bar" max="${Math.max(1, run.counted)}" value="${through}"></progress>
      ${facts([
        [say(words.runKind), say(kindWords[run.kind] ?? [run.kind, run.kind])],
        [say(frame.state), runTag(run, say)],
        [say(words.by), named(run.actor)],
        [say(frame.reason), run.reason],
        [say(words.begun), timeOf(run.createdAt, language)],
        run.endedAt !== null && [say(words.ended), timeOf(run.endedAt, language)],
      ])}
      <h2>${say(words.askedFor)}</h2>
      ${facts(filterFacts(run.filter, language))}
    </div>
    ${section(say(words.result), run.results, (results) => resultsTable(request, results))}
    ${followedPart(request, run, followed)}
  </div>`;
}

/** Counts by result; refused deliveries are listed. */
function resultsTable(request: FastifyRequest, results: readonly BulkRunHead['results'][number][]): Html {
  const say = sayTo(request);
  const isAnyRefused = results.some(({ isRefusal }) => isRefusal);
  return table(
    say(words.result),
    [
      { name: say(words.count), number: true },
      { name: say(words.result) },
      ...(isAnyRefused ? [{ name: say(frame.deliveries) }] : []),
    ],
    results.map(({ count, text, isRefusal, deliveries }) => [
      countText(count, visitOf(request).language),
      isRefusal ? html`${say(words.refused)} : ${say(text)}` : say(text),
      ...(isRefusal ? [deliveries.slice(0, 20).map((delivery) => html`${deliveryLink(delivery)} `)] : []),
    ]),
  );
}

const runTones: Readonly<Record<string, Tone>> = {
  running: 'warn',
  paused: 'warn',
  done: 'good',
  cancelled: 'calm',
};
const runTag = ({ state: name }: Pick<BulkRunHead, 'state'>, say: Say): Html =>
  state(say(runStateWords[name] ?? [name, name]), runTones[name] ?? 'calm');

// Serves the replay or cancellation of all deliveries of a filter: counted and shown first, confirmed by typing the number, then begun
// as a run.
// Invariant: the run covers the counted deliveries: where they have changed meanwhile, nothing begins and the new plan is shown.

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
    const { done: run, refused } = await doneOrRefused(
      () => door.begin(desk, actingOf(request), input),
      /^(?:BULK-002|USAGE-)/,
    );
    return run === undefined
      ? planPage(desk, request, reply, { door, wanted, how, refused })
      : reply.redirect(`/runs/${run.id}`, 303);
  });
}

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

const planPage: PageOf<[Planned]> = async (
  { place, show },
  request,
  reply,
  { door, wanted, how, refused },
) => {
  const say = sayTo(request);
  const filter = readFilter(wanted);
  const plan = await planBulk(place, personOf(request).holder, { kind: door.kind, ...how, filter });
  return show(request, reply, {
    title: say(door.title),
    at: '/deliveries',
    refused,
    body: html`<p>${say(door.text)}</p>
      <div class="card">${facts(filterFacts({ ...wanted, ...how }, visitOf(request).language))}</div>
      ${planTable(request, plan)} ${moreLinks(request, plan, { door, wanted, how })}
      ${plan.going === 0 ? notice(say(door.nothing), 'warn') : confirmForm(request, { door, wanted, how }, plan)}
      <p><a href="/deliveries?${queryOf(wanted)}">${say(words.seeMatching)}</a></p>`,
  });
};

function planTable(request: FastifyRequest, { groups }: BulkPlan): Html {
  const { say, language } = visitOf(request);
  return tableOf(say, say(words.plan), groups, [
    [words.count, ({ count }) => countText(count, language), 'number'],
    [
      words.plan,
      ({ text, isRefused }) => (isRefused ? html`${say(words.refused)} : ${say(text)}` : say(text)),
    ],
  ]);
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

// Counts the deliveries of a bulk run by their present state, each state with its list.
// Invariant: counted over the run's own list, so that the cost depends on the run, however many deliveries there are.

/** True for the refreshes by the page's script, every two seconds while the run is under way. */
export const isAskedByItself = ({ headers }: FastifyRequest): boolean =>
  headers['x-relais-by-itself'] === 'run';

/** Kinds that send: their result is not yet the final state of a delivery. */
const sending: readonly BulkKind[] = ['replay', 'resolve'];
/** Longer runs are counted once they are paused or ended, not every two seconds. */
const mostWhileRunning = 10_000;

export function followedOf(
  place: Pick<SupportPlace, 'reading'>,
  run: BulkRunHead,
): Promise<BulkFollowed | undefined> {
  const isTooMuch = run.state === 'running' && run.done > mostWhileRunning;
  return run.done === 0 || isTooMuch || !sending.includes(run.kind)
    ? Promise.resolve(undefined)
    : bulkFollowed(place, run);
}

/** Present states of the run's deliveries: each links to its list. */
export function followedPart(
  request: FastifyRequest,
  run: BulkRunHead,
  followed: BulkFollowed | undefined,
): Html | undefined {
  if (followed === undefined) return undefined;
  const { say, language } = visitOf(request);
  const title = say(words.sinceThen);
  if (followed.known === 0)
    return html`<h2>${title}</h2>
      <p>${say(words.listGone)}</p>`;
  const unknown = run.done - followed.known;
  return html`<h2>${title}</h2>
    ${table(
      title,
      [{ name: say(words.count), number: true }, { name: say(frame.state) }],
      followed.states.map(({ state: name, count }) => [
        html`<a href="/deliveries?run=${run.id}&state=${name}">${countText(count, language)}</a>`,
        stateTag(name, say),
      ]),
    )}
    ${unknown > 0 && html`<p class="quiet">${counted(unknown, runCounts.unknown, language)}</p>`}
    <p><a href="/deliveries?run=${run.id}">${say(words.allOfRun)}</a></p>`;
}
