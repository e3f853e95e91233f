// Looking people up: by mail address, phone, name or reference of a lead.
// Invariant: an entry of the hand-over log with who and why is written before anything is returned; masked unless revealed (C39).
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { unknownClient } from '../errors/unknown.ts';
import type { Database } from '../store/database.ts';
import { deliveriesOfLeads, type Delivery } from '../store/deliveries.ts';
import { clientIds, findClient } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { readLeads } from '../store/leads.ts';
import { refuseIn } from '../store/persons-names.ts';
import { findRefused } from '../store/refused-rows.ts';
import { searchLeads, mostLeads, type FoundLead, type LeadQuery } from '../store/support-leads.ts';
import { personFacts, refusedFacts, type PersonFact, type RefusedFacts } from './masking.ts';

/** Who asks, why, and whether the person is shown in clear, which is an entry of its own. */
export interface LookUp {
  readonly actor: string;
  readonly reason: string;
  readonly reveal: boolean;
}

export interface PersonLead extends FoundLead {
  /** Empty for one who was erased. */
  readonly person: readonly PersonFact[];
  readonly deliveries: readonly Delivery[];
}

export interface FoundPeople {
  readonly leads: readonly PersonLead[];
  /** Rows that were refused at the door and name the person. */
  readonly refused: readonly RefusedFacts[];
  /** Only the newest leads are here. */
  readonly isCut: boolean;
}

/** As somebody types it; a phone in any spelling. */
export interface AskedPerson {
  readonly email?: string;
  readonly phone?: string;
  readonly name?: string;
  readonly firstName?: string;
  readonly reference?: string;
}

export type AskedProblem =
  'nothing_asked' | 'first_name_alone' | 'name_too_short' | 'email_incomplete' | 'phone_unreadable';

/**
 * An address and nothing beside it. Copied from a mail it may stand in brackets, or have a sign in it that nobody sees: no lead has
 * such a one, and an objection to it would hold for nobody.
 */
const wholeAddress = /^[^\s@<>,;"\p{C}]+@[^\s@<>,;"\p{C}]+$/u;

/** What is looked for, or why it cannot be. */
export function leadQueryOf({
  email,
  phone,
  name,
  firstName,
  reference,
}: AskedPerson): { readonly query: LeadQuery } | { readonly problem: AskedProblem } {
  if ([email, phone, name, reference].every((asked) => asked === undefined))
    return { problem: 'nothing_asked' };
  if (firstName !== undefined && name === undefined) return { problem: 'first_name_alone' };
  if (name !== undefined && name.trim().length < 2) return { problem: 'name_too_short' };
  // Refused rows are searched for it as a part of a text: an empty or cut one would find everybody.
  if (email !== undefined && !wholeAddress.test(email.trim())) return { problem: 'email_incomplete' };
  const dialled = phone === undefined ? undefined : parsePhoneNumberFromString(phone, 'FR');
  if (phone !== undefined && dialled?.isPossible() !== true) return { problem: 'phone_unreadable' };
  return {
    query: {
      ...(email === undefined ? {} : { email: email.trim() }),
      ...(dialled === undefined ? {} : { phone: dialled.number }),
      ...(name === undefined ? {} : { name: name.trim() }),
      ...(firstName === undefined ? {} : { firstName: firstName.trim() }),
      ...(reference === undefined ? {} : { reference }),
    },
  };
}

/** A reference names no person: it may be looked up without a reason of one's own, but is logged like any look-up. */
export const namesPerson = (query: LeadQuery): boolean =>
  Object.keys(query).some((asked) => asked !== 'reference');

export interface PeoplePlace {
  readonly database: Database;
  /** Of the addresses on the opposition lists: one that a lead had before a correction is known by its digest alone. */
  readonly oppositionKey: Buffer;
}

/**
 * Leads and refused rows of whom is asked for, in one client or in all.
 * @throws FIND-001 for a client nobody knows
 */
export async function findPeople(
  { database, oppositionKey }: PeoplePlace,
  asked: { readonly query: LeadQuery; readonly client: string | undefined },
  look: LookUp,
): Promise<FoundPeople> {
  const { query, client } = asked;
  if (client !== undefined && (await findClient(database, client)) === undefined) throw unknownClient(client);
  const found = await searchLeads(
    database,
    client === undefined ? await clientIds(database) : [client],
    query,
    oppositionKey,
  );
  const refused = await findRefused(database, client === undefined ? undefined : [client], query);
  // Who is found by no lead is known by the name asked for, and by what refused rows say.
  refuseIn(
    look.reason,
    [{ lastName: query.name, firstName: query.firstName }, ...refused].map(
      ({ lastName = null, firstName = null }) => ({ lastName, firstName }),
    ),
  );
  // Logged before anything is shown: a look-up that could not be written is not answered.
  const about = { leads: found, clientId: client ?? '' };
  await noteLookUp(database, 'looked_up', about, look);
  if (look.reveal && found.length + refused.length > 0) await noteLookUp(database, 'revealed', about, look);
  return {
    leads: await withPerson(database, found, look.reveal),
    refused: refused.map((row) => refusedFacts(row, look.reveal)),
    isCut: found.length === mostLeads,
  };
}

async function withPerson(
  database: Database,
  found: readonly FoundLead[],
  reveal: boolean,
): Promise<readonly PersonLead[]> {
  const ids = found.map((lead) => lead.id);
  const leads = await readLeads(database, ids);
  const deliveries = Map.groupBy(await deliveriesOfLeads(database, ids), (row) => row.leadId);
  return found.map((head) => {
    const lead = leads.get(head.id)?.lead;
    return {
      ...head,
      person: lead === undefined ? [] : personFacts(lead, reveal),
      deliveries: deliveries.get(head.id) ?? [],
    };
  });
}

/** An entry for each lead; where there is none, one that names the client asked for. */
export async function noteLookUp(
  database: Database,
  entry: 'looked_up' | 'revealed',
  about: { readonly leads: readonly FoundLead[]; readonly clientId: string },
  { actor, reason: purpose }: Pick<LookUp, 'actor' | 'reason'>,
): Promise<void> {
  const { leads, clientId } = about;
  const entries =
    leads.length === 0
      ? [{ entry, clientId, actor, purpose }]
      : leads.map((lead) => ({ entry, clientId: lead.clientId, leadId: lead.id, actor, purpose }));
  await database.transaction((tx) => appendHandovers(tx, entries));
}
