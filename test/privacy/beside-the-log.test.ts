// C46: what is kept beside the log and proves with it is verified with it: signed days, proofs of acts, the words of notices.
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { signNextDay } from '../../src/privacy/day-seals.ts';
import { publishedKeys } from '../../src/privacy/proofs/proof.ts';
import { createSealer } from '../../src/privacy/seal.ts';
import { silentLog } from '../../src/log.ts';
import { checkPack, type CheckedPack } from '../../src/support/audit-pack/check.ts';
import { auditPack } from '../../src/support/audit-pack/pack.ts';
import { terminalOf, environmentOf } from '../cli/terminal.ts';
import { filesOf } from '../support-work/opened-zip.ts';
import { twoClients } from '../support/two-clients.ts';
import { openGateway, strangerRow, type Gateway } from '../trip/gateway.ts';

const dayMs = 86_400_000;
const notices = `notices:
  - { version: n1, channel: web_form, from: 2026-01-01, wording: 'Vos données servent à vous rappeler.' }
`;
let gateway: Gateway;
let folder: string;
let made = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-beside-'));
  const files = twoClients(9);
  gateway = await openGateway({
    files: { ...files, 'essai/client.yaml': `${files['essai/client.yaml'] ?? ''}${notices}` },
  });
  const { app } = gateway;
  for (const destinationId of ['essai-crm', 'autre-crm'])
    await app.publishing.publish({ destinationId, author: 'staff:1', note: 'first' });
  await gateway.send(
    ...['B-1', 'B-2', 'B-3'].map((reference) => strangerRow(reference)),
    strangerRow('B-4', { client_id: 'autre' }),
  );
  expect((await app.intake.acceptBatch(100)).taken).toBe(4);
  const yesterday = new Date(app.database.now().getTime() - dayMs);
  const noon = new Date(`${yesterday.toISOString().slice(0, 10)}T12:00:00Z`).getTime();
  for (const [days, reference] of ['B-1', 'B-2'].entries()) {
    const done = await terminalOf(environmentOf(gateway))(
      ...['lead', 'erase', reference, '--client', 'essai', '--yes'],
      ...['--reason', 'request 77', '--identity', 'seen'],
    );
    expect(done.code).toBe(0);
    const now = () => new Date(noon + days * dayMs);
    const sealer = createSealer({ database: app.database, sealKeys: app.keys.seal, log: silentLog, now });
    while ((await sealer.seal(20)) > 0);
    const place = { database: app.database, sealKeys: app.keys.seal, mails: false };
    expect(await signNextDay({ ...place, now: () => new Date(noon + (days + 1) * dayMs) })).toBe(true);
  }
  const [days] = await gateway.owner.all<{ n: number; clients: number }>(
    'SELECT COUNT(*) AS n, COUNT(DISTINCT client_id) AS clients FROM day_seals',
  );
  expect(days).toEqual({ n: 5, clients: 3 });
  expect(await gateway.owner.all('SELECT 1 FROM proof_documents')).toHaveLength(2);
  expect(await gateway.owner.all('SELECT 1 FROM notices')).toHaveLength(1);
  // As who has the owner’s account would.
  for (const table of ['seals', 'handovers']) await gateway.owner.text(`DROP TRIGGER ${table}_no_delete`);
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

/** As `relais audit export` makes it. */
async function pack(): Promise<string> {
  const { app } = gateway;
  const now = app.database.now().getTime();
  const path = join(folder, `pack-${(made += 1)}.zip`);
  const { bytes } = await auditPack(app, {
    ...{ clientId: 'essai', actor: 'account:1', reason: 'audit 7' },
    ...{ from: new Date(now - 9 * dayMs), until: new Date(now + 9 * dayMs) },
  });
  await pipeline(bytes, createWriteStream(path));
  return path;
}

/** As `relais audit verify` reads it, with the public keys alone. */
const packed = async (): Promise<CheckedPack> =>
  checkPack(
    await pack(),
    publishedKeys(gateway.app.keys.seal)
      .map(({ pem }) => pem)
      .join(''),
  );

const verdict = async () => (await gateway.app.sealer.verify()).problem;
const tables = ['day_seals', 'proof_documents', 'proof_leads', 'notices', 'seals', 'handovers'] as const;

test('C46: as it was made it verifies', async () => {
  expect(await verdict()).toBeUndefined();
  expect(await packed()).toMatchObject({ ok: true });
});

test('C46: every proof of the period is in a pack, however many came after it', async () => {
  const digits = `(${Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS n`).join(' UNION ALL ')})`;
  await gateway.owner.run(
    `INSERT INTO proofs (client_id, act, made_at) SELECT 'essai', 'erasure', '2035-01-01' FROM ${digits} a, ${digits} b, ${digits} c, ${digits} d`,
  );
  const names = [...(await filesOf(await pack())).keys()];
  expect(names.filter((name) => /^preuves.*json$/.test(name))).toHaveLength(2);
  await gateway.owner.run("DELETE FROM proofs WHERE made_at = '2035-01-01'");
});

test('C46: a proof that was altered, or is another’s, is named in a pack by itself', async () => {
  const { owner } = gateway;
  const rows = await owner.all<{ number: number; document: string }>(
    'SELECT number, document FROM proof_documents ORDER BY number',
  );
  const [first, second] = rows;
  for (const document of [first?.document.replace('"rowsAfter": 0', '"rowsAfter": 1'), second?.document]) {
    await owner.run('UPDATE proof_documents SET document = ? WHERE number = ?', [
      document ?? '',
      first?.number ?? 0,
    ]);
    expect(await packed()).toEqual({
      ok: false,
      problem: 'proof_changed',
      where: `preuves/${first?.number}.json`,
    });
  }
  await owner.run('UPDATE proof_documents SET document = ? WHERE number = ?', [
    first?.document ?? '',
    first?.number ?? 0,
  ]);
});

test('C46: a pack of a log that did not verify is no good one, though the centre has signed it', async () => {
  await gateway.owner.run("UPDATE notices SET wording = CONCAT(wording, ' ')");
  expect(await packed()).toEqual({ ok: false, problem: 'log_unproved', where: 'verification.json' });
  await gateway.owner.run('UPDATE notices SET wording = TRIM(wording)');
});

const other = (column: string, where: string): string =>
  `(SELECT o.${column} FROM (SELECT * FROM day_seals) o WHERE ${where} LIMIT 1)`;
const ofEssai = "WHERE client_id = 'essai' ORDER BY day DESC LIMIT 1";

test.each([
  [
    'day_changed',
    'another count',
    `UPDATE day_seals SET document = REPLACE(document, '"entries": ', '"entries": 1')`,
  ],
  ['day_changed', 'a letter', `UPDATE day_seals SET document = CONCAT(document, ' ') ${ofEssai}`],
  ['day_changed', 'another signature', `UPDATE day_seals SET signature = REVERSE(signature) ${ofEssai}`],
  [
    'day_changed',
    'another client’s day, genuinely signed',
    `UPDATE day_seals SET document = ${other('document', "o.client_id = 'autre'")}, signature = ${other('signature', "o.client_id = 'autre'")} WHERE client_id = 'essai' AND day = ${other('day', "o.client_id = 'autre'")}`,
  ],
  [
    'day_changed',
    'the day before, genuinely signed',
    `UPDATE day_seals d JOIN (SELECT * FROM day_seals WHERE client_id = '' ORDER BY day LIMIT 1) o SET d.document = o.document, d.signature = o.signature WHERE d.client_id = '' AND d.day > o.day`,
  ],
  [
    'day_changed',
    'the first taken away',
    "DELETE FROM day_seals WHERE client_id = 'essai' ORDER BY day LIMIT 1",
  ],
  [
    'anchor_missing',
    'the end of the log that a day has signed',
    `DELETE FROM handovers WHERE id BETWEEN (SELECT SUBSTRING_INDEX(entries, '-', 1) FROM seals ORDER BY sequence DESC LIMIT 1)
       AND (SELECT SUBSTRING_INDEX(entries, '-', -1) FROM seals ORDER BY sequence DESC LIMIT 1);
     DELETE FROM seals ORDER BY sequence DESC LIMIT 1`,
  ],
  [
    'proof_changed',
    'another count in a proof',
    `UPDATE proof_documents SET document = REPLACE(document, '"rowsAfter": 0', '"rowsAfter": 1')`,
  ],
  [
    'proof_changed',
    'the proof of another lead',
    'UPDATE proof_documents SET document = (SELECT o.document FROM (SELECT * FROM proof_documents ORDER BY number DESC LIMIT 1) o) ORDER BY number LIMIT 1',
  ],
  ['proof_changed', 'its lead', 'UPDATE proof_leads SET lead_id = lead_id + 100'],
  ['proof_changed', 'one more lead', 'INSERT INTO proof_leads SELECT lead_id + 100, number FROM proof_leads'],
  ['notice_changed', 'the words', "UPDATE notices SET wording = 'Vos données seront vendues.'"],
  ['notice_changed', 'the version', "UPDATE notices SET version = 'n2'"],
])('C46: %s is named: %s', async (kind, _, statement) => {
  const { owner } = gateway;
  for (const table of tables) {
    await owner.run(`DROP TABLE IF EXISTS kept_${table}`);
    await owner.run(`CREATE TABLE kept_${table} AS SELECT * FROM ${table}`);
  }
  try {
    for (const one of statement.split(';')) expect((await owner.run(one)).affected).toBeGreaterThan(0);
    expect(await verdict()).toMatchObject({ kind });
  } finally {
    for (const table of tables) {
      await owner.run(`DELETE FROM ${table}`);
      await owner.run(`INSERT INTO ${table} SELECT * FROM kept_${table}`);
      await owner.run(`DROP TABLE kept_${table}`);
    }
  }
  expect(await verdict()).toBeUndefined();
});
