// A migration only adds, so that the version before goes on beside it; what no version reads any more is dropped one release later.
import { shippedMigrations, statementsOf } from '../../src/store/migrate.ts';

/** Released with 0.1.0: nothing ran before them. */
const firstRelease = 80;
/** First line of a migration that drops what the version it names was the last to read. */
const contracts = /^-- Contracts \d+\.\d+\.\d+: /;

/** What a process of the version before would stumble over. */
const breaking: readonly RegExp[] = [
  /^DROP (?!TRIGGER|INDEX)/i,
  /^RENAME /i,
  /\b(?:DROP|RENAME|CHANGE|MODIFY)\s+(?!INDEX|KEY|CONSTRAINT|CHECK|FOREIGN)(?:COLUMN\s+)?`?\w/i,
  // Its INSERT does not name the column.
  /\bADD\s+(?:COLUMN\s+)?(?!INDEX|KEY|UNIQUE|CONSTRAINT|PRIMARY|FULLTEXT)[^,]*\bNOT NULL\b(?![^,]*\bDEFAULT\b)/i,
];
/** The version before reads and writes the shorter texts as before. */
function widens(sql: string): boolean {
  const [, from, to] =
    /^-- Widens (\w+) from VARCHAR\((\d+)\): .*\nALTER TABLE \w+ MODIFY \1 VARCHAR\((\d+)\)[^,;]*;\s*$/
      .exec(sql)
      ?.slice(1) ?? [];
  return Number(to) > Number(from);
}
const breaks = (sql: string): boolean =>
  !contracts.test(sql) &&
  !widens(sql) &&
  statementsOf(sql).some(
    (statement) =>
      /^(?:ALTER|DROP|RENAME)\b/i.test(statement) && breaking.some((form) => form.test(statement)),
  );

test.each([
  ['ALTER TABLE a DROP COLUMN b;', true],
  ['ALTER TABLE a ADD COLUMN c INT NULL, DROP b;', true],
  ['DROP TABLE IF EXISTS a;', true],
  ['RENAME TABLE a TO b;', true],
  ['ALTER TABLE a RENAME COLUMN b TO c;', true],
  ['ALTER TABLE a MODIFY b INT NOT NULL;', true],
  ['-- Widens b from VARCHAR(20): why.\nALTER TABLE a MODIFY b VARCHAR(40) NOT NULL;', false],
  ['-- Widens b from VARCHAR(20): why.\nALTER TABLE a MODIFY b VARCHAR(10) NOT NULL;', true],
  ['-- Widens b from VARCHAR(20): why.\nALTER TABLE a MODIFY b VARCHAR(40) NOT NULL, DROP c;', true],
  ['-- Widens b from VARCHAR(20): why.\nALTER TABLE a MODIFY c VARCHAR(40) NOT NULL;', true],
  ['ALTER TABLE a ADD COLUMN b INT NOT NULL;', true],
  ['ALTER TABLE a ADD COLUMN b INT NOT NULL DEFAULT 0, ADD KEY c (b), DROP INDEX d;', false],
  ['CREATE TABLE a (b INT NOT NULL, dropped INT NOT NULL);', false],
  ['-- Contracts 0.1.0: b is written by nobody since.\nALTER TABLE a DROP COLUMN b;', false],
])('%s breaks the version before: %s', (sql, expected) => {
  expect(breaks(sql)).toBe(expected);
});

test('no migration after the first release breaks the version before', () => {
  const since = shippedMigrations().filter(({ version }) => version > firstRelease);
  expect(since.filter(({ sql }) => breaks(sql)).map(({ version, name }) => `${version} ${name}`)).toEqual([]);
});
