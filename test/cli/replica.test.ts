// RELAIS_MYSQL_READ_URL: lists and status come from the replica, by an account with the rights the page names; whatever
// acts, watches or proves asks the primary. The replica is played by another house, so that it shows who was asked.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApp } from '../../src/app.ts';
import { silentLog } from '../../src/log.ts';
import { grantRights } from '../../src/store/migrate.ts';
import { listDeliveries } from '../../src/store/deliveries/delivery-lists.ts';
import { openGateway, leadRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { environmentOf, terminalOf } from './terminal.ts';

let primary: Gateway;
let replica: Gateway;
let readUrl: string;
const opened: Gateway[] = [];
const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
let grants = 0;

async function houseWith(reference: string): Promise<Gateway> {
  const house = await openGateway({ files: webhookFiles(9) });
  opened.push(house);
  await house.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  const [planner] = await house.start('planner');
  await house.send(leadRow(reference));
  await house.until('planned', async () => (await house.states()).length === 1);
  await planner?.stop();
  return house;
}

beforeAll(async () => {
  primary = await houseWith('PRIMARY-1');
  replica = await houseWith('REPLICA-1');
  const url = new URL(replica.config.mysql.gatewayUrl);
  const account = `${url.pathname.slice(1)}_r`;
  await replica.owner.text(`CREATE USER '${account}'@'%' IDENTIFIED BY 'reader'`);
  for (const [grant] of page.matchAll(/^GRANT SELECT.*;$/gm)) {
    grants += 1;
    await replica.owner.text(
      grant
        .replaceAll('relais.', `${url.pathname.slice(1)}.`)
        .replace(/'relais_reader'@'[^']*'/, `'${account}'@'%'`),
    );
  }
  url.username = account;
  url.password = 'reader';
  readUrl = url.href;
});
afterAll(async () => {
  for (const house of opened) await house.close();
});

const relaisReading = (url: string): ReturnType<typeof terminalOf> =>
  terminalOf(environmentOf(primary, { RELAIS_MYSQL_READ_URL: url }));

test('delivery list and status read the replica; the story of a delivery and its cancelling are the primary’s', async () => {
  await primary.send(leadRow('PRIMARY-2'));
  expect(grants).toBeGreaterThan(1);
  const relais = relaisReading(readUrl);
  const listed = await relais('delivery', 'list', '--client', 'essai', '--lead', 'REPLICA-1');
  expect(listed.out).toContain('REPLICA-1');
  expect(listed.err).toMatch(/^Read from a replica, whose newest log entry is of \d/m);
  const { out } = await relais('status');
  // The row that has just come in is the primary's.
  expect(out).toContain('intake   0 waiting');
  expect((await terminalOf(environmentOf(primary))('status')).out).toContain('intake   1 waiting');
  const [mine] = await primary.states();
  expect((await relais('delivery', 'show', String(mine?.id), '--lang', 'en')).out).toContain('PRIMARY-1');
  await relais('cancel', String(mine?.id), '--reason', 'ticket 1');
  expect((await primary.states())[0]?.state).toBe('cancelled');
  expect((await replica.states())[0]?.state).not.toBe('cancelled');
});

test('a replica that is away is named, with the way out; what asks the primary goes on', async () => {
  const relais = relaisReading('mysql://reader:reader@127.0.0.1:1/relais');
  const failed = await relais('delivery', 'list');
  expect(failed.code).not.toBe(0);
  expect(failed.err).toContain('DB-001');
  expect(failed.err).toContain('RELAIS_MYSQL_READ_URL');
  const [mine] = await primary.states();
  expect((await relais('delivery', 'show', String(mine?.id))).out).toContain('PRIMARY-1');
});

test('in production a reader that may come from anywhere is refused, as the gateway’s own account is', async () => {
  const { name } = primary.owner;
  const [seen] = await primary.owner.all<{ host: string }>("SELECT SUBSTRING_INDEX(USER(), '@', -1) AS host");
  const bound = { user: `${name}_b`, host: seen?.host ?? '' };
  await primary.owner.text(`CREATE USER '${bound.user}'@'${bound.host}' IDENTIFIED BY 'bound'`);
  await grantRights(primary.owner, primary.config.keysSchema, { gateway: bound });
  const gatewayUrl = new URL(primary.config.mysql.gatewayUrl);
  [gatewayUrl.username, gatewayUrl.password] = [bound.user, 'bound'];
  const mysql = { ...primary.config.mysql, gatewayUrl: gatewayUrl.href };
  const listed = async (from: string): Promise<unknown> => {
    const config = { ...primary.config, env: 'production' as const, mysql: { ...mysql, readUrl: from } };
    const app = await openApp(config, { log: silentLog });
    try {
      return await listDeliveries(app.reading, {}, 10);
    } finally {
      await app.close();
    }
  };
  await expect(listed(readUrl)).rejects.toMatchObject({ code: 'CONFIG-002' });
  expect(await listed(gatewayUrl.href)).toHaveLength(1);
});
