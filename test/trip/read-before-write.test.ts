// A call that only reads what a later one writes back: when that one is sent again, it is read again.
import type { ServerResponse } from 'node:http';
import { replay } from '../support/replay.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
/** What the client's people have written into the record. */
let word = 'un';
/** Answers of 503 to come. */
let outages = 0;

const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const mapping = (): string => {
  const base = `http://localhost:${crm.port}`;
  const optIn = '{ consent: rest }';
  return `destination: essai-crm
connector: webhook
timeouts: { connect: 5s, response: 10s, total: 12s }
retry: [1s]
maxAge: 1h
consent:
  - { to: optin, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
calls:
  - name: person
    send: { url: '${base}/persons' }
    fields: [{ to: nom, from: identity.lastName, required: true }, ${optIn}]
    capture: { id: $.id }
response:
  - { accepted: { status: [200, 201], json: { id: { exists: true } } }, reference: $.id }
update:
  calls:
    - name: before
      send: { method: GET, url: '${base}/persons/{person.id}' }
      capture: { word: $.word }
    - name: person
      send: { method: PUT, url: '${base}/persons/{person.id}' }
      fields: [{ to: nom, from: identity.lastName }, { to: word, from: calls.before.word }, ${optIn}]
`;
};

beforeEach(async () => {
  crm = await startHttpRecipient();
  [word, outages] = ['un', 0];
  crm.answer = (request, response) => {
    if (request.method !== 'PUT' || outages === 0) return json(response, 200, { id: 'P1', word });
    outages -= 1;
    word = 'deux';
    return json(response, 503, {});
  };
  gateway = await openGateway({ files: { ...webhookFiles(crm.port), 'essai/crm.yaml': mapping() } });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
  await gateway.send(strangerRow('L-1'));
  await until('create', 'delivered:accepted');
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

const until = (action: string, wanted: string): Promise<void> =>
  gateway.until(`${action} ${wanted}`, async () =>
    (await gateway.states(`d.action = '${action}'`)).some(({ state, reason }) =>
      `${state}:${reason}`.startsWith(wanted),
    ),
  );
const corrected = (): Promise<unknown> =>
  gateway.send({
    client_id: 'essai',
    kind: 'correction',
    reference: 'L-1',
    row_reference: 'L-1-c',
    last_name: 'Bernard',
  });
const changes = (): readonly (readonly [string, unknown])[] =>
  crm.received
    .filter(({ method }) => method !== 'POST')
    .map(({ method, body }) => [
      method,
      method === 'PUT' ? (JSON.parse(body.toString()) as { word: unknown }).word : undefined,
    ]);

test('a write that failed is tried again with what is there by then', async () => {
  outages = 1;
  await corrected();
  await until('update', 'delivered:accepted');
  expect(changes()).toEqual([
    ['GET', undefined],
    ['PUT', 'un'],
    ['GET', undefined],
    ['PUT', 'deux'],
  ]);
});

test('a write that was given up is replayed with what is there by then', async () => {
  outages = 2;
  await corrected();
  await until('update', 'failed:exhausted');
  const [row] = await gateway.owner.all<{ id: number }>("SELECT id FROM deliveries WHERE action = 'update'");
  word = 'trois';
  await replay(gateway.app, [row?.id ?? 0], { actor: 'tester', reason: 'test' });
  await until('update', 'delivered:accepted');
  expect(changes().slice(-2)).toEqual([
    ['GET', undefined],
    ['PUT', 'trois'],
  ]);
});

test('where nothing fails it is read once', async () => {
  await corrected();
  await until('update', 'delivered:accepted');
  expect(changes()).toEqual([
    ['GET', undefined],
    ['PUT', 'un'],
  ]);
});
