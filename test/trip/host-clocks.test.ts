// Hosts whose own clock is ahead, behind, or set while we run: business times are the database's, durations the monotonic clock's.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setDestinationStatus } from '../../src/support/suspend.ts';
import { insertAuthorisation, revokeAuthorisation } from '../../src/store/destinations/authorisations.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { moveHostClock } from '../support/host-clock.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

const [minute, hour] = [60_000, 3_600_000];

let crm: HttpRecipient;
let gateway: Gateway;
let secrets: string;
let setRight = (): void => undefined;

const files = (): Readonly<Record<string, string>> => {
  const all = webhookFiles(crm.port);
  return {
    ...all,
    'essai/crm.yaml': (all['essai/crm.yaml'] ?? '').replace(
      "/leads' }",
      "/leads', headers: { X-Token: secret:TOKEN } }",
    ),
  };
};
const publish = (): Promise<unknown> =>
  gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'n' });
const ended = (reference: string, state: string): Promise<void> =>
  gateway.until(
    `${reference} ${state}`,
    async () => (await gateway.states(`l.reference = '${reference}'`))[0]?.state === state,
  );
const databaseNow = async (): Promise<Date> =>
  ((await gateway.owner.all<{ now: Date }>('SELECT UTC_TIMESTAMP(3) AS now'))[0] as { now: Date }).now;
/** Of the database's minute, whatever this host says. */
const lead = async (reference: string) =>
  leadRow(reference, { collected_at: new Date((await databaseNow()).getTime() - minute) });

beforeEach(async () => {
  crm = await startHttpRecipient();
  secrets = mkdtempSync(join(tmpdir(), 'relais-secrets-'));
  writeFileSync(join(secrets, 'TOKEN'), 'first');
  gateway = await openGateway({ files: files(), environment: { RELAIS_SECRETS_DIR: secrets } });
});
afterEach(async () => {
  setRight();
  await gateway.close();
  await crm.close();
  rmSync(secrets, { recursive: true });
});

test('a lead committed right after the first publication, from a host two minutes ahead, is sent', async () => {
  setRight = moveHostClock(2 * minute);
  await publish();
  await gateway.send(await lead('H-1'));
  await gateway.start('planner', 'worker');
  await ended('H-1', 'delivered');
  expect(await gateway.owner.all('SELECT * FROM routing_refusals')).toEqual([]);
});

test('a clock put back an hour freezes no cache: suspension, authorisation and secret are those of now', async () => {
  await publish();
  await gateway.start('planner', 'worker');
  await gateway.send(await lead('H-2'));
  await ended('H-2', 'delivered');
  const { database } = gateway.app;
  const why = { actor: 'tester', reason: 'ticket 1' };
  await setDestinationStatus(database, 'essai-crm', 'suspended', why);
  await gateway.send(await lead('H-3'));
  await gateway.until(
    'H-3 waits for its destination',
    async () => (await gateway.states("l.reference = 'H-3'"))[0]?.reason === 'destination_suspended',
  );

  setRight = moveHostClock(-hour);
  writeFileSync(join(secrets, 'TOKEN'), 'second one');
  await gateway.app.database.all('SELECT SLEEP(1.1)');
  await setDestinationStatus(database, 'essai-crm', 'active', why);
  await ended('H-3', 'delivered');
  expect(crm.received.at(-1)?.headers['x-token']).toBe('second one');

  const [old] = await gateway.owner.all<{ id: number }>('SELECT id FROM authorisations');
  await revokeAuthorisation(database, old?.id ?? 0, 'tester');
  await gateway.send(await lead('H-4'));
  await ended('H-4', 'withheld');
  await insertAuthorisation(database, {
    clientId: 'essai',
    destinationId: 'essai-crm',
    recipient: 'Essai CRM',
    targets: ['localhost'],
    categories: ['identity', 'project', 'statistical'],
    documentRef: 'Contrat 2',
    validFrom: new Date((await databaseNow()).getTime() - 1),
    grantedBy: 'tester',
  });
  await ended('H-4', 'delivered');
});

test('a clock a day ahead ends no authorisation, begins none, and writes no log of tomorrow', async () => {
  setRight = moveHostClock(24 * hour);
  await publish();
  await gateway.start('planner', 'worker');
  const half = new Date((await databaseNow()).getTime() + 12 * hour);
  await gateway.owner.run('UPDATE authorisations SET valid_until = ?', [half]);
  await gateway.send(await lead('H-5'));
  await ended('H-5', 'delivered');
  await gateway.owner.run('UPDATE authorisations SET valid_until = NULL, valid_from = ?', [half]);
  await gateway.send(await lead('H-6'));
  await ended('H-6', 'withheld');
  expect(crm.received).toHaveLength(1);
  const [ahead] = await gateway.owner.all<{ n: number }>(
    'SELECT COUNT(*) AS n FROM handovers WHERE at > TIMESTAMPADD(MINUTE, 1, UTC_TIMESTAMP(3))',
  );
  expect(ahead?.n).toBe(0);
});
