// C44: lines of the ledger applied to one database: a client that moved meanwhile, the household of a person, a row that was new in the dump.
import { Readable } from 'node:stream';
import { applyLedger, type AppliedLedger } from '../../src/backups/apply-ledger.ts';
import { leadDigest, type LedgerLine } from '../../src/backups/ledger.ts';
import { addressDigests, type Addresses } from '../../src/domain/opposition.ts';
import { insertConsents, readConsents } from '../../src/store/leads/consents.ts';
import { openStoreHome, sealKeys, type StoreHome } from '../store/home.ts';

const oppositionKey = Buffer.alloc(32, 9);
const key = sealKeys.current();
let home: StoreHome;
beforeEach(async () => {
  home = await openStoreHome();
});
afterEach(() => home.close());

function apply(lines: readonly Partial<LedgerLine>[]): Promise<AppliedLedger> {
  const common = { highest: {}, at: new Date().toISOString(), client: 'essai', key: key.id };
  return applyLedger(
    {
      ...{ database: home.gateway, secrets: home.secrets, snapshot: () => Promise.resolve() },
      ...{ oppositionKey, sealKeys, actor: 'Sophie', reason: 'ticket 1' },
    },
    Readable.from([lines.map((line) => ({ ...common, act: 'withdrawn' as const, ...line }))]),
    new Date('2026-01-01T00:00:00Z'),
  );
}
const phone = '+33639980001';
async function person(reference: string, state?: 'granted' | 'not_asked'): Promise<number> {
  const leadId = await home.lead(reference);
  await home.gateway.run(
    "INSERT INTO prospects (lead_id, client_id, email, mobile) VALUES (?, 'essai', ?, ?)",
    [leadId, `${reference}@courriel.example`, phone],
  );
  const recordedAt = new Date('2026-10-01T10:00:00Z');
  if (state !== undefined)
    await insertConsents(home.gateway, [
      {
        ...{ clientId: 'essai', leadId, revision: 1 },
        event: { purpose: 'marketing', channel: 'email', state, recordedAt, source: 'centre' },
      },
    ]);
  return leadId;
}
const lead = (id: number): string => leadDigest(key, id);
const addresses = (of: Addresses): readonly string[] =>
  addressDigests(oppositionKey, 'essai', of).map((digest) => digest.toString('hex'));
const said: LedgerLine['said'] = [
  {
    ...{ purpose: 'marketing', channel: 'email', state: 'withdrawn' },
    ...{ at: '2026-11-01T10:00:00.000Z', receipt: 4_711 },
  },
];
const statesOf = async (id: number): Promise<readonly string[]> =>
  ((await readConsents(home.owner, [id])).get(id) ?? []).map(({ state }) => state);

test('a client that moved to another installation just before the backup hinders no restore', async () => {
  const [gone, erased] = [await person('gone'), await person('erased')];
  await home.owner.run('UPDATE clients SET closed_at = UTC_TIMESTAMP(3), moved_at = UTC_TIMESTAMP(3)');
  const lines = [
    { act: 'opposed', addresses: addresses({ mobile: phone }), said },
    { act: 'gone', lead: lead(gone) },
    { act: 'erased', lead: lead(erased) },
  ] as const;
  expect(await apply(lines)).toMatchObject({ gone: 1, erased: 1 });
  expect(await home.owner.all('SELECT 1 FROM oppositions')).toHaveLength(1);
});

test('a withdrawal ends the yes of who shares the address, and is no objection of who said none', async () => {
  const ids = [await person('a', 'granted'), await person('b', 'granted')];
  ids.push(await person('c', 'not_asked'), await person('d'));
  const line = { lead: lead(ids[0] ?? 0), addresses: addresses({ mobile: phone }), said };
  expect(await apply([line])).toMatchObject({ withdrawn: 2 });
  expect(await Promise.all(ids.map(statesOf))).toEqual([
    ['granted', 'withdrawn'],
    ['granted', 'withdrawn'],
    ['not_asked'],
    [],
  ]);
  // The lead that withdrew came in since the backup.
  expect(await apply([{ ...line, lead: lead(99) }])).toMatchObject({ withdrawn: 0 });
});

test('a row that lost its consents after it was refused loses them where it was new in the dump', async () => {
  const { insertId } = await home.owner.run(
    "INSERT INTO lead_intake (client_id, reference, consents, status) VALUES ('essai', 'N', '[]', 'new')",
  );
  expect(await apply([{ act: 'cleared', client: '', lead: lead(insertId) }])).toMatchObject({ rows: 1 });
  expect(await home.owner.all('SELECT consents FROM lead_intake')).toEqual([{ consents: null }]);
});
