// A recipient that decides later is asked where it says what it decided: until it has, or until its time is over.
import { openDeciding, type Deciding } from './deciding-crm.ts';
import { leadRow } from './gateway.ts';

let deciding: Deciding;
let { crm, gateway, publish, stateOf } = {} as Deciding;
beforeEach(async () => {
  deciding = await openDeciding();
  ({ crm, gateway, publish, stateOf } = deciding);
});
afterEach(() => deciding.close());

const at = (url: string) => crm.received.filter((request) => request.url === url);

test('its own place for decisions is asked by its own reference, again and again, and the lead is sent once', async () => {
  const base = `http://localhost:${crm.port}`;
  await publish(
    `{ url: '${base}/search?ref={leadReference}', pending: { url: '${base}/decisions/{reference}' } }`,
    'pending: { for: 1h, every: 1s }',
  );
  crm.answer = ({ url }, response) => {
    if (url === '/leads') response.writeHead(202).end('{"id":"C-1"}');
    else
      response
        .writeHead(200)
        .end(at('/decisions/C-1').length < 3 ? '{"state":"waiting"}' : '{"state":"kept","id":"C-9"}');
  };
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.soon('delivered', async () => (await stateOf()).startsWith('delivered'));
  expect(at('/leads')).toHaveLength(1);
  expect(at('/decisions/C-1')).toHaveLength(3);
  expect(crm.received.some(({ url }) => url.startsWith('/search'))).toBe(false);
  const [row] = await gateway.owner.all<{ r: string }>('SELECT recipient_reference r FROM deliveries');
  expect(row?.r).toBe('C-9');
});

test('one that never decides is asked until its time is over; then the lead has failed, and support is told', async () => {
  await publish(
    `{ url: 'http://localhost:${crm.port}/decisions/{reference}' }`,
    'pending: { for: 1h, every: 1s }',
  );
  crm.answer = ({ url }, response) =>
    void (url === '/leads'
      ? response.writeHead(202).end('{"id":"C-1"}')
      : response.writeHead(200).end('{"state":"waiting"}'));
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.soon('asked', () => at('/decisions/C-1').length > 1);
  await gateway.owner.run('UPDATE deliveries SET pending_since = TIMESTAMPADD(HOUR, -1, pending_since)');
  await gateway.soon('failed', async () => (await stateOf()) === 'failed:expired:PENDING');
  const alerts = await gateway.owner.all<{ kind: string }>('SELECT kind FROM alerts');
  expect(alerts.map(({ kind }) => kind)).toContain('delivery_failed');
  expect(at('/leads')).toHaveLength(1);
});

test('a lead whose answer was lost cannot be asked about by a reference nobody gave: support decides, nothing is given up', async () => {
  await publish(`{ url: 'http://localhost:${crm.port}/decisions/{reference}' }`);
  crm.answer = (_request, response) => void response.socket?.destroy();
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('L-1'));
  await gateway.until('held', async () => (await stateOf()).startsWith('waiting:unknown_hold'));
  expect(at('/leads')).toHaveLength(1);
});
