// Guarantee 4: the revision a recipient may hold is kept as it was, unreadable without the lead's secret, and no longer than needed.
import { randomBytes } from 'node:crypto';
import { derived, sealBytes } from '../../src/domain/keyed.ts';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { createSnapshots, dropSettledRevisions } from '../../src/store/leads/lead-revisions.ts';
import { readLeads } from '../../src/store/leads/leads.ts';
import { createLeadSecrets } from '../../src/store/secrets.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
let lead: number;
let serial = 0;
const snapshots = (): ReturnType<typeof createSnapshots> => createSnapshots(home.secrets);
const kept = (): Promise<{ revision: number; content: Buffer }[]> =>
  home.owner.all('SELECT revision, content FROM lead_revisions WHERE lead_id = ? ORDER BY revision', [lead]);
const read = (): ReturnType<ReturnType<typeof createSnapshots>['read']> =>
  snapshots().read(home.gateway, [{ leadId: lead, revision: 1 }]);

beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());
beforeEach(async () => {
  serial += 1;
  lead = await home.lead(`R-${serial}`);
  await home.gateway.run(
    "INSERT INTO prospects (lead_id, client_id, last_name, mobile) VALUES (?, 'essai', 'Lefèvre', '+33639980123')",
    [lead],
  );
  await home.gateway.run(
    "INSERT INTO lead_projects (lead_id, client_id, budget_max) VALUES (?, 'essai', 250000.5)",
    [lead],
  );
  await home.gateway.run(
    "INSERT INTO lead_origins (lead_id, client_id, talk_started_at) VALUES (?, 'essai', '2026-10-01 09:59:00.250')",
    [lead],
  );
  await home.gateway.run(
    "INSERT INTO consents (client_id, lead_id, purpose, channel, state, recorded_at, valid_until) VALUES ('essai', ?, 'marketing', 'email', 'granted', '2026-10-01 10:00:00', '2027-10-01 10:00:00')",
    [lead],
  );
  await home.gateway.run(
    "INSERT INTO interactions (client_id, lead_id, kind, happened_at, voluntary) VALUES ('essai', ?, 'web_form', '2026-10-01 10:00:00', 1)",
    [lead],
  );
});

test.each([
  ['that never departed', { state: 'waiting', departures: 0 }],
  ['already delivered', { state: 'delivered', departures: 1 }],
  ['that failed', { state: 'failed', departures: 1 }],
  ['that was cancelled', { state: 'cancelled', departures: 1 }],
])('a lead whose only delivery is one %s is not kept', async (_title, columns) => {
  await home.delivery(lead, columns);
  await snapshots().keep(home.gateway, [lead]);
  await expect(kept()).resolves.toEqual([]);
});

test.each(['sending', 'waiting', 'pending', 'withheld'])(
  'a lead with a departed delivery that is %s is kept and comes back exactly, dates and numbers included',
  async (state) => {
    await home.delivery(lead, { state, departures: 1 });
    const before = (await readLeads(home.gateway, [lead])).get(lead)?.lead;
    await snapshots().keep(home.gateway, [lead]);
    await home.gateway.run("UPDATE prospects SET last_name = 'Martin' WHERE lead_id = ?", [lead]);
    const back = (await read()).get(`${lead}:1`);
    expect(back).toEqual(before);
    expect(back?.consents[0]?.validUntil).toBeInstanceOf(Date);
  },
);

test('what is kept shows nothing of the person', async () => {
  await home.delivery(lead, { state: 'waiting', departures: 1 });
  await snapshots().keep(home.gateway, [lead]);
  const [row] = await kept();
  // Long enough that no random bytes spell them.
  for (const mark of ['Lefèvre', '39980123', 'marketing'])
    expect([mark, row?.content.includes(mark)]).toEqual([mark, false]);
});

test('kept twice it stands once, with the newer content', async () => {
  await home.delivery(lead, { state: 'waiting', departures: 1 });
  await snapshots().keep(home.gateway, [lead]);
  await home.gateway.run("UPDATE prospects SET last_name = 'Martin' WHERE lead_id = ?", [lead]);
  await snapshots().keep(home.gateway, [lead]);
  expect(await kept()).toHaveLength(1);
  expect((await read()).get(`${lead}:1`)?.identity.lastName).toBe('Martin');
});

test('a lead of twenty megabytes is kept and comes back, though no packet of the server may be so large', async () => {
  await home.delivery(lead, { state: 'waiting', departures: 1 });
  for (let number = 0; number < 320; number += 1)
    await home.gateway.run(
      "INSERT INTO interactions (client_id, lead_id, kind, happened_at, voluntary, content) VALUES ('essai', ?, 'chat', '2026-10-01 10:00:00', 0, ?)",
      [lead, randomBytes(32_000).toString('hex')],
    );
  const before = (await readLeads(home.gateway, [lead])).get(lead)?.lead;
  await snapshots().keep(home.gateway, [lead]);
  expect((await read()).get(`${lead}:1`)).toEqual(before);
  const [widest] = await home.owner.all<{ bytes: number }>(
    'SELECT MAX(OCTET_LENGTH(content)) AS bytes FROM lead_revisions',
  );
  expect(Number(widest?.bytes)).toBeLessThan(1_048_576);
});

test('a snapshot of the version before, which was neither compressed nor cut, is read', async () => {
  await home.delivery(lead, { state: 'waiting', departures: 1 });
  const before = (await readLeads(home.gateway, [lead])).get(lead)?.lead;
  const key = (await home.secrets.read(home.gateway, [lead])).get(lead) ?? Buffer.alloc(0);
  await home.gateway.run(
    "INSERT INTO lead_revisions (lead_id, revision, client_id, content) VALUES (?, 1, 'essai', ?)",
    [lead, sealBytes(derived(key, 'revision'), Buffer.from(JSON.stringify(before)))],
  );
  expect((await read()).get(`${lead}:1`)).toEqual(before);
});

test('C22: once the lead’s secret is destroyed, what was kept of it says nothing any more', async () => {
  await home.delivery(lead, { state: 'waiting', departures: 1 });
  await snapshots().keep(home.gateway, [lead]);
  await home.secrets.replace(home.gateway, lead);
  expect((await read()).size).toBe(0);
});

test('it goes when every departed delivery of the lead has settled, and not before', async () => {
  const [one, two] = [
    await home.delivery(lead, { state: 'waiting', departures: 1 }),
    await home.delivery(lead, { state: 'sending', departures: 1, destination_id: 'essai-mail' }),
  ];
  await snapshots().keep(home.gateway, [lead]);
  await home.owner.run("UPDATE deliveries SET state = 'delivered' WHERE id = ?", [one]);
  await dropSettledRevisions(home.gateway);
  expect(await kept()).toHaveLength(1);
  await home.owner.run("UPDATE deliveries SET state = 'failed' WHERE id = ?", [two]);
  await dropSettledRevisions(home.gateway);
  expect(await kept()).toHaveLength(0);
});

describe('per-lead secrets', () => {
  const stored = async (): Promise<Buffer | undefined> =>
    (
      await home.owner.all<{ wrapped: Buffer }>(
        `SELECT wrapped FROM \`${home.keysSchema}\`.lead_secrets WHERE lead_id = ?`,
        [lead],
      )
    )[0]?.wrapped;
  test('are 32 bytes each, no two alike, and never stored in clear', async () => {
    const other = await home.lead(`R-${serial}-b`);
    const secrets = await home.secrets.read(home.gateway, [lead, other]);
    const [mine, theirs] = [secrets.get(lead), secrets.get(other)];
    expect([mine?.length, theirs?.length, mine?.equals(theirs ?? Buffer.alloc(0))]).toEqual([32, 32, false]);
    expect((await stored())?.includes(mine ?? 'x')).toBe(false);
  });
  test('do not open under another master key: KEY-001 names the lead, not the key', async () => {
    const stranger = createLeadSecrets({
      masterKeys: createKeyRing([Buffer.alloc(32, 7)]),
      keysSchema: home.keysSchema,
    });
    await expect(stranger.read(home.gateway, [lead])).rejects.toMatchObject({
      ...{ code: 'KEY-001', message: `The secret of lead ${lead} does not open with RELAIS_MASTER_KEY.` },
    });
  });
  test('replaced, the old one is gone for good', async () => {
    const [before, wrapped] = [(await home.secrets.read(home.gateway, [lead])).get(lead), await stored()];
    await home.secrets.replace(home.gateway, lead);
    expect((await home.secrets.read(home.gateway, [lead])).get(lead)).not.toEqual(before);
    expect(await stored()).not.toEqual(wrapped);
  });
});
