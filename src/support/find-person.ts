// Looks people up by mail address, phone, name or reference of a lead; on an opposition list; in the list of look-ups.
// Invariant: an entry of the hand-over log with actor and reason is written before anything is returned; masked unless revealed (C39).
import { unknownClient } from '../errors/unknown.ts';
import type { Database } from '../store/database.ts';
import { deliveriesOfLeads, type Delivery } from '../store/deliveries/deliveries.ts';
import { clientIds, findClient } from '../store/destinations/destinations.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import { readLeads } from '../store/leads/leads.ts';
import { refuseIn, refuseNames } from '../store/people/persons-names.ts';
import { findRefused } from '../store/intake/refused-rows.ts';
import { searchLeads, mostLeads, type FoundLead, type LeadQuery } from '../store/leads/support-leads.ts';
import { inLanguage, type Both, type Language } from './words.ts';
import { personFacts, refusedFacts, type PersonFact, type RefusedFacts } from './masking.ts';
import { RelaisError } from '../errors.ts';
import { allEntriesOfLeads, type ArchivePlace } from '../privacy/archive-file.ts';
import { accountNames } from '../store/access/accounts.ts';
import { isLookUp } from '../store/log/lead-log.ts';
import { logPosition } from '../store/people/requests.ts';
import { addressDigests, type Addresses } from '../domain/opposition.ts';
import { mailTyped, phoneTyped } from '../domain/typed-address.ts';
import { leadsUnderAddress, oppositionsOf } from '../store/people/oppositions.ts';
import { refusedNaming } from '../store/people/refused-of-person.ts';

export { mostLeads, type LeadQuery } from '../store/leads/support-leads.ts';

/** Actor and reason of a look-up, and whether the person is shown in clear, which is an entry of its own. */
export interface LookUp {
  readonly actor: string;
  readonly reason: string;
  readonly reveal: boolean;
}

export interface PersonLead extends FoundLead {
  /** Empty for an erased person. */
  readonly person: readonly PersonFact[];
  readonly deliveries: readonly Delivery[];
}

export interface FoundPeople {
  readonly leads: readonly PersonLead[];
  /** Rows that intake refused and that name the person. */
  readonly refused: readonly RefusedFacts[];
  /** Only the newest leads are here. */
  readonly isCut: boolean;
}

/** As typed; a phone in any spelling. */
export type AskedPerson = Readonly<Partial<Record<keyof LeadQuery, string>>>;

export type AskedProblem =
  | 'nothing_asked'
  | 'first_name_alone'
  | 'name_too_short'
  | 'email_incomplete'
  | 'phone_unreadable';

/** Returns the query, or the reason why it is impossible. */
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
  // Refused rows are searched for it as a part of a text: an empty or cut one would match everybody.
  const mail = email === undefined ? undefined : mailTyped(email);
  if (email !== undefined && mail === undefined) return { problem: 'email_incomplete' };
  const dialled = phone === undefined ? undefined : phoneTyped(phone);
  if (phone !== undefined && dialled === undefined) return { problem: 'phone_unreadable' };
  return {
    query: {
      ...(mail === undefined ? {} : { email: mail }),
      ...(dialled === undefined ? {} : { phone: dialled.number }),
      ...(name === undefined ? {} : { name: name.trim() }),
      ...(firstName === undefined ? {} : { firstName: firstName.trim() }),
      ...(reference === undefined ? {} : { reference }),
    },
  };
}

const lookedFor: Readonly<Record<keyof LeadQuery, Both>> = {
  email: ['adresse e-mail', 'mail address'],
  phone: ['téléphone', 'phone'],
  reference: ['référence', 'reference'],
  name: ['nom', 'last name'],
  firstName: ['prénom', 'first name'],
};

/** Names the kinds that were looked for, and no value: those are a person's. */
export function nothingFound(query: LeadQuery): Both {
  const asked = (Object.keys(query) as (keyof LeadQuery)[]).map((kind) => lookedFor[kind]);
  const list = (language: Language): string =>
    new Intl.ListFormat(language).format(asked.map((both) => inLanguage(both, language)));
  return [`Aucun lead trouvé par ${list('fr')}.`, `No lead found by ${list('en')}.`];
}

/** A reference names no person: the look-up needs no reason, but is logged like any other. */
export const namesPerson = (query: LeadQuery): boolean =>
  Object.keys(query).some((asked) => asked !== 'reference');

interface PeoplePlace {
  readonly database: Database;
  /** Key of the digests on the opposition lists: an address that a lead had before a correction is known by its digest alone. */
  readonly oppositionKey: Buffer;
}

/**
 * Leads and refused rows of a person, in one client or in all.
 * @throws FIND-001 for an unknown client
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
  // Logged before anything is shown: a look-up whose entry cannot be written is not answered.
  const persons = [{ lastName: query.name, firstName: query.firstName }, ...refused];
  const about = { leads: found, persons, clientId: client ?? '' };
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

interface LookedAt {
  readonly leads: readonly FoundLead[];
  /** Names that no lead has: those of the query, and of refused rows. */
  readonly persons?: readonly {
    readonly lastName?: string | undefined;
    readonly firstName?: string | undefined;
  }[];
  readonly clientId: string;
}

/**
 * Writes an entry for each lead; without a lead, one that names the client of the query.
 * @throws USAGE-001 where the reason names a person it is about
 */
export async function noteLookUp(
  database: Database,
  entry: 'looked_up' | 'revealed',
  { leads, persons = [], clientId }: LookedAt,
  { actor, reason: purpose }: Pick<LookUp, 'actor' | 'reason'>,
): Promise<void> {
  refuseIn(
    purpose,
    persons.map(({ lastName = null, firstName = null }) => ({ lastName, firstName })),
  );
  // A client id that no client has may be any text, a person's data included: it is not logged.
  const known = leads.length === 0 ? ((await findClient(database, clientId))?.id ?? '') : '';
  const entries =
    leads.length === 0
      ? [{ entry, clientId: known, actor, purpose }]
      : leads.map((lead) => ({ entry, clientId: lead.clientId, leadId: lead.id, actor, purpose }));
  await database.transaction((tx) => appendHandovers(tx, entries));
}

// Looks a person up on a client's opposition list; lists the look-ups of a person, from the hand-over log, and its archives where a folder is given (C58).
// Invariant: the question is a look-up itself, in the log before it is answered; staff appear by the log's id, and a name while one is
// kept.

export type LookUpSeen = Awaited<ReturnType<typeof lookUpsOf>>[number];

/**
 * Oldest first, without the present question.
 * @throws FIND-001 when no person is found, LOG-002, LOG-003
 */
export async function lookUpsOf(
  { database, oppositionKey }: PeoplePlace,
  asked: { readonly query: LeadQuery; readonly client: string },
  by: { readonly actor: string; readonly reason: string },
  log: ArchivePlace,
) {
  const leads = await searchLeads(database, [asked.client], asked.query, oppositionKey);
  const ids = leads.map(({ id }) => id);
  const persons = await findRefused(database, [asked.client], asked.query);
  const before = await logPosition(database);
  await noteLookUp(database, 'looked_up', { leads, persons, clientId: asked.client }, by);
  if (leads.length === 0)
    throw new RelaisError('FIND-001', [
      `Le client ${asked.client} n’a aucun lead de cette personne.`,
      `Client ${asked.client} has no lead of that person.`,
    ]);
  const entries = await allEntriesOfLeads(database, log, ids);
  const seen = entries.filter((entry) => entry.id <= before && isLookUp(entry));
  const names = await accountNames(
    database,
    seen.map(({ actor }) => actor),
  );
  const references = new Map(leads.map(({ id, reference }) => [id, reference]));
  return seen.map(({ at, leadId, entry, actor, purpose }) => ({
    at,
    clientId: asked.client,
    reference: references.get(leadId) ?? '',
    /** `looked_up`: masked; `revealed`: in clear; `person_exported`: given out. */
    what: entry,
    actor,
    /** Name of an account, while one is kept. */
    name: names.get(actor),
    why: purpose,
  }));
}

/**
 * Checks whether a person is on a client's opposition list, and for which opt-ins. The question is an entry of the
 * log, written before anything is answered (C39).
 * @throws FIND-001 for an unknown client
 */
export async function findOppositions(
  { database, oppositionKey }: { readonly database: Database; readonly oppositionKey: Buffer },
  asked: { readonly clientId: string; readonly addresses: Addresses },
  by: { readonly actor: string; readonly reason: string },
) {
  const { clientId, addresses } = asked;
  if ((await findClient(database, clientId)) === undefined) throw unknownClient(clientId);
  await database.transaction(async (tx) => {
    await refuseNames(tx, await leadsUnderAddress(tx, oppositionKey, clientId, addresses), by.reason);
    refuseIn(
      by.reason,
      await refusedNaming(tx, { clientId, key: oppositionKey, persons: [addresses], digests: [] }),
    );
    await appendHandovers(tx, [{ entry: 'looked_up', clientId, actor: by.actor, purpose: by.reason }]);
  });
  const found = await oppositionsOf(database, clientId, addressDigests(oppositionKey, clientId, addresses));
  const byOptIn = Map.groupBy(found, ({ purpose, channel }) => `${purpose}.${channel}`);
  return [...byOptIn]
    .map(([optIn, rows]) => ({
      /** `marketing.email` */
      optIn,
      since: new Date(Math.max(...rows.map(({ recordedAt }) => recordedAt.getTime()))),
    }))
    .sort((a, b) => (a.optIn < b.optIn ? -1 : 1));
}
