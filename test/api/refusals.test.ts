// What is refused before a route works on it, over HTTP: bytes, charsets, names given twice, width, methods. And in which words.
import { gzipSync } from 'node:zlib';
import { overHttp, ours } from '../../src/api/problems.ts';
import { catalogue } from '../../src/errors.ts';
import { askRaw, bodyIn, statusIn } from '../http/raw.ts';
import { leadRow } from '../trip/gateway.ts';
import { openRig, type Answered, type Rig } from './rig.ts';

let rig: Rig;
let key: string;
beforeAll(async () => {
  rig = await openRig();
  key = await rig.keyWith({ scopes: ['lead.post', 'delivery.read', 'delivery.replay', 'event.read'] });
});
afterAll(() => rig.close());

const post = async (
  body: Buffer | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> => {
  const response = await fetch(`http://127.0.0.1:${rig.api.port}/v1/leads`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body,
  });
  const text = await response.text();
  const parsed = JSON.parse(text) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, text, body: parsed };
};

/** Rows of lead_intake and leads: what is refused at the door leaves nothing. */
const kept = async (): Promise<unknown> =>
  rig.gateway.owner.all(
    'SELECT (SELECT COUNT(*) FROM lead_intake) AS waiting, (SELECT COUNT(*) FROM leads) AS leads',
  );

const lead = (reference: string, more: object = {}): string =>
  JSON.stringify({ items: [{ ...leadRow(reference, { client_id: 'essai' }), ...more }] });
const consent = {
  purpose: 'marketing',
  channel: 'email',
  state: 'granted',
  recordedAt: '2026-11-28T10:00:00Z',
};
const twice = lead('R-1', { consents: [consent] }).replace(
  '"channel":"email"',
  '"channel":"email","channel":"phone"',
);

test.each<
  readonly [
    what: string,
    body: Buffer | string,
    headers: Record<string, string>,
    status: number,
    says: RegExp,
  ]
>([
  [
    'bytes that are no UTF-8',
    Buffer.from(lead('R-2', { last_name: 'MARTÉN' }), 'latin1'),
    {},
    400,
    /bytes are not UTF-8/,
  ],
  [
    'another charset',
    lead('R-3'),
    { 'content-type': 'application/json; charset=iso-8859-1' },
    415,
    /in UTF-8/,
  ],
  [
    'a quoted other charset',
    lead('R-3'),
    { 'content-type': 'application/json;charset="UTF-16"' },
    415,
    /in UTF-8/,
  ],
  ['gzip', gzipSync(lead('R-4')), { 'content-encoding': 'gzip' }, 415, /without Content-Encoding/],
  ['another type', lead('R-5'), { 'content-type': 'text/json' }, 415, /application\/json/],
  ['a channel given twice', twice, {}, 400, /occurs twice/],
  ['a row named twice', lead('R-6').replace('{"items"', '{"items":[],"items"'), {}, 400, /occurs twice/],
  [
    'a row of 300,000 columns',
    lead('R-7', Object.fromEntries(Array.from({ length: 300_000 }, (_, at) => [`c${at}`, 1]))),
    {},
    400,
    /too many names/,
  ],
  ['20,000 rows', JSON.stringify({ items: Array.from({ length: 20_000 }, () => ({})) }), {}, 400, /too many/],
  ['deep rows', `{"items":${'['.repeat(50_000)}`, {}, 400, /too deeply/],
  ['no JSON', '{"items": [', {}, 400, /not JSON/],
  ['nothing', '', {}, 400, /empty/],
])('%s is refused, and leaves nothing', async (_what, body, headers, status, says) => {
  const before = await kept();
  const answered = await post(body, headers);
  expect([answered.status, answered.body['status']]).toEqual([status, status]);
  expect(answered.body['detail']).toMatch(says);
  expect(answered.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(await kept()).toEqual(before);
});

test('UTF-8 that says so, in any spelling, is taken', async () => {
  for (const [at, type] of [
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ].entries()) {
    const answered = await post(lead(`R-8${at}`), { 'content-type': type, 'content-encoding': 'identity' });
    expect(answered.body).toMatchObject({ items: [{ state: 'accepted' }] });
  }
});

test('a JSON column given as text keeps to the same rules, whichever door its row came by', async () => {
  const text = JSON.stringify([consent]).replace('"channel":"email"', '"channel":"email","channel":"phone"');
  const wide = JSON.stringify([Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`c${at}`, 1]))]);
  const answered = await post(
    JSON.stringify({
      items: [text, wide].map((consents, at) => ({
        ...leadRow(`R-9${at}`, { client_id: 'essai' }),
        consents,
      })),
    }),
  );
  expect(answered.body['items']).toMatchObject([
    {
      state: 'refused',
      refusals: [
        { column: 'consents', code: 'BAD_JSON', message: expect.stringContaining('twice') as unknown },
      ],
    },
    { state: 'refused', refusals: [{ column: 'consents', code: 'TOO_LONG' }] },
  ]);
});

test.each([
  ['DELETE', '/v1/leads', 'POST'],
  ['GET', '/v1/leads', 'POST'],
  ['PUT', '/v1/deliveries/4711', 'GET, HEAD'],
  ['DELETE', '/v1/deliveries/replay', 'POST, GET, HEAD'],
  ['PATCH', '/v1/openapi.json', 'GET, HEAD'],
  ['OPTIONS', '/v1/tasks/4711/close', 'POST'],
])('%s %s is not that address’s method: Allow says %s', async (method, path, allow) => {
  const answered = await rig.ask(key, method, path);
  expect([answered.status, answered.body['detail']]).toEqual([405, expect.stringContaining('Allow')]);
  expect(new Set(answered.headers.get('allow')?.split(', '))).toEqual(new Set(allow.split(', ')));
});

test.each<readonly [query: string, pointer: string, detail: unknown]>([
  ['?foo=1', '', 'must not have foo'],
  ['?jean%40courriel.example=1', '', 'must not have (unnamed)'],
  ['?state=fialed', '/state', expect.stringMatching(/^must be one of .*failed, /)],
  ['?limit=1000', '/limit', expect.stringContaining('1 to 200')],
  ['?since=2026-11-28', '/since', expect.stringContaining('2026-11-28T10:00:00Z')],
  ['?since=2026-11-28T10:00:00+01:00', '/since', expect.stringContaining('%2B')],
  ['?after=last', '/after', expect.stringContaining('page before')],
  ['?limit=1&limit=2', '/limit', 'must be string'],
])('GET /v1/deliveries%s is told what would be right', async (query, pointer, detail) => {
  const { status, body } = await rig.ask(key, 'GET', `/v1/deliveries${query}`);
  expect([status, body['errors']]).toEqual([400, [{ pointer, detail }]]);
});

test('a body too large is told how large one may be', async () => {
  const answered = await post(lead('R-10', { comment: 'x'.repeat(5_000_000) }));
  expect([answered.status, answered.body['detail']]).toEqual([413, 'The body is larger than 4 MB.']);
});

test('the answer to a GET speaks of no body', async () => {
  for (const path of [
    '/v1/deliveries?limit=0',
    '/v1/deliveries/x',
    '/v1/deliveries/%zz',
    '/v1/leads/essai/%ff',
    '/v1/events?kinds=all',
  ]) {
    const { status, text } = await rig.ask(key, 'GET', path);
    expect([path, status, /body/i.test(text)]).toEqual([path, 400, false]);
  }
});

test('a request that is no HTTP, and one that trickles, get a problem too', async () => {
  for (const [bytes, status] of [
    ['GET\r\n\r\n', 400],
    [`GET /v1/docs HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\n\r\n`, 417],
    [`GET /v1/docs HTTP/1.1\r\nHost: x\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
  ] as const) {
    const answer = await askRaw(rig.api.port, bytes);
    expect([statusIn(answer), JSON.parse(bodyIn(answer))]).toEqual([
      status,
      expect.objectContaining({
        status,
        type: 'about:blank',
        instance: expect.stringMatching(/^urn:relais:request:/) as unknown,
      }),
    ]);
    expect(answer).toMatch(/content-type: application\/problem\+json/i);
  }
});

test('no answer over HTTP speaks of a command, an option or a variable of ours', () => {
  const texts = Object.entries(overHttp).flatMap(([code, [, remedy, meaning]]) => [
    remedy,
    meaning ?? catalogue[code as keyof typeof catalogue][0],
  ]);
  expect(texts.length).toBeGreaterThan(30);
  for (const text of [...texts, ours[1]]) expect(text).not.toMatch(/`relais |--\w|RELAIS_|\bcommand\b/);
});
