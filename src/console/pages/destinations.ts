// Serves destinations: their state of sending, waiting deliveries and plots; destination-acts.ts has the acts.
// Invariant: another client's is answered as if it did not exist; the reason of a suspension is shown to the centre alone.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import {
  destinationPage,
  destinationsWithHealth,
  destinationPlots,
  type DestinationHealth,
  type DestinationPage,
  type DestinationPlots,
  type PlotPoint,
} from '../../support/reads/destinations.ts';
import type { Both } from '../../support/words.ts';
import { asked, nameOf } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import {
  destinationLink,
  reasonText,
  stateTag,
  countText,
  secondsText,
  clockText,
  dayText,
  hourText,
} from '../labels.ts';
import { tableOf, facts, notice, state, table, type Tone } from '../parts.ts';
import { sayTo } from '../layout.ts';
import { frame, plotWords } from '../words/frame.ts';
import { connectorWords, deskWords as words, saidDone } from '../words/desk.ts';
import { secretWords, testLeadWords } from '../words/work.ts';
import {
  destinationActRoutes,
  destinationActs,
  testedNotice,
  type ShownDestination,
} from './destination-acts.ts';
import type { Desk, PageOf } from './sign-in.ts';
import { columnsPlot, linesPlot, type Series } from '../../privacy/papers/plot.ts';

export function destinationsRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/destinations', { config: { gate: 'delivery.read' } }, async (request, reply) => {
    const say = sayTo(request);
    const seen = await destinationsWithHealth(desk.place, personOf(request).holder);
    return desk.show(request, reply, {
      title: say(frame.destinations),
      at: '/destinations',
      body: seen.length === 0 ? html`<p>${say(frame.none)}</p>` : sendingTable(request, seen),
    });
  });
  server.get('/destinations/:id', { config: { gate: 'delivery.read' } }, (request, reply) =>
    onePage(desk, request, reply, { id: nameOf(request) }),
  );
  destinationActRoutes(server, desk, (request, reply, named) => onePage(desk, request, reply, named));
}

const sendsWords: Readonly<Record<string, readonly [Both, Tone]>> = {
  suspended: [words.stopped, 'bad'],
  closed: [words.closed, 'calm'],
  held: [words.held, 'bad'],
  quiet: [words.quiet, 'warn'],
  few: [words.few, 'warn'],
};

function sendsTag({ sends }: DestinationHealth, request: FastifyRequest): Html {
  const [text, tone] = sendsWords[sends] ?? ([words.normal, 'good'] as const);
  return state(sayTo(request)(text), tone);
}

const openOf = ({ open }: DestinationHealth): number =>
  Object.values(open).reduce((sum, count) => sum + count, 0);

/** The centre typed the reason of a suspension for itself. The text continues a sentence after the destination's name. */
function troubleOf({ trouble }: DestinationHealth, request: FastifyRequest): string | undefined {
  if (trouble === null || personOf(request).holder.clientId !== undefined) return undefined;
  return sayTo(request)([`Elle ${trouble[0]}`, `It ${trouble[1]}`]);
}

export function sendingTable(request: FastifyRequest, rows: readonly DestinationHealth[]): Html {
  const { say, language } = visitOf(request);
  return tableOf(say, say(frame.destinations), rows, [
    [words.destination, (row) => destinationLink(row.destination)],
    [frame.client, (row) => row.client],
    [frame.state, (row) => sendsTag(row, request)],
    [words.underWay, (row) => countText(openOf(row), language), 'number'],
    [
      words.oldestWaits,
      (row) => (row.oldestSeconds === null ? undefined : secondsText(row.oldestSeconds, language)),
    ],
    [words.needPerson, (row) => countText(row.tasks, language), 'number'],
    [words.detail, (row) => troubleOf(row, request)],
  ]);
}

const onePage: PageOf<[ShownDestination]> = async (
  { place, show },
  request,
  reply,
  { id, refused, tested },
) => {
  const { say, holder } = personOf(request);
  const page = await destinationPage(place, holder, id);
  const plots = await destinationPlots(place, holder, id);
  const done = saidDone(asked(request, 'say'));
  return show(request, reply, {
    title: `${say(words.destination)} ${page.destination}`,
    at: '/destinations',
    refused,
    body: html`${tested !== undefined && testedNotice(tested, say, visitOf(request).language)}
      ${done !== undefined && notice(say(done), 'good')}
      <div class="card">${factsOf(request, page)}</div>
      <h2>${say(words.underWay)}</h2>
      ${openOf(page) === 0 ? html`<p>${say(frame.none)}</p>` : openTable(request, page)}
      <p>
        <a href="/deliveries?${destinationQuery(page)}">${say(words.seeDeliveries)}</a>
        ${page.tasks !== 0 && html`· <a href="/deliveries?${destinationQuery(page)}&state=failed">${say(words.seeFailed)}</a>`}
      </p>
      ${destinationActs(request, page)} ${ownActs(request, page)} ${plotsPart(request, plots)}`,
  });
};

/** Links to the acts of a client itself, on pages of their own. */
function ownActs(request: FastifyRequest, { destination }: DestinationPage): Html | undefined {
  const { say, holder } = personOf(request);
  const path = `/destinations/${encodeURIComponent(destination)}`;
  const links = [
    ...(may(holder, 'lead.test')
      ? [html`<a class="button second" href="${path}/test-lead">${say(testLeadWords.link)}</a> `]
      : []),
    ...(may(holder, 'secret.rotate')
      ? [html`<a class="button second" href="${path}/secret">${say(secretWords.link)}</a>`]
      : []),
  ];
  return links.length === 0 ? undefined : html`<p class="actions">${links}</p>`;
}

const destinationQuery = ({ destination }: DestinationHealth): string =>
  new URLSearchParams({ destination }).toString();

function factsOf(request: FastifyRequest, page: DestinationPage): Html {
  const { say, language } = visitOf(request);
  const { durations } = page;
  const took = (ms: number | null): string => (ms === null ? '–' : secondsText(ms / 1_000, language));
  const trouble = troubleOf(page, request);
  return facts([
    [say(frame.client), page.client],
    [say(words.connector), say(connectorWords[page.connector] ?? [page.connector, page.connector])],
    [say(words.version), page.mapping ?? '–'],
    [say(frame.state), sendsTag(page, request)],
    trouble !== undefined && [say(words.detail), trouble],
    [say(words.needPerson), countText(page.tasks, language)],
    page.oldestSeconds !== null && [
      say(words.oldestWaits),
      [secondsText(page.oldestSeconds, language), reasonText(page.oldestReason, say)]
        .filter((part) => part !== '')
        .join(' · '),
    ],
    [
      say(words.took),
      durations.count === 0
        ? say(words.noneLately)
        : html`${say(plotWords.half)} ${took(durations.p50Ms)} · ${say(plotWords.most)}
            ${took(durations.p95Ms)} <span class="quiet">(${countText(durations.count, language)})</span>`,
    ],
  ]);
}

function openTable(request: FastifyRequest, page: DestinationPage): Html {
  const { say, language } = visitOf(request);
  return table(
    say(words.underWay),
    [{ name: say(frame.state) }, { name: say(words.count), number: true }],
    Object.entries(page.open).map(([name, count]) => [
      stateTag(name as 'waiting', say),
      html`<a href="/deliveries?${destinationQuery(page)}&state=${name}">${countText(count, language)}</a>`,
    ]),
  );
}

// Draws a destination: deliveries delivered, failed and withheld, and their durations, by hour and by day, with tables of the figures.
// Invariant: each figure of a plot is in its table.

interface Part {
  readonly title: Both;
  readonly column: Both;
  readonly points: readonly PlotPoint[];
  readonly nameOf: (at: Date) => string;
  readonly markOf: (at: Date) => string;
  /** Number of columns from one mark to the next. */
  readonly every: number;
}

function plotsPart(request: FastifyRequest, { hours, days }: DestinationPlots): Html {
  const { language } = visitOf(request);
  const parts: readonly Part[] = [
    {
      title: plotWords.hours,
      column: plotWords.hour,
      points: hours,
      every: 4,
      nameOf: (at) => hourText(at, language),
      markOf: (at) => clockText(at, language),
    },
    {
      title: plotWords.days,
      column: plotWords.day,
      points: days,
      every: 5,
      nameOf: (at) => dayText(at, language),
      markOf: (at) => dayText(at, language),
    },
  ];
  return html`${parts.map((part) => plotPart(request, part))}`;
}

function plotPart(request: FastifyRequest, part: Part): Html {
  const say = sayTo(request);
  const heading = html`<h2>${say(part.title)}</h2>`;
  if (part.points.every(({ delivered, failed, withheld }) => delivered + failed + withheld === 0))
    return html`${heading}
      <p>${say(plotWords.none)}</p>`;
  return html`${heading}
    <div class="card">
      ${countsPlot(request, part)}
      <p class="quiet">${say(plotWords.timesText)}</p>
      ${timesPlot(request, part)}
      <details>
        <summary>${say(plotWords.table)} : ${say(part.title)}</summary>
        ${figures(request, part)}
      </details>
    </div>`;
}

/** Counted from the end, so that the newest has its mark. */
const marksOf = ({ points, markOf, every }: Part): readonly string[] =>
  points.map(({ at }, index) => ((points.length - 1 - index) % every === 0 ? markOf(at) : ''));

function countsPlot(request: FastifyRequest, part: Part): Html {
  const say = sayTo(request);
  const series = (what: 'delivered' | 'failed' | 'withheld', tone: Series['tone']): Series => ({
    name: say(plotWords[what]),
    tone,
    values: part.points.map((point) => point[what]),
  });
  return columnsPlot({
    title: `${say(part.title)} : ${say(plotWords.counts)}`,
    marks: marksOf(part),
    series: [series('delivered', 'good'), series('failed', 'bad'), series('withheld', 'warn')],
    scaleText: (value) => countText(value, visitOf(request).language),
  });
}

function timesPlot(request: FastifyRequest, part: Part): Html {
  const say = sayTo(request);
  const series = (name: Both, tone: Series['tone'], what: 'p50Ms' | 'p95Ms'): Series => ({
    name: say(name),
    tone,
    values: part.points.map((point) => point[what]),
  });
  return linesPlot({
    title: `${say(part.title)} : ${say(plotWords.times)}`,
    marks: marksOf(part),
    series: [series(plotWords.half, 'accent', 'p50Ms'), series(plotWords.most, 'warn', 'p95Ms')],
    scaleText: (value) => secondsText(value / 1_000, visitOf(request).language),
  });
}

function figures(request: FastifyRequest, { title, column, points, nameOf }: Part): Html {
  const { say, language } = visitOf(request);
  const took = (ms: number | null): string => (ms === null ? '–' : secondsText(ms / 1_000, language));
  const numbers = [plotWords.delivered, plotWords.failed, plotWords.withheld, plotWords.half, plotWords.most];
  return table(
    say(title),
    [{ name: say(column) }, ...numbers.map((name) => ({ name: say(name), number: true as const }))],
    points.map(({ at, delivered, failed, withheld, p50Ms, p95Ms }) => [
      html`<time datetime="${at.toISOString()}">${nameOf(at)}</time>`,
      ...[delivered, failed, withheld].map((count) => countText(count, language)),
      took(p50Ms),
      took(p95Ms),
    ]),
  );
}
