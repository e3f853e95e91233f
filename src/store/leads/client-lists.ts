// Locks the clients of an intake and reads, in the same statement, which of the lists that intake compares a lead with are empty for them,
// which destinations they have, by a digest that proves what a process remembers of them, and which names of new leads are taken. For a lead
// alone the same as a condition, which proves with the INSERT of the lead that a client is still as it was found.
// Invariant: what is returned is in force under the lock. Every change of a list locks the client exclusively and raises its
// `lists_revision` (`lockClients`); a statement whose lists are older than the row it locked reads them again.
import { inList, type Sql, type SqlValue, allAs } from '../database.ts';
import { destinationsDigest } from '../destinations/destinations.ts';
import type { LeadName } from '../intake/intake.ts';
import { arrayOf, instantOf } from '../placeholders.ts';
import { lockClients, type LockedClient } from '../client-locks.ts';
import { nameKey, type Condition, type NamedLead } from './lead-writes.ts';

/** True where the client has at least one entry. */
export interface ClientLists {
  readonly operations: boolean;
  readonly erasedAddresses: boolean;
  readonly oppositions: boolean;
  /** A lead of the client was parted from an address by a correction. */
  readonly formerAddresses: boolean;
  /** A lead of these clients with a refusal or a withdrawal has one of the addresses; perhaps another client's. */
  readonly withdrawn: boolean;
  /** By client: digest of the rows of its destinations (`destinationsOfClient`). */
  readonly destinations: ReadonlyMap<string, string>;
  /** Leads that have the names of new ones already, by name. */
  readonly before: ReadonlyMap<string, NamedLead>;
  /** Those of the API keys that are in force. */
  readonly keysInForce: ReadonlySet<number>;
  /** The database's clock once all of these clients were locked; of remembered lists the process's, where that is later. */
  readonly at: Date;
  /** Present: all this is remembered, and neither proved nor locked before a lead is inserted under this condition. */
  readonly proof?: Condition;
}

const tables = {
  operations: 'operations',
  erasedAddresses: 'erased_addresses',
  oppositions: 'oppositions',
  formerAddresses: 'former_addresses',
} as const;
type Flag = keyof typeof tables;
const flags = Object.keys(tables) as Flag[];

/** Names and addresses of rows that come in. */
export interface Coming {
  /** Names of new leads. */
  readonly names: readonly LeadName[];
  /** Addresses that leads bring; a phone is compared with mobiles and landlines. */
  readonly emails: readonly string[];
  readonly phones: readonly string[];
  /** API keys that post the rows. */
  readonly apiKeys?: readonly number[];
}

export interface LockedLists {
  readonly clients: ReadonlyMap<string, LockedClient>;
  /** The lists of these clients together: one is empty where no client of them has an entry. */
  readonly lists: ClientLists;
}

/** One client as the statement gives it. */
interface Read extends LockedClient {
  readonly id: string;
  /** `lists_revision` of the row that is locked, and of the moment at which the lists were read. */
  readonly revisions: readonly [locked: number, read: number];
  readonly flags: readonly boolean[];
  readonly digest: string;
  readonly withdrawn: boolean;
  readonly leads: readonly NamedLead[];
  readonly keys: readonly number[];
  readonly at: Date;
}

/**
 * Locks clients for the rest of the transaction, before any lead: shared for intake, exclusively for a withdrawal or a changed address.
 * Those that do not exist are missing.
 */
export async function lockWithLists(
  tx: Sql,
  clientIds: readonly string[],
  coming: Coming,
  mode: 'shared' | 'alone',
): Promise<LockedLists> {
  if (clientIds.length === 0) return lockedLists([]);
  const asked = statementFor([...new Set(clientIds)].sort(), coming);
  if (mode === 'alone') await lockClients(tx, clientIds, mode, 'taken');
  const first = await read(tx, asked, mode === 'alone' ? '' : 'LOCK IN SHARE MODE');
  // The server may have read the lists before it waited for the lock of a row.
  const isOld = first.some(({ revisions: [locked, seen] }) => locked !== seen);
  if (!isOld) return lockedLists(first);
  // A client that was made meanwhile is not locked.
  const locked = new Set(first.map(({ id }) => id));
  return lockedLists((await read(tx, asked, '')).filter(({ id }) => locked.has(id)));
}

const seenRevision = '(SELECT s.lists_revision FROM clients s WHERE s.id = c.id)';
const anyOf = (flag: Flag): string => `EXISTS (SELECT 1 FROM ${tables[flag]} x WHERE x.client_id = c.id)`;
const withdrawnAt = (emails: string, phones: string): string =>
  (['email', 'mobile', 'landline'] as const)
    .map(
      (column) => `EXISTS (SELECT 1 FROM prospects p FORCE INDEX (prospects_${column})
          WHERE p.client_id = c.id AND p.${column} IN (${column === 'email' ? emails : phones}) AND p.withdrawn = 1)`,
    )
    .join(' OR ');
const inForce = (ids: string): string =>
  `FROM api_keys k FORCE INDEX (PRIMARY) WHERE k.id IN (${ids}) AND k.ended_at IS NULL AND k.expires_at > UTC_TIMESTAMP(3)`;

/** A client that was found without an entry in any of its lists, neither closed nor moved. */
export interface ClearClient {
  /** Revision of its contract's facts. */
  readonly revision: number;
  /** Digest of its destinations. */
  readonly digest: string;
  /** When it was found so, by the database's clock: no destination with this digest was published later. */
  readonly at: Date;
}

export type ClearClients = Map<string, ClearClient>;

/** Notes how a client was found, with no other. */
export function noteClear(known: ClearClients, clientId: string, { clients, lists }: LockedLists): void {
  const client = clients.get(clientId);
  const isClear =
    client !== undefined && !client.closed && !client.moved && !flags.some((flag) => lists[flag]);
  const digest = lists.destinations.get(clientId) ?? '';
  if (isClear) known.set(clientId, { revision: client.revision, digest, at: lists.at });
  else known.delete(clientId);
}

/** Holds where `lockWithLists` would find the client as it is remembered, and takes the same lock. */
const stillClear = `FROM clients c FORCE INDEX (PRIMARY)
  WHERE c.id = ? AND c.facts_revision = ? AND c.closed_at IS NULL AND c.moved_at IS NULL AND c.lists_revision = ${seenRevision}
    AND NOT (${flags.map(anyOf).join(' OR ')}) AND ${destinationsDigest('c.id')} = ?
    AND NOT (${withdrawnAt('?', '?, ?')}) AND (? = 0 OR EXISTS (SELECT 1 ${inForce('?')}))
  LOCK IN SHARE MODE`;

/** The lists of a client that is remembered, for a lead alone with at most one mail address and two phones. */
export function rememberedLists(
  clientId: string,
  { revision, digest, at }: ClearClient,
  { emails, phones, apiKeys = [] }: Coming,
  now: Date,
): LockedLists {
  const [email = ''] = emails;
  const [phone = '', other = ''] = phones;
  const [key = 0] = apiKeys;
  const values: SqlValue[] = [clientId, revision, digest, email, phone, other, phone, other, key, key];
  return {
    clients: new Map([[clientId, { revision, closed: false, moved: false }]]),
    lists: {
      operations: false,
      erasedAddresses: false,
      oppositions: false,
      formerAddresses: false,
      withdrawn: false,
      destinations: new Map([[clientId, digest]]),
      before: new Map(),
      keysInForce: new Set(apiKeys),
      at: now > at ? now : at,
      proof: { sql: stillClear, values },
    },
  };
}

interface Statement {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

function statementFor(ids: readonly string[], { names, emails, phones, apiKeys = [] }: Coming): Statement {
  // Lists of one length, so that the statement has few shapes. No address is an empty text: where there is none of a kind, none is found.
  const most = Math.max(1, names.length, emails.length, phones.length);
  const listOf = (texts: readonly string[]): ReturnType<typeof inList<string>> =>
    inList([...texts, ...Array<string>(most - texts.length).fill(texts.at(-1) ?? '')]);
  const [email, phone] = [listOf(emails), listOf(phones)];
  const references = listOf(names.map(({ reference }) => reference));
  const keys = inList(apiKeys.length > 0 ? [...new Set(apiKeys)] : [0]);
  const among = inList(ids);
  // Through `clients`: one index lookup for each, however long the list is. Packed: the server describes each column of an answer.
  const columns = [
    'c.id',
    'c.facts_revision',
    'c.closed_at IS NOT NULL',
    'c.moved_at IS NOT NULL',
    'c.lists_revision',
    seenRevision,
    ...flags.map(anyOf),
    destinationsDigest('c.id'),
    withdrawnAt(email.marks, phone.marks),
    `(SELECT JSON_ARRAYAGG(JSON_ARRAY(l.id, l.reference, l.revision, l.erased_at IS NOT NULL, HEX(l.row_digest)))
        FROM leads l FORCE INDEX (leads_reference) WHERE l.client_id = c.id AND l.reference IN (${references.marks}))`,
    `(SELECT JSON_ARRAYAGG(k.id) ${inForce(keys.marks)})`,
    // The time of its own reading: the statement may have waited since its beginning.
    'SYSDATE(3)',
  ];
  return {
    sql: `SELECT JSON_ARRAY(${columns.join(', ')}) AS client FROM clients c FORCE INDEX (PRIMARY)
      WHERE c.id IN (${among.marks}) ORDER BY c.id`,
    values: [
      ...email.values,
      ...phone.values,
      ...phone.values,
      ...references.values,
      ...keys.values,
      ...among.values,
    ],
  };
}

const read = (tx: Sql, { sql, values }: Statement, lock: string): Promise<readonly Read[]> =>
  allAs(tx, ({ client }: { readonly client: unknown }) => readOf(arrayOf(client)), `${sql} ${lock}`, values);

/** MariaDB writes the answer of an EXISTS as a text, MySQL as a number or a boolean. */
const isSo = (value: unknown): boolean => Number(value) === 1;

function readOf(packed: readonly unknown[]): Read {
  const [id, revision, closed, moved, locked, seen, ...rest] = packed as readonly [
    string,
    number,
    unknown,
    unknown,
    number,
    number,
    ...unknown[],
  ];
  const [digest, withdrawn, leads, keys, at] = rest.slice(flags.length);
  const clientId = id;
  return {
    id,
    revision,
    closed: isSo(closed),
    moved: isSo(moved),
    revisions: [locked, seen],
    flags: rest.slice(0, flags.length).map(isSo),
    digest: String(digest),
    withdrawn: isSo(withdrawn),
    leads: (arrayOf(leads) as readonly [number, string, number, unknown, string | null][]).map(
      ([leadId, reference, leadRevision, erased, hex]) => ({
        id: leadId,
        clientId,
        reference,
        revision: leadRevision,
        erased: isSo(erased),
        digest: hex === null ? null : Buffer.from(hex, 'hex'),
      }),
    ),
    keys: arrayOf(keys) as readonly number[],
    at: instantOf(String(at)),
  };
}

function lockedLists(all: readonly Read[]): LockedLists {
  const clients = new Map<string, LockedClient>();
  const destinations = new Map<string, string>();
  const before = new Map<string, NamedLead>();
  const keysInForce = new Set<number>();
  const has = { operations: false, erasedAddresses: false, oppositions: false, formerAddresses: false };
  let withdrawn = false;
  let at = new Date(0);
  for (const { id, revision, closed, moved, ...one } of all) {
    clients.set(id, { revision, closed, moved });
    destinations.set(id, one.digest);
    withdrawn ||= one.withdrawn;
    if (one.at > at) at = one.at;
    for (const [at, flag] of flags.entries()) has[flag] ||= one.flags[at] === true;
    for (const lead of one.leads) before.set(nameKey(lead), lead);
    for (const key of one.keys) keysInForce.add(key);
  }
  return { clients, lists: { ...has, withdrawn, destinations, before, keysInForce, at } };
}
