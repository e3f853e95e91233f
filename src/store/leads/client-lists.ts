// Says which of the lists that intake compares a lead with are empty for a client, so that an empty one costs no statement of its own,
// which destinations a client has, by a digest that proves what a process remembers of them, and which names of new leads are taken.
// Invariant: read under the lock of the clients' rows, which every writer of these lists takes exclusively.
import { inList, type Sql } from '../database.ts';
import { destinationsDigest } from '../destinations/destinations.ts';
import type { LeadName } from '../intake/intake.ts';
import { namedBefore, namedBeforeSql, type NamedBefore, type NamedRow } from './lead-writes.ts';

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
  /** Leads that have the names of new ones already. */
  readonly before: NamedBefore;
}

type Flag = Exclude<keyof ClientLists, 'destinations' | 'withdrawn' | 'before'>;

const tables: Readonly<Record<Flag, string>> = {
  operations: 'operations',
  erasedAddresses: 'erased_addresses',
  oppositions: 'oppositions',
  formerAddresses: 'former_addresses',
};
const names = Object.keys(tables) as Flag[];

/** Names and addresses of rows that come in. */
export interface Coming {
  /** Names of new leads. */
  readonly names: readonly LeadName[];
  /** Addresses that leads bring; a phone is compared with mobiles and landlines. */
  readonly emails: readonly string[];
  readonly phones: readonly string[];
}

/** The lists of these clients together: one is empty where no client of them has an entry. */
export async function listsOf(
  tx: Sql,
  clientIds: readonly string[],
  { names: coming, emails, phones }: Coming,
): Promise<ClientLists> {
  const lists = { operations: false, erasedAddresses: false, oppositions: false, formerAddresses: false };
  if (clientIds.length === 0)
    return { ...lists, withdrawn: false, destinations: new Map(), before: namedBefore([]) };
  const { marks, values } = inList([...new Set(clientIds)].sort());
  // No address is an empty text: where there is none of a kind, none is found, and the statement keeps its shape.
  const [email, phone] = [
    inList(emails.length > 0 ? emails : ['']),
    inList(phones.length > 0 ? phones : ['']),
  ];
  const withdrawn = (['email', 'mobile', 'landline'] as const).map(
    (column) => `EXISTS (SELECT 1 FROM prospects p FORCE INDEX (prospects_${column})
              WHERE p.client_id = c.id AND p.${column} IN (${column === 'email' ? email.marks : phone.marks}) AND p.withdrawn = 1)`,
  );
  // Through `clients`: one index lookup for each, however long the list is.
  const found = coming.length === 0 ? undefined : namedBeforeSql(coming);
  const rows = await tx.all<
    Readonly<Record<Flag | 'withdrawn', 0 | 1>> & {
      readonly client: string;
      readonly destinations: string;
    } & (NamedRow | { readonly id: null })
  >(
    `SELECT c.id AS client, ${names.map((name) => `EXISTS (SELECT 1 FROM ${tables[name]} x WHERE x.client_id = c.id) AS ${name}`).join(', ')},
            ${destinationsDigest('c.id')} AS destinations, ${withdrawn.join(' OR ')} AS withdrawn,
            ${found === undefined ? 'NULL AS id' : 'k.*'}
       FROM clients c FORCE INDEX (PRIMARY) ${found === undefined ? '' : `LEFT JOIN (${found.sql}) k ON k.clientId = c.id`}
      WHERE c.id IN (${marks})`,
    [...email.values, ...phone.values, ...phone.values, ...(found?.values ?? []), ...values],
  );
  for (const row of rows) for (const name of names) lists[name] ||= row[name] === 1;
  return {
    ...lists,
    withdrawn: rows.some((row) => row.withdrawn === 1),
    destinations: new Map(rows.map((row) => [row.client, row.destinations])),
    before: namedBefore(rows.filter((row) => row.id !== null)),
  };
}
