// docs/lead-contract.md and the contract say the same, and every example of the page works.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consentElement, fields, interactionElement, rowKinds } from '../../src/intake/fields.ts';
import { importFile } from '../../src/intake/import.ts';
import { insertIntakeRows } from '../../src/store/intake/intake.ts';
import { statementsOf } from '../../src/store/migrate.ts';
import { shortRule } from '../docs/contract-page.ts';
import { entriesOf } from '../docs/page-lists.ts';
import { openIntakeHome, type IntakeHome } from './intake-support.ts';
import { now } from './rows.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/lead-contract.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map((one) => one[1] ?? '');
const row = (name: string): string => page.split('\n').find((one) => one.startsWith(`| \`${name}\` |`)) ?? '';

let home: IntakeHome;
let folder: string;
beforeAll(async () => {
  home = await openIntakeHome();
  folder = mkdtempSync(join(tmpdir(), 'relais-page-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await home.close();
});
beforeEach(() => home.empty());

it('every column of lead_intake is on the page, with its type and rule', async () => {
  const columns = await home.database.all<{ name: string; type: string }>(
    "SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'lead_intake'",
    [home.name],
  );
  const wrong = columns.filter(({ name, type }) => {
    const rule = fields.find((one) => one.name === name);
    if (rule === undefined) return !page.includes(`\`${name}\``);
    const [written = ''] = /^[a-z]+(\([\d,]+\))?/.exec(type.replace(/^int\(\d+\)/, 'int')) ?? [];
    return ![`| ${written.toUpperCase()} |`, `| ${shortRule(rule.says)} |`].every((part) =>
      row(name).includes(part),
    );
  });
  expect(wrong).toEqual([]);
  expect(columns.length).toBeGreaterThan(50);
});

it('every kind, nested name and field of an event is on the page', () => {
  for (const name of rowKinds) expect([name, row(name)]).not.toEqual([name, '']);
  for (const [name, rule] of [...Object.entries(consentElement), ...Object.entries(interactionElement)]) {
    const entry = entriesOf(page).find(
      (one) => one.startsWith(`\`${name}\``) && one.includes(`: ${shortRule(rule.says)}. `),
    );
    expect([name, entry === undefined]).toEqual([name, false]);
  }
  for (const { name, path } of fields) if (path !== name) expect(row(name)).toContain(`| \`${path}\` |`);
});

it('every SQL block runs with the intake account, twice, and what it sends is accepted once', async () => {
  const website = `${home.name}_web`;
  await home.database.text(`CREATE DATABASE \`${website}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  try {
    await home.database.text(
      `CREATE TABLE \`${website}\`.form_requests (id INT NOT NULL PRIMARY KEY, sent_at_utc DATETIME NOT NULL, last_name VARCHAR(80) NOT NULL,
         email VARCHAR(120) NOT NULL, opt_in TINYINT NOT NULL, wording VARCHAR(20) NOT NULL) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    );
    await home.database.text(
      `INSERT INTO \`${website}\`.form_requests VALUES (1, '2026-11-24 08:00:00', 'Durand-Test', 'a@example.test', 1, 'v3'), (2, '2026-11-24 08:01:00', 'Petit-Test', 'b@example.test', 0, 'v3')`,
    );
    await home.database.text(`GRANT SELECT ON \`${website}\`.form_requests TO '${home.name}_i'@'%'`);
    expect(blocks('sql').length).toBeGreaterThanOrEqual(5);
    for (let round = 0; round < 2; round += 1) {
      for (const statement of blocks('sql').flatMap(statementsOf))
        await home.sender.run(statement.replaceAll('website.', `\`${website}\`.`));
      await home.intake().acceptBatch(200);
    }
  } finally {
    await home.database.text(`DROP DATABASE \`${website}\``);
  }
  expect(await home.refusals()).toEqual([]);
  expect(await home.database.all('SELECT reference, revision FROM leads ORDER BY id')).toEqual([
    { reference: 'ML-2026-000123', revision: 4 },
    { reference: 'WEB-1', revision: 1 },
    { reference: 'WEB-2', revision: 1 },
  ]);
  expect([await home.count('consents'), await home.count('interactions')]).toEqual([6, 3]);
});

it.each(['csv', 'jsonl'])(
  'the %s example imports whole with the intake account, and again adds nothing',
  async (language) => {
    expect(blocks(language)).toHaveLength(1);
    const file = join(folder, `leads.${language}`);
    writeFileSync(file, blocks(language)[0] ?? '');
    const rows = (blocks(language)[0]?.trim().split('\n').length ?? 0) - (language === 'csv' ? 1 : 0);
    const results: unknown[] = [];
    for (let round = 0; round < 2; round += 1) {
      const { inserted, rejected } = await importFile({
        file,
        now: () => now,
        insert: (some) => insertIntakeRows(home.sender, some),
      });
      const { accepted, duplicates, refused } = await home.intake().acceptBatch(200);
      results.push({ inserted, rejected, accepted, duplicates, refused });
    }
    expect(results).toEqual([
      { inserted: rows, rejected: 0, accepted: rows, duplicates: 0, refused: 0 },
      { inserted: rows, rejected: 0, accepted: 0, duplicates: rows, refused: 0 },
    ]);
  },
);
