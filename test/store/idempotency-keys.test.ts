// Requests under one Idempotency-Key that come at once, in one process or several: none keeps another from its answer.
import { beginRequest, insertAnswered, type Begun } from '../../src/store/access/idempotency-keys.ts';
import { keyOf } from '../intake/posts.ts';
import { openStoreHome, type StoreHome } from './home.ts';

let home: StoreHome;
beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());

test('requests under a key that is known read its answer side by side', async () => {
  const key = keyOf('A');
  await insertAnswered(home.gateway, [{ ...key, status: 200, answer: '{}' }]);
  const both = await home.gateway.transaction(async (tx) => [
    await beginRequest(tx, key),
    // The first has not ended: if it kept the row for itself, this one would never come.
    await home.gateway.transaction((other) => beginRequest(other, key)),
  ]);
  const answered: Begun = { kind: 'answered', status: 200, answer: '{}' };
  expect(both).toEqual([answered, answered]);
});

test('of several that find a request given up, one takes it over', async () => {
  const key = keyOf('B');
  const begin = (): Promise<Begun> => home.gateway.transaction((tx) => beginRequest(tx, key));
  expect(await begin()).toEqual({ kind: 'new' });
  await home.owner.run(
    'UPDATE idempotency_keys SET begun_at = TIMESTAMPADD(SECOND, -61, begun_at) WHERE key_digest = ?',
    [key.key],
  );
  const kinds = (await Promise.all([begin(), begin(), begin()])).map(({ kind }) => kind);
  expect(kinds.toSorted()).toEqual(['new', 'under_way', 'under_way']);
});
