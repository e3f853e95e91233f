import {
  atOnce,
  createStrangers,
  networkOf,
  refusalsAMinute,
  suspectsAtOnce,
} from '../../src/callbacks/server.ts';

test('an address of IPv6 is counted with its whole network, one of IPv4 by itself, in every spelling', () => {
  expect(networkOf('2001:db8:1:2::1')).toBe(networkOf('2001:0DB8:1:2:ffff::9%eth0'));
  expect(networkOf('2001:db8:1:2::1')).not.toBe(networkOf('2001:db8:1:3::1'));
  expect(networkOf('::ffff:203.0.113.9')).toBe('203.0.113.9');
  expect(networkOf('203.0.113.9')).not.toBe(networkOf('203.0.113.10'));
  expect(networkOf('not an address')).toBe('not an address');
});

test('so many refusals of one address in a minute shut it out, and no other', async () => {
  const strangers = createStrangers();
  const lasts: boolean[] = [];
  for (let count = 0; count < refusalsAMinute; count += 1) {
    expect(await strangers.shutOutFor('203.0.113.9')).toBeUndefined();
    lasts.push(await strangers.refused('203.0.113.9'));
  }
  expect(lasts.filter(Boolean)).toHaveLength(1);
  const seconds = (await strangers.shutOutFor('203.0.113.9')) ?? 0;
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(60);
  expect(await strangers.shutOutFor('203.0.113.10')).toBeUndefined();
});

test('an address that was refused too often has turns of its own, and takes none of the others', async () => {
  const strangers = createStrangers();
  for (let count = 0; count < refusalsAMinute; count += 1) await strangers.refused('203.0.113.9');
  let end: () => void = () => undefined;
  const ended = new Promise<void>((done) => (end = done));
  const turns = (address: string, count: number): Promise<string | undefined>[] =>
    Array.from({ length: count }, () => strangers.inTurn(address, () => ended.then(() => 'looked at')));
  const suspects = turns('203.0.113.9', suspectsAtOnce);
  const others = turns('203.0.113.10', atOnce);
  expect(await strangers.inTurn('203.0.113.9', () => Promise.resolve('looked at'))).toBeUndefined();
  expect(await strangers.inTurn('203.0.113.11', () => Promise.resolve('looked at'))).toBeUndefined();
  end();
  expect(new Set(await Promise.all([...suspects, ...others]))).toEqual(new Set(['looked at']));
  expect(await strangers.inTurn('203.0.113.9', () => Promise.resolve('looked at'))).toBe('looked at');
});
