// Renders the preview of one lead by a mapping: each value beside its source field, the bytes to send, and the opt-in's truth table.
import type { FastifyRequest } from 'fastify';
import { html, type Html } from '../privacy/papers/html.ts';
import type { TrialCall, TrialPreview } from '../support/mappings/trial.ts';
import { consentWords } from '../support/words.ts';
import { notice, table } from './parts.ts';
import { sayTo } from './show.ts';
import { mappingWords as words, previewActions } from './words/mappings.ts';

export function previewPart(
  request: FastifyRequest,
  { action, notTaken, calls, consentTable }: TrialPreview,
): Html {
  const say = sayTo(request);
  const title = `${say(words.preview)} : ${say(previewActions[action])}`;
  return html`<h2>${title}</h2>
    ${notTaken === '' ? undefined : notice(html`${say(words.notTaken)} : <code>accepts.${notTaken}</code>`, 'warn')}
    ${calls.map((call) => callPart(request, title, call))}
    ${consentTable.length === 0 ? undefined : truthTable(request, title, consentTable)}`;
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
      ${call.origins.length === 0 ? undefined : sourcesTable(request, caption, call)}
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
