// Tries against the HTTP interface by whoever means ill: each is refused, changes nothing, and is told nothing.
import { request as plainRequest } from 'node:http';
import { endKey } from '../../src/access/api-keys.ts';
import { keyScopes } from '../../src/access/permissions.ts';
import { openRig, type Answered, type Rig } from './rig.ts';

let rig: Rig;
let key: string;
/** Every scope, of the other client. */
let stranger: string;
let delivery: number;

beforeAll(async () => {
  rig = await openRig();
  key = await rig.keyWith({ scopes: keyScopes.filter((scope) => scope !== 'lead.pull') });
  stranger = await rig.keyWith({ scopes: keyScopes, clientId: 'autre' });
  delivery = await rig.idOf('E-11');
});
afterAll(() => rig.close());

let tries = 0;
const post = (path: string, body: unknown, headers = {}, by = key): Promise<Answered> =>
  rig.ask(by, 'POST', path, { body, headers: { 'idempotency-key': `h-${(tries += 1)}`, ...headers } });
const get = (path: string, headers = {}, by: string | undefined = key): Promise<Answered> =>
  rig.ask(by, 'GET', path, { headers });
const why = { reason: 'ticket 1' };
const replay = (): string => `/v1/deliveries/${delivery}/replay`;

/** As it stands on the wire: fetch would tidy it. */
const raw = (
  path: string,
  headers: Record<string, string | string[]> = {},
  method = 'GET',
): Promise<Answered> =>
  new Promise((done, fail) => {
    const sent = plainRequest(
      {
        host: '127.0.0.1',
        port: rig.api.port,
        path,
        method,
        headers: { authorization: `Bearer ${key}`, ...headers },
      },
      (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('end', () => {
          const given = Object.entries(response.headers).map(
            ([name, value]) => [name, String(value)] as [string, string],
          );
          done({ status: response.statusCode ?? 0, headers: new Headers(given), text, body: {} });
        });
      },
    );
    sent.on('error', fail).end();
  });

type Try = readonly [what: string, ask: () => Promise<Answered>, statuses: readonly number[]];

const strangers: readonly Try[] = [
  ['no key', () => rig.ask(undefined, 'GET', '/v1/deliveries'), [401]],
  ['HEAD without a key', () => rig.ask(undefined, 'HEAD', '/v1/deliveries'), [401]],
  ['a key in the address', () => rig.ask(undefined, 'GET', `/v1/deliveries?key=${key}`), [401]],
  [
    'a key in a cookie',
    () => get('/v1/deliveries', { cookie: `key=${key}`, authorization: 'Bearer x' }),
    [401],
  ],
  [
    'a key by Basic',
    () => get('/v1/deliveries', { authorization: `Basic ${Buffer.from(`${key}:`).toString('base64')}` }),
    [401],
  ],
  ['a key with more behind it', () => get('/v1/deliveries', { authorization: `Bearer ${key}x` }), [401]],
  [
    'a key and a second one',
    () => raw('/v1/deliveries', { authorization: `Bearer relais_x, Bearer ${key}` }),
    [401],
  ],
  [
    'a key of a megabyte',
    () => raw('/v1/deliveries', { authorization: `Bearer ${'x'.repeat(15_000)}` }),
    [401, 431],
  ],
  ['a key that was ended', async () => get('/v1/deliveries', {}, await ended()), [401]],
  ['a key that is over', async () => get('/v1/deliveries', {}, await over()), [401]],
  ['a key from another address', async () => get('/v1/deliveries', {}, await elsewhere()), [401]],
  [
    'an address that the caller gives itself',
    async () =>
      get(
        '/v1/deliveries',
        { 'x-forwarded-for': '192.0.2.7', forwarded: 'for=192.0.2.7' },
        await elsewhere(),
      ),
    [401],
  ],
];

const ended = async (): Promise<string> => {
  const made = await rig.keyWith({});
  const [row] = await rig.gateway.owner.all<{ id: number }>('SELECT MAX(id) AS id FROM api_keys');
  await endKey(rig.gateway.app.access, row?.id ?? 0, 'tester');
  return made;
};
const over = async (): Promise<string> => {
  const made = await rig.keyWith({});
  await rig.gateway.owner.run(
    'UPDATE api_keys SET expires_at = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3)) ORDER BY id DESC LIMIT 1',
  );
  return made;
};
const elsewhere = (): Promise<string> => rig.keyWith({ addresses: ['192.0.2.0/24'] });

const addresses: readonly Try[] = [
  ['another method in a header', () => get(replay(), { 'x-http-method-override': 'POST' }), [405]],
  ['DELETE', () => rig.ask(key, 'DELETE', `/v1/deliveries/${delivery}`), [405]],
  ['PUT', () => rig.ask(key, 'PUT', `/v1/deliveries/${delivery}`, { body: {} }), [405]],
  ['a way up', () => raw('/v1/deliveries/../../etc/passwd'), [404]],
  ['an encoded way up', () => raw('/v1/leads/essai/..%2f..%2fautre%2fA-20'), [400]],
  ['two slashes', () => raw('//v1/deliveries'), [404]],
  ['another host behind two slashes', () => raw('//boese.example/%2f..'), [404]],
  ['other capitals', () => raw('/V1/Deliveries'), [404]],
  ['a NUL', () => raw('/v1/leads/essai/E-11%00'), [400]],
  ['half a character', () => raw('/v1/leads/essai/%ff%fe'), [400, 404]],
  ['a new line', () => raw('/v1/leads/essai/E-11%0d%0aset-cookie:%20a=b'), [400]],
  ['a script', () => raw('/v1/leads/essai/%3Cscript%3Ealert(1)%3C%2Fscript%3E'), [400]],
  ['a reference of a kilobyte', () => raw(`/v1/leads/essai/${'E'.repeat(1_000)}`), [400, 404, 414]],
  ['a negative number', () => get('/v1/deliveries/-1'), [400]],
  ['a number in hexadecimal', () => get('/v1/deliveries/0x1'), [400]],
  ['SQL in a number', () => get(`/v1/deliveries/${delivery}%20OR%201=1`), [400]],
  ['SQL in a filter', () => get("/v1/deliveries?destination=x'%20OR%20'1'='1"), [400]],
  ['a name twice', () => get('/v1/deliveries?client=autre&client=essai'), [400]],
  ['a prototype in the address', () => get('/v1/deliveries?__proto__[state]=failed'), [400]],
  ['a condition nobody knows', () => get('/v1/deliveries?where=1'), [400]],
  ['a page of everything', () => get('/v1/deliveries?limit=999999999'), [400]],
  ['a place in the feed of its own making', () => get('/v1/events?after=1-1%20OR%201'), [400]],
];

const contents: readonly Try[] = [
  ['who acts, in the body', () => post(replay(), { ...why, actor: 'account:1' }), [400]],
  [
    'the scope, in the body',
    () => post(replay(), { ...why, scope: { clientId: 'essai' } }, {}, stranger),
    [400, 404],
  ],
  [
    'a prototype in the body',
    () => post(replay(), '{"reason": "ticket 1", "__proto__": {"anew": true}}'),
    [400],
  ],
  [
    'a constructor in the body',
    () => post(replay(), '{"reason": "ticket 1", "constructor": {"prototype": {"a": 1}}}'),
    [400],
  ],
  [
    'a form, as a page of another site can send it',
    () => post(replay(), 'reason=ticket+1', { 'content-type': 'application/x-www-form-urlencoded' }),
    [415],
  ],
  [
    'plain text, as a page of another site can send it',
    () => post(replay(), JSON.stringify(why), { 'content-type': 'text/plain' }),
    [415],
  ],
  [
    'a number as text',
    () => post('/v1/deliveries/replay', { filter: { state: 'failed' }, expected: '3', ...why }),
    [400],
  ],
  [
    'less than one',
    () => post('/v1/deliveries/replay', { filter: { state: 'failed' }, expected: -1, ...why }),
    [400],
  ],
  ['no condition at all', () => post('/v1/deliveries/cancel', { filter: {}, expected: 5, ...why }), [400]],
  [
    'a mail address in the reason',
    () => post(replay(), { reason: 'asked by zoe.secret@courriel.example' }),
    [400],
  ],
  ['a phone in the reason', () => post(replay(), { reason: 'asked by ０６ 39 98 00 77' }), [400]],
  ['a reason of ten thousand letters', () => post(replay(), { reason: 'x'.repeat(10_000) }), [400]],
  ['five megabytes', () => post(replay(), { reason: 'x'.repeat(5_000_000) }), [413]],
  ['a hundred thousand brackets', () => post(replay(), `{"reason": ${'['.repeat(100_000)}`), [400]],
  ['every name by a wild card', () => post('/v1/persons/search', { ...why, name: '%%' }), [200]],
  ['every reference by a wild card', () => post('/v1/leads/search', { reference: '%' }), [400]],
  ['a part of every mail address', () => post('/v1/persons/search', { ...why, email: '@' }), [400]],
  [
    'no reason to look for a person',
    () => post('/v1/persons/search', { email: 'e-11@courriel.example' }),
    [400],
  ],
  [
    'a key of repetition of 300 signs',
    () => post(replay(), why, { 'idempotency-key': 'x'.repeat(300) }),
    [400],
  ],
  ['a key of repetition with a blank', () => post(replay(), why, { 'idempotency-key': 'a b' }), [400]],
];

describe.each([
  ['by a stranger', strangers],
  ['by an address', addresses],
  ['by what is sent', contents],
])('%s', (_, list) => {
  test.each(list)('%s', async (what, ask, statuses) => {
    const before = await standing();
    const { status, text, headers } = await ask();
    expect([what, statuses.includes(status) ? 'as said' : status]).toEqual([what, 'as said']);
    expect(await standing()).toEqual(before);
    // Nothing of what was sent, of a person, of our insides; and no browser takes it for a page.
    expect(text).not.toMatch(
      /secret@|98 00 77|boese|<script|set-cookie|e-11@|Refus|at \S+\.ts|SELECT|node_modules/,
    );
    expect(headers.get('location')).toBeNull();
    expect(headers.get('set-cookie')).toBeNull();
    if (status !== 431) {
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      if (text !== '') expect(headers.get('content-type')).toMatch(/^application\/(problem\+)?json/);
    }
    if (status === 200) expect(JSON.parse(text)).toMatchObject({ items: [] });
  });
});

/** What a try could have changed. */
const standing = (): Promise<readonly unknown[]> =>
  rig.gateway.owner.all(
    `SELECT (SELECT GROUP_CONCAT(CONCAT(id, state, run) ORDER BY id) FROM deliveries) AS deliveries,
            (SELECT COUNT(*) FROM handovers WHERE entry IN ('replayed', 'cancelled', 'closed', 'suspended')) AS acts,
            (SELECT COUNT(*) FROM bulk_runs) AS runs, (SELECT COUNT(*) FROM lead_intake) AS rowsOfIntake`,
  );

test('a page of another site is told nothing that lets it read: no CORS, also before it asks', async () => {
  const origin = { origin: 'https://boese.example', 'access-control-request-method': 'POST' };
  for (const answered of [
    await get('/v1/deliveries', origin),
    await raw('/v1/deliveries', origin, 'OPTIONS'),
  ])
    for (const [name] of answered.headers) expect(name).not.toMatch(/^access-control/);
});

test('who calls does not name the request', async () => {
  const { headers } = await get('/v1/deliveries', { 'x-request-id': 'mine', 'request-id': 'mine' });
  expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('a key of repetition gives nobody the answer of another holder', async () => {
  const headers = { 'idempotency-key': 'shared' };
  const own = await post(`/v1/deliveries/${delivery}/replay`, why, headers);
  expect(own.status).toBe(200);
  const other = await post(`/v1/deliveries/${delivery}/replay`, why, headers, stranger);
  expect([other.status, other.headers.get('idempotent-replayed')]).toEqual([404, null]);
});

test('whether a person, a lead or a destination is another client’s cannot be told from what does not exist', async () => {
  const answers = async (ask: (name: string) => Promise<Answered>, theirs: string, nobodys: string) => {
    const [a, b] = [await ask(theirs), await ask(nobodys)];
    const plain = ({ status, text }: Answered, name: string): string =>
      `${status} ${text.replaceAll(/request:[0-9a-f-]+/g, '').replaceAll(name, 'NAME')}`;
    expect(plain(a, theirs)).toBe(plain(b, nobodys));
  };
  await answers((name) => get(`/v1/leads/essai/${name}`, {}, stranger), 'E-11', 'E-99');
  await answers((name) => get(`/v1/destinations/${name}`, {}, stranger), 'essai-crm', 'nulle-crm');
  await answers((name) => get(`/v1/deliveries?destination=${name}`, {}, stranger), 'essai-crm', 'zzzz-zzz');
  await answers((name) => get(`/v1/deliveries/${name}`, {}, stranger), String(delivery), '99999999');
  await answers(
    (name) => post('/v1/persons/search', { ...why, email: name }, {}, stranger),
    'e-11@courriel.example',
    'e-99@courriel.example',
  );
});
