// The lists of docs/lead-contract.md, from the contract and the migrations: `npm run docs` writes them, a test holds them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sourceModel } from '../../src/domain/lead.ts';
import { kindColumns } from '../../src/intake/contract.ts';
import {
  consentElement,
  fields,
  interactionElement,
  type ElementRule,
  type IntakeField,
} from '../../src/intake/fields.ts';
import { wrapped } from './page-lists.ts';

const migrations = join(import.meta.dirname, '../../src/store/migrations');

/** Type of each column of lead_intake, as the migrations made it. */
function columnTypes(): ReadonlyMap<string, string> {
  const sql = readdirSync(migrations)
    .sort()
    .map((name) => readFileSync(join(migrations, name), 'utf8').replaceAll(/--.*$/gm, ''))
    .join('\n');
  const created = /CREATE TABLE lead_intake \(([^;]*)\) ENGINE/.exec(sql)?.[1] ?? '';
  const altered = [...sql.matchAll(/ALTER TABLE lead_intake\b([^;]*);/g)].map(([, text]) => text ?? '');
  const columns = [
    ...created.matchAll(/^\s*(\w+) ([A-Z]+(?:\([\d,]+\))?)/gm),
    ...altered.flatMap((text) => [
      ...text.matchAll(/(?:ADD|MODIFY)(?: COLUMN)? (\w+) ([A-Z]+(?:\([\d,]+\))?)/g),
    ]),
  ];
  return new Map(columns.map(([, name = '', type = '']) => [name, type]));
}

const withoutStop = (text: string): string => text.replace(/\.$/, '');
const uncapped = (text: string): string =>
  /^\p{Lu}[\p{Ll} ]/u.test(text) ? `${text[0]?.toLowerCase()}${text.slice(1)}` : text;

const meaningOf = ({ description, note }: Pick<IntakeField, 'description' | 'note'>): string =>
  withoutStop(description) + (note === undefined ? '' : `; ${note}`);

/** In every row, in rows of a kind, or nowhere. */
function mandatoryIn(name: string): string {
  if (name === 'client_id' || name === 'reference') return ', mandatory';
  if (name === 'row_reference') return ', mandatory in the three other kinds';
  const kind = Object.entries(kindColumns).find(([, { must }]) => must.includes(name))?.[0];
  return kind === undefined ? '' : `, mandatory in ${kind === 'interaction' ? 'an' : 'a'} \`${kind}\``;
}

/** Rules that many columns share, each with its short form on the page. */
const shortForms: readonly (readonly [rule: RegExp, short: string])[] = [
  [/code of at most (\d+) letters.*/, 'code ≤ $1'],
  [/code of 1 to 64 letters.*/, 'reference'],
  [/text of at most (\d+) characters on one line/, 'text ≤ $1'],
  [/instant from 2000 on.*/, 'instant'],
  [/phone number in E\.164 form.*/, 'phone'],
  [/number from 0 to (\d+) with at most two decimals/, 'number ≤ $1'],
];

/** A rule as the page writes it. */
export const shortRule = (says: string): string =>
  shortForms.reduce((text, [rule, short]) => text.replace(rule, short), says);

/** Each short form with the rule it stands for, its number as N. */
function shortFormsInFull(): string {
  const forms = shortForms.map(([rule, short]) => {
    const [full = '?', number] = fields.map(({ says }) => rule.exec(says)).find((one) => one !== null) ?? [];
    const inFull = number === undefined ? full : full.replace(number, 'N');
    return `\`${short.replace('$1', 'N')}\`: ${inFull}`;
  });
  return wrapped(`${forms.join('; ')}.`, 'Short forms: ', '');
}

/** Columns with their nested name, where it differs. */
function columnTable(): string {
  const types = columnTypes();
  const rows = fields.map(
    ({ name, says, path }) =>
      `| \`${name}\` | ${types.get(name) ?? '?'} | ${shortRule(says)} | ${path === name ? '' : `\`${path}\``} |`,
  );
  return ['| Column | Type | Rule | Nested name |', '|---|---|---|---|', ...rows].join('\n');
}

/** A field of the source model has its meaning there. */
function saidBesides(field: IntakeField): string {
  const said = sourceModel.some(({ path }) => path === field.path) ? field.note : uncapped(meaningOf(field));
  return said === undefined ? '' : `: ${said}`;
}

/** Columns that need more than the meaning of the source model: mandatory ones and those with a note. */
const meanings = (): string =>
  fields
    .filter(({ name, note }) => note !== undefined || mandatoryIn(name) !== '')
    .map((field) => wrapped(`\`${field.name}\`${mandatoryIn(field.name)}${saidBesides(field)}`, '- ', '  '))
    .join('\n');

const elementList = (element: Readonly<Record<string, ElementRule>>): string =>
  Object.entries(element)
    .map(([name, rule]) => {
      const mandatory = rule.presence === 'mandatory' ? ', mandatory' : '';
      return wrapped(`\`${name}\`${mandatory}: ${shortRule(rule.says)}. ${meaningOf(rule)}.`, '- ', '  ');
    })
    .join('\n');

/** What stands between a line that begins so and the first blank line after it. */
function replaced(page: string, start: RegExp, text: string): string {
  const found = start.exec(page);
  if (found === null) throw new Error(`docs/lead-contract.md has no place ${String(start)}`);
  const from = found.index + (found[1]?.length ?? 0);
  const end = `${page}\n\n`.indexOf('\n\n', from);
  return page.slice(0, from) + text + page.slice(end);
}

/** The page with its lists written anew; all else as it is. */
export function contractPage(page: string): string {
  const parts: readonly (readonly [RegExp, string])[] = [
    [/^\| Column \| Type \|/m, columnTable()],
    [/^Short forms: /m, shortFormsInFull()],
    [/(^Meaning and category of each (?:(?!- ).*\n)*?\n)- /m, meanings()],
    [/(^### `consents`\n\n(?:(?!- ).*\n)*?)- /m, elementList(consentElement)],
    [/(^### `interactions`\n\n(?:(?!- ).*\n)*?)- /m, elementList(interactionElement)],
  ];
  return parts.reduce((written, [start, text]) => replaced(written, start, text), page);
}
