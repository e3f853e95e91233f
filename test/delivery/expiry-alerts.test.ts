// Alerts before a certificate ends, on a real database with a real certificate.
import { generate } from 'selfsigned';
import { connectors } from '../../connectors/index.ts';
import { watchExpiries } from '../../src/delivery/background/expiry-alerts.ts';
import { quarantineOf } from './quarantine-of.ts';
import type { Published } from '../../src/delivery/trip/mapping-cache.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
const dayMs = 86_400_000;
const mapping = {
  connector: 'webhook',
  actions: {
    create: {
      settings: { url: 'https://crm.example', tls: { cert: 'secret:CERT', key: 'secret:KEY' } },
      targets: [],
    },
  },
} as unknown as CompiledMapping;
const published = { version: () => Promise.resolve(mapping) } as unknown as Published;
const endingIn = async (days: number): Promise<string> =>
  (
    await generate([{ name: 'commonName', value: 'relais' }], {
      keySize: 2048,
      algorithm: 'sha256',
      notBeforeDate: new Date(Date.now() - 10 * dayMs),
      notAfterDate: new Date(Date.now() + days * dayMs + 60_000),
    })
  ).cert;
const watch = async (certificate: string): Promise<void> =>
  watchExpiries(
    { database: home.gateway, published, connectors, secrets: () => [certificate] },
    quarantineOf(home.gateway),
  );
const alerts = (): Promise<readonly { reason: string; destination: string }[]> =>
  home.owner.all("SELECT reason, destination_id AS destination FROM alerts WHERE kind = 'secret_expires'");
const agoDays = (days: number): Promise<unknown> =>
  home.owner.run('UPDATE alerts SET raised_at = TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3))', [-days]);

beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());
beforeEach(() => home.owner.run('DELETE FROM alerts'));

test('thirty days before its end it is told once a week, in the last week once a day', async () => {
  await watch(await endingIn(31));
  expect(await alerts()).toEqual([]);
  const soon = await endingIn(20);
  await watch(soon);
  await agoDays(6);
  await watch(soon);
  const day = new Date(Date.now() + 20 * dayMs + 60_000).toISOString().slice(0, 10);
  expect(await alerts()).toEqual([{ destination: 'essai-crm', reason: `CERT:${day}` }]);
  await agoDays(8);
  await watch(soon);
  expect(await alerts()).toHaveLength(2);
  await agoDays(2);
  await watch(await endingIn(3));
  expect(await alerts()).toHaveLength(3);
});

test('a certificate that has ended is told, one that cannot be read is not', async () => {
  await watch('no certificate');
  expect(await alerts()).toEqual([]);
  await watch(await endingIn(-2));
  expect(await alerts()).toHaveLength(1);
});

test('a destination that breaks the look keeps no other from it', async () => {
  await home.owner.run(
    "INSERT INTO destinations (id, client_id, connector, leads_from, mapping_version_id) VALUES ('aaa', 'essai', 'webhook', '2026-01-01', 7)",
  );
  const certificate = await endingIn(5);
  const version = (id: number) =>
    id === 7 ? Promise.reject(new TypeError('a bug of ours')) : published.version(id);
  const quarantine = quarantineOf(home.gateway);
  await watchExpiries(
    { database: home.gateway, published: { version }, connectors, secrets: () => [certificate] },
    quarantine,
  );
  expect((await alerts()).map(({ destination }) => destination)).toEqual(['essai-crm']);
  const broken = await home.owner.all(
    "SELECT destination_id AS id, reason FROM alerts WHERE kind = 'internal_error'",
  );
  expect(broken).toEqual([{ id: 'aaa', reason: 'TEST:TypeError' }]);
});
