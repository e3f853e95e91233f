// The outbox of alerts: each channel until it gets through, no message twice, floods gathered, promises watched.
import type { Connector, Outcome, Parcel } from '../../connectors/contract.ts';
import { alertParcel } from '../../src/delivery/background/alert-parcel.ts';
import { sendAlerts, type AlertOptions } from '../../src/delivery/background/send-alerts.ts';
import type { Published } from '../../src/delivery/trip/mapping-cache.ts';
import { checkAlerts } from '../../src/delivery/background/alert-checks.ts';
import { quarantineOf } from './quarantine-of.ts';
import { silentLog } from '../../src/log.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { raiseAlerts, takeAlerts } from '../../src/store/alerts/alerts.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
const sent: { readonly channel: string; readonly kind: string; readonly count: number }[] = [];
const answers: Record<string, Outcome> = {};
const connector = (type: string): Connector =>
  ({
    type,
    send: (parcel: Parcel) => {
      const body = JSON.parse(parcel.body.bytes.toString()) as { type: string; count: number };
      sent.push({ channel: type, kind: body.type.replace('relais.', ''), count: body.count });
      return Promise.resolve(answers[type] ?? { kind: 'accepted' });
    },
  }) as unknown as Connector;
const options = (): AlertOptions => ({
  database: home.gateway,
  connectors: { webhook: connector('webhook'), email: connector('email') },
  channels: {
    webhook: 'https://support.example/alerts',
    mail: { smtpUrl: 'smtp://localhost', to: 'support@centre.example', from: 'relais@centre.example' },
  },
  network: { allowedRanges: [], allowPlaintext: false, connectTo: {} },
  log: silentLog,
});
const down: Outcome = { kind: 'unavailable', reason: 'HTTP_503', maybeReceived: false };
const dueNow = (): Promise<unknown> =>
  home.owner.run('UPDATE alerts SET next_try_at = UTC_TIMESTAMP(3) WHERE sent_at IS NULL');
const open = (): Promise<readonly { id: number }[]> =>
  home.owner.all('SELECT id FROM alerts WHERE sent_at IS NULL');

beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());
beforeEach(async () => {
  await home.owner.run('DELETE FROM alerts');
  await home.owner.run('DELETE FROM deliveries');
  sent.length = 0;
  for (const name of Object.keys(answers)) delete answers[name];
});

test('a mail that left is not sent again because the webhook is down; the webhook is tried until it passes', async () => {
  answers['webhook'] = down;
  await raiseAlerts(home.gateway, [{ kind: 'delivery_failed', destinationId: 'essai-crm', deliveryId: 7 }]);
  await sendAlerts(options());
  for (let round = 0; round < 3; round += 1) {
    await dueNow();
    await sendAlerts(options());
  }
  expect(sent.filter((one) => one.channel === 'email')).toHaveLength(1);
  expect(sent.filter((one) => one.channel === 'webhook')).toHaveLength(4);
  expect(await open()).toHaveLength(1);
  delete answers['webhook'];
  await dueNow();
  await sendAlerts(options());
  expect(sent.filter((one) => one.channel === 'email')).toHaveLength(1);
  expect(await open()).toEqual([]);
});

test('a chat that is away keeps neither mail nor webhook back, and receives the alert as text once it answers', async () => {
  const texts: string[] = [];
  let isAway = true;
  const webhook: Connector = {
    ...connector('webhook'),
    send: (parcel, settings) => {
      if ((settings as { url: string }).url !== chat) return Promise.resolve({ kind: 'accepted' });
      if (isAway) return Promise.resolve(down);
      texts.push(parcel.body.bytes.toString());
      return Promise.resolve({ kind: 'accepted' });
    },
  };
  const chat = 'https://chat.example/hooks/relais';
  const all = options();
  const withChat = {
    ...all,
    channels: { ...all.channels, chat },
    connectors: { ...all.connectors, webhook },
  };
  await raiseAlerts(home.gateway, [
    { kind: 'delivery_failed', destinationId: 'essai-crm', deliveryId: 7, reason: 'HTTP_503' },
  ]);
  await sendAlerts(withChat);
  expect(sent.map(({ channel }) => channel)).toEqual(['email']);
  expect(await open()).toHaveLength(1);
  isAway = false;
  await dueNow();
  await sendAlerts(withChat);
  expect(await open()).toEqual([]);
  expect(sent).toHaveLength(1);
  expect(texts.map((text) => (JSON.parse(text) as { text: string }).text)).toEqual([
    expect.stringContaining('relais delivery list --destination essai-crm --state failed'),
  ]);
});

test('what comes within five minutes of a message is gathered into the next one; another kind is told at once', async () => {
  const failed = (count: number): Promise<void> =>
    raiseAlerts(
      home.gateway,
      Array.from({ length: count }, (_, index) => ({
        kind: 'delivery_failed' as const,
        destinationId: 'essai-crm',
        deliveryId: index + 1,
      })),
    );
  await failed(1);
  await sendAlerts(options());
  await failed(40);
  await raiseAlerts(home.gateway, [{ kind: 'destination_held', destinationId: 'essai-crm' }]);
  await sendAlerts(options());
  await failed(2);
  await sendAlerts(options());
  const mails = (): readonly (readonly [string, number])[] =>
    sent.filter((one) => one.channel === 'email').map((one) => [one.kind, one.count] as const);
  expect(mails()).toEqual([
    ['delivery_failed', 1],
    ['destination_held', 1],
  ]);
  await home.owner.run(
    'UPDATE alerts SET told_at = TIMESTAMPADD(SECOND, -301, told_at) WHERE sent_at IS NOT NULL',
  );
  await dueNow();
  await sendAlerts(options());
  expect(mails().at(-1)).toEqual(['delivery_failed', 42]);
  expect(await open()).toEqual([]);
});

test('an alert tried five thousand times is still tried, an hour apart', async () => {
  await raiseAlerts(home.gateway, [{ kind: 'seal_lag', reason: '400s' }]);
  await home.owner.run('UPDATE alerts SET tries = 5000');
  await expect(home.gateway.transaction((tx) => takeAlerts(tx, 10))).resolves.toHaveLength(1);
  const [row] = await home.owner.all<{ wait: number }>(
    'SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(3), next_try_at) AS wait FROM alerts',
  );
  expect(row?.wait).toBeGreaterThan(3_500);
  expect(row?.wait).toBeLessThanOrEqual(3_600);
});

test.each([
  ['delivery_failed', 'relais delivery list --destination essai-crm --state failed'],
  ['destination_held', 'relais destination list'],
  ['support_decides', 'relais task list --destination essai-crm'],
  ['intake_refused', 'relais lead refusals --client essai'],
  ['log_altered', 'relais log verify'],
] as const)('the mail of %s says what to do about it: %s', (kind, command) => {
  const about = { clientId: 'essai', deliveryId: 0, reason: '', raisedAt: new Date(0), through: [] };
  const { sheet } = alertParcel([{ ...about, id: 1, kind, destinationId: 'essai-crm' }]);
  const lines = sheet?.flatMap((section) => section.lines) ?? [];
  expect(lines.find(({ label }) => label === 'Que faire')?.value).toMatch(new RegExp(`(?:^| — )${command}$`));
});

test('a message that breaks its sending keeps no other back, and is tried again', async () => {
  await raiseAlerts(home.gateway, [
    { kind: 'mapping_unusable', destinationId: 'essai-crm' },
    { kind: 'delivery_failed', destinationId: 'essai-crm', deliveryId: 7 },
  ]);
  const broken = connector('webhook');
  const webhook: Connector = {
    ...broken,
    send: (parcel, settings, context) => {
      if (parcel.body.bytes.toString().includes('mapping_unusable')) throw new TypeError('a bug of ours');
      return broken.send(parcel, settings, context);
    },
  };
  const all = options();
  expect(await sendAlerts({ ...all, connectors: { ...all.connectors, webhook } })).toBe(2);
  expect(sent).toContainEqual({ channel: 'webhook', kind: 'delivery_failed', count: 1 });
  expect(await open()).toHaveLength(1);
});

describe('a lead that waits longer than its promise', () => {
  const published: Published = {
    version: (id) =>
      Promise.resolve(
        id === 0 ? undefined : ({ promiseMs: 900_000, limits: { concurrency: 1 } } as CompiledMapping),
      ),
  };
  const waits = async (state: string, seconds: number, reason = ''): Promise<void> => {
    await home.owner.run("UPDATE destinations SET mapping_version_id = 1 WHERE id = 'essai-crm'");
    await home.delivery(await home.lead(`W-${state}-${seconds}`), {
      state,
      reason,
      created_at: new Date(Date.now() - seconds * 1_000),
    });
  };
  const told = (): Promise<readonly { kind: string; destination: string; reason: string }[]> =>
    home.owner.all('SELECT kind, destination_id AS destination, reason FROM alerts');

  test('is told once, with its destination and why it waits, and not again for hours', async () => {
    await waits('waiting', 1_000, 'destination_held');
    await checkAlerts(home.gateway, published, quarantineOf(home.gateway));
    await checkAlerts(home.gateway, published, quarantineOf(home.gateway));
    expect(await told()).toEqual([
      { kind: 'lead_waits', destination: 'essai-crm', reason: 'destination_held' },
    ]);
  });

  test.each([
    ['waiting', 800],
    ['withheld', 5_000],
    ['pending', 5_000],
    ['delivered', 5_000],
  ])('is not meant: %s for %d seconds', async (state, seconds) => {
    await waits(state, seconds);
    await checkAlerts(home.gateway, published, quarantineOf(home.gateway));
    expect(await told()).toEqual([]);
  });
});
