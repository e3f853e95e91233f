// Finds the leads of a person at one client by the mail and phones they give, and the refused rows that name them.
// Invariant: one hop and no further: leads that have or had a given address, and leads that have or had an address of one of those.
// A lead found by one hop may be another person's, with a shared phone: an officer confirms which leads are meant.
import { addressDigests, type Addresses } from '../../domain/opposition.ts';
import { bearsName, type PersonName } from '../../domain/person-name.ts';
import { leadComingIn, unknownClient, unknownLead } from '../../errors/unknown.ts';
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
  refusedOfReference,
  type RefusedOfPerson,
  refusedNaming,
} from '../../store/people/refused-of-person.ts';
import { isComingIn } from '../../store/intake/refused-rows.ts';
import { findLeadId } from '../../store/leads/rights.ts';

export { ownRefusedRows } from '../../store/people/refused-of-person.ts';

export interface PersonAsked {
  readonly clientId: string;
  readonly email?: string;
  /** E.164. */
  readonly phones?: readonly string[];
  /** The name the person gives: a lead with a shared address under another name is listed, and not taken for theirs. */
  readonly name?: PersonName;
  /** Leads, or refused rows without a living lead, that are known to be the person's, by the centre's reference. */
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
  /** Those of them that were found by a given reference. */
  readonly byReference: readonly string[];
}

/**
 * Reads only; the caller logs it (`looked_up`).
 * @param key of the addresses on the opposition list: an address that a lead had before a correction is known by its digest alone
 * @param isListed the person was found before: a reference that has nothing any more is passed over
 * @throws FIND-001 for an unknown client, or a reference that no lead and no refused row of it has
 */
export async function findPerson(
  sql: Sql,
  key: Buffer,
  asked: PersonAsked,
  isListed = false,
): Promise<FoundPerson> {
  const { clientId } = asked;
  if ((await findClient(sql, clientId)) === undefined) throw unknownClient(clientId);
  const given = givenAddresses(asked);
  const direct = new Set<number>();
  for (const addresses of given)
    for (const id of await leadsUnderAddress(sql, key, clientId, addresses)) direct.add(id);
  const { named, byReference } = await underReferences(sql, asked, isListed);
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
  const ofReference = new Set(byReference.map(({ row }) => row));
  const refused = new Map(
    [
      ...byReference,
      ...(await refusedNaming(sql, { clientId, key, persons: [...given, ...own], digests: former })),
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
      found:
        (ofReference.has(row) && asked.name === undefined) ||
        isTheirs({ lastName: lastName ?? '', firstName: firstName ?? '' })
          ? 'asked'
          : 'shared',
    })),
    byReference: [...ofReference],
  };
}

/** One for each address: a phone is looked for as a mobile and as a landline. */
export const givenAddresses = ({ email, phones = [] }: PersonAsked): readonly Addresses[] => [
  ...(email === undefined ? [] : [{ email }]),
  ...phones.map((mobile) => ({ mobile })),
];

/** @throws FIND-001 */
async function underReferences(
  sql: Sql,
  { clientId, references = [] }: PersonAsked,
  isListed: boolean,
): Promise<{ readonly named: ReadonlySet<number>; readonly byReference: readonly RefusedOfPerson[] }> {
  const named = new Set<number>();
  const byReference: RefusedOfPerson[] = [];
  for (const reference of references) {
    const { lead, rows } = await underReference(sql, { clientId, reference });
    if (lead !== undefined) named.add(lead);
    else if (rows.length === 0 && !isListed) throw unknownLead(clientId, reference);
    byReference.push(...rows);
  }
  return { named, byReference };
}

/** Beside a living lead a refused row of its reference may be another person's (REFERENCE_USED): it is found by its address. */
async function underReference(
  sql: Sql,
  name: { readonly clientId: string; readonly reference: string },
): Promise<{ readonly lead: number | undefined; readonly rows: readonly RefusedOfPerson[] }> {
  const lead = await findLeadId(sql, name.clientId, name.reference);
  const [head] = lead === undefined ? [] : await leadHeads(sql, [lead]);
  if (head?.erasedAt === null) return { lead, rows: [] };
  const rows = await refusedOfReference(sql, name);
  // The lead would be missed.
  if (lead === undefined && rows.length > 0 && (await isComingIn(sql, name)))
    throw leadComingIn(name.reference);
  return { lead, rows };
}
