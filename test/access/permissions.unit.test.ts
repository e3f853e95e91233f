// The one table of permissions, and the rules of roles (C38, C39).
import {
  keyScopes,
  may,
  mayFor,
  permissions,
  roles,
  reachOf,
  rolesProblem,
  ruleOf,
  type Holder,
  type Role,
} from '../../src/access/permissions.ts';

const account = (clientId: string | undefined, ...held: readonly Role[]): Holder => ({
  kind: 'account',
  roles: held,
  ...reachOf(clientId),
});

test('C39: only an administrator exports, only the data protection officer sees a person unmasked', () => {
  const who = (permission: (typeof permissions)[number]): readonly Role[] =>
    roles.filter((role) => may(account(undefined, role), permission));
  expect(who('list.export')).toEqual(['admin']);
  expect(who('account.manage')).toEqual(['admin']);
  expect(who('person.reveal')).toEqual(['dpo']);
  expect(who('delivery.replay')).toEqual(['support']);
  expect(who('mapping.publish')).toEqual(['integrator']);
});

test('an account may what one of its roles may, and without a role nothing', () => {
  for (const permission of permissions) {
    expect(may(account(undefined), permission)).toBe(false);
    expect(may(account(undefined, ...roles), permission)).toBe(ruleOf(permission).roles.length > 0);
  }
});

test('a viewer sees their own client and no other, and changes nothing of a delivery', () => {
  const viewer = account('horizon', 'viewer');
  expect(mayFor(viewer, 'delivery.read', 'horizon')).toBe(true);
  expect(mayFor(viewer, 'delivery.read', 'alpes')).toBe(false);
  expect(mayFor(viewer, 'delivery.replay', 'horizon')).toBe(false);
  expect(may(viewer, 'person.find')).toBe(false);
});

test('C36: only a holder of the centre spans clients: a viewer without a client is none', () => {
  expect(reachOf('horizon', ['viewer'])).toEqual({ clientId: 'horizon' });
  expect(reachOf(undefined, ['support'])).toEqual({ clientId: undefined, spans: 'clients' });
  expect(() => reachOf(undefined, ['viewer'])).toThrow('A viewer belongs to a client');
});

test('a key may what its scopes name, never what no key may be given', () => {
  const own = { kind: 'key', scopes: ['delivery.read', 'person.reveal'] } as const;
  const key: Holder = { ...own, ...reachOf(undefined) };
  expect(may(key, 'delivery.read')).toBe(true);
  expect(may(key, 'delivery.replay')).toBe(false);
  expect(may(key, 'person.reveal')).toBe(false);
  expect(keyScopes).not.toContain('account.manage');
  expect(mayFor({ ...own, clientId: 'horizon' }, 'delivery.read', 'alpes')).toBe(false);
});

test.each<[readonly Role[], string | undefined, RegExp | undefined]>([
  [['support', 'dpo'], undefined, undefined],
  [['viewer'], 'horizon', undefined],
  [[], undefined, /needs a role/],
  [['viewer', 'support'], 'horizon', /combines with no role/],
  [['viewer'], undefined, /needs the client/],
  [['support'], 'horizon', /Only a viewer/],
])('the roles %j for the client %s: %s', (asked, clientId, problem) => {
  const said = rolesProblem(asked, clientId);
  if (problem === undefined) expect(said).toBeUndefined();
  else {
    expect(said?.[1]).toMatch(problem);
    expect(said?.[0]).not.toBe(said?.[1]);
  }
});
