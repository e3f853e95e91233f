// C42: health degrades 26 hours after the last good backup, and an alert says so, in production.
import { watchBackups } from '../../src/delivery/background/alert-checks.ts';
import { startHealth } from '../../src/monitoring/health.ts';
import { createMeters } from '../../src/monitoring/meters.ts';
import { recordBackup } from '../../src/store/backups/backups.ts';
import { ownIdentity } from '../../src/store/installation.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());

async function readiness(): Promise<unknown> {
  const health = await startHealth({
    app: home.gateway,
    roles: [],
    meters: createMeters({ destinations: 1 }),
    needsBackups: true,
    backlog: false,
    host: '127.0.0.1',
    port: 0,
  });
  try {
    return await (await fetch(`http://127.0.0.1:${health.port}/ready`)).json();
  } finally {
    await health.close();
  }
}
const alerts = async (): Promise<number> =>
  (await home.owner.all("SELECT 1 FROM alerts WHERE kind = 'backup_late'")).length;

test('C42: degraded and alerted 26 hours after the first start, or the last backup', async () => {
  expect(await readiness()).toMatchObject({ status: 'ready', hoursWithoutBackup: 0 });
  await ownIdentity(home.gateway, 0);
  await watchBackups(home.gateway);
  expect(await alerts()).toBe(0);
  const aged = (table: string, column: string, hours: number): Promise<unknown> =>
    home.owner.run(`UPDATE ${table} SET ${column} = TIMESTAMPADD(HOUR, ?, UTC_TIMESTAMP(3))`, [-hours]);
  await aged('installation_lives', 'started_at', 27);
  expect(await readiness()).toMatchObject({ status: 'degraded' });
  await watchBackups(home.gateway);
  await watchBackups(home.gateway);
  expect(await alerts()).toBe(1);
  await recordBackup(home.gateway, { name: '2026-11-24T030000Z', bytes: 1 });
  expect(await readiness()).toMatchObject({ status: 'ready' });
  await aged('backups', 'ended_at', 27);
  expect(await readiness()).toMatchObject({ status: 'degraded' });
});
