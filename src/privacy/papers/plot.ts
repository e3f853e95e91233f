// Draws plots on the server with d3: stacked columns and bars of counts, lines of values, as SVG without style or script.
// Invariant: every value of a plot is in the table beside it; a colour never carries a meaning without a word.
import { scaleBand, scaleLinear } from 'd3-scale';
import { line, stack } from 'd3-shape';
import { html, type Html } from './html.ts';

/** A colour of the page's style sheet. */
export type Tone = 'good' | 'warn' | 'bad' | 'accent' | 'first' | 'second' | 'third' | 'fourth' | 'fifth';

export interface Series {
  readonly name: string;
  readonly tone: Tone;
  /** One for each column; null: none. */
  readonly values: readonly (number | null)[];
}

interface PlotAsked {
  /** Read by screen readers. */
  readonly title: string;
  /** Under the columns; an empty one is left out. */
  readonly marks: readonly string[];
  readonly series: readonly Series[];
  readonly scaleText: (value: number) => string;
}

const size = { width: 720, height: 200, left: 76, right: 8, top: 10, bottom: 26 } as const;

const acrossOf = (marks: readonly string[]) =>
  scaleBand([...marks.keys()], [size.left, size.width - size.right]);
const upwardsTo = (top: number) => scaleLinear([0, top], [size.height - size.bottom, size.top]);

/** Stacked columns of counts. */
export function columnsPlot(asked: PlotAsked): Html {
  const { marks, series } = asked;
  const columns = [...marks.keys()];
  const layers = stack<unknown, number, Series>()
    .keys(series)
    .value((column, { values }) => values[column] ?? 0)(columns);
  const top = roundTop(Math.max(0, ...(layers.at(-1) ?? []).map(([, to]) => to)));
  const [x, y] = [acrossOf(marks), upwardsTo(top)];
  const bars = layers.flatMap((layer) =>
    layer.flatMap(([from, to], column) =>
      from === to
        ? []
        : [
            html`<rect
              class="fill ${layer.key.tone}"
              x="${fixed((x(column) ?? 0) + 1)}"
              y="${fixed(y(to))}"
              width="${fixed(x.bandwidth() - 2)}"
              height="${fixed(y(from) - y(to))}"
            />`,
          ],
    ),
  );
  return frameOf(asked, top, bars);
}

/** Lines of values, broken where one is missing. */
export function linesPlot(asked: PlotAsked): Html {
  const top = roundTop(
    Math.max(0, ...asked.series.flatMap(({ values }) => values.map((value) => value ?? 0))),
  );
  const [x, y] = [acrossOf(asked.marks), upwardsTo(top)];
  const middle = (column: number): number => (x(column) ?? 0) + x.bandwidth() / 2;
  const drawn = asked.series.map(({ tone, values }) => {
    const path = line<number | null>()
      .defined((value) => value !== null)
      .x((_, column) => middle(column))
      .y((value) => y(value ?? 0))
      .digits(1)(values);
    const dots = values.flatMap((value, column) =>
      value === null
        ? []
        : [
            html`<circle
              class="fill ${tone}"
              cx="${fixed(middle(column))}"
              cy="${fixed(y(value))}"
              r="2.5"
            />`,
          ],
    );
    return html`<path class="line ${tone}" d="${path ?? ''}" />${dots}`;
  });
  return frameOf(asked, top, drawn);
}

function frameOf({ title, marks, series, scaleText }: PlotAsked, top: number, drawn: readonly Html[]): Html {
  const [x, y] = [acrossOf(marks), upwardsTo(top)];
  return html`<figure class="plot">
    <svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${title}">
      ${[0, top / 2, top].map(
        (value) =>
          html`<line
              class="grid-line"
              x1="${size.left}"
              x2="${size.width - size.right}"
              y1="${fixed(y(value))}"
              y2="${fixed(y(value))}"
            />
            <text x="${size.left - 6}" y="${fixed(y(value) + 4)}" text-anchor="end"
              >${scaleText(value)}</text
            >`,
      )}
      ${drawn}
      ${marks.map((mark, column) =>
        mark === ''
          ? undefined
          : html`<text
              x="${fixed((x(column) ?? 0) + x.bandwidth() / 2)}"
              y="${size.height - 8}"
              text-anchor="middle"
              >${mark}</text
            >`,
      )}
    </svg>
    ${legendOf(series)}
  </figure>`;
}

const legendOf = (series: readonly Pick<Series, 'name' | 'tone'>[]): Html =>
  html`<figcaption>
    ${series.map(({ name, tone }) => html`<span class="key ${tone}">${name}</span> `)}
  </figcaption>`;

export interface BarGroup {
  /** Above its bars. */
  readonly name: string;
  readonly bars: readonly { readonly name: string; readonly tone: Tone; readonly value: number }[];
}

const bar = { width: 480, right: 64, label: 26, height: 20, gap: 10 } as const;

/** Horizontal bars in groups, each with its value; a name is above its group, so that it fits a narrow screen. */
export function barsPlot({
  title,
  groups,
}: {
  readonly title: string;
  readonly groups: readonly BarGroup[];
}): Html {
  const all = groups.flatMap(({ bars }) => bars);
  const x = scaleLinear([0, Math.max(1, ...all.map(({ value }) => value))], [0, bar.width - bar.right]);
  let reached = 0;
  const drawn = groups.map(({ name, bars }) => {
    const top = reached;
    reached += bar.label + bars.length * bar.height + bar.gap;
    return html`<text class="name" x="0" y="${top + bar.label - 7}">${name}</text> ${bars.map(
        ({ tone, value }, index) => {
          const y = top + bar.label + index * bar.height;
          return html`<rect
              class="fill ${tone}"
              x="0"
              y="${y}"
              width="${fixed(x(value))}"
              height="${bar.height - 3}"
            />
            <text x="${fixed(x(value) + 6)}" y="${y + bar.height - 6}">${value}</text>`;
        },
      )}`;
  });
  const keys = new Map(all.map(({ name, tone }) => [name, tone]));
  return html`<figure class="plot">
    <svg class="bars" viewBox="0 0 ${bar.width} ${reached}" role="img" aria-label="${title}">${drawn}</svg>
    ${legendOf([...keys].map(([name, tone]) => ({ name, tone })))}
  </figure>`;
}

/** The next of 2, 4, 6, 8, 10, 20, 40 ..., whose half is a whole number. */
function roundTop(most: number): number {
  const tens = 10 ** Math.floor(Math.log10(Math.max(2, most)));
  return [1, 2, 4, 6, 8, 10].map((part) => part * tens).find((top) => top >= most && top % 2 === 0) ?? most;
}

const fixed = (value: number): string => value.toFixed(1);
