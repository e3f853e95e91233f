// Renders the OpenAPI document as a page: addresses by subject, their inputs and answers, and a request to copy.
// Invariant: it loads nothing and runs nothing; one style sheet, named in the policy by its digest.
import { html, styleSheet, written, type Html, type Piece } from '../../privacy/papers/html.ts';
import { inLanguage, type Both, type Language } from '../../support/words.ts';
import { problem } from '../schemas.ts';
import {
  addressesOf,
  fieldsOf,
  schemaIn,
  typeIn,
  typeText,
  type Address,
  type Described,
  type SchemaSaid,
} from './document.ts';
import { curlOf } from './examples.ts';
import { style } from './style.ts';
import { frenchSummaries, tagWords, words } from './words.ts';

type Say = (both: Both) => string;

export function docsPage(document: Described, language: Language): string {
  const say: Say = (both) => inLanguage(both, language);
  const byTag = Map.groupBy(addressesOf(document), ({ tags }) => tags?.[0] ?? '');
  const other: Language = language === 'fr' ? 'en' : 'fr';
  return `<!doctype html>\n${written(
    html`<html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${say(words.title)}</title>
        ${styleSheet(style)}
      </head>
      <body>
        <a class="skip" href="#content">${say(words.skip)}</a>
        <header>
          <h1>${say(words.title)}</h1>
          <p>
            <a href="/v1/openapi.json">${say(words.document)}</a> · <span>${document.info.version}</span> ·
            <a href="/v1/docs?language=${other}" lang="${other}" hreflang="${other}"
              >${say(words.otherLanguage)}</a
            >
          </p>
        </header>
        <nav aria-label="${say(words.contents)}">${contents(byTag, language, say)}</nav>
        <main id="content" tabindex="-1">
          <p>${say(words.lead)}</p>
          <h2 id="keys">${say(words.keys)}</h2>
          <p>${say(words.keysText)}</p>
          <h2 id="again">${say(words.again)}</h2>
          <p>${say(words.againText)}</p>
          <h2 id="errors">${say(words.errors)}</h2>
          <p>${say(words.errorsText)}</p>
          ${fieldTable(say(words.errors), problem, say)}
          ${[...byTag].map(
            ([tag, addresses]) =>
              html`<h2 id="${tag}">${say(tagWords[tag] ?? [tag, tag])}</h2>
                ${addresses.map((address) => section(address, language, say))}`,
          )}
        </main>
      </body>
    </html>`,
  )}\n`;
}

const contents = (
  byTag: ReadonlyMap<string, readonly Address[]>,
  language: Language,
  say: Say,
): readonly Html[] =>
  [...byTag].map(
    ([tag, addresses]) =>
      html`<details open>
        <summary>${say(tagWords[tag] ?? [tag, tag])}</summary>
        <ul>
          ${addresses.map(
            (address) =>
              html`<li>
                <a href="#${address.mark}">${summaryOf(address, language)}</a>
                <code>${address.method} ${address.path}</code>
              </li>`,
          )}
        </ul>
      </details>`,
  );

const summaryOf = ({ method, path, summary = '' }: Address, language: Language): string =>
  language === 'fr' ? (frenchSummaries[`${method} ${path}`] ?? summary) : summary;

function section(address: Address, language: Language, say: Say): Html {
  const { mark, method, path, description, parameters = [], requestBody, security = [] } = address;
  const scopes = security.flatMap((scheme) => Object.values(scheme).flat());
  const title = summaryOf(address, language);
  return html`<section id="${mark}" aria-labelledby="${mark}-title">
    <h3 id="${mark}-title">${title}</h3>
    <p class="address">
      <b>${method}</b> <code>${path}</code>
      <span class="scope">${say(words.scope)} : <code>${scopes.join(' ')}</code></span>
    </p>
    ${description === undefined ? undefined : html`<p lang="en">${description}</p>`}
    ${
      parameters.length === 0
        ? undefined
        : html`<h4>${say(words.parameters)}</h4>
            ${table(
              `${say(words.parameters)} : ${title}`,
              [words.name, words.place, words.type, words.required, words.meaning].map(say),
              parameters.map((parameter) => [
                html`<code>${parameter.name}</code>`,
                html`<span lang="en">${parameter.in}</span>`,
                html`<span lang="en">${typeText(parameter.schema)}</span>`,
                parameter.required === true ? say(words.yes) : undefined,
                html`<span lang="en">${parameter.description ?? parameter.schema?.description ?? ''}</span>`,
              ]),
            )}`
    }
    ${
      requestBody === undefined
        ? undefined
        : html`<h4>${say(words.body)}</h4>
            ${fieldTable(`${say(words.body)} : ${title}`, schemaIn(requestBody), say)}`
    }
    ${answers(address, title, say)}
    <h4>${say(words.example)}</h4>
    <pre
      tabindex="0"
      role="region"
      aria-label="${say(words.example)} : ${title}"
    ><code>${curlOf(address)}</code></pre>
  </section>`;
}

/** Successes only; problems are the same everywhere and are described above. */
const answers = ({ responses = {} }: Address, title: string, say: Say): readonly Html[] =>
  Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(
      ([status, answer]) =>
        html`<details>
          <summary><span>${say(words.answer)} ${status}</span> <code>${typeIn(answer) ?? ''}</code></summary>
          ${fieldTable(`${say(words.answer)} ${status} : ${title}`, schemaIn(answer), say)}
        </details>`,
    );

function fieldTable(caption: string, schema: SchemaSaid | undefined, say: Say): Html {
  const fields = fieldsOf(schema);
  if (fields.length === 0) return html`<p>${say(words.none)}</p>`;
  return table(
    caption,
    [words.name, words.type, words.required, words.meaning].map(say),
    fields.map(({ name, type, isRequired, description }) => [
      html`<code>${name}</code>`,
      html`<span lang="en">${type}</span>`,
      isRequired ? say(words.yes) : undefined,
      html`<span lang="en">${description}</span>`,
    ]),
  );
}

const table = (caption: string, head: readonly string[], rows: readonly (readonly Piece[])[]): Html =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
