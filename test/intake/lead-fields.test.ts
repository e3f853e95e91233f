// A field is defined once: what its definition says is what comes in, is stored, read, kept, corrected and erased.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { columnFacts, type ColumnFacts } from '../../src/domain/lead-fields/columns.ts';
import { reviveLead } from '../../src/domain/lead.ts';
import type { Lead } from '../../src/domain/lead.ts';
import { importFile } from '../../src/intake/import.ts';
import { findSource } from '../../src/mapping/fields/source.ts';
import { insertIntakeRows, type IntakeValues } from '../../src/store/intake/intake.ts';
import { readLeads } from '../../src/store/leads/leads.ts';
import { blankLead } from '../../src/store/leads/rights.ts';
import { openIntakeHome, type IntakeHome } from './intake-support.ts';
import { now } from './rows.ts';

const samples = Object.fromEntries(columnFacts.map(({ column, sample }) => [column, sample])) as IntakeValues;
const head = { client_id: 'acme', reference: 'AB-1' };

/** What stands at the place of a field. */
const at = (lead: Lead, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((block, name) => (block as Record<string, unknown> | undefined)?.[name], lead);
const shown = (lead: Lead): Record<string, unknown> =>
  Object.fromEntries(columnFacts.map(({ column, path }) => [column, at(lead, path)]));

let home: IntakeHome;
let folder: string;
beforeAll(async () => {
  home = await openIntakeHome();
  folder = mkdtempSync(join(tmpdir(), 'relais-fields-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await home.close();
});
beforeEach(() => home.empty());

async function onlyLead(): Promise<Lead> {
  const rows = await home.database.all<{ id: number }>('SELECT id FROM leads');
  expect([rows.length, await home.refusals()]).toEqual([1, []]);
  const id = rows[0]?.id ?? 0;
  const read = (await readLeads(home.database, [id])).get(id);
  if (read === undefined) throw new Error('the lead is not there');
  return read.lead;
}

it('every field comes through: the sender’s column, its table, the lead, its source, a kept revision', async () => {
  await home.send({ ...head, ...samples });
  await home.intake().acceptBatch(10);
  const lead = await onlyLead();
  expect(shown(lead)).toEqual(samples);
  for (const { source, path, sample } of columnFacts) {
    if (source === null) continue;
    const read = findSource(source ?? path)?.read;
    expect([path, read?.({ lead } as Parameters<NonNullable<typeof read>>[0])]).toEqual([path, sample]);
  }
  expect(reviveLead(JSON.parse(JSON.stringify(lead)) as Record<string, unknown>)).toEqual(lead);
});

const asText = (value: ColumnFacts['sample']): string =>
  value instanceof Date ? value.toISOString() : String(value);
const nested = columnFacts.reduce<Record<string, unknown>>((line, { path, sample }) => {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let block = line;
  for (const name of names) block = (block[name] ??= {}) as Record<string, unknown>;
  block[last] = sample;
  return line;
}, {});

it.each<[string, string, string]>([
  [
    'a column of a CSV header',
    'leads.csv',
    [
      ['client_id', 'reference', ...columnFacts.map(({ column }) => column)].join(';'),
      ['acme', 'AB-1', ...columnFacts.map(({ sample }) => asText(sample))].join(';'),
    ].join('\n'),
  ],
  [
    'a nested name of a JSON line',
    'leads.jsonl',
    JSON.stringify({ clientId: 'acme', reference: 'AB-1', ...nested }),
  ],
])('every field is %s', async (_what, name, text) => {
  const file = join(folder, name);
  writeFileSync(file, `${text}\n`);
  const insert = (rows: readonly IntakeValues[]): Promise<void> => insertIntakeRows(home.sender, rows);
  expect(await importFile({ file, now: () => now, insert })).toMatchObject({ inserted: 1, rejected: 0 });
  await home.intake().acceptBatch(10);
  expect(shown(await onlyLead())).toEqual(samples);
});

it('a correction writes every field, and blanks every one that need not be there', async () => {
  const mandatory = columnFacts.filter(({ presence }) => presence === 'mandatory');
  const small = Object.fromEntries(mandatory.map(({ column, sample }) => [column, sample]));
  await home.send({ ...head, ...small, last_name: 'Petit-Test' });
  await home.send({ ...head, ...samples, kind: 'correction', row_reference: 'c1' });
  await home.intake().acceptBatch(10);
  expect(shown(await onlyLead())).toEqual(samples);
  const optional = columnFacts.filter(
    ({ presence, column }) => presence === 'optional' && column !== 'last_name',
  );
  await home.send({
    ...head,
    kind: 'correction',
    row_reference: 'c2',
    clear_fields: optional.map(({ column }) => column).join(','),
  });
  await home.intake().acceptBatch(10);
  const blanked = Object.fromEntries(optional.map(({ column }) => [column, undefined]));
  expect(shown(await onlyLead())).toEqual({ ...samples, ...blanked });
});

it('an erased lead keeps no field but those that are always there, and the operation by whose end the rest goes (C22, C30)', async () => {
  await home.send({ ...head, ...samples });
  await home.intake().acceptBatch(10);
  const { id, revision } = await onlyLead();
  await home.database.transaction((tx) => blankLead(tx, id, 'acme', 'AB-1', revision + 1));
  const kept = columnFacts.filter(
    ({ presence, column }) => presence !== 'optional' || column === 'operation',
  );
  expect(kept.filter(({ person }) => person)).toEqual([]);
  const left = Object.entries(shown(await onlyLead())).filter(([, value]) => value !== undefined);
  expect(left.map(([column]) => column)).toEqual(kept.map(({ column }) => column));
});

interface Column {
  readonly place: string;
  readonly length: number | null;
  readonly digits: number | null;
  readonly type: string;
}

const wholeNumbers: Readonly<Record<string, number>> = { smallint: 65_535, int: 2_147_483_647 };

/** Whether the column holds the longest text, or the largest number, of the contract. */
function holds({ rule, sample }: ColumnFacts, { length, digits, type }: Column): boolean {
  if (sample instanceof Date) return type === 'datetime';
  if (typeof sample === 'number') {
    const most = Number(rule.schema['maximum']);
    return most <= (wholeNumbers[type] ?? 10 ** (digits ?? 0) - 1);
  }
  const values = (rule.schema['enum'] ?? [sample]) as readonly string[];
  const longest = Number(rule.schema['maxLength'] ?? Math.max(...values.map((value) => value.length)));
  return longest <= Number(length);
}

it('the tables have the columns of the definitions and no others, wide enough for all that the contract allows', async () => {
  const tables = ['lead_intake', ...new Set(columnFacts.map(({ table }) => table))];
  const columns = new Map(
    (
      await home.database.all<Column>(
        `SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME) AS place, CHARACTER_MAXIMUM_LENGTH AS length, DATA_TYPE AS type,
                NUMERIC_PRECISION - NUMERIC_SCALE AS digits
           FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN (${tables.map(() => '?').join(', ')})`,
        [home.name, ...tables],
      )
    ).map((column) => [column.place, column]),
  );
  const places = columnFacts.flatMap((facts) => [
    { facts, place: `lead_intake.${facts.column}` },
    { facts, place: `${facts.table}.${facts.stored}` },
  ]);
  const narrow = places.filter(({ facts, place }) => {
    const column = columns.get(place);
    return column === undefined || !holds(facts, column);
  });
  expect(narrow.map(({ place }) => place)).toEqual([]);
  // Of a table of its own: who, which lead, and what the withdrawal of another lead left there.
  const own = /\.(lead_id|client_id|withdrawn)$/;
  const defined = new Set(places.map(({ place }) => place));
  const others = [...columns.keys()].filter(
    (place) => !/^(leads|lead_intake)\./.test(place) && !defined.has(place) && !own.test(place),
  );
  expect(others).toEqual([]);
});
