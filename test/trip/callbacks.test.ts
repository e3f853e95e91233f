// A recipient that decides later tells it by itself, signed: the delivery ends at once, once, and asking stays the fallback.
import { Webhook } from 'standardwebhooks';
import { startCallbacks } from '../../src/callbacks/server.ts';
import { silentLog } from '../../src/log.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let door: Awaited<ReturnType<typeof startCallbacks>>;
const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

beforeEach(async () => {
  crm = await startHttpRecipient();
  gateway = await openGateway({
    files: webhookFiles(crm.port),
    environment: { RELAIS_SECRET_ESSAI_CALLBACK: secret },
  });
  door = await startCallbacks({
    database: gateway.app.database,
    published: gateway.app.published,
    secrets: gateway.config.secrets,
    log: silentLog,
    host: '127.0.0.1',
    port: 0,
  });
}, 90_000);
afterEach(async () => {
  await door.close();
  await gateway.close();
  await crm.close();
}, 90_000);

async function publish(every = '1h'): Promise<void> {
  const file = webhookFiles(crm.port)['essai/crm.yaml'] ?? '';
  const lookup = `{ url: 'http://localhost:${crm.port}/decisions/{reference}' }`;
  gateway.file(
    'essai/crm.yaml',
    file
      .replace(
        "/leads' }",
        `/leads', lookup: ${lookup} }\nonUnknown: lookup\npending: { for: 10h, every: ${every} }\ncallback: { secret: secret:ESSAI_CALLBACK, key: $.key }`,
      )
      .replace(
        /^response:$/m,
        [
          'response:',
          '  - { pending: { status: 202 }, reference: $.id }',
          '  - { accepted: { json: { state: kept } }, on: lookup, reference: $.id }',
          '  - { refused: { json: { state: arbitrated } }, on: lookup, reason: already_known }',
          '  - { pending: { json: { state: waiting } }, on: lookup }',
          '  - { absent: { status: 404 }, on: lookup }',
        ].join('\n'),
      ),
  );
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'asks' });
}

const stateOf = async (): Promise<string> => {
  const [row] = await gateway.states();
  return row === undefined ? '' : `${row.state}:${row.reason}`;
};
const keyOf = async (): Promise<string> =>
  (await gateway.owner.all<{ key: string }>('SELECT delivery_key AS `key` FROM deliveries'))[0]?.key ?? '';
const entries = async (): Promise<string[]> =>
  (
    await gateway.owner.all<{ entry: string; outcome: string; next_step: string }>(
      'SELECT entry, outcome, next_step FROM handovers WHERE delivery_id > 0 ORDER BY id',
    )
  ).map(({ entry, outcome, next_step: next }) =>
    [entry, outcome, next].filter((part) => part !== '').join(' '),
  );

/** Answers the status. */
async function tell(
  said: Readonly<Record<string, unknown>>,
  { by = secret, to = 'essai-crm', at = new Date() }: { by?: string; to?: string; at?: Date } = {},
): Promise<number> {
  const body = JSON.stringify(said);
  const response = await fetch(`http://127.0.0.1:${door.port}/callbacks/${to}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(by).sign('msg_1', at, body),
    },
    body,
  });
  expect(await response.text()).toBe('');
  return response.status;
}

async function pendingLead(): Promise<string> {
  await publish();
  crm.answer = (_request, response) => void response.writeHead(202).end('{"id":"C-1"}');
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.until('pending', async () => (await stateOf()) === 'pending:recipient_decides', 40_000);
  return keyOf();
}

test('its yes delivers the lead, with its reference, and is in the log like an answer that was asked for', async () => {
  const key = await pendingLead();
  expect(await tell({ key, state: 'kept', id: 'C-9' })).toBe(204);
  expect(await stateOf()).toBe('delivered:accepted');
  const [row] = await gateway.owner.all<{ r: string }>('SELECT recipient_reference r FROM deliveries');
  expect(row?.r).toBe('C-9');
  expect(await entries()).toEqual(['departed', 'outcome pending pending', 'lookup accepted done']);
  expect(crm.received).toHaveLength(1);
}, 90_000);

test('told again it changes nothing; a word that contradicts it moves nothing and is a task', async () => {
  const key = await pendingLead();
  await tell({ key, state: 'kept', id: 'C-9' });
  const before = await entries();
  expect(await tell({ key, state: 'kept', id: 'C-9' })).toBe(204);
  expect(await gateway.owner.all('SELECT 1 FROM alerts')).toEqual([]);
  expect(await tell({ key, state: 'arbitrated' })).toBe(204);
  expect(await tell({ key, state: 'arbitrated' })).toBe(204);
  expect(await stateOf()).toBe('delivered:accepted');
  expect(await entries()).toEqual(before);
  expect(await gateway.owner.all('SELECT kind FROM alerts')).toEqual([{ kind: 'ack_contradicts' }]);
}, 90_000);

test('its no fails the lead, with an alert', async () => {
  const key = await pendingLead();
  expect(await tell({ key, state: 'arbitrated' })).toBe(204);
  expect(await stateOf()).toBe('failed:refused:already_known');
  expect(await gateway.owner.all('SELECT kind FROM alerts')).toEqual([{ kind: 'delivery_failed' }]);
}, 90_000);

test('whoever cannot sign moves nothing, and learns nothing', async () => {
  const key = await pendingLead();
  const other = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
  const said = { key, state: 'kept', id: 'C-9' };
  expect(await tell(said, { by: other })).toBe(401);
  expect(await tell(said, { to: 'nobody-crm' })).toBe(401);
  expect(await tell(said, { at: new Date(Date.now() - 600_000) })).toBe(401);
  const bare = await fetch(`http://127.0.0.1:${door.port}/callbacks/essai-crm`, {
    method: 'POST',
    body: '{}',
  });
  expect(bare.status).toBe(401);
  expect(await stateOf()).toBe('pending:recipient_decides');
}, 90_000);

test('a key of nobody, a word that no rule knows and one that says nothing yet move nothing', async () => {
  const key = await pendingLead();
  expect(await tell({ key: 'dlv_nobody', state: 'kept', id: 'C-9' })).toBe(404);
  expect(await tell({ state: 'kept', id: 'C-9' })).toBe(422);
  expect(await tell({ key, state: 'whatever' })).toBe(422);
  expect(await tell({ key, state: 'waiting' })).toBe(204);
  expect(await stateOf()).toBe('pending:recipient_decides');
}, 90_000);

test('a decision that comes while the lead is still being sent is asked for once more', async () => {
  await publish();
  const statuses: number[] = [];
  crm.answer = (_request, response) =>
    void (async () => {
      statuses.push(await tell({ key: await keyOf(), state: 'kept', id: 'C-9' }));
      response.writeHead(202).end('{"id":"C-1"}');
    })();
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.until('pending', async () => (await stateOf()) === 'pending:recipient_decides', 40_000);
  expect(statuses).toEqual([503]);
  expect(await tell({ key: await keyOf(), state: 'kept', id: 'C-9' })).toBe(204);
  expect(await stateOf()).toBe('delivered:accepted');
}, 90_000);

test('where its callback is lost it is asked, as before', async () => {
  await publish('1s');
  crm.answer = ({ url }, response) =>
    void (url === '/leads'
      ? response.writeHead(202).end('{"id":"C-1"}')
      : response.writeHead(200).end('{"state":"kept","id":"C-9"}'));
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.until('delivered', async () => (await stateOf()) === 'delivered:accepted', 40_000);
}, 90_000);

test('a lead whose outcome nobody knew is settled by its recipient’s word', async () => {
  await publish();
  crm.answer = (_request, response) => void response.socket?.destroy();
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.until('held', async () => (await stateOf()).startsWith('waiting:unknown_hold'), 40_000);
  expect(await tell({ key: await keyOf(), state: 'kept', id: 'C-4' })).toBe(204);
  expect(await stateOf()).toBe('delivered:accepted');
  expect(await gateway.owner.all('SELECT 1 FROM alerts WHERE closed_at IS NULL')).toEqual([]);
}, 90_000);
