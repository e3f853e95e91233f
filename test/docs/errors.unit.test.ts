// docs/errors.md and the catalogues say the same, both ways: no code without its line, no line without its code.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { replayRefusals } from '../../src/support/replay.ts';
import { deliveryStates, reasons } from '../../src/domain/delivery.ts';
import { refusalCodes } from '../../src/intake/refusals.ts';
import { catalogues, errorsPage } from './errors-page.ts';
import { entriesOf } from './page-lists.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');

/** What stands below a heading, up to the next one. */
function sectionOf(heading: string): string {
  const lines = page.split('\n');
  const start = lines.indexOf(heading);
  expect([heading, start]).not.toEqual([heading, -1]);
  const end = lines.findIndex((line, at) => at > start && line.startsWith('#'));
  return lines.slice(start, end < 0 ? undefined : end).join('\n');
}

/** What an entry of a list says, by the form of its text. */
const entriesUnder = (heading: string, form: RegExp): readonly (readonly string[])[] =>
  entriesOf(sectionOf(heading)).map((entry) => form.exec(entry)?.slice(1) ?? [entry]);

/** `CODE`: meaning. */
const codesUnder = (heading: string): readonly (readonly string[])[] =>
  entriesUnder(heading, /^`([^`]+)`: (.+)$/);

test.each(Object.entries(catalogues))(
  '%s: code, meaning, and the remedy that the program does not print',
  (heading, { codes, withRemedy }) => {
    const form = withRemedy ? /^`([^`]+)`: \*\*(.+?)\*\* (.+)$/ : /^`([^`]+)`: (.+)$/;
    expect(entriesUnder(heading, form)).toEqual(
      Object.entries(codes).map(([code, [meaning, remedy]]) => [
        code,
        meaning,
        ...(withRemedy ? [remedy] : []),
      ]),
    );
  },
);

test('the lists of docs/errors.md are what `npm run docs` writes', () => {
  expect(errorsPage(page)).toBe(page);
});

test('reasons of a delivery, with a state and both languages', () => {
  const form = /^`([^`]+)` \(([a-z]+)\): \*\*(.+?)\*\* \*(.+?)\*: (.+)$/;
  const rows = entriesUnder('## Reasons of a delivery', form);
  expect(rows.map(([code, , fr, en]) => [code, fr, en])).toEqual(
    Object.entries(reasons)
      .filter(([code]) => code !== '')
      .map(([code, [fr, en]]) => [code, fr, en]),
  );
  for (const [code, state = '', , , remedy = ''] of rows)
    expect([code, (deliveryStates as readonly string[]).includes(state), remedy !== '']).toEqual([
      code,
      true,
      true,
    ]);
});

test('rows refused at the door, and replays refused', () => {
  expect(codesUnder('## Rows refused at the door')).toEqual(Object.entries(refusalCodes));
  expect(codesUnder('## What a replay refuses')).toEqual(Object.entries(replayRefusals));
});

const sourcesOf = (folder: string): string =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'))
    .join('\n');

test('codes of connectors and engine', () => {
  const connectors = sourcesOf('connectors').replaceAll(/const certificateCodes = new Set\(\[[^\]]*\]/g, '');
  const engine = sourcesOf('src/delivery') + sourcesOf('src/mapping');
  const shown = codesUnder('### After the colon').map(([code = '']) => code);
  const known = shown.filter((code) => !code.endsWith('...'));
  expect(known.filter((code) => !`${connectors}${engine}`.includes(`'${code}'`))).toEqual([]);
  expect(engine).toContain('`SCHEMA_${');

  // Names of Node's and YAML's own errors, which end as one of ours; a size that becomes ANSWER_TOO_LARGE.
  const foreign = ['EAI_AGAIN', 'TOO_LARGE', 'NO_CONNECTOR'];
  const written = (text: string, form: RegExp): string[] =>
    [...text.matchAll(form)].map((one) => one[1] ?? '');
  const given = new Set([
    ...written(connectors, /'([A-Z]+(?:_[A-Z]+)+)'/g),
    ...written(connectors, /\| '([A-Z]{3,})'/g),
    ...written(engine, /(?:code|reason): '([A-Z_]+)'/g),
  ]);
  expect([...given].filter((code) => !shown.includes(code) && !foreign.includes(code))).toEqual([]);
});

test('reasons why no destination takes a lead are those the planner writes', () => {
  const planner = sourcesOf('src/delivery');
  const rows = codesUnder('## Leads that no destination takes').map(([code = '']) => code.replace('...', ''));
  expect(rows.filter((code) => !planner.includes(`'${code}'`) && !planner.includes(`\`${code}$`))).toEqual(
    [],
  );
  for (const [, code = ''] of planner.matchAll(/do: 'refuse', reason: '([a-z_]+)'/g))
    expect(rows).toContain(code);
});
