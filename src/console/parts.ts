// Renders small parts of pages: notices, states, tables, fields, choices, dates, QR codes.
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import { encode } from 'uqr';
import type { Say } from './gate.ts';
import { dateWords, frame } from './words/frame.ts';
import { reasons } from '../domain/delivery.ts';
import { reasonWords, type Both } from '../support/words.ts';
import { deskWords as words } from './words/desk.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'calm';

/** Announced by screen readers at once; an error interrupts them. */
export const notice = (text: Piece, tone: 'good' | 'warn' | 'bad' | '' = ''): Html =>
  html`<div class="notice ${tone}" role="${tone === 'bad' ? 'alert' : 'status'}">${text}</div>`;

export const state = (text: Piece, tone: Tone): Html => html`<span class="state ${tone}">${text}</span>`;

export interface Column {
  readonly name: string;
  readonly number?: true;
}

/** Columns without figures. */
export const heads = (say: Say, ...names: readonly Both[]): readonly Column[] =>
  names.map((name) => ({ name: say(name) }));

/** A table of rows: each column with its heading, and whether it is of figures. */
export const tableOf = <Row>(
  say: Say,
  caption: string,
  rows: readonly Row[],
  columns: readonly (readonly [heading: Both, cell: (row: Row) => Piece, kind?: 'number'])[],
): Html =>
  table(
    caption,
    columns.map(([heading, , kind]) => ({ name: say(heading), ...(kind === 'number' && { number: true }) })),
    rows.map((row) => columns.map(([, cell]) => cell(row))),
  );

/** The same, or the notice that there is no row. */
export const listOf = <Row>(
  say: Say,
  caption: Both,
  none: Both,
  rows: readonly Row[],
  columns: Parameters<typeof tableOf<Row>>[3],
): Html => (rows.length === 0 ? notice(say(none)) : tableOf(say, say(caption), rows, columns));

/** Kind of a table wider than a phone: a table of figures keeps its columns, the rows of another stack. */
function wideKind(columns: readonly Column[]): 'stacks' | 'figures' | undefined {
  if (columns.length <= 3) return undefined;
  return columns.filter(({ number }) => number === true).length > columns.length / 2 ? 'figures' : 'stacks';
}

/**
 * A table that scrolls by itself where it is wider than the page. On a phone the rows of a wide one stack (`stacks` of the style
 * sheet): the roles keep it a table, and each cell has the name of its column.
 */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Piece[])[],
): Html {
  const kind = wideKind(columns);
  const isStacked = kind === 'stacks';
  const role = (name: string): Piece => (isStacked ? html` role="${name}"` : '');
  const number = (column: Column | undefined): Piece =>
    column?.number === true ? html` class="number"` : '';
  const named = (column: Column | undefined): Piece =>
    isStacked ? html` role="cell" data-name="${column?.name ?? ''}"` : '';
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table${kind === undefined ? '' : html` class="${kind}"`}${role('table')}>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr${role('row')}>
          ${columns.map((column) => html`<th scope="col" ${role('columnheader')}${number(column)}>${column.name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr${role('row')}>
              ${cells.map((cell, index) => html`<td${named(columns[index])}${number(columns[index])}>${cell}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

/** A heading and its list, or neither where the list is empty. */
export const section = <Row>(
  title: string,
  rows: readonly Row[],
  list: (rows: readonly Row[]) => Html,
): Html | undefined =>
  rows.length === 0
    ? undefined
    : html`<h2>${title}</h2>
        ${list(rows)}`;

/** A row that a condition leaves out is none. */
export const facts = (rows: readonly (readonly [Piece, Piece] | false)[]): Html =>
  html`<dl class="facts">
    ${rows.map(
      (row) =>
        row !== false &&
        html`<dt>${row[0]}</dt>
          <dd>${row[1]}</dd>`,
    )}
  </dl>`;

interface InputOptions {
  readonly value?: string;
  readonly type?: string;
  readonly hint?: string;
  readonly autocomplete?: string;
  readonly optional?: true;
  readonly most?: number;
  readonly inputmode?: string;
  readonly autofocus?: true;
}

export function input(name: string, label: string, options: InputOptions = {}): Html {
  const { value = '', type = 'text', hint, autocomplete = 'off', most = 200, inputmode } = options;
  return html`<label
    ><span>${label}</span>
    <input
      name="${name}"
      type="${type}"
      value="${value}"
      autocomplete="${autocomplete}"
      maxlength="${most}"
      ${
        options.optional === true ? '' : html` required`
      }${inputmode === undefined ? '' : html` inputmode="${inputmode}"`}${
        options.autofocus === true ? html` autofocus` : ''
      }
    />
    ${hint !== undefined && html`<small>${hint}</small>`}</label
  >`;
}

export interface Choice {
  readonly value: string;
  readonly text: string;
}

export const select = (
  name: string,
  label: string,
  options: readonly Choice[],
  chosen: string,
  { required = false, hint }: { readonly required?: boolean; readonly hint?: string | undefined } = {},
): Html =>
  html`<label
    ><span>${label}</span
    ><select name="${name}" ${required ? html` required` : ''}>
      ${options.map(({ value, text }) => html`<option value="${value}" ${value === chosen ? html` selected` : ''}>${text}</option>`)}</select
    >${hint !== undefined && html`<small>${hint}</small>`}</label
  >`;

export const hidden = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}" />`;

export const tickBox = (name: string, value: string, label: Piece, isTicked = false): Html =>
  html`<label class="tick"
    ><input type="checkbox" name="${name}" value="${value}" ${isTicked ? html` checked` : ''} />
    <span>${label}</span></label
  >`;

export const fileBox = (name: string, label: string, hint: string, required = true): Html =>
  html`<label
    ><span>${label}</span> <input type="file" name="${name}" ${required ? html` required` : ''} />
    <small>${hint}</small></label
  >`;

// Renders a QR code as SVG.

export function qrCode(text: string): Html {
  const { data, size } = encode(text, { ecc: 'M', border: 2 });
  const path = data
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
    .join('');
  return html`<svg viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges" aria-hidden="true">
    <path d="${path}" fill="#000" />
  </svg>`;
}

// Renders date fields: the browser draws the field in its own language and rejects invalid dates.
// Invariant: the expected form is shown beside it in the language of the page.

interface DateOptions {
  readonly value: string;
  readonly optional?: true;
  readonly hint?: string;
}

/** A day. */
export const dateBox = (name: string, label: string, say: Say, { hint, ...options }: DateOptions): Html =>
  input(name, label, {
    ...options,
    type: 'date',
    most: 100,
    hint: hint === undefined ? say(dateWords.day) : `${say(dateWords.day)}. ${hint}`,
  });

export const monthBox = (name: string, label: string, say: Say, options: DateOptions): Html =>
  input(name, label, { ...options, type: 'month', most: 7, hint: say(dateWords.month) });

// Renders form fields that choose a client, a destination or a cause from the existing ones, since newcomers do not know the names.
// Invariant: an account of a client is offered only that client's; the value of the address stays chosen, known or not.

/** Above this number, more than a person reads and a page should carry, the name is typed. */
const mostOffered = 150;

interface NameAsked {
  readonly value: string;
  /** Text of the empty choice. */
  readonly none: string;
  readonly hint?: string;
  readonly required?: true;
}

export function nameChoice(
  name: string,
  label: string,
  known: readonly string[],
  { value, none, hint, required }: NameAsked,
): Html {
  if (known.length > mostOffered)
    return input(name, label, { value, most: 100, hint, ...(required === true ? {} : { optional: true }) });
  const all = value === '' || known.includes(value) ? known : [value, ...known];
  const options = [{ value: '', text: none }, ...all.map((one): Choice => ({ value: one, text: one }))];
  return select(name, label, options, value, { required: required === true, hint });
}

/** A cause in words; one followed by a recipient's code is kept as the list gave it. */
export function causeChoice(name: string, value: string, say: Say): Html {
  const known = Object.keys(reasons).filter((reason) => reason !== '');
  const all = value === '' || known.includes(value) ? known : [value, ...known];
  const options = all
    .map((reason): Choice => ({ value: reason, text: say(reasonWords(reason)) }))
    .toSorted((a, b) => a.text.localeCompare(b.text, 'fr'));
  return select(name, say(frame.cause), [{ value: '', text: say(words.allCauses) }, ...options], value);
}
