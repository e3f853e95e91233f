// An outage is told from memory: the row of an alert is what cannot be written.
import type { Outcome, Parcel } from '../../connectors/contract.ts';
import { connectors } from '../../connectors/index.ts';
import { createOutageAlert } from '../../src/delivery/background/outage-alert.ts';
import { silentLog } from '../../src/log.ts';
import type { Database } from '../../src/store/database.ts';

function rig(answer: () => Outcome) {
  const sent: Parcel[] = [];
  let clock = 0;
  let trouble: string | undefined;
  const refused = (): never => {
    throw new Error('the database is asked for nothing');
  };
  const database = {
    now: () => new Date('2026-11-20T12:00:00Z'),
    all: refused,
    run: refused,
    transaction: refused,
  } as unknown as Database;
  const { webhook } = connectors;
  if (webhook === undefined) throw new Error('no webhook');
  const send = (parcel: Parcel): Promise<Outcome> => {
    sent.push(parcel);
    return Promise.resolve(answer());
  };
  const outage = createOutageAlert(
    {
      database,
      connectors: { webhook: { ...webhook, send } },
      channels: { webhook: 'https://alerts.centre.example/in' },
      network: { allowedRanges: [], allowPlaintext: false },
      log: silentLog,
      trouble: () => Promise.resolve(trouble),
    },
    () => clock,
  );
  const at = async (ms: number, wrong?: string): Promise<number> => {
    clock = ms;
    trouble = wrong;
    await outage.look();
    return sent.length;
  };
  return { sent, at };
}

const full = 'mysql answers and takes nothing (ER_DISK_FULL)';

test('told after half a minute, once an hour, and anew for another outage, with its reason', async () => {
  const { sent, at } = rig(() => ({ kind: 'accepted' }));
  expect(await at(0, full)).toBe(0);
  expect(await at(29_000, full)).toBe(0);
  expect(await at(30_000, full)).toBe(1);
  expect(await at(90_000, full)).toBe(1);
  expect(await at(3_640_000, full)).toBe(2);
  expect(await at(3_650_000)).toBe(2);
  expect(await at(3_665_000)).toBe(2);
  expect(await at(3_670_000, full)).toBe(2);
  expect(await at(3_700_000, full)).toBe(3);
  expect(JSON.parse(Buffer.from(sent[0]?.body.bytes ?? []).toString())).toMatchObject({
    type: 'relais.service_away',
    reason: 'MYSQL_ANSWERS_AND_TAKES_NOTHING_ER_DISK_FULL_',
  });
});

test('a service that answers now and then is one outage', async () => {
  const { at } = rig(() => ({ kind: 'accepted' }));
  for (const ms of [0, 10_000, 20_000]) {
    expect(await at(ms, full)).toBe(0);
    expect(await at(ms + 5_000)).toBe(0);
  }
  expect(await at(30_000, full)).toBe(1);
});

test('another trouble behind an outage has its own alert', async () => {
  const { sent, at } = rig(() => ({ kind: 'accepted' }));
  await at(0, full);
  expect(await at(30_000, full)).toBe(1);
  expect(await at(35_000, 'redis cannot be reached')).toBe(1);
  expect(await at(45_000, full)).toBe(1);
  expect(await at(65_000, 'redis cannot be reached')).toBe(2);
  expect(JSON.parse(Buffer.from(sent[1]?.body.bytes ?? []).toString())).toMatchObject({
    reason: 'REDIS_CANNOT_BE_REACHED',
  });
});

test('a service that answers otherwise at each look is one outage, beside another that comes and goes', async () => {
  const { at } = rig(() => ({ kind: 'accepted' }));
  const troubles = [
    'redis answers and takes nothing (MISCONF)',
    'redis cannot be reached',
    'mysql and redis cannot be reached',
    'mysql cannot be reached, redis answers and takes nothing (MISCONF)',
  ];
  for (let ms = 0; ms < 30_000; ms += 5_000) expect(await at(ms, troubles[(ms / 5_000) % 4])).toBe(0);
  expect(await at(30_000, troubles[2])).toBe(1);
  expect(await at(35_000, troubles[3])).toBe(1);
});

test('a Redis that is not ours is a trouble of its own, however long it could not be reached before', async () => {
  const { at } = rig(() => ({ kind: 'accepted' }));
  await at(0, 'redis cannot be reached');
  expect(await at(30_000, 'redis cannot be reached')).toBe(1);
  await at(35_000, 'redis is not ours (another_life)');
  expect(await at(65_000, 'redis is not ours (another_life)')).toBe(2);
});

test('what no channel took is tried again after a minute', async () => {
  const { at } = rig(() => ({ kind: 'unavailable', reason: 'HTTP_503', maybeReceived: true }));
  await at(0, full);
  expect(await at(30_000, full)).toBe(1);
  expect(await at(80_000, full)).toBe(1);
  expect(await at(91_000, full)).toBe(2);
});
