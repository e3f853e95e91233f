// Leads to a CRM that wants an OAuth2 token: one for all, got anew when it is refused, and nothing of it anywhere.
import { createLog } from '../../src/log.ts';
import { startWorker } from '../../src/roles/worker.ts';
import { moveMonotonicClock } from '../support/host-clock.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let door: HttpRecipient;
let gateway: Gateway;
let good = 'jeton-1';
const lines: string[] = [];

const tokens = (): void => {
  door.answer = (_request, response) => {
    good = `jeton-${door.received.length}`;
    const content = { access_token: good, token_type: 'Bearer', expires_in: 3600 };
    // Slowly: those that need one at once all wait for this one.
    setTimeout(
      () => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(content)),
      150,
    );
  };
};

beforeEach(async () => {
  lines.length = 0;
  good = 'jeton-1';
  [crm, door] = [await startHttpRecipient(), await startHttpRecipient()];
  let last = 0;
  crm.answer = (request, response) => {
    if (request.headers.authorization !== `Bearer ${good}`) return void response.writeHead(401).end();
    last += 1;
    response.writeHead(200).end(`{"success":true,"id":"C-${last}"}`);
  };
  tokens();
  const files = webhookFiles(crm.port);
  const auth = `auth: { oauth2: { grant: client_credentials, tokenUrl: 'http://127.0.0.1:${door.port}/token', clientId: relais, clientSecret: secret:CRM_SECRET } }`;
  gateway = await openGateway({
    log: createLog({ level: 'debug', stream: { write: (line) => void lines.push(line) } }),
    // The lease is then that of the mapping's time-outs: what a send may take, and five seconds.
    environment: { RELAIS_SECRET_CRM_SECRET: 'secret-de-lapplication', RELAIS_LEASE_MS: '500' },
    files: {
      ...files,
      'essai/client.yaml': (files['essai/client.yaml'] ?? '').replace(
        'hosts: [localhost]',
        'hosts: [localhost, 127.0.0.1]',
      ),
      'essai/crm.yaml': (files['essai/crm.yaml'] ?? '').replace(
        "/leads' }\ntimeouts",
        `/leads', ${auth} }\ntimeouts`,
      ),
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'oauth2' });
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
  await door.close();
});

const leads = (from: number, count: number) =>
  gateway.send(...Array.from({ length: count }, (_, index) => strangerRow(`T-${from + index}`)));
const delivered = async (count: number): Promise<boolean> =>
  (await gateway.states("d.state = 'delivered'")).length === count;

test('thirty leads at once leave with one token', async () => {
  await leads(1, 30);
  await gateway.start('planner', 'worker', 'worker');
  await gateway.until('all delivered', () => delivered(30));
  expect(door.received).toHaveLength(1);
  expect(crm.received).toHaveLength(30);
});

test('a token revoked in mid-flight: each lead arrives once, in the same attempt, and one more token is asked for', async () => {
  await gateway.start('planner', 'worker');
  await leads(1, 5);
  await gateway.until('the first', () => delivered(5));
  good = 'revoked';
  await leads(6, 25);
  await gateway.until('all delivered', () => delivered(30));
  expect(door.received).toHaveLength(2);
  const attempts = await gateway.owner.all<{ attempt: number }>('SELECT DISTINCT attempt FROM deliveries');
  expect(attempts).toEqual([{ attempt: 1 }]);
  const outcomes = (await gateway.entries()).filter(({ entry }) => entry === 'outcome');
  expect(outcomes.every(({ outcome }) => outcome === 'accepted')).toBe(true);
});

test('a client that is not known: held with an alert that says so, no lead leaves, and another secret opens it', async () => {
  door.answer = (_request, response) => void response.writeHead(401).end('{"error":"invalid_client"}');
  await gateway.start('planner', 'worker');
  await leads(1, 4);
  await gateway.until('held', async () => {
    const alerts = await gateway.owner.all<{ reason: string }>(
      "SELECT reason FROM alerts WHERE kind = 'destination_held'",
    );
    return alerts.length === 1 && alerts[0]?.reason === 'unauthorized:TOKEN_INVALID_CLIENT';
  });
  const asked = door.received.length;
  expect(asked).toBe(1);
  expect(crm.received).toEqual([]);
  // Probes of the destination go on; the endpoint is not asked by any of them.
  await gateway.soon(
    'probed',
    async () => (await gateway.entries()).filter(({ outcome }) => outcome === 'unauthorized').length >= 2,
  );
  expect(door.received).toHaveLength(asked);
  // A further probe may be under way.
  await gateway.until(
    'all wait',
    async () => (await gateway.states("d.reason NOT LIKE '%held%'")).length === 0,
  );
  await gateway.owner.run('UPDATE access_credentials SET again_at = UTC_TIMESTAMP(3)');
  tokens();
  await gateway.soon('all delivered', () => delivered(4));
});

test('the token endpoint is away: the leads wait as in any outage, and leave when it is back', async () => {
  door.answer = (_request, response) => void response.writeHead(503).end();
  await gateway.start('planner', 'worker');
  await leads(1, 3);
  await gateway.until('waiting', async () =>
    (await gateway.entries()).some(({ reason }) => reason.includes('TOKEN_HTTP_503')),
  );
  tokens();
  await gateway.soon('all delivered', () => delivered(3));
  expect(crm.received).toHaveLength(3);
});

test('a process that stands still over its token sends nothing once another has the lease', async () => {
  const { credentials } = gateway.app;
  const released = Promise.withResolvers<undefined>();
  let stands = false;
  let thaw = (): void => undefined;
  const worker = await startWorker({
    ...gateway.app,
    credentials: (clientId) => ({
      async obtain(need) {
        const obtained = await credentials(clientId).obtain(need);
        if (!stands) {
          stands = true;
          await released.promise;
        }
        return obtained;
      },
    }),
  });
  try {
    await gateway.start('planner');
    await leads(1, 1);
    await gateway.until('it stands', () => stands);
    await gateway.owner.run('UPDATE deliveries SET lease_until = UTC_TIMESTAMP(3)');
    await gateway.until('sent by another claim', () => delivered(1));
    // Longer than a lease can be short of its end and still not be looked at.
    thaw = moveMonotonicClock(3_000);
    released.resolve(undefined);
    const isLate = async (): Promise<boolean> =>
      (await gateway.entries()).some(({ entry }) => entry === 'late');
    await gateway.until('the late worker has ended', isLate);
  } finally {
    released.resolve(undefined);
    thaw();
  }
  await worker.stop();
  expect(crm.received).toHaveLength(1);
});

test('nothing of secret or token is in MySQL, in Redis or in the log', async () => {
  await gateway.start('planner', 'worker');
  await leads(1, 3);
  await gateway.until('all delivered', () => delivered(3));
  const tables = await gateway.owner.all<{ name: string }>(
    'SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()',
  );
  const everything: string[] = [...lines];
  for (const { name } of tables) {
    const rows = await gateway.owner.all<Record<string, unknown>>(`SELECT * FROM \`${name}\``);
    for (const row of rows)
      everything.push(
        ...Object.values(row).map((value) =>
          Buffer.isBuffer(value) ? value.toString('latin1') : String(value),
        ),
      );
  }
  for (const key of await gateway.redis.keys(`${gateway.config.redis.prefix}*`))
    everything.push(String((await gateway.redis.dump(key).catch(() => '')) ?? ''));
  expect(everything.join('\n')).toContain('essai-crm');
  expect(lines.join()).toContain('credential.got');
  for (const marker of ['jeton-1', 'secret-de-lapplication'])
    expect(everything.filter((text) => text.includes(marker))).toEqual([]);
});
