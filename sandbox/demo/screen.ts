// Shows the demo's progress: steps, then a block redrawn in place on a terminal, or a line a second elsewhere.
// Invariant: writes to one stream only; without a terminal it prints no escape sequence.
import type { Counts } from './ledger.ts';

export interface Screen {
  readonly line: (text?: string) => void;
  /** A heading, set apart. */
  readonly heading: (text: string) => void;
  readonly progress: (facts: DemoProgress) => void;
  /** Ends the block; its last state stays on the screen. */
  readonly endProgress: () => void;
  readonly strong: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly faint: (text: string) => string;
}

export interface DemoProgress {
  readonly seconds: number;
  readonly inserted: number;
  readonly total: number;
  readonly counts: Counts;
  readonly destinations: readonly {
    readonly id: string;
    readonly words: string;
    readonly expected: number;
  }[];
  readonly note: string;
}

export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
}

export function createScreen(output: Output): Screen {
  const live = output.isTTY === true;
  const styled =
    (code: string) =>
    (text: string): string =>
      live ? `\u001b[${code}m${text}\u001b[0m` : text;
  const strong = styled('1');
  const good = styled('32');
  const bad = styled('31;1');
  const faint = styled('2');
  const line = (text = ''): void => void output.write(`${text}\n`);
  let drawn = 0;
  let said = -1;
  let notes = '';
  return {
    line,
    heading: (text) => line(`\n${strong(text)}\n${faint('─'.repeat(text.length))}`),
    progress: (facts) => {
      if (!live) {
        if (Math.floor(facts.seconds) === said) return;
        said = Math.floor(facts.seconds);
        if (facts.note !== notes) line(`        ${facts.note}`);
        notes = facts.note;
        line(plainLine(facts));
        return;
      }
      const block = blockOf(facts, faint).map((line) => cut(line, output.columns ?? 100));
      if (drawn > 0) output.write(`\u001b[${drawn}A`);
      for (const line of block) output.write(`\u001b[2K${line}\n`);
      drawn = block.length;
    },
    endProgress: () => {
      drawn = 0;
    },
    strong,
    good,
    bad,
    faint,
  };
}

/** In order of importance to the reader. */
const shown = [
  'delivered',
  'sending',
  'queued',
  'planned',
  'waiting',
  'pending',
  'withheld',
  'failed',
  'cancelled',
] as const;

function sums(counts: Counts): Readonly<Record<string, number>> {
  const total: Record<string, number> = {};
  for (const states of Object.values(counts.states)) {
    for (const [state, n] of Object.entries(states)) total[state] = (total[state] ?? 0) + n;
  }
  return total;
}

const wordsOf = (states: Readonly<Record<string, number>>): string =>
  shown.flatMap((state) => ((states[state] ?? 0) > 0 ? [`${state} ${states[state] ?? 0}`] : [])).join(' · ');

function plainLine(facts: DemoProgress): string {
  const { seconds, inserted, total, counts } = facts;
  const words = wordsOf(sums(counts));
  return `${String(Math.floor(seconds)).padStart(4)} s  inserted ${inserted}/${total}${words === '' ? '' : ` · ${words}`}`;
}

function blockOf(facts: DemoProgress, faint: (text: string) => string): readonly string[] {
  const { seconds, inserted, total, counts, destinations, note } = facts;
  const width = Math.max(...destinations.map((destination) => destination.id.length), 'lead_intake'.length);
  return [
    `  ${'lead_intake'.padEnd(width)}  ${bar(inserted, total)}  ${inserted}/${total} rows inserted by an outside system`,
    ...destinations.map(({ id, words, expected }) => {
      const states = counts.states[id] ?? {};
      const ended = (states['delivered'] ?? 0) + (states['failed'] ?? 0) + (states['withheld'] ?? 0);
      return `  ${id.padEnd(width)}  ${bar(ended, expected)}  ${wordsOf(states) || faint(words)}`;
    }),
    faint(
      `  ${seconds.toFixed(1)} s · ${counts.departed} departures logged${note === '' ? '' : ` · ${note}`}`,
    ),
  ];
}

function bar(done: number, of: number): string {
  const filled = of === 0 ? 0 : Math.min(20, Math.round((20 * done) / of));
  return '█'.repeat(filled) + '░'.repeat(20 - filled);
}

// oxlint-disable-next-line no-control-regex -- the escape sequences of our own styles
const escapes = /\u001b\[[0-9;]*m/g;

/** A wrapped line would break the redrawing; a cut line loses its styles. */
function cut(text: string, columns: number): string {
  const bare = text.replaceAll(escapes, '');
  return bare.length < columns ? text : `${bare.slice(0, columns - 2)}…`;
}
