// Which persons of which clients a breach of data concerns: seen by an account, or handed to a host or a destination, in a period
// (article 33).
// Invariant: in the log with actor and reason before anything is returned; it names references, never a person.
import { join } from 'node:path';
import { RelaisError } from '../errors.ts';
import { archivesNeeded, linesOf } from '../privacy/archive-file.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import { allNames } from '../store/access/accounts.ts';
import type { Database } from '../store/database.ts';
import { showsPerson } from '../store/log/lead-log.ts';
import { readAuthorisations } from '../store/destinations/authorisations.ts';
import { allDestinations, findDestination } from '../store/destinations/destinations.ts';
import { leadReferences } from '../store/leads/support-leads.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import { entriesInRange, type LoggedEntry } from '../store/log/log-range.ts';
import { refuseAddresses } from '../store/people/persons-names.ts';
import { holdingsOf } from '../store/people/same-address.ts';
import { entryOf } from './audit-pack/journal.ts';
import { refuseReversed, typedReason } from './typed-text.ts';

interface BreachPlace {
  readonly database: Database;
  readonly keys: { readonly seal: KeyRing };
  /** Folder of the archives of the log, where months were taken out of MySQL. */
  readonly archives?: string | undefined;
}

export interface BreachAsked {
  readonly from: Date;
  /** First instant after the period. */
  readonly until: Date;
  /** Exactly one of the three. Account: its login, a name as typed at the terminal, or `account:12`, `staff:7`, `key:3`. */
  readonly account?: string;
  readonly destination?: string;
  readonly host?: string;
}

export interface ConcernedClient {
  readonly clientId: string;
  /** Leads that share an address now count as one person, an erased lead as one. */
  readonly persons: number;
  readonly leads: number;
  /** Leads seen in clear, given out, or handed over; the others were seen masked. */
  readonly inClear: number;
  /** Look-ups that showed no lead (refused rows, or nobody), and documents taken out of requests. Their persons are not counted. */
  readonly withoutLead: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  /** The centre's references, sorted; a lead that retention deleted has none left. */
  readonly references: readonly string[];
}

type Fact = Pick<
  LoggedEntry,
  'at' | 'entry' | 'client' | 'destination' | 'lead' | 'actor' | 'target' | 'authorisation' | 'reason'
>;

/** Sorted by client. @throws FIND-001, USAGE-001, USAGE-002, LOG-002, LOG-003 */
export async function concernedBy(
  place: BreachPlace,
  asked: BreachAsked,
  by: { readonly actor: string; readonly reason: string },
): Promise<readonly ConcernedClient[]> {
  const reason = typedReason(by.reason);
  const { database } = place;
  refuseReversed(asked);
  const { isMeant, subject } = await matching(database, asked);
  const clients = new Map<
    string,
    { readonly clear: Set<number>; readonly all: Set<number>; withoutLead: number; first: Date; last: Date }
  >();
  for await (const fact of factsOf(place, asked)) {
    if (!isMeant(fact)) continue;
    const found = clients.get(fact.client) ?? {
      clear: new Set(),
      all: new Set(),
      withoutLead: 0,
      first: fact.at,
      last: fact.at,
    };
    clients.set(fact.client, found);
    if (fact.lead === 0) found.withoutLead += 1;
    else found.all.add(fact.lead);
    if (fact.lead > 0 && fact.entry !== 'looked_up') found.clear.add(fact.lead);
    if (fact.at < found.first) found.first = fact.at;
    if (fact.at > found.last) found.last = fact.at;
  }
  // A mailbox that leads were handed to is a recipient's; any other address may be anybody's, and the log never forgets.
  if (clients.size === 0) refuseAddresses(subject, ['L’hôte', '--host']);
  const ids = [...clients.keys()].toSorted();
  const entries = (ids.length === 0 ? [''] : ids).map((clientId) => ({
    entry: 'exported' as const,
    clientId,
    actor: by.actor,
    purpose: reason,
    reason: 'breach',
    target: `${subject}, ${asked.from.toISOString()} to ${asked.until.toISOString()}`,
  }));
  await database.transaction((tx) => appendHandovers(tx, entries));
  const concerned: ConcernedClient[] = [];
  for (const clientId of ids) {
    const found = clients.get(clientId);
    if (found === undefined) continue;
    const { all, clear, withoutLead, first, last } = found;
    const leads = await leadReferences(database, [...all]);
    concerned.push({
      clientId,
      persons: await personsAmong(database, [...all]),
      leads: all.size,
      inClear: clear.size,
      withoutLead,
      firstAt: first,
      lastAt: last,
      references: [...leads.values()].toSorted(),
    });
  }
  return concerned;
}

async function matching(
  database: Database,
  { account, destination, host }: BreachAsked,
): Promise<{ readonly isMeant: (fact: Fact) => boolean; readonly subject: string }> {
  const given = [account, destination, host].filter((one) => one !== undefined);
  if (given.length !== 1)
    throw new RelaisError('USAGE-001', [
      'Donnez un compte, une destination ou un hôte : l’un des trois.',
      'Give an account, a destination or a host: one of the three.',
    ]);
  if (account !== undefined) {
    const actors = await actorsNamed(database, account);
    return {
      // A key is handed what it fetches, in its own name.
      isMeant: (fact) => actors.includes(fact.actor) && (fact.entry === 'departed' || showsPerson(fact)),
      subject: actors.join(', '),
    };
  }
  if (destination !== undefined) {
    if ((await findDestination(database, destination)) === undefined)
      throw new RelaisError('FIND-001', [
        `Aucune destination ne s’appelle ${destination}.`,
        `No destination is called ${destination}.`,
      ]);
    return {
      isMeant: (fact) => fact.destination === destination && fact.entry === 'departed',
      subject: `destination ${destination}`,
    };
  }
  const wanted = (host ?? '').trim().toLowerCase();
  const authorised = await authorisedAt(database, wanted);
  return {
    isMeant: ({ entry, target, authorisation }) =>
      entry === 'departed' &&
      (target.split(', ').some((part) => isAt(part.toLowerCase(), wanted)) ||
        (target.includes('«secret:') && authorised.has(authorisation))),
    subject: `host ${wanted}`,
  };
}

/** A target is an address, a host with its port where it has one, or a mailbox. */
function isAt(target: string, host: string): boolean {
  if (target.includes('://') && URL.canParse(target)) {
    const { hostname, host: withPort } = new URL(target);
    return hostname === host || withPort === host || hostname === `[${host}]`;
  }
  return target === host || target.endsWith(`@${host}`) || target.startsWith(`${host}:`);
}

/** Authorisations of a host: the log has no address that is a secret, only the authorisation under which it was reached. */
async function authorisedAt(database: Database, host: string): Promise<ReadonlySet<number>> {
  const ids = (await allDestinations(database)).map(({ id }) => id);
  return new Set(
    [...(await readAuthorisations(database, ids)).values()]
      .flat()
      .filter(({ targets }) => targets.some((target) => isAt(target, host)))
      .map(({ id }) => id),
  );
}

/** Everybody of that name: an account, a name at the terminal and a key may be one person. */
async function actorsNamed(database: Database, typed: string): Promise<readonly string[]> {
  if (/^(account|staff|key):\d+$/.test(typed)) return [typed];
  const wanted = typed.trim().toLowerCase();
  const found = [...(await allNames(database))].filter(([, name]) => name.toLowerCase() === wanted);
  if (found.length > 0) return found.map(([actor]) => actor);
  throw new RelaisError('FIND-001', [
    `Aucun compte et aucune personne du centre ne s’appelle ${typed}.`,
    `No account and no person of the centre is called ${typed}.`,
  ]);
}

/** Entries of the period, from the archives first. */
async function* factsOf({ database, keys, archives }: BreachPlace, asked: BreachAsked): AsyncGenerator<Fact> {
  const { from, until } = asked;
  for (const { fileName } of await archivesNeeded(database, { folder: archives, sealKeys: keys.seal }, from))
    for await (const line of linesOf(join(archives ?? '', fileName))) {
      if (!line.startsWith('[')) continue;
      const fact = factOf(entryOf(line));
      if (fact.at >= from && fact.at < until) yield fact;
    }
  for await (const entries of entriesInRange(database, { from, until })) yield* entries;
}

const factOf = (value: ReturnType<typeof entryOf>): Fact => ({
  at: new Date(`${value('at').slice(0, 23)}Z`),
  entry: value('entry'),
  client: value('client_id'),
  destination: value('destination_id'),
  lead: Number(value('lead_id')),
  actor: value('actor'),
  target: value('target'),
  authorisation: Number(value('authorisation_id')),
  reason: value('reason'),
});

const atOnce = 1_000;

/** Leads that share an address are one person's. */
async function personsAmong(database: Database, leadIds: readonly number[]): Promise<number> {
  const personOf = new Map<number, number>();
  const root = (id: number): number => {
    let at = id;
    for (let next = personOf.get(at) ?? at; next !== at; next = personOf.get(at) ?? at) at = next;
    return at;
  };
  const firstAt = new Map<string, number>();
  for (let start = 0; start < leadIds.length; start += atOnce)
    for (const { leadId, address } of await holdingsOf(database, leadIds.slice(start, start + atOnce))) {
      const first = firstAt.get(address);
      if (first === undefined) firstAt.set(address, leadId);
      else personOf.set(root(leadId), root(first));
    }
  return new Set(leadIds.map(root)).size;
}
