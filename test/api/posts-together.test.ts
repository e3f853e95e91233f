// Leads that are posted at the same moment share a commit: their answers, their keys, and what is kept of them.
import { createApiKey, endKey } from '../../src/access/api-keys.ts';
import type { Api } from '../../src/api/server.ts';
import { createIntake } from '../../src/intake/accept.ts';
import { silentLog } from '../../src/log.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { openInterface } from './interface.ts';

let gateway: Gateway;
let api: Api;
let key = '';

beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  const { app } = gateway;
  await app.publishing.publish({
    destinationId: 'essai-crm',
    author: 'tester',
    note: 'first',
    leadsFrom: new Date('2026-01-01T00:00:00Z'),
  });
  const { database, secrets, oppositionKey, freshPlanner } = app;
  const intake = createIntake({
    ...{ database, secrets, oppositionKey, log: silentLog, digestKey: Buffer.alloc(32, 1) },
    snapshot: () => Promise.resolve(),
    planFresh: freshPlanner.plan,
    provenAfter: 0,
  });
  api = await openInterface({ ...app, intake });
  const asked = {
    name: 'web site',
    scopes: ['lead.post'] as const,
    clientId: 'essai',
    addresses: [],
    days: 1,
  };
  ({ key } = await createApiKey(app.access, asked, 'tester'));
});
afterAll(async () => {
  await api.close();
  await gateway.close();
});

interface Answered {
  readonly status: number;
  readonly replayed: boolean;
  readonly states: readonly string[];
  readonly text: string;
}

function itemOf(reference: string, more: object = {}): object {
  const { consents, kind: _, row_reference: __, client_id: ___, ...columns } = strangerRow(reference);
  return { ...columns, consents: JSON.parse(String(consents)) as unknown, ...more };
}
async function post(items: readonly object[], idempotencyKey?: string): Promise<Answered> {
  const response = await fetch(`http://127.0.0.1:${api.port}/v1/leads`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    body: JSON.stringify({ items }),
  });
  const text = await response.text();
  const { items: answers = [] } = JSON.parse(text) as { items?: readonly { readonly state: string }[] };
  return {
    status: response.status,
    replayed: response.headers.get('idempotent-replayed') === 'true',
    states: answers.map(({ state }) => state),
    text,
  };
}
const count = async (table: string): Promise<number> =>
  Number((await gateway.owner.all<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n);

test('each of thirty posts is answered with its leads, which are planned, and no row of lead_intake is left', async () => {
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, at) => post([itemOf(`G-${at}`)], `form-${at}`)),
  );
  expect(answers.map(({ status, states }) => [status, ...states])).toEqual(
    answers.map(() => [200, 'accepted']),
  );
  expect(new Set(answers.map(({ text }) => text)).size).toBe(30);
  expect([await count('leads'), await count('deliveries')]).toEqual([30, 30]);
  expect([await count('lead_intake'), await count('lead_changes')]).toEqual([0, 0]);
});

test('a request that comes twice at once is done once; later it has the first answer, and another request has none', async () => {
  const before = await count('leads');
  const item = itemOf('H-1');
  const both = await Promise.all([post([item], 'twice'), post([item], 'twice')]);
  expect(both.filter(({ states }) => states[0] === 'accepted')).not.toEqual([]);
  for (const { status } of both) expect([200, 409]).toContain(status);
  const again = await post([item], 'twice');
  expect(again).toMatchObject({ status: 200, replayed: true, states: ['accepted'] });
  expect((await post([itemOf('H-2')], 'twice')).status).toBe(422);
  expect(await count('leads')).toBe(before + 1);
  expect((await post([item])).states).toEqual(['duplicate']);
});

test('a refused row is answered in its place, and is kept for support where only the database could refuse it', async () => {
  const first = itemOf('I-1');
  const mixed = await post([first, itemOf('I-2', { email: 'none' }), first]);
  expect([mixed.status, mixed.states]).toEqual([200, ['accepted', 'refused', 'duplicate']]);
  const old = await post([itemOf('I-3', { collected_at: '2001-01-05T10:00:00Z' }), itemOf('I-4')]);
  expect([old.status, old.states]).toEqual([200, ['refused', 'accepted']]);
  expect(await gateway.owner.all("SELECT reference FROM lead_intake WHERE status = 'refused'")).toEqual([
    { reference: 'I-3' },
  ]);
});

test('a key that has ended hands in nothing more, although it was known a moment ago', async () => {
  const { access } = gateway.app;
  const asked = { name: 'old form', scopes: ['lead.post'] as const, addresses: [], days: 1 };
  const made = await createApiKey(access, { ...asked, clientId: 'essai' }, 'tester');
  const usual = key;
  try {
    ({ key } = made);
    expect((await post([itemOf('J-1')], 'j-1')).status).toBe(200);
    await endKey(access, made.id, 'tester');
    const kept = (): Promise<readonly number[]> => Promise.all(['leads', 'lead_intake'].map(count));
    const before = await kept();
    expect((await post([itemOf('J-2')], 'j-2')).status).toBe(401);
    // An answer of the key is not given out again either, nor is a row judged.
    expect((await post([itemOf('J-1')], 'j-1')).status).toBe(401);
    expect((await post([itemOf('J-3', { email: 'none' })])).status).toBe(401);
    expect(await kept()).toEqual(before);
  } finally {
    key = usual;
  }
});
