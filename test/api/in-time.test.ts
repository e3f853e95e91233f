// Requests whose key cannot be read yet, since every connection to the database is taken: each is answered in its time.
import { createApiKey } from '../../src/access/api-keys.ts';
import { startApi, type Api } from '../../src/api/server.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { silentLog } from '../../src/log.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
let database: Database;

beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  database = openDatabase({ url: gateway.config.mysql.gatewayUrl, connections: 1 });
});
afterAll(async () => {
  await database.close();
  await gateway.close();
});

/** An interface that reads its keys on a connection of its own. */
const opened = (answerWithinMs: number): Promise<Api> =>
  startApi({
    access: { ...gateway.app.access, database },
    posting: gateway.app,
    support: gateway.app,
    log: silentLog,
    version: '0.0.0',
    host: '127.0.0.1',
    port: 0,
    proxies: [],
    perMinute: 1_000_000,
    answerWithinMs,
  });

let made = 0;
const newKey = async (): Promise<string> => {
  const asked = { name: `key ${(made += 1)}`, addresses: [], days: 1 };
  const scopes = ['lead.post', 'delivery.read', 'delivery.replay'] as const;
  return (await createApiKey(gateway.app.access, { ...asked, scopes }, 'tester')).key;
};

test.each([
  ['POST', '/v1/leads', { items: [{}] }],
  ['POST', '/v1/deliveries/1/replay', { reason: 'ticket 1' }],
  ['GET', '/v1/deliveries', undefined],
])('%s %s is answered while the look at its key still waits for the database', async (method, path, body) => {
  const key = await newKey();
  const api = await opened(500);
  let free = (): void => undefined;
  const freed = new Promise<void>((done) => (free = done));
  const holding = database.transaction(() => freed);
  try {
    const answer = await fetch(`http://127.0.0.1:${api.port}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        'idempotency-key': 'one',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.json()).toMatchObject({ code: 'DB-006' });
  } finally {
    free();
    await holding;
    await api.close();
  }
});
