// A secret inside a body, on the whole trip: the recipient gets its value, the database and the log only its name.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

const value = 'cle-tres-secrete-4711';
let crm: HttpRecipient;
let gateway: Gateway;

beforeEach(async () => {
  crm = await startHttpRecipient();
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const open = async (environment: Readonly<Record<string, string>>): Promise<void> => {
  const file = webhookFiles(crm.port)['essai/crm.yaml'] ?? '';
  gateway = await openGateway({
    environment,
    files: {
      ...webhookFiles(crm.port),
      'essai/crm.yaml': file.replace(/^fields:$/m, 'fields:\n  - { to: token, value: secret:CRM_KEY }'),
    },
  });
  await gateway.app.publishing.publish({
    destinationId: 'essai-crm',
    author: 'tester',
    note: 'a key inside',
  });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
};

/** Every text and every byte string of every table. */
async function everything(): Promise<string> {
  const tables = await gateway.owner.all<{ name: string }>(
    "SELECT table_name name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
  );
  const rows = await Promise.all(
    tables.map(({ name }) => gateway.owner.all<Record<string, unknown>>(`SELECT * FROM \`${name}\``)),
  );
  return JSON.stringify(rows, (_key, held: unknown) =>
    Buffer.isBuffer(held) ? held.toString('latin1') : held,
  );
}

test('its value is in the request and nowhere else', async () => {
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  await open({ RELAIS_SECRET_CRM_KEY: value });
  await gateway.until('delivered', async () => (await gateway.states())[0]?.state === 'delivered');
  expect(crm.received.map(({ body }) => (JSON.parse(body.toString()) as { token: string }).token)).toEqual([
    value,
  ]);
  const stored = await everything();
  expect(stored).toContain('secret:CRM_KEY');
  expect(stored).not.toContain(value);
});

test('without a value nothing leaves, and the destination waits for it', async () => {
  await open({});
  await gateway.until('held', async () =>
    /SECRET_MISSING/.test((await gateway.states()).map(({ reason }) => reason).join()),
  );
  expect(crm.received).toEqual([]);
});
