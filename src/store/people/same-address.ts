// Finds the leads of a client that share an e-mail address or a phone, by address and not by pair: a thousand leads of one address
// are a thousand rows, not a million.
// Invariant: an e-mail is compared as its column is, without regard to case; a mobile and a landline each with both.
import { inList, type Sql } from '../database.ts';
import { addressDigests, originOf } from '../../domain/opposition.ts';
import { leadsFormerlyUnder } from './oppositions.ts';
import { currentConsent, isNo } from '../../domain/consent.ts';
import { isSameName } from '../../domain/person-name.ts';
import { readConsents } from '../leads/consents.ts';
import { namesOfLeads } from './person-records.ts';

export type AddressKind = 'email' | 'phone';

/** One address: the given leads that have it, and all leads of the client that have it. */
interface SharedAddress {
  readonly kind: AddressKind;
  readonly own: readonly number[];
  /** Includes those of `own`. */
  readonly all: readonly number[];
}

const columns = ['email', 'mobile', 'landline'] as const;
type Column = (typeof columns)[number];

const shared: readonly (readonly [own: Column, other: Column])[] = [
  ['email', 'email'],
  ['mobile', 'mobile'],
  ['mobile', 'landline'],
  ['landline', 'mobile'],
  ['landline', 'landline'],
];

export interface Holding {
  readonly leadId: number;
  readonly clientId: string;
  readonly column: Column;
  readonly kind: AddressKind;
  /** As it is written. */
  readonly value: string;
  /** Equal for addresses that compare equal. */
  readonly address: string;
  /** A lead of the client was parted from an address by a correction. */
  readonly clientHasFormer: boolean;
}

/** The addresses of these leads, one entry each. */
export async function holdingsOf(tx: Sql, leadIds: readonly number[]): Promise<readonly Holding[]> {
  const rows = await tx.all<
    {
      readonly leadId: number;
      readonly clientId: string;
      readonly weight: string | null;
      readonly hasFormer: 0 | 1;
    } & Readonly<Record<Column, string | null>>
  >(
    `SELECT p.lead_id AS leadId, p.client_id AS clientId, HEX(WEIGHT_STRING(p.email)) AS weight, p.email, p.mobile, p.landline,
            EXISTS (SELECT 1 FROM former_addresses f FORCE INDEX (former_addresses_digest) WHERE f.client_id = p.client_id) AS hasFormer
       FROM prospects p FORCE INDEX (PRIMARY) WHERE p.lead_id IN (?)`,
    [[...new Set(leadIds)]],
  );
  return rows.flatMap(({ leadId, clientId, weight, hasFormer, ...row }) =>
    columns.flatMap((column) => {
      const [kind, value] = [column === 'email' ? 'email' : 'phone', row[column] ?? ''] as const;
      const compared = column === 'email' ? weight : value;
      return value === ''
        ? []
        : [
            {
              leadId,
              clientId,
              column,
              kind,
              value,
              address: `${clientId}\n${kind}\n${compared}`,
              clientHasFormer: hasFormer === 1,
            },
          ];
    }),
  );
}

/** The addresses of these leads. With `withdrawn`, `all` has only leads with a refusal or a withdrawal. */
export const sharedAddresses = async (
  tx: Sql,
  leadIds: readonly number[],
  which: 'all' | 'withdrawn',
): Promise<readonly SharedAddress[]> => sharedAmong(tx, await holdingsOf(tx, leadIds), which);

/** The same for addresses that were read. */
export async function sharedAmong(
  tx: Sql,
  holdings: readonly Holding[],
  which: 'all' | 'withdrawn',
): Promise<readonly SharedAddress[]> {
  const groups = [...Map.groupBy(holdings, (holding) => holding.address).values()];
  // One lead queries for all that have the address.
  const asking = groups.flatMap((group) => group.slice(0, 1));
  const arms = shared.flatMap(([own, otherColumn]) => {
    const ids = asking.filter((holding) => holding.column === own).map((holding) => holding.leadId);
    return ids.length === 0 ? [] : [armOf(own, otherColumn, which, ids)];
  });
  if (arms.length === 0) return [];
  const links = await tx.all<{ readonly own: Column; readonly leadId: number; readonly otherId: number }>(
    arms.map((arm) => arm.sql).join(' UNION ALL '),
    arms.flatMap((arm) => arm.values),
  );
  const found = Map.groupBy(links, (link) => `${link.own} ${link.leadId}`);
  return groups.map((group) => ({
    kind: group[0]?.kind ?? 'email',
    own: [...new Set(group.map((holding) => holding.leadId))],
    all: [
      ...new Set(
        (found.get(`${group[0]?.column ?? ''} ${group[0]?.leadId ?? 0}`) ?? []).map((link) => link.otherId),
      ),
    ],
  }));
}

function armOf(
  own: Column,
  otherColumn: Column,
  which: 'all' | 'withdrawn',
  ids: readonly number[],
): { readonly sql: string; readonly values: readonly (number | string)[] } {
  const { marks, values } = inList(ids);
  return {
    sql: `SELECT '${own}' AS own, n.lead_id AS leadId, o.lead_id AS otherId
       FROM prospects n FORCE INDEX (PRIMARY) STRAIGHT_JOIN prospects o FORCE INDEX (prospects_${otherColumn})
         ON o.client_id = n.client_id AND o.${otherColumn} = n.${own}${which === 'all' ? '' : ' AND o.withdrawn = 1'}
      WHERE n.lead_id IN (${marks})`,
    values,
  };
}

// Finds the leads of a client that have or had an address known only as a keyed digest, because a correction replaced it.
// Invariant: reads only, page by page over the client's addresses; nothing is read without a digest to find.

const rowsAtOnce = 2_000;

export interface Holder {
  readonly leadId: number;
  readonly digest: Buffer;
}

interface Row {
  readonly address: string;
  readonly withdrawn: number;
  readonly leadId: number;
}

/**
 * Leads that have one of these addresses now, each with its digest. No index has the digests of present addresses: every address of
 * the client is digested, 3.5 s for 300,000 leads on a busy machine of two cores; new leads of the client wait meanwhile.
 */
export async function holdersNow(
  sql: Sql,
  key: Buffer,
  clientId: string,
  digests: readonly Buffer[],
): Promise<readonly Holder[]> {
  const wanted = new Set(digests.map((digest) => digest.toString('hex')));
  const holders: Holder[] = [];
  for (const column of wanted.size === 0 ? [] : columns)
    for (let last: Row | undefined = { address: '', withdrawn: -1, leadId: 0 }; last !== undefined;) {
      const rows: readonly Row[] = await sql.all<Row>(
        `SELECT ${column} AS address, withdrawn, lead_id AS leadId FROM prospects FORCE INDEX (prospects_${column})
          WHERE client_id = ? AND ${column} >= ? AND (${column}, withdrawn, lead_id) > (?, ?, ?)
          ORDER BY ${column}, withdrawn, lead_id LIMIT ${rowsAtOnce}`,
        [clientId, last.address, last.address, last.withdrawn, last.leadId],
      );
      for (const { address, leadId } of rows) {
        const own = { [column === 'email' ? 'email' : 'mobile']: address };
        const digest = addressDigests(key, clientId, own).find((one) => wanted.has(one.toString('hex')));
        if (digest !== undefined) holders.push({ leadId, digest });
      }
      last = rows.length < rowsAtOnce ? undefined : rows.at(-1);
    }
  return holders;
}

/** Leads that have one of these addresses, or had it before a correction. */
export async function leadsUnderDigests(
  sql: Sql,
  key: Buffer,
  clientId: string,
  digests: readonly Buffer[],
): Promise<readonly number[]> {
  const now = (await holdersNow(sql, key, clientId, digests)).map(({ leadId }) => leadId);
  return [...new Set([...now, ...(await leadsFormerlyUnder(sql, clientId, digests))])].sort((a, b) => a - b);
}

// Finds refusals of other persons who share a lead's address: a recipient may store one answer for all persons of an address.
// Invariant: reads only. Persons differ by name; a refusal of the same person is copied to their own leads instead.

/** Channels that each kind of address reaches. */
const channels: Readonly<Record<AddressKind, ReadonlySet<string>>> = {
  email: new Set(['email']),
  phone: new Set(['phone', 'sms']),
};

/** By lead, `purpose.channel`; leads for which no other person refuses anything are missing. */
export async function refusedAtAddress(
  sql: Sql,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
  const shared = (await sharedAddresses(sql, leadIds, 'withdrawn')).filter(({ own, all }) =>
    all.some((other) => own.some((id) => id !== other)),
  );
  const ids = [...new Set(shared.flatMap(({ own, all }) => [...own, ...all]))];
  const refused = new Map<number, Set<string>>();
  if (ids.length === 0) return refused;
  const names = await namesOfLeads(sql, ids);
  const consents = await readConsents(sql, [...new Set(shared.flatMap(({ all }) => all))]);
  const now = sql.now();
  const noes = (id: number): readonly { readonly pair: string; readonly channel: string }[] => {
    const events = consents.get(id) ?? [];
    return events
      .filter(
        (event) =>
          isNo(event) &&
          originOf(event) === undefined &&
          currentConsent(events, event.purpose, event.channel, now)?.state !== 'granted',
      )
      .map(({ purpose, channel }) => ({ pair: `${purpose}.${channel}`, channel }));
  };
  for (const { kind, own, all } of shared)
    for (const other of all)
      for (const { pair, channel } of noes(other)) {
        if (!channels[kind].has(channel)) continue;
        for (const id of own)
          if (!isSameName(names.get(id) ?? {}, names.get(other) ?? {}))
            refused.set(id, (refused.get(id) ?? new Set<string>()).add(pair));
      }
  return refused;
}
