// Every statement of src/store as the tests made it, prepared on the server at hand; what locks by an index that it names is
// explained as well. `npm test` runs this after all others; on another server: RELAIS_MYSQL_OWNER_URL=... npm test -- test/statements
// Invariant: nothing is passed over in silence: what the sources give as it is needs no test to be prepared, and what no test made
// of parts is listed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { openStoreHome, type StoreHome } from '../store/home.ts';
import { makeTables } from '../../src/store/statistics/editions.ts';
import { collected, folder, sourceOf } from './collected.ts';
import { namesAnIndexAndLocks, readsWhole, type PlanLine } from './plan.ts';
import { isMadeOf, sitesOfStore, type Site } from './sites.ts';

let home: StoreHome;
let connection: Connection;
const placeOf = ({ file, line }: Site): string => `src/store/${file}:${line}`;
const sites = sitesOfStore();
beforeAll(async () => {
  home = await openStoreHome();
  connection = await mysql.createConnection({ uri: home.ownerUrl, timezone: 'Z' });
  // In a schema of their own elsewhere.
  await makeTables(home.owner);
});
afterAll(async () => {
  await connection.end();
  await home.close();
});

/** Of tables that only a restore and its tests make: their names are given at run time, and are not here. */
const ofOtherTables = /`relais_test_\w+`|`\{name\}_st`|FROM `\{keys\}`|\blater_one\b/;
const known = collected().filter(({ text }) => !ofOtherTables.test(text));
/** Everything that a server prepares: the texts that were made, and those that the sources give as they are. */
const prepared = [
  ...known
    .filter(({ how }) => how === 'prepared')
    .flatMap(({ text, values }) => {
      const source = sourceOf(text, sites);
      return source === undefined ? [] : [{ text, values, place: placeOf(source) }];
    }),
  ...sites
    .filter(({ isStatement, isComplete }) => isStatement && isComplete)
    .filter((site) => !known.some(({ text }) => isMadeOf(text, site)))
    .map((site) => ({ text: site.parts[0] ?? '', values: [], place: placeOf(site) })),
];
const here = (text: string): string =>
  text.replaceAll('{keys}', home.keysSchema).replaceAll('{name}', home.name);
const short = (text: string): string => (text.length > 600 ? `${text.slice(0, 600)} …` : text);

test('what is put together of parts and was made by no test is listed', () => {
  const never = sites.filter(
    (site) => !(site.isStatement && site.isComplete) && !known.some(({ text }) => isMadeOf(text, site)),
  );
  const lines = never.map((site) => `${placeOf(site)}: ${short(site.parts.join(' … '))}\n`);
  writeFileSync(join(folder, 'never-made.txt'), lines.join(''));
  if (lines.length > 0)
    process.stderr.write(
      `tests: no test made ${lines.length} of them yet: ${join(folder, 'never-made.txt')}\n`,
    );
  expect(known.length).toBeGreaterThan(0);
});

/** Why the server does not prepare it; empty where it does. */
async function refusalOf(text: string): Promise<readonly string[]> {
  try {
    await (await connection.prepare(here(text))).close();
    return [];
  } catch (error) {
    return [`is refused: ${(error as Error).message}`];
  }
}

/** Tables that it reads whole although it names an index for them. */
async function scansOf(text: string, values: readonly unknown[]): Promise<readonly string[]> {
  if (!namesAnIndexAndLocks(text)) return [];
  try {
    const marks = text.replaceAll(/'[^']*'/g, '').split('?').length - 1;
    const given = Array.from({ length: marks }, (_, at) => (at < values.length ? revived(values[at]) : 1));
    const [lines] = await connection.execute(`EXPLAIN FORMAT=TRADITIONAL ${here(text)}`, given);
    return readsWhole(text, lines as PlanLine[]).map(
      ({ table, type, key }) => `reads the whole of ${table ?? ''} (${type ?? ''}, ${key ?? 'no index'})`,
    );
  } catch (error) {
    return [`is not explained: ${(error as Error).message}`];
  }
}

test('every statement is prepared by this server, and reads by the index that it names where it locks, however small the tables are', async () => {
  const faults: string[] = [];
  for (const { place, text, values } of prepared) {
    const refusal = await refusalOf(text);
    for (const fault of refusal.length > 0 ? refusal : await scansOf(text, values))
      faults.push(`${place} ${fault}\n${short(text)}`);
  }
  expect(faults).toEqual([]);
});

test('a planted statement that no server takes is refused, and one whose index does not serve reads the whole table', async () => {
  expect(await refusalOf('UPDATE leads SET WHERE id = ?')).toHaveLength(1);
  expect(
    await scansOf('SELECT id FROM leads l FORCE INDEX (leads_reference) WHERE l.notice = ? FOR UPDATE', [
      'x',
    ]),
  ).toEqual(['reads the whole of l (ALL, no index)']);
});

/** A value as JSON kept it: bytes and instants. */
function revived(value: unknown): string | number | Buffer | Date | null {
  if (typeof value === 'object' && value !== null && 'data' in value)
    return Buffer.from(value.data as number[]);
  if (typeof value === 'object' && value !== null) return Buffer.from(Object.values(value) as number[]);
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return new Date(value);
  return value as string | number | null;
}
