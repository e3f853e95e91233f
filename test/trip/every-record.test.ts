// A recipient may hold several records under our reference: it made two of one create, or its people copied one.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

const by = { actor: 'tester', reason: 'ticket 1' };
let crm: HttpRecipient;
let gateway: Gateway;
/** What the recipient holds: its number, the reference it shows, and whether it was told of the withdrawal. */
let records: { id: string; reference: string; withdrawn: boolean }[];
/** So many records fit an answer. */
let page: number;
/** What a question is answered with in place of records. */
let troubled: number;

beforeEach(async () => {
  crm = await startHttpRecipient();
  [records, page, troubled] = [[], 20, 0];
  crm.answer = ({ method, url, body }, response) => {
    const own = records.find(({ id }) => url.endsWith(`/${id}`));
    if (method === 'GET' && troubled > 0) {
      troubled -= 1;
      return void response.writeHead(503).end();
    }
    if (method === 'GET') return void response.end(JSON.stringify({ list: records.slice(0, page) }));
    if (method === 'POST') {
      const { reference } = JSON.parse(body.toString()) as { reference: string };
      records.push({ id: 'C-1', reference, withdrawn: false });
      return void response.end('{"success":true,"id":"C-1"}');
    }
    if (own === undefined) return void response.writeHead(404).end();
    if (method === 'DELETE') records = records.filter((one) => one !== own);
    else own.withdrawn = body.toString().includes('"opt":"no"');
    response.end('{"success":true}');
  };
  const at = `http://localhost:${crm.port}/leads`;
  gateway = await openGateway({
    files: {
      ...webhookFiles(crm.port),
      'essai/crm.yaml': `destination: essai-crm
connector: webhook
send: { url: '${at}', lookup: { url: '${at}?ref={leadReference}' } }
consent: [{ to: opt, channel: email, values: { granted: 'yes', refused: 'no', not_asked: 'no', withdrawn: 'no' } }]
fields: [{ to: reference, from: id }]
onUnknown: lookup
retry: [1s, 1s, 1s]
response:
  - { accepted: { status: 200, json: { success: true } }, reference: $.id, on: create }
  - { accepted: { status: 200, json: { success: true } }, on: [update, erase] }
  - { duplicate: { status: 404 }, on: erase }
  - { accepted: { status: 200, json: { 'list[reference=asked].id': { exists: true } } }, reference: '$.list[reference=asked].id', on: lookup }
  - { absent: { status: 200, json: { 'list[reference=asked]': { exists: false } } }, on: lookup }
update: { send: { method: PUT, url: '${at}/{reference}' } }
erase: { send: { method: DELETE, url: '${at}/{reference}' }, fields: [] }
`,
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'asks' });
  await gateway.start('planner', 'worker');
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const stateOf = async (action: string): Promise<string> =>
  (await gateway.states(`d.action = '${action}'`)).map((row) => `${row.state}:${row.reason}`).join(' | ');
const until = (action: string, state: RegExp): Promise<void> =>
  gateway.until(`${action} ${String(state)}`, async () => state.test(await stateOf(action)));
const copied = (...ids: readonly string[]): void => {
  records.push(...ids.map((id) => ({ id, reference: 'L-1', withdrawn: false })));
  records.push({ id: 'X-9', reference: 'l-1', withdrawn: false });
};
const methods = (): readonly string[] => crm.received.map(({ method }) => method);

beforeEach(async () => {
  await gateway.send(leadRow('L-1'));
  await until('create', /^delivered/);
});

test('C24: an erasure deletes every record of our reference, more than one answer shows, and nobody else’s', async () => {
  page = 2;
  copied('C-2', 'C-3', 'C-4');
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'L-1', ...by });
  await until('erase', /^(delivered|failed)/);
  expect(await stateOf('erase')).toMatch(/^delivered/);
  expect(records.map(({ id }) => id)).toEqual(['X-9']);
  const found = await gateway.owner.all("SELECT reason FROM handovers WHERE entry = 'lookup'");
  expect(found).toContainEqual({ reason: 'FURTHER_RECORDS' });
});

test('C16: a withdrawal is told of every record of our reference, each under a key of its own', async () => {
  copied('C-2');
  await gateway.send({
    ...{ client_id: 'essai', kind: 'consent', reference: 'L-1', row_reference: 'L-1-w' },
    consents: JSON.stringify([
      { purpose: 'marketing', channel: 'email', state: 'withdrawn', recordedAt: new Date().toISOString() },
    ]),
  });
  await until('update', /^(delivered|failed)/);
  expect(records.map(({ id, withdrawn }) => [id, withdrawn])).toEqual([
    ['C-1', true],
    ['C-2', true],
    ['X-9', false],
  ]);
  const keys = crm.received
    .filter(({ method }) => method === 'PUT')
    .map((one) => one.headers['idempotency-key']);
  expect(new Set(keys).size).toBe(keys.length);
});

test('C24: an erasure that cannot ask has no yes: it comes again and asks', async () => {
  troubled = 1;
  copied('C-2');
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'L-1', ...by });
  await until('erase', /^(delivered|failed)/);
  expect([await stateOf('erase'), records.map(({ id }) => id)]).toEqual([
    expect.stringMatching(/^delivered/),
    ['X-9'],
  ]);
  expect(methods().filter((method) => method === 'DELETE').length).toBeGreaterThan(1);
});
