// Renders the parts of pages about mappings: a difference, the preview of one lead, a file with its messages.
// Invariant: shows the result of `support`, which has a person's values by their form alone.
import type { FastifyRequest } from 'fastify';
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import { outcomeWords } from '../support/mappings/diff-words.ts';
import type { Difference, TrialCall, TrialPreview, Trial } from '../support/mappings/trial.ts';
import { consentWords, type Both } from '../support/words.ts';
import { visitOf } from './gate.ts';
import { sayTo, type Say } from './layout.ts';
import { tableOf, table, notice, state } from './parts.ts';
import { countText } from './labels.ts';
import { fileChangeWords, mappingWords as words, previewActions } from './words/mappings.ts';
import { problemInFrench, problemSentence } from '../support/mappings/problem-words.ts';
import { detailPart } from './refused.ts';

// The difference between a version and the one in force.

const mostPairs = 8;

export function differencePart(request: FastifyRequest, found: Difference): Html {
  const { say, language } = visitOf(request);
  const count = `${countText(found.differing, language)} ${say(words.outOf)} ${countText(found.leads, language)}`;
  const parts = [
    filesPart(request, found),
    targetsPart(request, found),
    movesPart(request, words.leaves, found.outcomes),
    movesPart(request, words.routing, found.routing),
    found.layout.length === 0
      ? undefined
      : html`<p>${say(words.layout)} : ${countText(found.layout.length, language)}</p>`,
    settingsPart(request, words.optIn, found.optIn),
    linesPart(request, words.consentLines, found.consent),
    linesPart(request, words.acceptsLines, found.accepts),
    linesPart(request, words.answerLines, found.answers),
    settingsPart(request, words.settings, found.settings),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return html`<p>${say(words.noDifference)}</p>`;
  return html`<p>
      ${say(found.areReal ? words.overLeads : words.overSamples)} ${count} ${say(words.written)}.
      ${found.areReal && say(words.masked)}
    </p>
    ${parts}`;
}

function filesPart(request: FastifyRequest, { files }: Difference): Html | undefined {
  const say = sayTo(request);
  if (files.length === 0) return undefined;
  return html`<h3>${say(words.files)}</h3>
    <ul>
      ${files.map(({ file, change }) => html`<li><code>${file}</code> : ${say(fileChangeWords[change])}</li>`)}
    </ul>`;
}

function targetsPart(request: FastifyRequest, { targets }: Difference): Html | undefined {
  if (targets.length === 0) return undefined;
  const { say, language } = visitOf(request);
  return table(
    say(words.written),
    [
      { name: say(words.target) },
      { name: say(words.before) },
      { name: say(words.after) },
      { name: say(words.leads), number: true },
    ],
    targets.flatMap(({ target, pairs }) =>
      pairs
        .slice(0, mostPairs)
        .map(({ before, after, references }) => [
          html`<code>${target}</code>`,
          html`<code>${valueText(before, say)}</code>`,
          html`<code>${valueText(after, say)}</code>`,
          countText(references.length, language),
        ]),
    ),
  );
}

/** Translates the tool's remarks about a value. */
const valueText = (text: string, say: Say): string =>
  text === '(nothing)'
    ? say(words.nothingThere)
    : text.replace(/\(another value of the same form\)$/, say(words.sameForm));

function movesPart(request: FastifyRequest, title: Both, moves: Difference['outcomes']): Html | undefined {
  if (moves.length === 0) return undefined;
  const { say, language } = visitOf(request);
  return html`<h3>${say(title)}</h3>
    ${tableOf(say, say(title), moves, [
      [words.before, ({ before }) => say(outcomeWords(before))],
      [words.after, ({ after }) => say(outcomeWords(after))],
      [words.leads, ({ references }) => countText(references.length, language), 'number'],
    ])}`;
}

function settingsPart(
  request: FastifyRequest,
  title: Both,
  changes: Difference['settings'],
): Html | undefined {
  if (changes.length === 0) return undefined;
  const say = sayTo(request);
  return html`<h3>${say(title)}</h3>
    ${tableOf(say, say(title), changes, [
      [words.setting, ({ name }) => html`<code>${name}</code>`],
      [words.before, ({ before }) => html`<code>${before}</code>`],
      [words.after, ({ after }) => html`<code>${after}</code>`],
    ])}`;
}

function linesPart(
  request: FastifyRequest,
  title: Both,
  { removed, added, moved }: Difference['answers'],
): Html | undefined {
  if (removed.length + added.length === 0 && !moved) return undefined;
  const say = sayTo(request);
  const line = (what: Both, text: string): Html => html`<li>${say(what)} : <code>${text}</code></li>`;
  return html`<h3>${say(title)}</h3>
    <ul>
      ${removed.map((text) => line(words.removed, text))} ${added.map((text) => line(words.added, text))}
      ${moved && html`<li>${say(words.moved)}</li>`}
    </ul>`;
}

// Renders the preview of one lead by a mapping: each value beside its source field, the bytes to send, and the opt-in's truth table.

export function previewPart(
  request: FastifyRequest,
  { action, notTaken, calls, consentTable }: TrialPreview,
): Html {
  const say = sayTo(request);
  const title = `${say(words.preview)} : ${say(previewActions[action])}`;
  return html`<h2>${title}</h2>
    ${notTaken !== '' && notice(html`${say(words.notTaken)} : <code>accepts.${notTaken}</code>`, 'warn')}
    ${calls.map((call) => callPart(request, title, call))}
    ${consentTable.length > 0 && truthTable(request, title, consentTable)}`;
}

function callPart(request: FastifyRequest, title: string, call: TrialCall): Html {
  const say = sayTo(request);
  const heading = call.name === '' ? undefined : html`<h3>${say(words.call)} <code>${call.name}</code></h3>`;
  if (!call.applies)
    return html`${heading}
      <p class="quiet">${say(words.notMade)}</p>`;
  if (call.whyNot.length > 0)
    return html`${heading}
    ${notice(
      html`${say(words.wouldNotLeave)} :
        <ul>
          ${call.whyNot.map((line) => html`<li>${say(line)}</li>`)}
        </ul>`,
      'warn',
    )}`;
  const caption = [title, call.name, say(words.sideBySide)].filter((part) => part !== '').join(', ');
  return html`${heading}
    <div class="beside">
      ${call.origins.length > 0 && sourcesTable(request, caption, call)}
      <div>
        <pre class="shown">${[...call.head, '', call.content].join('\n').trim()}</pre>
        ${call.sheet.map(
          (section) =>
            html`<p><strong>${section.title}</strong></p>
              <ul>
                ${section.lines.map((line) => html`<li>${line.label} : ${line.value}</li>`)}
              </ul>`,
        )}
      </div>
    </div>`;
}

const sourcesTable = (request: FastifyRequest, caption: string, { origins }: TrialCall): Html =>
  table(
    caption,
    [words.from, words.target, words.value].map((name) => ({ name: sayTo(request)(name) })),
    origins.map(({ source, field, value }) => [
      html`<code>${source}</code>`,
      html`<code>${field}</code>`,
      value,
    ]),
  );

function truthTable(request: FastifyRequest, title: string, rows: TrialPreview['consentTable']): Html {
  const say = sayTo(request);
  const states = ['granted', 'refused', 'not_asked', 'withdrawn'] as const;
  return html`<h3>${say(words.optIn)}</h3>
    ${table(
      `${title}, ${say(words.optIn)}`,
      [
        say(words.target),
        say(words.purpose),
        ...states.map((one) => say(consentWords[one])),
        say(words.thisLead),
      ].map((name) => ({ name })),
      rows.map(({ field, label, values, now }) => [
        html`<code>${field}</code>`,
        html`<span lang="fr">${label}</span>`,
        ...states.map((one) => html`<code>${values[one]}</code>`),
        now === undefined ? '–' : say(consentWords[now]),
      ]),
    )}`;
}

// Renders a file with numbered lines, with the messages of the check at their lines.

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
    ${shown.length < text.length && html`<p class="quiet">${say(words.cut)}</p>`}`;
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
