// Draws plots on the server: columns of counts and lines of durations, as SVG without style or script.
// Invariant: every value of a plot is in the table beside it; a colour never carries a meaning without a word.
import { html, type Html } from '../privacy/papers/html.ts';

export interface Series {
  readonly name: string;
  /** Its colour in the style sheet. */
  readonly tone: 'good' | 'warn' | 'bad' | 'accent';
  /** One for each column; null: none. */
  readonly values: readonly (number | null)[];
}

interface PlotAsked {
  /** Read by screen readers. */
  readonly title: string;
  /** Under the columns; an empty one is left out. */
  readonly marks: readonly string[];
  readonly series: readonly Series[];
  /** Text of a value at the scale. */
  readonly scaleText: (value: number) => string;
}

const size = { width: 720, height: 200, left: 76, right: 8, top: 10, bottom: 26 } as const;
const inner = {
  width: size.width - size.left - size.right,
  height: size.height - size.top - size.bottom,
} as const;

/** Stacked columns of counts. */
export function columnsPlot(asked: PlotAsked): Html {
  const totals = asked.marks.map((_, index) =>
    asked.series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0),
  );
  const top = roundTop(Math.max(0, ...totals));
  const step = inner.width / asked.marks.length;
  const bars = asked.marks.flatMap((_, index) => {
    let reached = 0;
    return asked.series.flatMap(({ tone, values }) => {
      const value = values[index] ?? 0;
      if (value === 0) return [];
      reached += value;
      const height = (value / top) * inner.height;
      const y = size.top + inner.height - (reached / top) * inner.height;
      return [
        html`<rect
          class="fill ${tone}"
          x="${fixed(size.left + index * step + 1)}"
          y="${fixed(y)}"
          width="${fixed(step - 2)}"
          height="${fixed(height)}"
        />`,
      ];
    });
  });
  return frameOf(asked, top, bars);
}

/** Lines of durations, broken where a value is missing. */
export function linesPlot(asked: PlotAsked): Html {
  const all = asked.series.flatMap(({ values }) => values.filter((value) => value !== null));
  const top = Math.max(1, ...all);
  const step = inner.width / asked.marks.length;
  const lines = asked.series.map(({ tone, values }) => {
    const points = values.map((value, index) =>
      value === null
        ? undefined
        : `${fixed(size.left + (index + 0.5) * step)} ${fixed(size.top + inner.height - (value / top) * inner.height)}`,
    );
    const path = points
      .map((point, index) =>
        point === undefined ? '' : `${points[index - 1] === undefined ? 'M' : 'L'}${point}`,
      )
      .join(' ');
    const dots = points.flatMap((point) => {
      const [x = '', y = ''] = (point ?? '').split(' ');
      return point === undefined ? [] : [html`<circle class="fill ${tone}" cx="${x}" cy="${y}" r="2.5" />`];
    });
    return html`<path class="line ${tone}" d="${path}" />${dots}`;
  });
  return frameOf(asked, top, lines);
}

/** A plot with its scale, its marks and its legend. */
function frameOf({ title, marks, series, scaleText }: PlotAsked, top: number, drawn: readonly Html[]): Html {
  const step = inner.width / marks.length;
  const heights = [0, 0.5, 1].map((share) => ({
    y: size.top + inner.height * (1 - share),
    text: scaleText(top * share),
  }));
  return html`<figure class="plot">
    <svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${title}">
      ${heights.map(
        ({ y, text }) =>
          html`<line
              class="grid-line"
              x1="${size.left}"
              x2="${size.width - size.right}"
              y1="${fixed(y)}"
              y2="${fixed(y)}"
            />
            <text x="${size.left - 6}" y="${fixed(y + 4)}" text-anchor="end">${text}</text>`,
      )}
      ${drawn}
      ${marks.map((mark, index) =>
        mark === ''
          ? undefined
          : html`<text
              x="${fixed(size.left + (index + 0.5) * step)}"
              y="${size.height - 8}"
              text-anchor="middle"
              >${mark}</text
            >`,
      )}
    </svg>
    <figcaption>
      ${series.map(({ name, tone }) => html`<span class="key ${tone}">${name}</span> `)}
    </figcaption>
  </figure>`;
}

/** The next of 2, 4, 10, 20, 40, 100 ..., whose half is a whole number. */
function roundTop(most: number): number {
  const tens = 10 ** Math.floor(Math.log10(Math.max(2, most)));
  return [1, 2, 4, 10].map((part) => part * tens).find((top) => top >= most && top % 2 === 0) ?? most;
}

const fixed = (value: number): string => value.toFixed(1);
