// Renders a file with numbered lines, with the messages of the check at their lines.
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import type { Trial } from '../support/mappings/trial.ts';
import { problemInFrench, problemSentence } from '../support/mappings/problem-words.ts';
import type { Say } from './layout.ts';
import { state, table } from './parts.ts';
import { mappingWords as words } from './words/mappings.ts';
import { detailPart } from './detail.ts';

export type Problem = Trial['problems'][number];

/** Characters of one file that a page shows. */
const mostSigns = 60_000;

/** @param mark prefix of the addresses of its lines, where a page has several files: `#crm-12` */
export function listing(
  text: string,
  say: Say,
  { problems = [], mark = 'L' }: { readonly problems?: readonly Problem[]; readonly mark?: string } = {},
): Html {
  const shown = text.slice(0, mostSigns);
  const lines = linesOf(text);
  const byLine = Map.groupBy(problems, ({ line }) => Math.min(line, lines.length));
  return html`<ol class="listing card">
      ${lines.map((line, index) => lineOf({ line, number: index + 1, mark }, byLine.get(index + 1) ?? [], say))}
    </ol>
    ${shown.length < text.length ? html`<p class="quiet">${say(words.cut)}</p>` : undefined}`;
}

const linesOf = (text: string): readonly string[] => text.slice(0, mostSigns).replace(/\n$/, '').split('\n');

/** Address of a line of the listing; a message about the end of a text is at its last line. */
export const lineLink = (text: string, line: number, mark = 'L'): string =>
  `#${mark}${Math.min(line, linesOf(text).length)}`;

function lineOf(
  { line, number, mark }: { readonly line: string; readonly number: number; readonly mark: string },
  problems: readonly Problem[],
  say: Say,
): Html {
  const id = `${mark}${number}`;
  const places = problems.flatMap((problem) => (problem.line === number ? [problem.column - 1] : []));
  if (problems.length === 0) return html`<li id="${id}"><code>${line}</code></li>`;
  return html`<li id="${id}">
    <code>${marked(line, [...new Set(places)])}</code>
    <ul>
      ${problems.map((problem) => html`<li>${severity(problem, say)} <code>${problem.code}</code> ${explained(problem, say)}</li>`)}
    </ul>
  </li>`;
}

/** The line with the word at each of these places highlighted. */
function marked(line: string, places: readonly number[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const at of places.toSorted((a, b) => a - b)) {
    if (at < done) continue;
    const [word = ''] = /^(?:[{[]|[^\s,:]+:?|\S+)/.exec(line.slice(at)) ?? [];
    // A message about something missing has no word to highlight.
    pieces.push(line.slice(done, at), word === '' ? undefined : html`<mark>${word}</mark>`);
    done = at + word.length;
  }
  return [...pieces, line.slice(done)];
}

export const severity = (problem: Problem, say: Say): Html =>
  problem.severity === 'error' ? state(say(words.error), 'bad') : state(say(words.warning), 'warn');

/** Meaning of the code, then the exact finding; on an English page the check's own sentence is enough. */
function explained(problem: Problem, say: Say): Html {
  const meaning = say([problemInFrench(problem.code) ?? '', '']);
  const sentence = problemSentence(problem);
  return meaning === ''
    ? html`<span lang="en">${sentence.english}</span>`
    : html`${meaning}<br /><span class="quiet">${detailPart(sentence, say)}</span>`;
}

/** @param linkOf address of a message's line on this page; undefined: it is on none */
export const problemsTable = (
  title: string,
  problems: readonly Problem[],
  say: Say,
  linkOf: (problem: Problem) => string | undefined = () => undefined,
): Html =>
  table(
    title,
    [
      { name: say(words.place) },
      { name: say(words.severity) },
      { name: say(words.code) },
      { name: say(words.message) },
    ],
    problems.map((problem) => {
      const link = linkOf(problem);
      const place = `${say(words.line)} ${problem.line}, ${say(words.column)} ${problem.column}`;
      return [
        html`<code>${problem.file}</code>
          ${link === undefined ? place : html`<a href="${link}">${place}</a>`}`,
        severity(problem, say),
        html`<code class="tight">${problem.code}</code>`,
        explained(problem, say),
      ];
    }),
  );
