// Keys of other systems: shown once, two at a time, from where and for what they say.
import { randomBytes } from 'node:crypto';
import { apiKeys, createApiKey, endKey, holderOfKey, type KeyAsked } from '../../src/access/api-keys.ts';
import type { AccessPlace } from '../../src/access/place.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
let place: AccessPlace;
beforeAll(async () => {
  home = await openStoreHome();
  place = { database: home.gateway, factorKey: randomBytes(32), tryKey: randomBytes(32) };
});
afterAll(() => home.close());

const asked = (over: Partial<KeyAsked> = {}): KeyAsked => ({
  ...{ name: 'web forms', scopes: ['lead.post'], addresses: [], days: 30 },
  ...over,
});

test('a key is known by its digest, until it ends', async () => {
  const { id, key } = await createApiKey(place, asked({ name: 'one', clientId: 'essai' }), 'account:1');
  expect(key).toMatch(/^relais_[\w-]{43}$/);
  await expect(holderOfKey(place, key, '192.0.2.1')).resolves.toEqual({
    id,
    holder: { kind: 'key', scopes: ['lead.post'], clientId: 'essai' },
  });
  const kept = JSON.stringify(await home.owner.all('SELECT *, HEX(digest) FROM api_keys'));
  expect(kept).not.toContain(key.slice(8, 30));
  await endKey(place, id, 'account:1');
  await expect(endKey(place, id, 'account:1')).rejects.toMatchObject({ code: 'FIND-001' });
  await expect(holderOfKey(place, key, '192.0.2.1')).resolves.toBeUndefined();
  expect((await apiKeys(place)).find((row) => row.id === id)?.endedAt).not.toBeNull();
});

test('a key past its end opens nothing', async () => {
  const { id, key } = await createApiKey(place, asked({ name: 'short', days: 1 }), 'account:1');
  await home.owner.run('UPDATE api_keys SET expires_at = UTC_TIMESTAMP(3) WHERE id = ?', [id]);
  await expect(holderOfKey(place, key, '192.0.2.1')).resolves.toBeUndefined();
});

test.each([
  ['192.0.2.0/24', '192.0.2.255', true],
  ['192.0.2.0/24', '192.0.3.0', false],
  ['192.0.2.7', '::ffff:192.0.2.7', true],
  ['2001:db8::/48', '2001:db8:0:1::5', true],
  ['2001:db8::/48', '192.0.2.7', false],
  ['192.0.2.7', 'unknown', false],
])('a key for %s asked with from %s: %s', async (range, address, opens) => {
  const { key } = await createApiKey(
    place,
    asked({ name: `from ${range} ${address}`.replaceAll(/[:/]/g, '-'), addresses: [range] }),
    'account:1',
  );
  expect((await holderOfKey(place, key, address)) !== undefined).toBe(opens);
});

test('two keys at a time under a name, however many ask at once', async () => {
  for (const name of ['busy', 'busier', 'busiest', 'busy again', 'busy to the end']) {
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4, 5].map(() => createApiKey(place, asked({ name }), 'account:1')),
    );
    expect([name, outcomes.filter(({ status }) => status === 'fulfilled').length]).toEqual([name, 2]);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ACCESS-001' });
  }
});

test.each<[Partial<KeyAsked>, RegExp]>([
  [{ scopes: [] }, /needs a scope/],
  [{ scopes: ['account.manage'] }, /no scope of a key/],
  [{ addresses: ['192.0.2.0/33'] }, /no address/],
  [{ addresses: ['example.org'] }, /no address/],
  [{ days: 0 }, /1 to 730/],
  [{ name: '' }, /name of a key/],
  [{ name: 'a\nb' }, /name of a key/],
  [{ scopes: ['lead.pull'] }, /belongs to a client/],
])('a key like %j is refused', async (over, problem) => {
  await expect(createApiKey(place, asked(over), 'account:1')).rejects.toThrow(problem);
});
