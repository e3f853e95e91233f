// A field is defined once: whatever lists fields, lists those that are defined.
import { columnFacts, leadColumns } from '../../src/domain/lead-fields/columns.ts';
import { consentFields } from '../../src/domain/lead-fields/consent.ts';
import { interactionFields } from '../../src/domain/lead-fields/interaction.ts';
import { sourceModel } from '../../src/domain/lead.ts';
import { checkRow, kindColumns, notClearable } from '../../src/intake/contract.ts';
import { consentElement, fields, interactionElement } from '../../src/intake/fields.ts';
import { leadFromSample, sampleLead } from '../../src/mapping/tools/sample.ts';
import { sourceByName } from '../../src/mapping/skeleton/fields.ts';
import { sourceLabel } from '../../src/mapping/spec/french-transport.ts';
import { inventLeads } from '../../sandbox/people/leads.ts';
import { intakeColumns } from '../../src/store/intake/intake.ts';
import {
  columnsOf,
  contentTables,
  interactionColumns,
  selectLeads,
} from '../../src/store/leads/lead-columns.ts';

const columns = columnFacts.map(({ column }) => column);
const sources = columnFacts.filter(({ source }) => source !== null);
const pathOf = ({ source, path }: (typeof columnFacts)[number]): string => source ?? path;

test('no two fields have one column, one place or one column of a table', () => {
  for (const name of [
    columns,
    columnFacts.map(({ path }) => path),
    columnFacts.map(({ table, stored }) => `${table}.${stored}`),
  ])
    expect(new Set(name).size).toBe(columnFacts.length);
});

test('intake, its statements and its contract name every column', () => {
  expect(leadColumns).toEqual(columns);
  expect(intakeColumns.filter((name) => (columns as readonly string[]).includes(name))).toEqual(columns);
  expect(fields.map(({ name }) => name)).toEqual(intakeColumns);
  expect(kindColumns.lead.may).toEqual(expect.arrayContaining(columns));
  expect(kindColumns.correction.may).toEqual(expect.arrayContaining(columns));
  expect(contentTables.flatMap((table) => columnsOf(table).map(([column]) => column))).toEqual(columns);
  const selected = selectLeads('l.id').replace(/^SELECT l\.id, | FROM .*$/g, '');
  expect(selected.split(', ').map((part) => part.replace(/^.*[. ]/, ''))).toEqual(columns);
});

test('what is always there cannot be cleared, and is nobody’s: Relais gives no default to a person’s field (C13)', () => {
  const always = columnFacts.filter(({ presence }) => presence !== 'optional');
  expect(notClearable).toEqual(always.map(({ column }) => column));
  expect(always.filter(({ person }) => person)).toEqual([]);
  const defaulted = columnFacts.filter(({ byDefault }) => byDefault !== undefined);
  expect(defaulted.map(({ presence }) => presence)).toEqual(defaulted.map(() => 'defaulted'));
});

test('every field has a sample that the contract takes', () => {
  const samples = Object.fromEntries(columnFacts.map(({ column, sample }) => [column, sample]));
  expect(Object.entries(samples).filter(([, sample]) => sample === undefined)).toEqual([]);
  expect(
    checkRow({ client_id: 'acme', reference: 'AB-1', ...samples }, new Date('2026-11-25T00:00:00Z')),
  ).toMatchObject({ row: { fields: samples } });
});

test('the invented lead of previews has every field, and a sample file may have each', () => {
  const read = leadFromSample(sampleLead, 'built-in', 'acme');
  if (!read.ok) throw new Error(read.problems.map(({ message }) => message).join('\n'));
  for (const { path, sample } of columnFacts) {
    const value = path
      .split('.')
      .reduce<unknown>((block, name) => (block as Record<string, unknown>)[name], read.lead);
    expect([path, value]).toEqual([path, sample]);
  }
});

test('the demo’s leads have every column', () => {
  const leads = inventLeads({ seed: 2026, count: 300, now: new Date('2026-11-24T10:00:00Z') });
  expect(columns.filter((column) => !leads.some(({ row }) => column in row))).toEqual([]);
});

test('mappings read every field, but those that say they do not, under its category, with its words', () => {
  const model = new Map(sourceModel.map((field) => [field.path, field]));
  for (const facts of sources) {
    const { type, category, person, label, description } = facts;
    expect(model.get(pathOf(facts))).toMatchObject({ type, category, person, label, description });
    expect(sourceLabel(pathOf(facts))).toBe(label);
  }
  expect(columnFacts.filter(({ source }) => source === null).map(({ column }) => column)).toEqual([
    'operation_kind',
  ]);
});

test('a draft knows every field by its own name or its French label', () => {
  const guessable = sources.filter(({ guess }) => guess !== null);
  const isKnown = (name: string, parents: readonly string[]): boolean =>
    sourceByName({ target: name, name, parents, value: '' }) !== undefined;
  const unknown = guessable.filter((facts) => {
    const [name = '', ...groups] = pathOf(facts).split('.').reverse();
    return !isKnown(name, groups.slice(0, 1)) && !isKnown(facts.label, []);
  });
  expect(unknown.map(({ path }) => path)).toEqual([]);
});

test('a SELECT joins the tables of its columns only', () => {
  expect(selectLeads('l.id', ['city', 'origin_media'])).toBe(
    'SELECT l.id, p.city, o.media AS origin_media FROM leads l' +
      ' LEFT JOIN prospects p ON p.lead_id = l.id LEFT JOIN lead_origins o ON o.lead_id = l.id',
  );
});

test('consents and interactions have the fields of their definitions', () => {
  expect(Object.keys(consentElement)).toEqual(Object.keys(consentFields));
  expect(Object.keys(interactionElement)).toEqual(Object.keys(interactionFields));
  expect(interactionColumns.map(([name]) => name)).toEqual(Object.keys(interactionFields));
  const list = sourceModel.find(({ path }) => path === 'interactions');
  expect(list?.element?.map(({ path }) => path)).toEqual(Object.keys(interactionFields));
});
