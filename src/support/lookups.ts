// Looks a person up on a client's opposition list; lists the look-ups of a person, from the hand-over log, and its archives where a folder is given (C58).
// Invariant: the question is a look-up itself, in the log before it is answered; staff appear by the log's id, and a name while one is
// kept.
import type { KeyRing } from '../domain/key-ring.ts';
import { RelaisError } from '../errors.ts';
import { archivedEntries } from '../privacy/archive-file.ts';
import { accountNames } from '../store/accounts.ts';
import { entriesOfLeads } from '../store/lead-log.ts';
import { searchLeads, type LeadQuery } from '../store/support-leads.ts';
import { noteLookUp, type PeoplePlace } from './find-person.ts';
import { addressDigests, type Addresses } from '../domain/opposition.ts';
import { unknownClient } from '../errors/unknown.ts';
import type { Database } from '../store/database.ts';
import { findClient } from '../store/destinations.ts';
import { appendHandovers } from '../store/handovers.ts';
import { leadsUnderAddress, oppositionsOf } from '../store/oppositions.ts';
import { refuseNames } from '../store/persons-names.ts';

export interface LookUpSeen {
  readonly at: Date;
  readonly clientId: string;
  readonly reference: string;
  /** `looked_up`: masked; `revealed`: in clear; `person_exported`: given out. */
  readonly what: string;
  /** Actor in the log. */
  readonly actor: string;
  /** Name of an account, while one is kept. */
  readonly name: string | undefined;
  readonly why: string;
}

const kinds: ReadonlySet<string> = new Set(['looked_up', 'revealed', 'person_exported']);

/**
 * Oldest first, without the present question.
 * @throws FIND-001 when no person is found, LOG-002
 */
export async function lookUpsOf(
  { database, oppositionKey }: PeoplePlace,
  asked: { readonly query: LeadQuery; readonly client: string },
  by: { readonly actor: string; readonly reason: string },
  archives?: { readonly folder: string; readonly sealKeys: KeyRing },
): Promise<readonly LookUpSeen[]> {
  const leads = await searchLeads(database, [asked.client], asked.query, oppositionKey);
  const ids = leads.map(({ id }) => id);
  const inTable = await entriesOfLeads(database, ids);
  await noteLookUp(database, 'looked_up', { leads, clientId: asked.client }, by);
  if (leads.length === 0)
    throw new RelaisError('FIND-001', [
      `Le client ${asked.client} n’a aucun lead de cette personne.`,
      `Client ${asked.client} has no lead of that person.`,
    ]);
  const archived = archives === undefined ? [] : await archivedEntries(database, archives, ids);
  const all = new Map([...archived, ...inTable].map((entry) => [entry.id, entry]));
  const seen = [...all.values()].filter(({ entry }) => kinds.has(entry)).toSorted((a, b) => a.id - b.id);
  const names = await accountNames(
    database,
    seen.map(({ actor }) => actor),
  );
  const references = new Map(leads.map(({ id, reference }) => [id, reference]));
  return seen.map(({ at, leadId, entry, actor, purpose }) => ({
    at,
    clientId: asked.client,
    reference: references.get(leadId) ?? '',
    what: entry,
    actor,
    name: names.get(actor),
    why: purpose,
  }));
}

interface ListedOpposition {
  /** `marketing.email` */
  readonly optIn: string;
  /** Date of the opposition. */
  readonly since: Date;
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
): Promise<readonly ListedOpposition[]> {
  const { clientId, addresses } = asked;
  if ((await findClient(database, clientId)) === undefined) throw unknownClient(clientId);
  await database.transaction(async (tx) => {
    await refuseNames(tx, await leadsUnderAddress(tx, oppositionKey, clientId, addresses), by.reason);
    await appendHandovers(tx, [{ entry: 'looked_up', clientId, actor: by.actor, purpose: by.reason }]);
  });
  const found = await oppositionsOf(database, clientId, addressDigests(oppositionKey, clientId, addresses));
  const byOptIn = Map.groupBy(found, ({ purpose, channel }) => `${purpose}.${channel}`);
  return [...byOptIn]
    .map(([optIn, rows]) => ({
      optIn,
      since: new Date(Math.max(...rows.map(({ recordedAt }) => recordedAt.getTime()))),
    }))
    .sort((a, b) => (a.optIn < b.optIn ? -1 : 1));
}
