// Refused rows hold a person too: an erasure takes them along, and time does, with their count kept.
import { createRights, type Rights } from '../../src/privacy/rights.ts';
import { addressDigests } from '../../src/domain/opposition.ts';
import { keepFormerAddresses } from '../../src/store/people/oppositions.ts';
import { purgeRefused, refusedCounts } from '../../src/store/intake/refused-rows.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
let rights: Rights;
const by = { clientId: 'essai', actor: 'Sophie', reason: 'request 9' };
beforeAll(async () => {
  home = await openStoreHome();
  rights = createRights({
    database: home.gateway,
    secrets: home.secrets,
    snapshot: () => Promise.resolve(),
    oppositionKey: Buffer.alloc(32, 2),
  });
});
afterAll(() => home.close());
beforeEach(() => home.owner.run('DELETE FROM lead_intake'));

const refused = (
  reference: string,
  row: {
    readonly email?: string;
    readonly mobile?: string;
    readonly days?: number;
    readonly client?: string;
  },
  code = 'BAD_FORMAT',
): Promise<unknown> =>
  home.owner.run(
    `INSERT INTO lead_intake (client_id, reference, email, mobile, status, refusal, settled_at)
     VALUES (?, ?, ?, ?, 'refused', ?, TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3)))`,
    [
      row.client ?? 'essai',
      reference,
      row.email ?? null,
      row.mobile ?? null,
      JSON.stringify([
        { column: 'email', code, message: 'm' },
        { column: 'rooms', code: 'TOO_LONG', message: 'm' },
      ]),
      -(row.days ?? 0),
    ],
  );
const left = async (): Promise<string[]> =>
  (await home.owner.all<{ reference: string }>('SELECT reference FROM lead_intake ORDER BY reference')).map(
    (one) => one.reference,
  );

test('C22: erasing a lead takes the refused rows of its person at that client along, however they are spelt', async () => {
  const lead = await home.lead('E-1');
  await home.gateway.run(
    "INSERT INTO prospects (lead_id, client_id, email, mobile) VALUES (?, 'essai', 'zoe@courriel.example', '+33639980123')",
    [lead],
  );
  await refused('E-1', {});
  await refused('E-2', { email: ' ZOE@courriel.example ' });
  await refused('E-3', { mobile: '06.39.98.01.23' });
  await refused('zoe@courriel.example', {});
  await refused('E-4', { email: 'zoe@courriel.example', client: 'other' });
  await refused('E-5', { email: 'leo@courriel.example' });
  await expect(rights.erase({ ...by, reference: 'E-1' })).resolves.toMatchObject({ refusedRows: 4 });
  expect(await left()).toEqual(['E-4', 'E-5']);
});

test('C22: in whichever column the mail or the phone of the person is, the refused row goes with the lead; longer ones stay', async () => {
  const columns = await home.owner.all<{ name: string }>(
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ? AND TABLE_NAME = 'lead_intake' AND CHARACTER_MAXIMUM_LENGTH >= 100
        AND COLUMN_NAME NOT IN ('client_id', 'last_name', 'refusal')`,
    [home.gateway.name],
  );
  expect(columns.length).toBeGreaterThan(25);
  const lead = await home.lead('H-1');
  await home.gateway.run(
    "INSERT INTO prospects (lead_id, client_id, email, mobile) VALUES (?, 'essai', 'zoe@courriel.example', '+33639980123')",
    [lead],
  );
  const row = (column: string, reference: string, text: string): Promise<unknown> =>
    home.owner.run(
      `INSERT INTO lead_intake (client_id, ${[...new Set(['reference', column])].join(', ')}, status, refusal)
       VALUES ('essai', ${column === 'reference' ? '?' : '?, ?'}, 'refused', '[{"code":"BAD_FORMAT"}]')`,
      column === 'reference' ? [text] : [reference, text],
    );
  for (const { name } of columns) {
    await row(name, `mail-${name}`, '{"a":"écrire à\\nZoe@courriel.example."}');
    await row(name, `phone-${name}`, 'Tél. 06 39.98-01 23, 12 rue');
    await row(name, `stays-${name}`, 'fred.zoe@courriel.example, 06 39 98 01 234');
  }
  // More than one statement reads at once.
  await row('interactions', 'long', `${'x'.repeat(900_000)} zoe@courriel.example`);
  await expect(rights.erase({ ...by, reference: 'H-1' })).resolves.toMatchObject({
    refusedRows: 2 * columns.length + 1,
  });
  expect(await left()).toHaveLength(columns.length);
  expect((await left()).filter((one) => !/^stays-|^fred/.test(one))).toEqual([]);
});

test('C22: refused rows under an address that the lead had before a correction go too; those of who has it now stay', async () => {
  const lead = await home.lead('F-1');
  const now = await home.lead('F-2');
  await home.gateway.run(
    `INSERT INTO prospects (lead_id, client_id, email, mobile) VALUES (?, 'essai', 'zoe.nouvelle@courriel.example', '+33639980170'),
     (?, 'essai', 'max@courriel.example', '+33639980172')`,
    [lead, now],
  );
  const had = { email: 'zoe.ancienne@courriel.example', mobile: '+33639980171', landline: '+33639980172' };
  await keepFormerAddresses(
    home.owner,
    addressDigests(Buffer.alloc(32, 2), 'essai', had).map((digest) => ({
      ...{ leadId: lead, clientId: 'essai', digest },
    })),
  );
  await refused('R-1', { email: 'ZOE.ancienne@courriel.example' });
  await refused('R-2', { mobile: '06.39.98.01.71' });
  await refused('R-3', { mobile: '06 39 98 01 72' });
  await refused('R-4', { email: 'leo@courriel.example', mobile: '+33639980173' });
  await refused('R-5', { email: 'zoe.ancienne@courriel.example', client: 'other' });
  await expect(rights.erase({ ...by, reference: 'F-1' })).resolves.toMatchObject({ refusedRows: 2 });
  expect(await left()).toEqual(['R-3', 'R-4', 'R-5']);
});

test("an erasure leaves the refused rows of others, whose mail or number holds the erased person's as a part, or but for an accent", async () => {
  const lead = await home.lead('N-1');
  await home.gateway.run(
    "INSERT INTO prospects (lead_id, client_id, email, mobile) VALUES (?, 'essai', 'ed@courriel.example', '+33639980144')",
    [lead],
  );
  await refused('N-2', { email: 'fred@courriel.example' });
  await refused('N-3', { email: 'ed@courriel.example.org' });
  await refused('N-4', { mobile: '+3363998014455' });
  await refused('N-5', { email: '<Ed@courriel.example>' });
  await refused('N-6', { mobile: '00 33 6 39 98 01 44' });
  await home.owner.run(
    "UPDATE lead_intake SET comment = 'Écrire à ed@courriel.example.' WHERE reference = 'N-6'",
  );
  await refused('N-7', { mobile: '(0)639980144' });
  await refused('N-8', { email: 'éd@courriel.example' });
  await expect(rights.erase({ ...by, reference: 'N-1' })).resolves.toMatchObject({ refusedRows: 3 });
  expect(await left()).toEqual(['N-2', 'N-3', 'N-4', 'N-8']);
});

test('C22: a mail with a slip of the typist goes too; the row of another first name without a last name stays', async () => {
  const lead = await home.lead('S-1');
  await home.gateway.run(
    "INSERT INTO prospects (lead_id, client_id, email, mobile, last_name, first_name) VALUES (?, 'essai', 'zoe@courriel.example', '+33639980155', 'Dupont', 'Zoé')",
    [lead],
  );
  await refused('S-2', { email: 'zoe @ courriel. example' });
  await refused('S-3', { email: 'zoe@courriel,example' });
  await refused('S-4', { mobile: '0639980155' });
  await refused('S-5', { mobile: '0639980155' });
  await refused('S-6', { mobile: '0639980155' });
  for (const [name, reference] of [
    ['Max', 'S-4'],
    ['zoe', 'S-5'],
    ['DUPONT Zoé', 'S-6'],
  ] as const)
    await home.owner.run('UPDATE lead_intake SET first_name = ? WHERE reference = ?', [name, reference]);
  await expect(rights.erase({ ...by, reference: 'S-1' })).resolves.toMatchObject({ refusedRows: 4 });
  expect(await left()).toEqual(['S-4']);
});

test('a reference that neither a lead nor a refused row has is said so', async () => {
  await expect(rights.erase({ ...by, reference: 'E-404' })).rejects.toMatchObject({ code: 'FIND-001' });
});

test('refused rows go after the time, in parts, and their count by client, month and reason stays', async () => {
  await home.owner.run('DELETE FROM refused_rows');
  for (const name of ['P-1', 'P-2', 'P-3']) await refused(name, { days: 31 });
  await refused('P-4', { days: 31 }, 'REQUIRED');
  await refused('P-5', { days: 31, client: 'zoe@courriel.example' });
  await refused('P-6', { days: 29 });
  const counts: number[] = [];
  for (;;) {
    const count = await home.gateway.transaction((tx) => purgeRefused(tx, 30, 2));
    counts.push(count);
    if (count === 0) break;
  }
  expect(counts).toEqual([2, 2, 1, 0]);
  expect(await left()).toEqual(['P-6']);
  const kept = await refusedCounts(home.gateway);
  expect(kept.map(({ clientId, code, count }) => [clientId, code, count])).toEqual([
    ['', 'BAD_FORMAT', 1],
    ['essai', 'BAD_FORMAT', 3],
    ['essai', 'REQUIRED', 1],
  ]);
  expect(kept[0]?.month).toMatch(/^\d{4}-\d{2}$/);
});
