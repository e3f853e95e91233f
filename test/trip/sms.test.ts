// A lead from its row to a text message at the provider, through the whole gateway: withdrawn, unclear and refused on the way.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

let provider: HttpRecipient;
let gateway: Gateway;
beforeEach(async () => {
  provider = await startHttpRecipient();
  const client = webhookFiles(provider.port)['essai/client.yaml'] ?? '';
  gateway = await openGateway({
    files: {
      'essai/client.yaml': client.replaceAll('essai-crm', 'essai-sms'),
      'essai/sms.yaml': `destination: essai-sms
connector: sms
send: { url: 'http://localhost:${provider.port}/v1/messages', auth: { bearer: secret:SMS_TOKEN }, sender: RELAIS, to: '+33639980042' }
timeouts: { connect: 5s, response: 10s, total: 12s }
retry: [10m, 10m, 10m]
limits: { perHour: 2 }
consent:
  - { to: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
fields:
  - { to: text, template: 'Demande {{id}} : {{identity.lastName}}, {{identity.mobile}}' }
update: {}
erase: { fields: [{ to: text, template: 'Effacer la demande {{id}}' }] }
`,
    },
    environment: { RELAIS_SECRET_SMS_TOKEN: 'jeton-de-l-operateur' },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-sms', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterEach(async () => {
  await gateway.close();
  await provider.close();
});

const answer = (status: number, body: string): void => {
  provider.answer = (_request, response) => void response.writeHead(status).end(body);
};
const until = (reference: string, wanted: string, action = 'create'): Promise<void> =>
  gateway.until(`${reference} ${action} ${wanted}`, async () =>
    (await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`)).some((row) =>
      `${row.state}:${row.reason}`.startsWith(wanted),
    ),
  );
const texts = (): readonly string[] =>
  provider.received.map((one) => (JSON.parse(one.body.toString()) as { text: string }).text);
const keys = (): readonly unknown[] => provider.received.map((one) => one.headers['idempotency-key']);
const by = { clientId: 'essai', actor: 'tester', reason: 'request 1' };

test('it leaves with its opt-in, again under the same key after an outage, and what is taken back follows past a full hour', async () => {
  answer(503, 'Maintenance');
  await gateway.send(strangerRow('M-1'));
  await until('M-1', 'waiting:retry');
  answer(201, '{"id":"msg-1"}');
  await gateway.soon('M-1 delivered', async () =>
    (await gateway.states("l.reference = 'M-1'")).some(({ state }) => state === 'delivered'),
  );
  expect(new Set(keys()).size).toBe(1);
  expect(provider.received.at(-1)?.headers.authorization).toBe('Bearer jeton-de-l-operateur');
  expect(texts().at(-1)).toMatch(/^Demande M-1 : Lefèvre, \+33639\d+\nOPTIN : OUI$/);
  // Both tries counted: the hour is full.
  await gateway.send(strangerRow('M-2'));
  await until('M-2', 'waiting:throttled:RATE_HOUR');
  const { rights } = gateway.app;
  await rights.withdraw({ ...by, reference: 'M-1', purpose: 'marketing', channels: ['email'] });
  await until('M-1', 'delivered', 'update');
  expect(texts().at(-1)).toContain('OPTIN : RETRAIT');
  await rights.erase({ ...by, reference: 'M-1' });
  await until('M-1', 'delivered', 'erase');
  expect(texts().at(-1)).toMatch(/^Effacer la demande M-1/);
  await rights.erase({ ...by, reference: 'M-2' });
  await until('M-2', 'cancelled:erased');
  expect(texts().join()).not.toContain('M-2');
});

test('a yes without an id is never sent again by itself: support decides, and nothing of the person is anywhere else', async () => {
  answer(200, '{"error":"Lefèvre: no credit left for +33639980042"}');
  await gateway.send(strangerRow('M-3', { mobile: '+33639987755' }));
  await until('M-3', 'waiting:unknown_hold');
  const alerts = await gateway.owner.all<{ kind: string }>('SELECT kind FROM alerts');
  expect(alerts).toEqual([{ kind: 'support_decides' }]);
  answer(201, '{"id":"msg-3"}');
  const relais = terminalOf(environmentOf(gateway));
  const id = String((await gateway.states())[0]?.id);
  const said = await relais(
    'delivery',
    'resolve',
    id,
    '--not-received',
    '--evidence',
    'call to the provider',
  );
  expect(said.code).toBe(0);
  await until('M-3', 'delivered');
  expect(texts()).toHaveLength(2);
  expect(new Set(keys()).size).toBe(1);

  const handovers = JSON.stringify(await gateway.owner.all('SELECT * FROM handovers'));
  const redis: string[] = [];
  for (const key of await gateway.redis.keys(`${gateway.config.redis.prefix}*`)) {
    redis.push(key);
    if ((await gateway.redis.type(key)) === 'hash')
      redis.push(JSON.stringify(await gateway.redis.hgetall(key)));
    if ((await gateway.redis.type(key)) === 'stream')
      redis.push(JSON.stringify(await gateway.redis.xrange(key, '-', '+')));
  }
  expect(redis.length).toBeGreaterThan(0);
  for (const mark of ['Lefèvre', '39987755', '39980042', 'credit'])
    expect(`${handovers} ${redis.join(' ')}`).not.toContain(mark);
});
