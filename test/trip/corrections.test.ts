// A correction never renews a consent: a yes that the recipient has accepted is not said again until the person gives it anew.
import type { ServerResponse } from 'node:http';
import { resolve } from '../../src/delivery/outcome/resolve.ts';
import { startHttpRecipient, type HttpRecipient, type Received } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
/** The CRM's own records: who may be written to, by the lead's reference. */
const records = new Map<string, { optIn: string; nom: string }>();

interface Body {
  readonly ref?: string;
  readonly nom?: string;
  readonly OPTIN?: string;
}
const bodyOf = (request: Received): Body => JSON.parse(request.body.toString() || '{}') as Body;
const updates = (reference: string): readonly Body[] =>
  crm.received
    .filter(({ method }) => method === 'PUT')
    .map(bodyOf)
    .filter(({ ref }) => ref === reference);

/** Keeps what a request does not name, as most CRMs do. */
const keep = (request: Received, response: ServerResponse): void => {
  const { ref = '', nom, OPTIN } = bodyOf(request);
  const before = records.get(ref);
  records.set(ref, { optIn: OPTIN ?? before?.optIn ?? '', nom: nom ?? before?.nom ?? '' });
  answer(response, 200, { success: true, id: `CRM-${ref}` });
};
const answer = (response: ServerResponse, status: number, body: object): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const statesOf = async (reference: string, action: string): Promise<readonly string[]> =>
  (await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`)).map(({ state }) => state);
const delivered = (reference: string, count = 1): Promise<void> =>
  gateway.until('delivered', async () => {
    const creates = await statesOf(reference, 'create');
    const made = await statesOf(reference, 'update');
    return [...creates, ...made].filter((state) => state === 'delivered').length === count;
  });

const correct = (reference: string, name: string): Promise<void> =>
  gateway.send({
    ...{ client_id: 'essai', kind: 'correction', reference },
    ...{ row_reference: `${reference}-${name}`, last_name: name },
  });
const say = (reference: string, state: string, agoMs = 0): Promise<void> =>
  gateway.send({
    ...{ client_id: 'essai', kind: 'consent', reference, row_reference: `${reference}-${state}-${agoMs}` },
    consents: JSON.stringify([
      {
        ...{ purpose: 'marketing', channel: 'email', state },
        recordedAt: new Date(Date.now() - agoMs).toISOString(),
      },
    ]),
  });

const noticed = async (reference: string): Promise<unknown> => {
  const rows = await gateway.owner.all<{ consents: string }>(
    `SELECT h.consents FROM handovers h JOIN leads l ON l.id = h.lead_id
      WHERE l.reference = '${reference}' AND h.entry = 'departed' AND h.action = 'update' ORDER BY h.id DESC LIMIT 1`,
  );
  return JSON.parse(rows[0]?.consents ?? '[]') as unknown;
};

const publish = (extra: string): Promise<unknown> => {
  for (const [name, text] of Object.entries(webhookFiles(crm.port, { extra }))) gateway.file(name, text);
  return gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'a version' });
};

beforeAll(async () => {
  crm = await startHttpRecipient();
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
beforeEach(() => {
  crm.answer = keep;
  crm.received.length = 0;
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

test('C20: somebody who unsubscribed inside the CRM stays unsubscribed when their name is corrected', async () => {
  await gateway.send(strangerRow('C-1'));
  await delivered('C-1');
  expect(records.get('C-1')?.optIn).toBe('OUI');
  records.set('C-1', { optIn: 'NON', nom: 'Lefèvre' });
  await correct('C-1', 'Martin');
  await delivered('C-1', 2);
  await correct('C-1', 'Bernard');
  await delivered('C-1', 3);
  expect(records.get('C-1')).toEqual({ optIn: 'NON', nom: 'Bernard' });
  expect(updates('C-1').map(({ OPTIN }) => OPTIN)).toEqual([undefined, undefined]);
  expect(await noticed('C-1')).toEqual([
    { purpose: 'marketing', channel: 'email', state: 'granted', field: 'OPTIN', value: '(unchanged)' },
  ]);
});

test('a withdrawal is told, a yes given again after it too, and a correction behind that says nothing again', async () => {
  await gateway.send(strangerRow('C-2'));
  await delivered('C-2');
  await say('C-2', 'withdrawn', 2_000);
  await delivered('C-2', 2);
  await correct('C-2', 'Martin');
  await delivered('C-2', 3);
  await say('C-2', 'granted');
  await delivered('C-2', 4);
  await correct('C-2', 'Bernard');
  await delivered('C-2', 5);
  expect(updates('C-2').map(({ OPTIN }) => OPTIN)).toEqual(['RETRAIT', 'RETRAIT', 'OUI', undefined]);
});

test('a yes given again while an update is under way is told, though a correction follows at once', async () => {
  await gateway.send(strangerRow('C-3'));
  await delivered('C-3');
  await say('C-3', 'withdrawn', 2_000);
  await delivered('C-3', 2);
  let release = (): void => undefined;
  const held = new Promise<void>((done) => (release = done));
  crm.answer = (request, response) => void held.then(() => keep(request, response));
  await correct('C-3', 'Martin');
  await gateway.until('under way', () => updates('C-3').length === 2);
  await say('C-3', 'granted');
  await correct('C-3', 'Bernard');
  await gateway.until('taken in', async () => (await statesOf('C-3', 'update')).length === 4);
  release();
  await gateway.until('told', async () =>
    (await statesOf('C-3', 'update')).every((state) => state === 'delivered' || state === 'cancelled'),
  );
  expect(records.get('C-3')).toEqual({ optIn: 'OUI', nom: 'Bernard' });
});

test('what support says the recipient has received is not said again', async () => {
  crm.answer = (_request, response) => void response.destroy();
  await publish('onUnknown: hold\n');
  await gateway.send(strangerRow('C-4'));
  await gateway.until('held', async () => (await statesOf('C-4', 'create'))[0] === 'waiting');
  crm.answer = keep;
  await correct('C-4', 'Martin');
  await gateway.until('planned', async () => (await statesOf('C-4', 'update')).length === 1);
  const [create] = await gateway.states("l.reference = 'C-4' AND d.action = 'create'");
  await resolve(gateway.app, create?.id ?? 0, {
    ...{ actor: 'tester', evidence: 'mail of the client', received: true, reference: 'CRM-C-4' },
  });
  await delivered('C-4', 2);
  expect(updates('C-4').map(({ OPTIN }) => OPTIN)).toEqual([undefined]);
  await publish('');
});

test('a yes that the recipient refused is told again with the next correction', async () => {
  await gateway.send(
    strangerRow('C-5', {
      consents: JSON.stringify([
        { purpose: 'marketing', channel: 'email', state: 'refused', recordedAt: '2026-01-05T10:00:00Z' },
      ]),
    }),
  );
  await delivered('C-5');
  crm.answer = (_request, response) => answer(response, 422, { error: 'no' });
  await say('C-5', 'granted');
  await gateway.until('refused', async () => (await statesOf('C-5', 'update'))[0] === 'failed');
  crm.answer = keep;
  await correct('C-5', 'Martin');
  await delivered('C-5', 2);
  expect(records.get('C-5')).toEqual({ optIn: 'OUI', nom: 'Martin' });
});

test('a recipient that knew the person before, and took nothing of the create, is told the yes with the first correction', async () => {
  crm.answer = (_request, response) => answer(response, 409, { id: 'CRM-KNOWN' });
  await publish('');
  gateway.file(
    'essai/crm.yaml',
    (webhookFiles(crm.port)['essai/crm.yaml'] ?? '').replace(
      'response:\n',
      'response:\n  - { duplicate: { status: 409 }, reference: $.id }\n',
    ),
  );
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'duplicates' });
  await gateway.send(strangerRow('C-6'));
  await delivered('C-6');
  crm.answer = keep;
  await correct('C-6', 'Martin');
  await delivered('C-6', 2);
  await correct('C-6', 'Bernard');
  await delivered('C-6', 3);
  expect(updates('C-6').map(({ OPTIN }) => OPTIN)).toEqual(['OUI', undefined]);
});

test('each attempt of one update says the same, whatever becomes of the others meanwhile', async () => {
  await gateway.send(strangerRow('C-7'));
  await delivered('C-7');
  let tries = 0;
  crm.answer = (request, response) => {
    tries += 1;
    if (tries === 1) response.destroy();
    else keep(request, response);
  };
  await correct('C-7', 'Martin');
  await delivered('C-7', 2);
  const [first, second] = crm.received.filter(({ method }) => method === 'PUT');
  expect(first?.body.toString()).toBe(second?.body.toString());
  expect(updates('C-7')[0]).not.toHaveProperty('OPTIN');
});

test('optIn: always writes it with each update, where the recipient replaces its records', async () => {
  gateway.file(
    'essai/crm.yaml',
    (webhookFiles(crm.port)['essai/crm.yaml'] ?? '').replace('optIn: changed', 'optIn: always'),
  );
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'always' });
  await gateway.send(strangerRow('C-8'));
  await delivered('C-8');
  await correct('C-8', 'Martin');
  await delivered('C-8', 2);
  expect(updates('C-8').map(({ OPTIN }) => OPTIN)).toEqual(['OUI']);
});
