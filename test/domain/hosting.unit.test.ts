// C36: the names of an installation for one client, and its range of ids.
import { firstId, firstShortId, instanceNames, mostSlots } from '../../src/domain/hosting.ts';

test('C36: names fit what MySQL takes, and no two installations have one in common', () => {
  const long = 'a'.repeat(40);
  const all = [
    instanceNames('relais', 'north-star', 1),
    instanceNames('relais', 'north', 2),
    instanceNames('relais', 'a-b', 3),
    instanceNames('a_schema_with_a_very_long_name', long, mostSlots),
  ];
  expect(all[0]).toEqual({
    schema: 'relais_north_star_1',
    keysSchema: 'relais_north_star_1_keys',
    gateway: 'relais_1',
    owner: 'relais_1_owner',
    intake: 'relais_1_intake',
    redisPrefix: 'relais_north_star_1',
  });
  for (const { schema, gateway, owner, intake } of all) {
    expect(schema).toMatch(/^[a-z0-9_]{1,48}$/);
    for (const account of [gateway, owner, intake]) expect(account.length).toBeLessThanOrEqual(32);
  }
  const names = all.flatMap((one) => [one.schema, one.keysSchema, one.gateway, one.owner, one.intake]);
  expect(new Set(names).size).toBe(names.length);
});

test('C36: the ids of the last installation are whole numbers that every face reads', () => {
  expect(firstId(mostSlots + 1)).toBeLessThan(Number.MAX_SAFE_INTEGER);
  expect(String(firstId(mostSlots + 1) - 1)).toHaveLength(15);
  expect(firstShortId(mostSlots + 1)).toBeLessThan(2 ** 32);
});
