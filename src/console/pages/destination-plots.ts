// Draws a destination: deliveries delivered, failed and withheld, and their durations, by hour and by day, with tables of the figures.
// Invariant: each figure of a plot is in its table.
import type { FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import type { DestinationPlots, PlotPoint } from '../../support/reads/destination-hours.ts';
import type { Both } from '../../support/words.ts';
import { visitOf } from '../gate.ts';
import { table } from '../parts.ts';
import { columnsPlot, linesPlot, type Series } from '../plot.ts';
import { sayTo } from '../show.ts';
import { clockText, countText, dayText, hourText, secondsText } from '../times.ts';
import { plotWords as words } from '../words/plots.ts';

interface Part {
  readonly title: Both;
  readonly column: Both;
  readonly points: readonly PlotPoint[];
  readonly nameOf: (at: Date) => string;
  readonly markOf: (at: Date) => string;
  /** Number of columns from one mark to the next. */
  readonly every: number;
}

export function plotsPart(request: FastifyRequest, { hours, days }: DestinationPlots): Html {
  const { language } = visitOf(request);
  const parts: readonly Part[] = [
    {
      title: words.hours,
      column: words.hour,
      points: hours,
      every: 4,
      nameOf: (at) => hourText(at, language),
      markOf: (at) => clockText(at, language),
    },
    {
      title: words.days,
      column: words.day,
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
      <p>${say(words.none)}</p>`;
  return html`${heading}
    <div class="card">
      ${countsPlot(request, part)}
      <p class="quiet">${say(words.timesText)}</p>
      ${timesPlot(request, part)}
      <details>
        <summary>${say(words.table)} : ${say(part.title)}</summary>
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
    name: say(words[what]),
    tone,
    values: part.points.map((point) => point[what]),
  });
  return columnsPlot({
    title: `${say(part.title)} : ${say(words.counts)}`,
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
    title: `${say(part.title)} : ${say(words.times)}`,
    marks: marksOf(part),
    series: [series(words.half, 'accent', 'p50Ms'), series(words.most, 'warn', 'p95Ms')],
    scaleText: (value) => secondsText(value / 1_000, visitOf(request).language),
  });
}

function figures(request: FastifyRequest, { title, column, points, nameOf }: Part): Html {
  const say = sayTo(request);
  const { language } = visitOf(request);
  const took = (ms: number | null): string => (ms === null ? '–' : secondsText(ms / 1_000, language));
  const numbers = [words.delivered, words.failed, words.withheld, words.half, words.most];
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
