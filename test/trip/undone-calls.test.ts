// A later call is refused for good: what an earlier one made is taken back, and never what may be somebody else's.
import type { ServerResponse } from 'node:http';
import { resolve } from '../../src/delivery/outcome/resolve.ts';
import { replay } from '../support/replay.ts';
import { startHttpRecipient, type HttpRecipient, type Received } from '../connectors/servers/http.ts';
import { leadRow, openGateway, patient, strangerRow, webhookFiles, type Gateway } from './gateway.ts';
import { lapse, startProcess } from './process.ts';

let crm: HttpRecipient;
let gateway: Gateway;
const by = { actor: 'tester', reason: 'test' };

const mapping = (over: { readonly undo?: string; readonly deal?: string } = {}): string => {
  const base = `http://localhost:${crm.port}`;
  return `destination: essai-crm
connector: webhook
send: { url: '${base}/unused' }
timeouts: { connect: 5s, response: 10s, total: 12s }
retry: [1s, 1s]
maxAge: 1h
consent:
  - { to: optin, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
calls:
  - name: person
    send: { url: '${base}/persons' }
    fields: [{ to: nom, from: identity.lastName, required: true }]
    capture: { id: [$.data.id, $.existing] }
    response: [{ duplicate: { status: 409 } }]
    undo: { send: { method: DELETE, url: '${base}/persons/{person.id}' }, response: [{ duplicate: { status: 404 } }]${over.undo ?? ''} }
  - name: deal
    send: { url: '${base}/persons/{person.id}/deals' }
    fields: [{ to: ref, from: id }]
    ${over.deal ?? ''}
response:
  - { accepted: { status: [200, 201], json: { success: true } }, reference: $.data.id }
  - { refused: { status: 422 }, reason: { path: $.code, map: { CLOSED: PROGRAMME_CLOSED, else: other } } }
erase:
  calls:
    - { name: person, send: { method: DELETE, url: '${base}/persons/{person.id}' } }
`;
};

const publish = (text = mapping()): Promise<unknown> => {
  gateway.file('essai/crm.yaml', text);
  return gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'a version' });
};
const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const made = (response: ServerResponse, id: unknown): void =>
  json(response, 201, { success: true, data: { id } });
const refused = (response: ServerResponse): void => json(response, 422, { code: 'CLOSED' });

type Answer = (response: ServerResponse, request: Received) => void;
interface Answers {
  readonly person?: Answer;
  readonly deal?: Answer;
  readonly undo?: Answer;
}
/** What is not given: a person is made, its deal refused, the person deleted. */
const answers = ({ person, deal, undo }: Answers = {}): void => {
  crm.answer = (request, response) => {
    if (request.method === 'DELETE')
      return (undo ?? ((to) => json(to, 200, { success: true })))(response, request);
    if (request.url.endsWith('/deals')) return (deal ?? refused)(response, request);
    return (person ?? ((to) => made(to, 7001)))(response, request);
  };
};
const lines = (): string[] => crm.received.map((one) => `${one.method} ${one.url}`);
const keyOf = (at: number): string => String(crm.received.at(at)?.headers['idempotency-key']);
const stateOf = async (reference: string): Promise<string> =>
  (await gateway.states(`l.reference = '${reference}' AND d.action = 'create'`))
    .map((row) => `${row.state}:${row.reason}`)
    .join(' | ');
const until = (reference: string, wanted: RegExp): Promise<void> =>
  gateway.until(`${reference} ${wanted.source}`, async () => wanted.test(await stateOf(reference)));
/** The same; a try whose time has not come is due at once. */
const soon = (reference: string, wanted: RegExp): Promise<void> =>
  gateway.soon(`${reference} ${wanted.source}`, async () => wanted.test(await stateOf(reference)));
const idOf = async (reference: string): Promise<number> =>
  (await gateway.states(`l.reference = '${reference}'`))[0]?.id ?? 0;
const log = async (): Promise<string[]> =>
  (
    await gateway.owner.all<{ entry: string; call_name: string; outcome: string; next_step: string }>(
      'SELECT entry, call_name, outcome, next_step FROM handovers WHERE delivery_id > 0 ORDER BY id',
    )
  ).map((one) =>
    [one.entry, one.call_name, one.outcome, one.next_step].filter((part) => part !== '').join(' '),
  );
const alerts = async (): Promise<string[]> =>
  (
    await gateway.owner.all<{ kind: string; reason: string }>('SELECT kind, reason FROM alerts ORDER BY id')
  ).map(({ kind, reason }) => `${kind} ${reason}`);
const held = async (reference: string): Promise<number | undefined> =>
  (
    await gateway.owner.all<{ held: number }>(
      'SELECT d.maybe_received AS held FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.reference = ?',
      [reference],
    )
  )[0]?.held;

const person = 'POST /persons';
const deal = 'POST /persons/7001/deals';
const undo = 'DELETE /persons/7001';

beforeEach(async () => {
  crm = await startHttpRecipient();
  answers();
  const files = { ...webhookFiles(crm.port) };
  gateway = await openGateway({ files, environment: { RELAIS_LEASE_MS: '8500' } });
  await publish();
});
afterEach(async () => {
  await gateway.close();
  await crm.close();
});

test('a deal refused for good takes the person back: departed and answered in the log, and nothing is left there', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-1'));
  await until('U-1', /^failed:refused:PROGRAMME_CLOSED$/);
  expect(lines()).toEqual([person, deal, undo]);
  expect(await log()).toEqual([
    'departed person',
    'outcome person accepted continue',
    'departed deal',
    'outcome deal refused undo',
    'departed undo-person',
    'outcome undo-person accepted continue',
    'outcome refused fail',
  ]);
  // An undo says nothing of the person, no opt-in either, and has a key of its own.
  expect(crm.received[2]?.body.length).toBe(0);
  expect(keyOf(2)).toMatch(/-undo-person$/);
  expect(await held('U-1')).toBe(0);
  expect(await alerts()).toEqual(['delivery_failed refused:PROGRAMME_CLOSED']);
  const left = await gateway.owner.all(
    'SELECT 1 FROM delivery_calls WHERE captures IS NOT NULL UNION ALL SELECT 1 FROM deliveries WHERE recipient_reference IS NOT NULL',
  );
  expect(left).toEqual([]);
});

test('what was taken back is made anew by a replay, under keys that no memory of the recipient answers', async () => {
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-2'));
  await until('U-2', /^failed:refused/);
  answers({ person: (response) => made(response, 7002), deal: (response) => made(response, 'D-1') });
  await replay(gateway.app, [await idOf('U-2')], by);
  await until('U-2', /^delivered:accepted$/);
  expect(lines().slice(3)).toEqual([person, 'POST /persons/7002/deals']);
  expect(keyOf(3)).toBe(`${keyOf(0)}.r2`);
});

test('an undo that is refused is a task for a person, and the record is not called gone', async () => {
  answers({ undo: (response) => json(response, 422, { code: 'LINKED' }) });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-3'));
  await until('U-3', /^failed:undo_failed/);
  expect(await alerts()).toEqual(['manual_task undo_failed:other']);
  expect(await held('U-3')).toBe(1);
});

test('an undo that nobody answers is sent again under its key, and at last a task', async () => {
  answers({ undo: (response) => void response.destroy() });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-4'));
  await soon('U-4', /^failed:undo_failed/);
  expect(lines().slice(2)).toEqual([undo, undo, undo]);
  expect(new Set([keyOf(2), keyOf(3), keyOf(4)]).size).toBe(1);
  expect(await alerts()).toEqual([expect.stringMatching(/^manual_task undo_failed/)]);
});

test('an undo of unknown outcome that may not be said twice waits for support, who ends it', async () => {
  await publish(mapping({ undo: ', onUnknown: hold' }));
  answers({ undo: (response) => void response.destroy() });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-5'));
  await until('U-5', /^waiting:unknown_hold/);
  expect(await alerts()).toEqual([expect.stringMatching(/^support_decides/)]);
  const finding = { actor: 'tester', evidence: 'ticket 7', received: true };
  expect(await resolve(gateway.app, await idOf('U-5'), finding)).toBe('goes_on');
  await until('U-5', /^failed:refused:PROGRAMME_CLOSED$/);
  expect(lines()).toEqual([person, deal, undo]);
  expect(await held('U-5')).toBe(0);
});

test('a deal that may have arrived before it was refused undoes nothing', async () => {
  let deals = 0;
  answers({
    deal: (response) => {
      deals += 1;
      if (deals === 1) response.destroy();
      else refused(response);
    },
  });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-6'));
  await soon('U-6', /^failed:refused/);
  expect(lines()).toEqual([person, deal, deal]);
  expect(await held('U-6')).toBe(1);
});

test('a person who was there before is never taken back', async () => {
  answers({ person: (response) => json(response, 409, { existing: 7001 }) });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-7'));
  await until('U-7', /^failed:refused/);
  expect(lines()).toEqual([person, deal]);
});

test('a person whom another request of the same address stands on is not taken back', async () => {
  let deals = 0;
  answers({
    deal: (response) => {
      deals += 1;
      if (deals === 1) response.writeHead(429, { 'retry-after': '1800' }).end();
      else if (deals === 2) made(response, 'D-2');
      else refused(response);
    },
  });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-8'));
  // It waits for an hour; support knows that the CRM is free again for others.
  await until('U-8', /^waiting:throttled/);
  await gateway.owner.run("UPDATE destination_states SET circuit = JSON_REMOVE(circuit, '$.quietUntil')");
  // The CRM gives the same person to whoever has this address.
  await gateway.send(leadRow('U-8b'));
  await until('U-8b', /^delivered/);
  await gateway.owner.run("UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state = 'waiting'");
  await until('U-8', /^failed:refused/);
  expect(lines()).toEqual([person, deal, person, deal, deal]);
  expect(await held('U-8')).toBe(1);
});

test('somebody else’s record does not hinder it', async () => {
  let persons = 0;
  answers({
    person: (response) => {
      persons += 1;
      made(response, persons === 1 ? 7001 : 7009);
    },
  });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-9'), strangerRow('U-9b'));
  await until('U-9', /^failed:refused/);
  await until('U-9b', /^failed:refused/);
  const undone = lines().filter((line) => line.startsWith('DELETE'));
  expect(undone.toSorted()).toEqual([undo, 'DELETE /persons/7009']);
});

test('what was delivered once and is refused when it is sent again stays there', async () => {
  answers({ deal: (response) => made(response, 'D-3') });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-10'));
  await until('U-10', /^delivered/);
  answers();
  await replay(gateway.app, [await idOf('U-10')], { ...by, again: true });
  await until('U-10', /^failed:refused/);
  expect(lines()).toEqual([person, deal, person, deal]);
});

test('C22: erased while its undo waits, the erase takes the person back instead', async () => {
  let isDown = true;
  answers({
    undo: (response) =>
      isDown ? void response.writeHead(503).end() : json(response, 200, { success: true }),
  });
  await publish(mapping().replace('retry: [1s, 1s]', 'retry: [1h]'));
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-11'));
  await until('U-11', /^waiting:retry/);
  isDown = false;
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'U-11', ...by });
  await until('U-11', /^cancelled:erased$/);
  await gateway.until('erased there', async () =>
    (await gateway.states("d.action = 'erase'")).some((row) => row.state === 'delivered'),
  );
  expect(lines()).toEqual([person, deal, undo, undo]);
});

test('a process that stops between the refusal and its undo loses nothing: another goes on with the undo', async () => {
  let isDown = true;
  answers({
    undo: (response) =>
      isDown ? void response.writeHead(503).end() : json(response, 200, { success: true }),
  });
  await publish(mapping().replace('retry: [1s, 1s]', 'retry: [1h]'));
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('U-12'));
  await until('U-12', /^waiting:retry/);
  isDown = false;
  // As it stands when its worker dies right after the refusal was settled.
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'queued', reason = 'undoing', queued_at = TIMESTAMPADD(HOUR, -1, UTC_TIMESTAMP(3)), lease_until = NULL",
  );
  await until('U-12', /^failed:refused:PROGRAMME_CLOSED$/);
  expect(lines()).toEqual([person, deal, undo, undo]);
});

test('a worker killed while its undo is on its way: outcome unknown, and the undo is sent again under its key', async () => {
  let isHanging = true;
  answers({ undo: (response) => (isHanging ? undefined : json(response, 404, {})) });
  await publish(patient({ 'essai/crm.yaml': mapping() })['essai/crm.yaml'] ?? '');
  await gateway.start('planner');
  const first = startProcess(gateway, 'worker');
  try {
    await gateway.send(leadRow('U-13'));
    await gateway.until('the undo is on its way', () => crm.received.length === 3);
  } finally {
    first.child.kill('SIGKILL');
    await first.exit;
  }
  await lapse(gateway);
  isHanging = false;
  await gateway.start('worker');
  await soon('U-13', /^failed:refused:PROGRAMME_CLOSED$/);
  expect(lines()).toEqual([person, deal, undo, undo]);
  expect(keyOf(3)).toBe(keyOf(2));
  expect(await log()).toContain('outcome_unknown undo-person unknown retry');
});
