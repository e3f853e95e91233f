// Every route as every role and as nobody, read from the running console: who comes in is what the one table of permissions says.
import {
  may,
  reachOf,
  permissions,
  roles,
  type Permission,
  type Role,
} from '../../src/access/permissions.ts';
import { fastify } from 'fastify';
import { createCookies, guard } from '../../src/console/gate.ts';
import { browserOf, openDesk, type Browser, type TestDesk } from './desk.ts';

let desk: TestDesk;
const people = new Map<Role, Browser>();
beforeAll(async () => {
  desk = await openDesk();
  for (const role of roles) people.set(role, await desk.signedIn(role));
});
afterAll(() => desk.close());

const isPermission = (gate: string): gate is Permission => (permissions as readonly string[]).includes(gate);
/** A page that exists nowhere, so that an allowed act changes nothing. */
const addressOf = (url: string): string => url.replaceAll(/:(\w+)/g, '999999999');
/** What ends a session is looked at by the tests of signing in. */
const endsTheWalk = new Set(['/sign-out', '/sign-in/code', '/sign-in/second-factor', '/sign-in']);

test('a route that somebody adds without a gate cannot be registered', () => {
  const server = fastify();
  guard(server, { access: desk.gateway.app.access }, createCookies(true), (_request, reply) => reply);
  expect(() => server.get('/open', (_request, reply) => reply.send('x'))).toThrow('/open has no gate');
});

test('each route has a gate, and each gate is one that exists', () => {
  expect(desk.console.routes.length).toBeGreaterThan(10);
  expect(
    desk.console.routes.filter(
      ({ gate }) => !isPermission(gate) && !['open', 'halfway', 'own'].includes(gate),
    ),
  ).toEqual([]);
});

test('nobody sees anything but the way in', async () => {
  const nobody = browserOf(desk.console.port);
  for (const { method, url, gate } of desk.console.routes) {
    const path = addressOf(url);
    const { status, to } = method === 'GET' ? await nobody.get(path) : await nobody.post(path);
    const led = status === 303 && to.startsWith('/sign-in');
    expect([method, url, led || gate === 'open']).toEqual([method, url, true]);
    if (gate !== 'open') expect([method, url, status]).toEqual([method, url, 303]);
  }
});

test.each(roles)('C39: as %s each route answers as the table of permissions says', async (role) => {
  const browser = people.get(role);
  if (browser === undefined) throw new Error('nobody');
  const clientId = role === 'viewer' ? 'essai' : undefined;
  for (const { method, url, gate } of desk.console.routes) {
    if (endsTheWalk.has(url)) continue;
    const path = addressOf(url);
    const { status } = method === 'GET' ? await browser.get(path) : await browser.post(path);
    const mayCome =
      !isPermission(gate) || may({ kind: 'account', roles: [role], ...reachOf(clientId, [role]) }, gate);
    expect([method, url, status === 403]).toEqual([method, url, !mayCome]);
    expect([method, url, status < 500]).toEqual([method, url, true]);
  }
});
