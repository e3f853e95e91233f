// RELAIS_REDIS_URL: one server, a cluster, or Sentinel; what is none of them is refused.
import { parseRedisPlace } from '../../src/config/redis-place.ts';

test('one server', () => {
  expect(parseRedisPlace('redis://127.0.0.1:6379/3')).toEqual({
    ...{ kind: 'single', nodes: [{ host: '127.0.0.1', port: 6379 }], tls: false, database: 3 },
  });
  expect(parseRedisPlace('rediss://relais:p%40ss@cache.example')).toEqual({
    ...{ kind: 'single', nodes: [{ host: 'cache.example', port: 6379 }], tls: true, database: 0 },
    ...{ username: 'relais', password: 'p@ss' },
  });
  expect(parseRedisPlace('redis://:secret@[::1]:6380')).toMatchObject({
    nodes: [{ host: '::1', port: 6380 }],
    password: 'secret',
  });
});

test('a cluster: nodes to begin with', () => {
  expect(parseRedisPlace('rediss+cluster://:secret@a.example:7000,b.example:7001,c.example')).toEqual({
    kind: 'cluster',
    nodes: [
      { host: 'a.example', port: 7000 },
      { host: 'b.example', port: 7001 },
      { host: 'c.example', port: 6379 },
    ],
    ...{ tls: true, database: 0, password: 'secret' },
  });
});

test('Sentinel: the sentinels and the name of the master', () => {
  expect(
    parseRedisPlace('redis+sentinel://:pw@s1.example,s2.example:26380/relais/2?sentinelPassword=sp'),
  ).toEqual({
    kind: 'sentinel',
    nodes: [
      { host: 's1.example', port: 26379 },
      { host: 's2.example', port: 26380 },
    ],
    ...{ tls: false, database: 2, master: 'relais', password: 'pw', sentinelPassword: 'sp' },
  });
});

test.each([
  '',
  'hunter2',
  'http://cache.example',
  'redis://a.example,b.example',
  'redis://a.example:99999',
  'redis://a.example/x',
  'redis+cluster://a.example/1',
  'redis+cluster://a.example,,b.example',
  'redis+sentinel://s1.example',
  'redis+elsewhere://a.example',
])('refused: %s', (text) => expect(parseRedisPlace(text)).toBeUndefined());
