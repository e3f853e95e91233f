// RELAIS_MYSQL_READ_URL: lists, status and figures come from the replica, by an account that may only read; whatever
// acts or proves asks the primary. The replica is played by another house, so that it shows who was asked.
import { openReplica } from '../../src/store/replica.ts';
import { createMeters } from '../../src/console/meters.ts';
import { startHealth } from '../../src/console/health.ts';
import { openGateway, leadRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { environmentOf, terminalOf } from './terminal.ts';

let primary: Gateway;
let replica: Gateway;
let readUrl: string;
const opened: Gateway[] = [];

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
  await replica.owner.text(`GRANT SELECT ON ${url.pathname.slice(1)}.* TO '${account}'@'%'`);
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
  const relais = relaisReading(readUrl);
  expect((await relais('delivery', 'list')).out).toContain('REPLICA-1');
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

test('what waits in the house is counted on the replica, and is no figure while it is away', async () => {
  const figuresBy = async (url: string): Promise<string> => {
    const reading = openReplica({ url, silenceMs: 5_000 });
    const health = await startHealth({
      app: primary.app.database,
      reading,
      roles: [],
      meters: createMeters({ destinations: 10 }),
      house: true,
      host: '127.0.0.1',
      port: 0,
    });
    try {
      return await (await fetch(`http://127.0.0.1:${health.port}/metrics`)).text();
    } finally {
      await health.close();
      await reading.close();
    }
  };
  expect(await figuresBy(readUrl)).toMatch(/^relais_intake_waiting 0$/m);
  expect(await figuresBy(primary.config.mysql.gatewayUrl)).toMatch(/^relais_intake_waiting 1$/m);
  const away = await figuresBy('mysql://reader:reader@127.0.0.1:1/relais');
  expect(away).toContain('relais_ready 1');
  expect(away).not.toMatch(/^relais_intake_waiting \d/m);
});
