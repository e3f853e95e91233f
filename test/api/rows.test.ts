// Rows over HTTP: the same contract, the same refusals and the same once-only as rows of SQL, answered one by one.
import { createApiKey, type KeyAsked } from '../../src/access/api-keys.ts';
import { openDatabase } from '../../src/store/database.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openInterface } from './interface.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let api: { readonly port: number; readonly close: () => Promise<void> };
let key: string;

const keyWith = async (over: Partial<KeyAsked> = {}): Promise<string> =>
  (
    await createApiKey(
      gateway.app.access,
      { name: `key ${(made += 1)}`, scopes: ['lead.post'], addresses: [], days: 1, ...over },
      'tester',
    )
  ).key;
let made = 0;

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end('{"success": true, "id": "CRM-1"}');
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  api = await openInterface(gateway.app);
  key = await keyWith();
});
afterAll(async () => {
  await api.close();
  await gateway.close();
  await crm.close();
});

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly items?: readonly {
      index: number;
      state: string;
      lead?: number;
      refusals?: readonly { column: string; code: string; message: string }[];
    }[];
    readonly code?: string;
    readonly detail?: string;
    readonly status?: number;
    readonly errors?: readonly { pointer: string; detail: string }[];
  };
}
async function post(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const response = await fetch(`http://127.0.0.1:${api.port}/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answered['body'],
  };
}
const lead = (reference: string, over: object = {}): object => ({
  client_id: 'essai',
  reference,
  channel: 'web_form',
  collected_at: '2026-11-20T10:00:00Z',
  last_name: 'Martin',
  email: `${reference.toLowerCase()}@courriel.example`,
  consents: [
    { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: '2026-11-20T10:00:00Z' },
  ],
  ...over,
});
const stored = async (reference: string): Promise<Readonly<Record<string, unknown>> | undefined> => {
  const rows = await gateway.owner.all<Record<string, unknown>>(
    'SELECT l.id, p.mobile, p.last_name FROM leads l LEFT JOIN prospects p ON p.lead_id = l.id WHERE l.reference = ?',
    [reference],
  );
  return rows[0];
};

test('a lead that was posted is in the database when the answer comes, and leaves like any other', async () => {
  const { status, body } = await post('leads', { items: [lead('API-1')] });
  const found = await stored('API-1');
  expect([status, body]).toEqual([200, { items: [{ index: 0, state: 'accepted', lead: found?.['id'] }] }]);
  await gateway.start('planner', 'worker');
  await gateway.until('delivered', async () =>
    (await gateway.states("l.reference = 'API-1'")).some(({ state }) => state === 'delivered'),
  );
});

test('each row is answered by itself, in the order it was posted; a bad one keeps none of the others', async () => {
  const { status, body } = await post('leads', {
    items: [
      lead('API-2'),
      lead('API-3', { email: 'not an address' }),
      lead('API-4', { favourite_colour: 'blue' }),
      lead('API-5', { client_id: 'nobody' }),
      lead('API-6'),
    ],
  });
  expect(status).toBe(200);
  expect(
    body.items?.map(({ index, state, refusals }) => [
      index,
      state,
      refusals?.map(({ column, code }) => `${column} ${code}`),
    ]),
  ).toEqual([
    [0, 'accepted', undefined],
    [1, 'refused', ['email BAD_FORMAT']],
    [2, 'refused', ['favourite_colour UNKNOWN_FIELD']],
    [3, 'refused', ['client_id UNKNOWN_CLIENT']],
    [4, 'accepted', undefined],
  ]);
  expect(JSON.stringify(body)).not.toContain('not an address');
});

test.each(['leads', 'corrections'])('what is no row is refused by itself at /v1/%s', async (path) => {
  await post('leads', { items: [lead('API-90')] });
  const row =
    path === 'leads' ? lead('API-91') : { reference: 'API-90', row_reference: 'C-90', last_name: 'Petit' };
  const { status, body } = await post(path, { items: [null, { client_id: 'essai', ...row }, 'x', [row]] });
  expect([status, body.items?.map(({ index, state, refusals }) => [index, state, refusals?.[0]])]).toEqual([
    200,
    [
      [0, 'refused', noRow],
      [1, 'accepted', undefined],
      [2, 'refused', noRow],
      [3, 'refused', noRow],
    ],
  ]);
});

const noRow = {
  column: 'row',
  code: 'BAD_FORMAT',
  message: 'row is not written as the contract asks (one JSON object).',
};

test('the same row sent again is a duplicate; other content under its reference is refused', async () => {
  await post('leads', { items: [lead('API-7')] });
  const again = await post('leads', { items: [lead('API-7'), lead('API-7', { last_name: 'Durand' })] });
  expect(again.body.items?.map(({ state, refusals }) => [state, refusals?.[0]?.code])).toEqual([
    ['duplicate', undefined],
    ['refused', 'REFERENCE_USED'],
  ]);
});

test('the same row twice in one request is taken once: the second is a duplicate', async () => {
  const { body } = await post('leads', { items: [lead('API-70'), lead('API-71'), lead('API-70')] });
  expect(body.items?.map(({ state }) => state)).toEqual(['accepted', 'accepted', 'duplicate']);
});

test('corrections, consents and interactions come in by their own addresses', async () => {
  await post('leads', { items: [lead('API-8')] });
  const about = { client_id: 'essai', reference: 'API-8' };
  const corrected = await post('corrections', {
    items: [{ ...about, row_reference: 'C-1', last_name: 'Petit' }],
  });
  expect(corrected.body.items?.[0]?.state).toBe('accepted');
  await expect(stored('API-8')).resolves.toMatchObject({ last_name: 'Petit' });
  const consents = [
    { purpose: 'marketing', channel: 'email', state: 'withdrawn', recordedAt: '2026-11-21T10:00:00Z' },
  ];
  const withdrawn = await post('consents', { items: [{ ...about, row_reference: 'C-2', consents }] });
  expect(withdrawn.body.items?.[0]?.state).toBe('accepted');
  const unknown = await post('consents', {
    items: [{ ...about, reference: 'NOBODY', row_reference: 'C-3', consents }],
  });
  expect(unknown.body.items?.[0]?.refusals?.[0]?.code).toBe('UNKNOWN_LEAD');
});

test.each([
  ['leads', lead('API-80', { kind: 'consent' }), 'lead'],
  ['leads', lead('API-81', { kind: 'prospect' }), 'lead'],
  ['corrections', { ...lead('API-8'), row_reference: 'C-9', consents: null, kind: 'lead' }, 'correction'],
])('a row that calls itself another kind than /v1/%s takes is refused', async (path, row, kind) => {
  const { body } = await post(path, { items: [row] });
  expect(body.items?.map(({ state, refusals }) => [state, refusals?.map(({ column }) => column)])).toEqual([
    ['refused', ['kind']],
  ]);
  expect(body.items?.[0]?.refusals?.[0]?.message).toContain(`(only ${kind})`);
});

test('a row may name the kind that its address takes', async () => {
  const { body } = await post('leads', {
    items: [lead('API-82', { kind: 'lead' }), lead('API-83', { kind: null })],
  });
  expect(body.items?.map(({ state }) => state)).toEqual(['accepted', 'accepted']);
});

test('a phone is understood as it is typed in the country named, and only there', async () => {
  const { body } = await post('leads', {
    country: 'FR',
    items: [lead('API-9', { mobile: '06\u202f39\u00a098 12 34' }), lead('API-10', { mobile: '12' })],
  });
  expect(body.items?.map(({ state }) => state)).toEqual(['accepted', 'refused']);
  await expect(stored('API-9')).resolves.toMatchObject({ mobile: '+33639981234' });
  const without = await post('leads', { items: [lead('API-11', { mobile: '06 39 98 12 34' })] });
  expect(without.body.items?.[0]?.refusals?.[0]?.column).toBe('mobile');
});

test('a key of a client hands in that client’s leads alone, and need not name the client', async () => {
  const own = { authorization: `Bearer ${await keyWith({ clientId: 'essai' })}` };
  const { client_id: _client, ...unnamed } = lead('API-12') as { client_id: string };
  const { body } = await post('leads', { items: [unnamed, lead('API-13', { client_id: 'other' })] }, own);
  expect(body.items?.map(({ state }) => state)).toEqual(['accepted', 'refused']);
  expect(body.items?.[1]?.refusals?.[0]?.message).toContain('(only essai)');
});

describe('Idempotency-Key', () => {
  test('a request that comes again gets the same answer, and nothing is done twice', async () => {
    const headers = { 'idempotency-key': 'abc-1' };
    const first = await post('leads', { items: [lead('API-20')] }, headers);
    const again = await post('leads', { items: [lead('API-20')] }, headers);
    expect(again.body).toEqual(first.body);
    expect(again.body.items?.[0]?.state).toBe('accepted');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });
  test('another request under the same key is refused, and another key holder may use it', async () => {
    const headers = { 'idempotency-key': 'abc-2' };
    await post('leads', { items: [lead('API-21')] }, headers);
    const other = await post('leads', { items: [lead('API-22')] }, headers);
    expect([other.status, other.body.status]).toEqual([422, 422]);
    const holder = { ...headers, authorization: `Bearer ${await keyWith()}` };
    expect((await post('leads', { items: [lead('API-22')] }, holder)).status).toBe(200);
  });
  test('the same rows written with other spaces are the same request; in other letters, or at another address, they are not', async () => {
    const headers = { 'idempotency-key': 'abc-4' };
    const body = { items: [lead('API-24')] };
    const first = await post('leads', body, headers);
    const spaced = await post('leads', `\n ${JSON.stringify(body, null, 4)}\r\n`, headers);
    expect([spaced.status, spaced.body]).toEqual([200, first.body]);
    for (const [path, other] of [
      ['leads', { items: [lead('api-24')] }],
      ['leads', { items: [lead('API-24', { last_name: 'MARTIN' })] }],
      ['corrections', body],
    ] as const)
      expect([path, (await post(path, other, headers)).status]).toEqual([path, 422]);
    // Keys are told apart by their letters.
    const otherKey = await post('leads', body, { 'idempotency-key': 'ABC-4' });
    expect([otherKey.headers.get('idempotent-replayed'), otherKey.body.items?.[0]?.state]).toEqual([
      null,
      'duplicate',
    ]);
    expect(await stored('API-24')).toMatchObject({ last_name: 'Martin' });
    expect(await stored('api-24')).toBeUndefined();
  });
  test('of twenty at once one is done', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        post('leads', { items: [lead('API-23')] }, { 'idempotency-key': 'abc-3' }),
      ),
    );
    const done = answers.filter(({ status }) => status === 200);
    expect(done.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 200 && status !== 409)).toEqual([]);
  });
});

describe('what is no request', () => {
  test.each<[string, () => Promise<Answered>, number, string | undefined]>([
    ['no key', () => post('leads', { items: [] }, { authorization: '' }), 401, 'ACCESS-002'],
    [
      'a key nobody made',
      () => post('leads', { items: [] }, { authorization: `Bearer relais_${'x'.repeat(43)}` }),
      401,
      'ACCESS-002',
    ],
    ['no rows', () => post('leads', { items: [] }), 400, 'USAGE-001'],
    [
      'too many rows',
      () => post('leads', { items: Array.from({ length: 101 }, () => lead('API-30')) }),
      400,
      'USAGE-001',
    ],
    ['half a body', () => post('leads', '{"items": ['), 400, undefined],
    ['another content', () => post('leads', 'items', { 'content-type': 'text/plain' }), 415, undefined],
    [
      'a body too large',
      () => post('leads', { items: [lead('API-31', { comment: 'x'.repeat(5_000_000) })] }),
      413,
      undefined,
    ],
    ['no address', () => post('nothing', {}), 404, undefined],
    [
      'a bad key of repetition',
      () => post('leads', { items: [lead('API-32')] }, { 'idempotency-key': 'a b' }),
      400,
      'USAGE-001',
    ],
  ])('%s is a problem of RFC 9457', async (_, ask, status, code) => {
    const { status: got, body, headers } = await ask();
    expect([got, body.status, body.code]).toEqual([status, status, code]);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
  test('what is wrong with a body is pointed at in words, and nothing that was sent is said again', async () => {
    const { body } = await post('leads', { items: ['Zoé Martin'], country: 'france' });
    const told = (body.errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`);
    expect(told.join()).toMatch(/^\/(items\/0|country) must [^,]*$/);
    expect(JSON.stringify(body)).not.toMatch(/Zo|france/);
  });
  test('a key without the scope is told which one it lacks', async () => {
    const weak = { authorization: `Bearer ${await keyWith({ scopes: ['delivery.read'] })}` };
    const { status, body } = await post('leads', { items: [lead('API-33')] }, weak);
    expect([status, body.code]).toEqual([403, 'ACCESS-003']);
    expect(body.detail).toContain('lead.post');
  });
});

test('rows of a hundred posts at once, beside a planner that takes them too, are each accepted once', async () => {
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      post('leads', { items: [lead(`API-M-${index}`), lead(`API-N-${index}`)] }),
    ),
  );
  const states = answers.flatMap(({ body }) => body.items?.map(({ state }) => state) ?? []);
  expect(states).toHaveLength(200);
  expect(states.filter((state) => state !== 'accepted' && state !== 'received')).toEqual([]);
  await gateway.until('all taken in', async () => {
    const [row] = await gateway.owner.all<{ count: number }>(
      "SELECT COUNT(*) AS count FROM leads WHERE reference LIKE 'API-M-%' OR reference LIKE 'API-N-%'",
    );
    return Number(row?.count) === 200;
  });
});

test('beyond the limit of a minute nothing of a post is taken, and whoever posts it again later loses none', async () => {
  const usual = api;
  api = await openInterface(gateway.app, { perMinute: 25 });
  const names = Array.from({ length: 60 }, (_, n) => `API-LIMIT-${n}`);
  const posted = (name: string): Promise<Answered> =>
    post('leads', { items: [lead(name)] }, { 'idempotency-key': name });
  try {
    const answers = await Promise.all(names.map(posted));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(35);
    for (const { headers, body } of refused) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
      expect([headers.get('content-type'), body.status]).toEqual([
        'application/problem+json; charset=utf-8',
        429,
      ]);
    }
    for (const [at, name] of names.entries())
      expect([name, (await stored(name)) !== undefined]).toEqual([name, answers[at]?.status === 200]);
    await api.close();
    // As if the minute were over.
    api = await openInterface(gateway.app, { perMinute: 60 });
    const again = await Promise.all(names.map(posted));
    expect(again.map(({ status }) => status)).toEqual(names.map(() => 200));
    expect(again.map(({ headers }) => headers.get('idempotent-replayed') === 'true')).toEqual(
      answers.map(({ status }) => status === 200),
    );
    const rows = await gateway.owner.all("SELECT id FROM leads WHERE reference LIKE 'API-LIMIT-%'");
    expect(rows).toHaveLength(60);
  } finally {
    await api.close();
    api = usual;
  }
});

test('the description names every address, and is OpenAPI 3.1', async () => {
  const response = await fetch(`http://127.0.0.1:${api.port}/v1/openapi.json`);
  const described = (await response.json()) as { openapi: string; paths: Record<string, unknown> };
  expect(described.openapi).toBe('3.1.0');
  expect(Object.keys(described.paths)).toEqual(
    expect.arrayContaining(['/v1/consents', '/v1/corrections', '/v1/interactions', '/v1/leads']),
  );
});

test('a row whose table somebody locks is answered with 503 and its remedy before whoever posts gives up', async () => {
  const url = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
  url.pathname = new URL(gateway.config.mysql.gatewayUrl).pathname;
  const locker = openDatabase({ url: url.href, connections: 1 });
  const row = {
    reference: 'R-LOCKED',
    channel: 'web_form',
    collected_at: '2026-11-20T09:00:00Z',
    last_name: 'Martin',
    email: 'locked@courriel.example',
  };
  const usual = api;
  api = await openInterface(gateway.app, { isPatient: false });
  try {
    await locker.text('LOCK TABLES lead_intake WRITE');
    const answer = await post('leads', { items: [{ client_id: 'essai', ...row }] });
    expect(answer).toMatchObject({ status: 503, body: { code: 'DB-006' } });
    expect(answer.headers.get('retry-after')).toBe('5');
  } finally {
    await locker.close();
    await api.close();
    api = usual;
  }
});
