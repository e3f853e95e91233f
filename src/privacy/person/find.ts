// Finds the leads of a person at one client by the mail and phones they give, and the refused rows that name them.
// Invariant: one hop and no further: leads that have or had a given address, and leads that have or had an address of one of those.
// A lead found by one hop may be another person's, with a shared phone: an officer confirms which leads are meant.
import { addressDigests, type Addresses } from '../../domain/opposition.ts';
import { bearsName, type PersonName } from '../../domain/person-name.ts';
import { unknownClient, unknownLead } from '../../errors/unknown.ts';
import type { Sql } from '../../store/database.ts';
import { findClient } from '../../store/destinations/destinations.ts';
import {
  addressesOf,
  formerAddresses,
  leadsFormerlyUnder,
  leadsUnderAddress,
} from '../../store/people/oppositions.ts';
import { leadsUnderDigests, sharedAddresses } from '../../store/people/same-address.ts';
import { leadHeads, namesOfLeads, type LeadHead } from '../../store/people/person-records.ts';
import {
  refusedOfPerson,
  type RefusedOfPerson,
  refusedUnderDigests,
} from '../../store/people/refused-of-person.ts';
import { findLeadId } from '../../store/leads/rights.ts';

export { ownRefusedRows } from '../../store/people/refused-of-person.ts';

export interface PersonAsked {
  readonly clientId: string;
  readonly email?: string;
  /** E.164. */
  readonly phones?: readonly string[];
  /** The name the person gives: a lead with a shared address under another name is listed, and not taken for theirs. */
  readonly name?: PersonName;
  /** Leads that are known to be the person's, by the centre's reference. */
  readonly references?: readonly string[];
}

export interface PersonLead extends LeadHead {
  /** `asked`: by a given reference, or an address with the person's name; `shared`: by an address that may be another person's. */
  readonly found: 'asked' | 'shared';
}

export interface PersonRow extends Pick<RefusedOfPerson, 'row' | 'kind' | 'reference' | 'receivedAt'> {
  readonly found: PersonLead['found'];
}

export interface FoundPerson {
  /** Oldest first, with erased leads that were given by reference. */
  readonly leads: readonly PersonLead[];
  readonly refused: readonly PersonRow[];
}

/**
 * Reads only; the caller logs it (`looked_up`).
 * @param key of the addresses on the opposition list: an address that a lead had before a correction is known by its digest alone
 * @throws FIND-001 for an unknown client, or a reference that no lead of it has
 */
export async function findPerson(sql: Sql, key: Buffer, asked: PersonAsked): Promise<FoundPerson> {
  const { clientId } = asked;
  if ((await findClient(sql, clientId)) === undefined) throw unknownClient(clientId);
  const given = givenAddresses(asked);
  const direct = new Set<number>();
  for (const addresses of given)
    for (const id of await leadsUnderAddress(sql, key, clientId, addresses)) direct.add(id);
  const named = new Set<number>();
  for (const reference of asked.references ?? []) named.add(await leadOf(sql, clientId, reference));
  const names = await namesOfLeads(sql, [...direct, ...named]);
  const isTheirs = bearsName(asked.name, [...names.values()]);
  for (const id of named) direct.add(id);
  const shared = (await sharedAddresses(sql, [...direct], 'all')).flatMap(({ all }) => all);
  const own = await addressesOf(sql, [...direct]);
  const former = await formerAddresses(sql, ...direct);
  const formerly = [
    ...(await leadsFormerlyUnder(
      sql,
      clientId,
      own.flatMap((addresses) => addressDigests(key, clientId, addresses)),
    )),
    ...(await leadsUnderDigests(sql, key, clientId, former)),
  ];
  const heads = await leadHeads(sql, [...new Set([...direct, ...shared, ...formerly])]);
  const refused = new Map(
    [
      ...(await refusedOfPerson(sql, clientId, [...given, ...own])),
      ...(await refusedUnderDigests(sql, { clientId, key, digests: former })),
    ].map((row) => [row.row, row]),
  );
  return {
    leads: heads.map((head) => ({
      ...head,
      found:
        named.has(head.leadId) || (direct.has(head.leadId) && isTheirs(names.get(head.leadId) ?? {}))
          ? 'asked'
          : 'shared',
    })),
    refused: [...refused.values()].map(({ row, kind, reference, receivedAt, lastName, firstName }) => ({
      row,
      kind,
      reference,
      receivedAt,
      found: isTheirs({ lastName: lastName ?? '', firstName: firstName ?? '' }) ? 'asked' : 'shared',
    })),
  };
}

/** One for each address: a phone is looked for as a mobile and as a landline. */
export const givenAddresses = ({ email, phones = [] }: PersonAsked): readonly Addresses[] => [
  ...(email === undefined ? [] : [{ email }]),
  ...phones.map((mobile) => ({ mobile })),
];

async function leadOf(sql: Sql, clientId: string, reference: string): Promise<number> {
  const id = await findLeadId(sql, clientId, reference);
  if (id === undefined) throw unknownLead(clientId, reference);
  return id;
}
