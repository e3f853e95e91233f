// Renders the difference between a version and the one in force, as a part of a page.
// Invariant: shows the result of `support`, which has a person's values by their form alone.
import type { FastifyRequest } from 'fastify';
import { html, type Html } from '../privacy/papers/html.ts';
import { outcomeWords } from '../support/mappings/diff-words.ts';
import type { Difference } from '../support/mappings/difference.ts';
import type { Both } from '../support/words.ts';
import { visitOf } from './gate.ts';
import type { Say } from './layout.ts';
import { table } from './parts.ts';
import { sayTo } from './show.ts';
import { countText } from './times.ts';
import { fileChangeWords, mappingWords as words } from './words/mappings.ts';

const mostPairs = 8;

export function differencePart(request: FastifyRequest, found: Difference): Html {
  const say = sayTo(request);
  const { language } = visitOf(request);
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
      ${found.areReal ? say(words.masked) : undefined}
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
  const say = sayTo(request);
  const { language } = visitOf(request);
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
  const say = sayTo(request);
  const { language } = visitOf(request);
  return html`<h3>${say(title)}</h3>
    ${table(
      say(title),
      [{ name: say(words.before) }, { name: say(words.after) }, { name: say(words.leads), number: true }],
      moves.map(({ before, after, references }) => [
        say(outcomeWords(before)),
        say(outcomeWords(after)),
        countText(references.length, language),
      ]),
    )}`;
}

function settingsPart(
  request: FastifyRequest,
  title: Both,
  changes: Difference['settings'],
): Html | undefined {
  if (changes.length === 0) return undefined;
  const say = sayTo(request);
  return html`<h3>${say(title)}</h3>
    ${table(
      say(title),
      [{ name: say(words.setting) }, { name: say(words.before) }, { name: say(words.after) }],
      changes.map(({ name, before, after }) => [
        html`<code>${name}</code>`,
        html`<code>${before}</code>`,
        html`<code>${after}</code>`,
      ]),
    )}`;
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
      ${moved ? html`<li>${say(words.moved)}</li>` : undefined}
    </ul>`;
}
