// Judges the security of an installation: one declaration for each rule, with its words and what to do (C40, C43).
// Invariant: a rule that could not be looked at is never reported as kept.
import { hostOfAccount, isOneHost } from '../domain/account-host.ts';
import { binaryLogDays } from '../store/backups/binary-logs.ts';
import { gatewayKeyTables, gatewayRights } from '../store/migrate.ts';
import { intakeColumns } from '../store/intake/intake.ts';
import type { AccountFacts, Right } from '../store/server-facts.ts';
import { civilDate } from '../domain/civil-date.ts';
import { isOverdue, type DatabaseReader } from '../store/hosting/readers.ts';
import type { AccountRole, SecurityFacts, Seen, SeenAccount } from './security-facts.ts';

interface Looked {
  /** Each breaks the rule. */
  readonly faults: readonly string[];
  /** Worth knowing, and allowed. */
  readonly notes?: readonly string[];
  /** Parts that could not be looked at, with the reason. */
  readonly unseen?: readonly string[];
}

export interface SecurityResult {
  readonly name: string;
  readonly state: 'kept' | 'broken' | 'not seen';
  readonly says: string;
  readonly remedy: string;
  readonly faults: readonly string[];
  readonly notes: readonly string[];
  readonly unseen: readonly string[];
}

interface Rule {
  readonly name: string;
  readonly says: string;
  readonly remedy: string;
  readonly look: (facts: SecurityFacts) => Looked;
}

export const judged = (facts: SecurityFacts): readonly SecurityResult[] =>
  rules.map(({ name, says, remedy, look }) => {
    const { faults, notes = [], unseen = [] } = look(facts);
    const state = faults.length > 0 ? 'broken' : unseen.length > 0 ? 'not seen' : 'kept';
    return { name, state, says, remedy, faults, notes, unseen };
  });

const oldestKeyDays = 730;
const soonDays = 30;

const rules: readonly Rule[] = [
  {
    name: 'mysql-hosts',
    says: 'each MySQL account comes from one named host',
    remedy:
      'RENAME USER to the address it comes from, one account for each host; `relais migrate --host` gives it its rights.',
    look: ({ accounts }) =>
      perAccount(accounts, [
        (seen) => of(seen.facts, ({ account }) => (isOneHost(hostOfAccount(account)) ? [] : [account])),
        (seen) =>
          of(seen.hosts, (hosts) =>
            hosts
              .filter((host) => !isOneHost(host))
              .map((host) => `another account of that name, from '${host}'`),
          ),
      ]),
  },
  {
    name: 'mysql-rights',
    says: 'each MySQL account has the rights its work needs, and no other',
    remedy: 'REVOKE what is named, then `relais migrate`. docs/operations.md lists what each account may.',
    look: ({ accounts, schemas }) =>
      perAccount(accounts, [
        ({ role, schema: own, facts }) =>
          of(facts, (account) => excessOf(role, account, { ...schemas, own })),
      ]),
  },
  {
    name: 'mysql-tls',
    says: 'MySQL on another host is reached by TLS',
    remedy: 'Add ?tls=yes to the URL, and REQUIRE SSL to the account.',
    look: ({ accounts }) =>
      perAccount(accounts, [
        ({ isLocal, facts }) =>
          of(facts, ({ cipher, demandsTls }) => {
            if (isLocal) return [];
            if (cipher === '') return ['in clear'];
            return demandsTls ? [] : ['by TLS today, and the server would take it in clear'];
          }),
      ]),
  },
  {
    name: 'general-log',
    says: 'MySQL writes no general log: it would hold every person in clear',
    remedy: 'SET GLOBAL general_log = OFF, in the configuration too; delete the file.',
    look: ({ accounts }) =>
      perServer(accounts, [({ logs }) => of(logs, ({ general }) => (general ? ['general_log is ON'] : []))]),
  },
  {
    name: 'binary-log',
    says: `binary logs are deleted after ${binaryLogDays} days, on replicas too: an erased person is in them`,
    remedy: 'Set binlog_expire_logs_seconds = 864000, in the configuration too.',
    look: ({ accounts }) =>
      perServer(accounts, [
        ({ logs }) =>
          of(logs, ({ binaryDays }) =>
            binaryDays <= binaryLogDays
              ? []
              : [
                  binaryDays === Number.POSITIVE_INFINITY
                    ? 'they are never deleted'
                    : `they are kept ${Math.ceil(binaryDays)} days`,
                ],
          ),
      ]),
  },
  {
    name: 'redis-password',
    says: 'Redis asks for a password',
    remedy: 'Set requirepass, or an ACL user, and RELAIS_REDIS_PASSWORD_FILE.',
    look: ({ redis }) =>
      looked(of(redis.facts, ({ asksPassword }) => (asksPassword ? [] : ['it answers without one']))),
  },
  {
    name: 'redis-tls',
    says: 'Redis on another host is reached by TLS',
    remedy: 'Use rediss:// in RELAIS_REDIS_URL.',
    look: ({ redis: { isLocal, facts } }) =>
      looked(
        of(facts, ({ certificateEnd }) => (isLocal || certificateEnd !== undefined ? [] : ['in clear'])),
      ),
  },
  {
    name: 'redis-neighbours',
    says: 'other programs in this Redis are known to you',
    remedy: 'Give Relais a Redis of its own: who may write there can delay leads.',
    look: ({ redis: { facts } }) => {
      const { faults, unseen } = looked(of(facts, ({ neighbours }) => neighbours));
      return { faults: [], notes: faults, unseen };
    },
  },
  {
    name: 'keys-age',
    says: `master and sealing key are younger than ${oldestKeyDays} days`,
    remedy: 'docs/operations.md, "Changing a key".',
    look: ({ keys, now }) =>
      looked(
        of(
          'value' in keys && keys.value.length === 0 ? { trouble: 'no key is registered' } : keys,
          (registered) =>
            [...Map.groupBy(registered, ({ purpose }) => purpose).values()].flatMap((generations) => {
              const { purpose, registeredAt } = generations.at(-1) ?? { purpose: '', registeredAt: now };
              const days = daysBetween(registeredAt, now);
              return days > oldestKeyDays ? [`the ${purpose} key is ${days} days old`] : [];
            }),
        ),
      ),
  },
  {
    name: 'files',
    says: 'files of secrets are read by their owner and group alone',
    remedy: 'chmod 640, and 750 for the folder.',
    look: ({ files, unread }) => ({
      unseen: unread.files,
      faults: files
        .filter(({ mode }) => (mode & 0o027) !== 0)
        .map(({ path, mode }) => `${path} has mode ${mode.toString(8)}`),
    }),
  },
  {
    name: 'certificates',
    says: `certificates and API keys do not end within ${soonDays} days`,
    remedy: 'Renew what is named: docs/install.md, "Certificates"; `relais api-key add`.',
    look: ({ certificates, apiKeys, now, unread }) => {
      const late = (name: string, end: Date): readonly string[] => {
        const days = daysBetween(now, end);
        return days >= soonDays
          ? []
          : [`${name}: ${days < 0 ? 'ended' : 'ends'} ${end.toISOString().slice(0, 10)}`];
      };
      const ofKeys = looked(
        of(apiKeys, (keys) =>
          keys
            .filter(({ endedAt, expiresAt }) => endedAt === null && expiresAt > now)
            .flatMap(({ name, expiresAt }) => late(`API key ${name}`, expiresAt)),
        ),
      );
      return {
        ...ofKeys,
        faults: [...certificates.flatMap(({ name, end }) => late(name, end)), ...ofKeys.faults],
        unseen: [...unread.certificates, ...(ofKeys.unseen ?? [])],
      };
    },
  },
  {
    name: 'database-readers',
    says: 'no address of a client reads its database past the agreed day (C57)',
    remedy: '`relais reader end --over`; `relais reader list` names them.',
    look: ({ readers, now }) => {
      const today = civilDate(now);
      const lineOf = ({ account, origin, validUntil }: DatabaseReader): string =>
        `'${account}'@'${origin}' until ${validUntil}`;
      const { faults, unseen } = looked(
        of(readers, (all) => all.filter((reader) => isOverdue(reader, today)).map(lineOf)),
      );
      const reading =
        'value' in readers ? readers.value.filter((one) => !one.isEnded && !isOverdue(one, today)) : [];
      return { faults, notes: reading.map(lineOf), ...(unseen === undefined ? {} : { unseen }) };
    },
  },
  {
    name: 'licences',
    says: 'every package that runs has a licence without a claim on your own code',
    remedy: 'Have the package of that licence judged, or replaced, before it is installed.',
    look: ({ packages, unread }) => ({
      unseen: unread.licences,
      faults: packages
        .filter(({ licence }) => !isFree(licence))
        .map(({ name, licence }) => `${name}: ${licence}`),
    }),
  },
];

const daysBetween = (from: Date, to: Date): number =>
  Math.floor((to.getTime() - from.getTime()) / 86_400_000);

/** SPDX names; LGPL where the package is used as it is published. */
const freeLicences = new Set(
  'MIT MIT-0 ISC 0BSD BSD-0-Clause BSD-2-Clause BSD-3-Clause Apache-2.0 Unlicense BlueOak-1.0.0 CC0-1.0 Python-2.0 LGPL-3.0+ LGPL-3.0-or-later'.split(
    ' ',
  ),
);

/** True where one of the licences to choose from is free. */
const isFree = (licence: string): boolean =>
  licence
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((one) => freeLicences.has(one.trim()));

type Answer = { readonly faults: readonly string[] } | { readonly unseen: string };

const of = <T>(seen: Seen<T>, faultsOf: (value: T) => readonly string[]): Answer =>
  'value' in seen ? { faults: faultsOf(seen.value) } : { unseen: seen.trouble };

const looked = (answer: Answer): Looked =>
  'faults' in answer ? { faults: answer.faults } : { faults: [], unseen: [answer.unseen] };

function perAccount(
  accounts: readonly SeenAccount[],
  looks: readonly ((account: SeenAccount) => Answer)[],
): Looked {
  const answers = accounts.flatMap((account) => looks.map((look) => [account.role, look(account)] as const));
  return {
    faults: answers.flatMap(([role, answer]) =>
      'faults' in answer ? answer.faults.map((fault) => `${role}: ${fault}`) : [],
    ),
    unseen: [
      ...new Set(
        answers.flatMap(([role, answer]) => ('unseen' in answer ? [`${role}: ${answer.unseen}`] : [])),
      ),
    ],
  };
}

/** The primary, as the gateway sees it, and the replica. */
const perServer = (
  accounts: readonly SeenAccount[],
  looks: readonly ((account: SeenAccount) => Answer)[],
): Looked =>
  perAccount(
    accounts.filter(({ role }) => role === 'gateway' || role === 'reader'),
    looks,
  );

type Schemas = SecurityFacts['schemas'] & { readonly own: string };

/** True where the account needs the right for its work. */
const needs: Readonly<Record<AccountRole, (right: Right, schemas: Schemas) => boolean>> = {
  gateway: ({ schema, table, column, right }, { main, keys }) =>
    column === '' &&
    table !== '' &&
    ((schema === main && gatewayRights(table).includes(right)) ||
      (schema === keys && gatewayKeyTables.includes(table) && gatewayRights('').includes(right))),
  intake: ({ schema, table, column, right }, { main }) =>
    schema === main && table === 'lead_intake' && right === 'INSERT' && intakeRights.includes(column),
  // No table of persons, and no secret.
  reader: ({ schema, table, right }, { main }) =>
    schema === main && right === 'SELECT' && readerTables.includes(table),
  owner: ({ schema, table, right }, { main, keys }) =>
    schema === main || schema === keys || (schema === 'mysql' && table !== '' && right === 'SELECT'),
  // As `relais statistics accounts` prints them; no right on leads (C28).
  statistics: ({ schema, table, right }, { own }) =>
    schema === own && table === '' && statisticsRights.includes(right),
  'statistics reader': ({ schema, right }, { own }) => schema === own && right === 'SELECT',
};

const statisticsRights: readonly string[] = ['CREATE', 'SELECT', 'INSERT', 'DELETE'];

const intakeRights: readonly string[] = intakeColumns;

const readerTables: readonly string[] =
  `clients lead_intake leads lead_changes deliveries destinations destination_states
  handovers handovers_unsealed alerts task_closings processes`.split(/\s+/);

const mostNamed = 5;

function excessOf(role: AccountRole, { rights, roles }: AccountFacts, schemas: Schemas): readonly string[] {
  const excess = rights
    .filter((right) => !needs[role](right, schemas))
    .map(({ schema, table, column, right }) =>
      schema === ''
        ? `${right} on everything`
        : `${right} on ${[schema, table || '*', column].filter(Boolean).join('.')}`,
    );
  const more = excess.length - mostNamed;
  return [
    ...excess.slice(0, mostNamed),
    ...(more > 0 ? [`${more} more rights`] : []),
    ...roles.map((name) => `role ${name}`),
  ];
}
