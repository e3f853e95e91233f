// Each rule of the SQL lint is planted once, beside the form that is allowed; then the real store must be clean.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lintSql, lintSqlIn, lintTypeScript } from './sql-lint.ts';
import { sqlRules } from './sql-rules.ts';

const rulesIn = (sql: string): string[] => lintSql('x.sql', sql).map((fault) => fault.rule);

const planted: readonly [rule: string, fault: string, allowed: string][] = [
  ['json-arrow', "SELECT answers->>'$.city' FROM leads", "SELECT JSON_VALUE(answers, '$.a->b') FROM leads"],
  [
    'functional-index',
    'CREATE TABLE a (b INT, KEY c (b, (b + 1)))',
    'CREATE TABLE a (b VARBINARY(9), PRIMARY KEY (b (4)), KEY c (b(4), b), CHECK (b IN (1, 2)))',
  ],
  [
    'functional-index',
    'CREATE INDEX a ON leads ((lower(city)))',
    'CREATE INDEX a ON leads (city(10), id DESC)',
  ],
  [
    'multi-valued-index',
    'ALTER TABLE a ADD INDEX b (id, (CAST(tags AS UNSIGNED ARRAY)))',
    'SELECT CAST(a AS UNSIGNED) FROM b',
  ],
  [
    'not-null-generated-column',
    'CREATE TABLE a (b INT, c INT AS (b + 1) STORED NOT NULL)',
    'CREATE TABLE a (b INT NOT NULL, c INT AS (b + 1) STORED, d INT NOT NULL)',
  ],
  [
    'upsert-alias',
    'INSERT INTO a (b) VALUES (?) AS new ON DUPLICATE KEY UPDATE b = new.b',
    'INSERT INTO a (b) VALUES (?) ON DUPLICATE KEY UPDATE b = VALUES(b)',
  ],
  ['for-share', 'SELECT id FROM leads FOR SHARE', 'SELECT id FROM leads FOR UPDATE SKIP LOCKED'],
  [
    'returning',
    'INSERT INTO a (b) VALUES (1) RETURNING id',
    'INSERT INTO a (b) VALUES (1) -- no RETURNING here',
  ],
  ['mariadb-type', 'CREATE TABLE a (b UUID NOT NULL)', 'INSERT INTO a (uuid) SELECT UUID() FROM b'],
  ['drop-check', 'ALTER TABLE a DROP CHECK b', 'ALTER TABLE a DROP CONSTRAINT b'],
  ['member-of', "SELECT 1 FROM a WHERE 'x' MEMBER OF (tags)", 'SELECT member FROM a'],
  ['cast-as-json', 'SELECT CAST(? AS JSON)', 'SELECT CAST(? AS CHAR)'],
  ['insert-ignore', 'INSERT IGNORE INTO a VALUES (1)', "INSERT INTO a VALUES ('INSERT IGNORE')"],
  [
    'mariadb-if-exists',
    'ALTER TABLE a ADD COLUMN IF NOT EXISTS b INT',
    'CREATE TABLE IF NOT EXISTS a (b INT)',
  ],
  ['mariadb-if-exists', 'CREATE OR REPLACE TABLE a (b INT)', 'CREATE OR REPLACE VIEW a AS SELECT 1 FROM b'],
  ['reserved-lead', 'SELECT id FROM lead', "SELECT l.id, `lead`, lead_id FROM leads l WHERE kind = 'lead'"],
  [
    'reserved-lead',
    'SELECT lead.id FROM leads lead',
    'SELECT LEAD(id) OVER (ORDER BY id), x.lead FROM leads x',
  ],
  ['reserved-word', 'SELECT id AS rank FROM a', 'SELECT CAST(id AS UNSIGNED) AS ranks, b AS `rank` FROM a'],
  ['reserved-word', 'SELECT id FROM groups', 'SELECT id FROM users_groups WHERE NOT (a <=> NULL)'],
  [
    'own-target',
    'UPDATE a b SET b.c = 1 WHERE EXISTS (SELECT 1 FROM d WHERE d.e IN (SELECT p.e FROM a p))',
    'UPDATE a SET c = 1 WHERE id = (SELECT x.id FROM (SELECT MAX(id) AS id FROM a) x)',
  ],
  [
    'own-target',
    'DELETE FROM a WHERE b < (SELECT MAX(b) FROM a)',
    'DELETE FROM a WHERE b IN (SELECT b FROM c)',
  ],
  [
    'delete-force-index',
    'DELETE a FROM a FORCE INDEX (PRIMARY) WHERE id IN (?)',
    'DELETE t FROM b STRAIGHT_JOIN a t FORCE INDEX (PRIMARY) ON t.id = b.id',
  ],
  [
    'no-collation',
    "CREATE TABLE a (b VARCHAR(10) NOT NULL DEFAULT 'COLLATE', c INT) CHARACTER SET utf8mb4",
    'CREATE TABLE a (b VARCHAR(10), c ENUM(?, ?)) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
  ],
  [
    'no-collation',
    'ALTER TABLE a ADD COLUMN b TEXT',
    'ALTER TABLE a ADD COLUMN b TEXT COLLATE utf8mb4_bin, ADD c CHAR(2) CHARACTER SET ascii, ADD d VARBINARY(9)',
  ],
];

test.each(planted)('%s is found in: %s', (rule, fault, allowed) => {
  expect(rulesIn(fault)).toContain(rule);
  expect(rulesIn(allowed)).toEqual([]);
});

test('every rule has been planted', () => {
  expect([...new Set(planted.map(([rule]) => rule))].sort()).toEqual(
    sqlRules.map((rule) => rule.name).sort(),
  );
});

test('a fault is found in the statement it stands in, with its line and column', () => {
  const sql = '-- é\nCREATE TABLE a (b INT);\n\nSELECT 1 FROM a\n  FOR SHARE;\n';
  expect(lintSql('m.sql', sql)).toMatchObject([{ file: 'm.sql', line: 5, column: 3, rule: 'for-share' }]);
});

test('SQL in string and template literals of TypeScript is read, across its expressions', () => {
  const source = [
    "const é: string = 'ordinary words about a lead -> nothing';",
    'const sql = `INSERT INTO a (${columns.map((c) => `${c}->x`).join()}) VALUES (?)',
    '  AS new ON DUPLICATE KEY UPDATE b = ${value}`;',
    "export const other = 'SELECT id FROM leads FOR SHARE';",
  ].join('\n');
  expect(lintTypeScript('s.ts', source)).toMatchObject([
    { line: 2, rule: 'upsert-alias' },
    { line: 4, column: 44, rule: 'for-share' },
  ]);
});

test('a part of a statement is read too: a list of columns', () => {
  const source =
    'const columns = `id, lead_id AS lead, stored`;\nconst alias = `id AS rank`;\nconst prose = "as a lead rank";';
  expect(lintTypeScript('s.ts', source)).toMatchObject([
    { line: 1, rule: 'reserved-lead' },
    { line: 1, rule: 'reserved-word' },
    { line: 2, rule: 'reserved-word' },
  ]);
});

test('query() with values is found; without values, and execute() with them, are allowed', () => {
  const faults = lintTypeScript(
    's.ts',
    "await c.query('SET x = 1');\nawait c.execute(sql, [1]);\nawait c.query<Row[]>(sql, [1]);\nawait c.query({ sql, values });\nc.query(sql, (error) => undefined);\nc.query(sql, values, (error) => undefined);",
  );
  expect(faults).toMatchObject([
    { line: 3, rule: 'query-with-values' },
    { line: 4, rule: 'query-with-values' },
    { line: 6, rule: 'query-with-values' },
  ]);
});

test('two migrations with one number, as two branches make them, are a fault of the later one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'relais-migrations-'));
  for (const name of ['001_first.sql', '002_one.sql', '002_two.sql', '003_last.sql'])
    writeFileSync(join(folder, name), '');
  const faults = lintSqlIn(folder);
  rmSync(folder, { recursive: true });
  expect(faults).toMatchObject([{ file: join(folder, '002_two.sql'), rule: 'migration-number-twice' }]);
});

test('the SQL of the store runs on MySQL and MariaDB alike', () => {
  const folder = join(import.meta.dirname, '..', '..', 'src', 'store');
  const faults = existsSync(folder) ? lintSqlIn(folder) : [];
  expect(faults.map(({ file, line, column, rule }) => `${file}:${line}:${column} ${rule}`)).toEqual([]);
});
