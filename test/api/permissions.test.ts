// C38: every address as nobody, as each scope, as a key of another client: made from the addresses themselves.
import { fastify } from 'fastify';
import { keyScopes, type Permission } from '../../src/access/permissions.ts';
import { requireCallers, type ApiRoute } from '../../src/api/callers.ts';
import { openRig, type Rig } from './rig.ts';

let rig: Rig;
const keys = new Map<Permission, string>();
/** All scopes, of the other client. */
let stranger: string;
let own: string;
let delivery: number;
let run: number;
let alert: number;
let row: number;

beforeAll(async () => {
  rig = await openRig();
  for (const scope of keyScopes) keys.set(scope, await rig.keyWith({ scopes: [scope], clientId: 'essai' }));
  stranger = await rig.keyWith({ scopes: keyScopes, clientId: 'autre' });
  own = await rig.keyWith({ scopes: keyScopes, clientId: 'essai' });
  delivery = await rig.idOf('E-11');
  const begun = await rig.ask(own, 'POST', '/v1/deliveries/replay', {
    headers: { 'idempotency-key': 'begin' },
    body: { filter: { lead: 'E-12' }, expected: 1, reason: 'ticket 1' },
  });
  run = Number(begun.body['id']);
  const { insertId } = await rig.gateway.owner.run(
    "INSERT INTO alerts (kind, client_id, destination_id, delivery_id, reason) VALUES ('file_late', 'essai', 'essai-crm', 0, '')",
  );
  alert = insertId;
  ({ insertId: row } = await rig.gateway.owner.run(
    `INSERT INTO lead_intake (client_id, kind, reference, status, settled_at, refusal)
     VALUES ('essai', 'lead', 'E-19', 'refused', UTC_TIMESTAMP(3), '[{"column":"row","code":"SET_ASIDE","message":""}]')`,
  ));
});
afterAll(() => rig.close());

/** Every address with the first client's names in it. */
const addressOf = ({ url }: ApiRoute, task = String(delivery)): string =>
  url
    .replace(':delivery', String(delivery))
    .replace(':client', 'essai')
    .replace(':reference', 'E-11')
    .replace(':destination', 'essai-crm')
    .replace(':version', '1')
    .replace(':run', String(run))
    .replace(':row', String(row))
    .replace(':task', task);

/** A body that is as described, and does nothing when it gets through: what it names does not exist. */
const bodies: Readonly<Record<string, unknown>> = {
  '/v1/leads/search': { reference: 'E-11' },
  '/v1/persons/search': { email: 'e-11@courriel.example', reason: 'ticket 2' },
  '/v1/contacts': { operation: 'getRegions' },
  '/v1/pull/:destination': {},
  '/v1/pull/:destination/answers': { items: [{ key: 'k', lease: '1-1-1', outcome: 'accepted' }] },
  '/v1/tasks/:task/close': { reason: 'ticket 2', evidence: 'mail of today' },
  '/v1/destinations/:destination/test': {},
  '/v1/bulk-runs/:run/pause': {},
  '/v1/bulk-runs/:run/resume': {},
  ...Object.fromEntries(
    ['/v1/leads', '/v1/corrections', '/v1/consents', '/v1/interactions'].map((url) => [
      url,
      { items: [{ client_id: 'essai', reference: 'E-11' }] },
    ]),
  ),
  ...Object.fromEntries(
    ['/v1/deliveries/replay', '/v1/deliveries/cancel', '/v1/tasks/close'].flatMap((url) => [
      [`${url}/plan`, { filter: { destination: 'essai-crm' } }],
      [
        url,
        {
          ...{ filter: { destination: 'essai-crm' }, expected: 99, reason: 'ticket 2' },
          ...(url === '/v1/tasks/close' ? { evidence: 'mail of today' } : {}),
        },
      ],
    ]),
  ),
};
let asked = 0;
const askAs = (key: string | undefined, route: ApiRoute, task?: string) =>
  rig.ask(key, route.method, addressOf(route, task), {
    ...(route.method === 'POST' ? { body: bodies[route.url] ?? { reason: 'ticket 2' } } : {}),
    headers: { 'idempotency-key': `walk-${(asked += 1)}` },
  });

test('there are addresses that read and such that act, and the two that describe them alone are public', () => {
  expect(
    new Set(rig.api.routes.filter(({ permission }) => permission === 'public').map(({ url }) => url)),
  ).toEqual(new Set(['/v1/openapi.json', '/v1/docs']));
  expect(rig.api.routes.filter(({ method }) => method === 'POST').length).toBeGreaterThan(15);
  expect(rig.api.routes.filter(({ method }) => method === 'GET').length).toBeGreaterThan(15);
});

test('C38: nobody is answered, at no address', async () => {
  for (const route of rig.api.routes.filter(({ permission }) => permission !== 'public')) {
    const { status } = await askAs(undefined, route);
    expect([route.method, route.url, status]).toEqual([route.method, route.url, 401]);
  }
});

test('C38: each address is open to the one scope it names and to no other, cell by cell', async () => {
  const wrong: string[] = [];
  for (const route of rig.api.routes.filter(({ permission }) => permission !== 'public'))
    for (const [scope, key] of keys) {
      // What changes something is asked by those who may not; by the one who may it is asked in acting.test.ts.
      const mayDo = scope === route.permission;
      if (mayDo && !isHarmless(route)) continue;
      const { status } = await askAs(key, route);
      if ((status === 403) === mayDo) wrong.push(`${scope} at ${route.method} ${route.url}: ${status}`);
    }
  expect(wrong).toEqual([]);
});

/** Reading, planning, and what its body makes impossible. */
const isHarmless = ({ method, url }: ApiRoute): boolean =>
  method !== 'POST' || /search$|plan$|^\/v1\/[a-z]+\/(replay|cancel|close)$|^\/v1\/[a-z]+$/.test(url);

test('C38: with every scope, a key of another client finds nothing of this one, by any id, and changes nothing', async () => {
  const rows = (): Promise<unknown> =>
    rig.gateway.owner.all(
      "SELECT d.id, d.state, d.run, d.destination_id, s.status FROM deliveries d JOIN destinations s ON s.id = d.destination_id WHERE d.client_id = 'essai' AND d.id = ?",
      [delivery],
    );
  const before = await rows();
  const named = rig.api.routes.filter(({ url }) => url.includes(':'));
  expect(named.length).toBeGreaterThan(12);
  for (const route of named)
    for (const task of route.url.includes(':task') ? [String(delivery), `A${alert}`] : [undefined]) {
      const { status, text } = await askAs(stranger, route, task);
      expect([route.method, route.url, status]).toEqual([route.method, route.url, 404]);
      expect(text).not.toMatch(/courriel|Refus|h\.leroy/);
    }
  expect(await rows()).toEqual(before);
  for (const route of rig.api.routes.filter(
    ({ url, permission }) => !url.includes(':') && permission !== 'public',
  )) {
    const { text } = await askAs(stranger, route);
    expect([route.url, text.match(/E-1\d|CRM-1|"client":"essai"/g)]).toEqual([route.url, null]);
  }
});

test('an address without a permission keeps the server from starting', async () => {
  for (const config of [undefined, { permission: 'public' as const }]) {
    const server = fastify();
    requireCallers(server, rig.gateway.app.access);
    expect(() => server.get('/v1/forgotten', config === undefined ? {} : { config }, () => 'all')).toThrow(
      /names no permission/,
    );
    await server.close();
  }
});
