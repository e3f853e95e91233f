// The rules of `relais security check`, each planted once beside what keeps it.
import { judged } from '../../src/operator/security-check.ts';
import type { SecurityFacts, SeenAccount } from '../../src/operator/security-facts.ts';
import { projectRoot } from '../../src/config.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const now = new Date('2026-11-30T12:00:00Z');
const inDays = (days: number): Date => new Date(now.getTime() + days * 86_400_000);

const gatewayFacts = {
  account: 'relais@10.0.3.7',
  cipher: 'TLS_AES_256_GCM_SHA384',
  demandsTls: true,
  certificateEnd: inDays(90),
  rights: [
    { schema: 'relais', table: 'leads', column: '', right: 'UPDATE' },
    { schema: 'relais', table: 'handovers', column: '', right: 'INSERT' },
    { schema: 'relais_keys', table: 'lead_secrets', column: '', right: 'DELETE' },
  ],
  roles: [],
};
const account = (more: Partial<SeenAccount> = {}): SeenAccount => ({
  role: 'gateway',
  schema: 'relais',
  isLocal: false,
  facts: { value: gatewayFacts },
  logs: { value: { general: false, binaryDays: 10 } },
  hosts: { value: ['10.0.3.7'] },
  ...more,
});
const sound: SecurityFacts = {
  now,
  schemas: { main: 'relais', keys: 'relais_keys' },
  accounts: [
    account(),
    account({
      role: 'intake',
      facts: {
        value: {
          ...gatewayFacts,
          account: 'relais_intake@10.1.2.7',
          rights: [{ schema: 'relais', table: 'lead_intake', column: 'client_id', right: 'INSERT' }],
        },
      },
      hosts: { value: ['10.1.2.7', '10.1.2.8'] },
    }),
    account({
      role: 'owner',
      facts: {
        value: {
          ...gatewayFacts,
          account: 'relais_owner@10.0.3.7',
          rights: [
            { schema: 'relais', table: '', column: '', right: 'DROP' },
            { schema: 'mysql', table: 'user', column: 'Host', right: 'SELECT' },
          ],
        },
      },
    }),
    account({
      role: 'statistics',
      schema: 'relais_statistics',
      facts: {
        value: {
          ...gatewayFacts,
          account: 'relais_statistics@10.0.3.7',
          rights: [{ schema: 'relais_statistics', table: '', column: '', right: 'INSERT' }],
        },
      },
    }),
    account({
      role: 'reader',
      facts: {
        value: {
          ...gatewayFacts,
          account: 'relais_reader@10.0.3.7',
          rights: [{ schema: 'relais', table: 'leads', column: '', right: 'SELECT' }],
        },
      },
    }),
  ],
  redis: {
    isLocal: false,
    facts: { value: { asksPassword: true, neighbours: [], certificateEnd: inDays(90) } },
  },
  keys: {
    value: [
      {
        purpose: 'seal',
        generation: 1,
        keyId: 'a',
        checkValue: Buffer.alloc(0),
        registeredAt: inDays(-900),
        retiredAt: null,
      },
      {
        purpose: 'seal',
        generation: 2,
        keyId: 'b',
        checkValue: Buffer.alloc(0),
        registeredAt: inDays(-10),
        retiredAt: null,
      },
    ],
  },
  apiKeys: { value: [] },
  readers: { value: [] },
  files: [{ path: '/etc/relais/keys/seal_key', mode: 0o640 }],
  certificates: [{ name: 'RELAIS_CONSOLE_TLS_PEM', end: inDays(30) }],
  packages: [{ name: 'a', licence: '(MIT OR EUPL-1.1+)' }],
  unread: { files: [], certificates: [], licences: [] },
};
const resultOf = (name: string, facts: SecurityFacts) => judged(facts).find((one) => one.name === name);
const withAccount = (more: Partial<SeenAccount>): SecurityFacts => ({ ...sound, accounts: [account(more)] });
const withFacts = (more: Partial<typeof gatewayFacts>): SecurityFacts =>
  withAccount({ facts: { value: { ...gatewayFacts, ...more } } });
const right = (schema: string, table: string, held: string) => ({ schema, table, column: '', right: held });

test('a sound installation keeps every rule', () => {
  expect(judged(sound).filter(({ state }) => state !== 'kept')).toEqual([]);
  expect(new Set(judged(sound).map(({ name }) => name)).size).toBe(judged(sound).length);
});

test.each([
  ['mysql-hosts', withFacts({ account: 'relais@10.0.3.%' }), ['gateway: relais@10.0.3.%']],
  ['mysql-hosts', withFacts({ account: 'relais@%.%' }), ['gateway: relais@%.%']],
  [
    'mysql-hosts',
    withAccount({ hosts: { value: ['10.0.3.7', '%'] } }),
    ["gateway: another account of that name, from '%'"],
  ],
  [
    'mysql-rights',
    withFacts({ rights: [right('relais', 'handovers', 'UPDATE')] }),
    ['gateway: UPDATE on relais.handovers'],
  ],
  ['mysql-rights', withFacts({ rights: [right('relais', '', 'SELECT')] }), ['gateway: SELECT on relais.*']],
  ['mysql-rights', withFacts({ rights: [right('', '', 'SUPER')] }), ['gateway: SUPER on everything']],
  ['mysql-rights', withFacts({ rights: [], roles: ['dba@%'] as never[] }), ['gateway: role dba@%']],
  [
    'mysql-rights',
    withAccount({
      role: 'reader',
      facts: { value: { ...gatewayFacts, rights: [right('relais', 'prospects', 'SELECT')] } },
    }),
    ['reader: SELECT on relais.prospects'],
  ],
  [
    'mysql-rights',
    withAccount({
      role: 'intake',
      facts: { value: { ...gatewayFacts, rights: [right('relais', 'lead_intake', 'INSERT')] } },
    }),
    ['intake: INSERT on relais.lead_intake'],
  ],
  [
    'mysql-rights',
    withAccount({
      role: 'owner',
      facts: { value: { ...gatewayFacts, rights: [right('other', '', 'SELECT')] } },
    }),
    ['owner: SELECT on other.*'],
  ],
  [
    'mysql-rights',
    withAccount({
      role: 'statistics',
      schema: 'relais_statistics',
      facts: { value: { ...gatewayFacts, rights: [right('relais', 'leads', 'SELECT')] } },
    }),
    ['statistics: SELECT on relais.leads'],
  ],
  [
    'mysql-rights',
    withAccount({
      role: 'statistics reader',
      schema: 'relais_statistics',
      facts: { value: { ...gatewayFacts, rights: [right('relais_statistics', '', 'INSERT')] } },
    }),
    ['statistics reader: INSERT on relais_statistics.*'],
  ],
  ['mysql-tls', withFacts({ cipher: '' }), ['gateway: in clear']],
  [
    'mysql-tls',
    withFacts({ demandsTls: false }),
    ['gateway: by TLS today, and the server would take it in clear'],
  ],
  [
    'general-log',
    withAccount({ logs: { value: { general: true, binaryDays: 10 } } }),
    ['gateway: general_log is ON'],
  ],
  [
    'binary-log',
    withAccount({ role: 'reader', logs: { value: { general: false, binaryDays: 30 } } }),
    ['reader: they are kept 30 days'],
  ],
  [
    'binary-log',
    withAccount({ logs: { value: { general: false, binaryDays: Number.POSITIVE_INFINITY } } }),
    ['gateway: they are never deleted'],
  ],
  [
    'redis-password',
    {
      ...sound,
      redis: {
        isLocal: true,
        facts: { value: { asksPassword: false, neighbours: [], certificateEnd: undefined } },
      },
    },
    ['it answers without one'],
  ],
  [
    'redis-tls',
    {
      ...sound,
      redis: {
        isLocal: false,
        facts: { value: { asksPassword: true, neighbours: [], certificateEnd: undefined } },
      },
    },
    ['in clear'],
  ],
  [
    'keys-age',
    {
      ...sound,
      keys: {
        value: [
          {
            purpose: 'master',
            generation: 1,
            keyId: 'a',
            checkValue: Buffer.alloc(0),
            registeredAt: inDays(-731),
            retiredAt: null,
          },
        ],
      },
    },
    ['the master key is 731 days old'],
  ],
  ['files', { ...sound, files: [{ path: '/keys/seal', mode: 0o644 }] }, ['/keys/seal has mode 644']],
  [
    'certificates',
    {
      ...sound,
      certificates: [
        { name: 'Redis', end: inDays(29) },
        { name: 'MySQL', end: inDays(-1) },
      ],
    },
    ['Redis: ends 2026-12-29', 'MySQL: ended 2026-11-29'],
  ],
  [
    'database-readers',
    {
      ...sound,
      readers: {
        value: [
          { account: 'r', origin: '10.9.0.4', validUntil: '2026-11-29', reason: 'a', isEnded: false },
          { account: 'r', origin: '10.9.0.5', validUntil: '2026-11-29', reason: 'a', isEnded: true },
          { account: 'r', origin: '10.9.0.6', validUntil: '2026-11-30', reason: 'a', isEnded: false },
        ],
      },
    },
    ["'r'@'10.9.0.4' until 2026-11-29"],
  ],
  ['licences', { ...sound, packages: [{ name: 'b', licence: 'AGPL-3.0-only' }] }, ['b: AGPL-3.0-only']],
] as const satisfies readonly (readonly [string, SecurityFacts, readonly string[]])[])(
  'C40: %s names what breaks it: %#',
  (name, facts, faults) => expect(resultOf(name, facts)).toMatchObject({ state: 'broken', faults }),
);

test('what could not be looked at is never kept', () => {
  const trouble = { trouble: 'away' };
  const blind: SecurityFacts = {
    ...sound,
    accounts: [account({ facts: trouble, logs: trouble, hosts: trouble })],
    redis: { isLocal: true, facts: trouble },
    keys: trouble,
    apiKeys: trouble,
    readers: trouble,
    unread: {
      files: ['/etc/relais/secrets: EACCES'],
      certificates: [],
      licences: ['package-lock.json: ENOENT'],
    },
  };
  expect(judged(blind).flatMap(({ name, state }) => (state === 'not seen' ? [name] : []))).toEqual([
    ...[
      'mysql-hosts',
      'mysql-rights',
      'mysql-tls',
      'general-log',
      'binary-log',
      'redis-password',
      'redis-tls',
    ],
    ...['redis-neighbours', 'keys-age', 'files', 'certificates', 'database-readers', 'licences'],
  ]);
});

test('no key is not a young key; an unread secret is no certificate in order', () => {
  expect(resultOf('keys-age', { ...sound, keys: { value: [] } })?.state).toBe('not seen');
  const unread = { ...sound.unread, certificates: ['/etc/relais/secrets/crm: EACCES'] };
  expect(resultOf('certificates', { ...sound, unread })?.state).toBe('not seen');
});

test('a neighbour in Redis is named and breaks nothing', () => {
  const facts = { value: { asksPassword: true, neighbours: ['shop'], certificateEnd: inDays(90) } };
  expect(resultOf('redis-neighbours', { ...sound, redis: { isLocal: false, facts } })).toMatchObject({
    state: 'kept',
    notes: ['shop'],
  });
});

test('every page that a remedy names exists', () => {
  const pages = judged(sound).flatMap(({ remedy }) => remedy.match(/docs\/[a-z-]+\.md/g) ?? []);
  expect(pages.length).toBeGreaterThan(1);
  expect(pages.filter((page) => !existsSync(join(projectRoot, page)))).toEqual([]);
});
