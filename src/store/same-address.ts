// Finds the leads of a client that share an e-mail address or a phone, by address and not by pair: a thousand leads of one address
// are a thousand rows, not a million.
// Invariant: an e-mail is compared as its column is, without regard to case; a mobile and a landline each with both.
import { inList, type Sql } from './database.ts';

export type AddressKind = 'email' | 'phone';

/** One address: the given leads that have it, and all leads of the client that have it. */
export interface SharedAddress {
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
  if (leadIds.length === 0) return [];
  const { marks, values } = inList([...new Set(leadIds)]);
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
       FROM prospects p FORCE INDEX (PRIMARY) WHERE p.lead_id IN (${marks})`,
    values,
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
