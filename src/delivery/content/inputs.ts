// Reads the inputs of rendering for many deliveries in a handful of statements: leads, revisions, secrets, authorisations, go-live items.
// Invariant: read without locks; the departure reads again under them. Only a create waits for the go-live list of its client, and a lead
// of a web form never does.
import type { Action } from '../../../connectors/contract.ts';
import { civilDate } from '../../domain/civil-date.ts';
import { liveAuthorisations, targetKey, type Authorisation } from '../../domain/destination.ts';
import { goLiveDefinitions, itemMissingFor } from '../../domain/go-live.ts';
import type { Channel, Lead, OptionalBlock } from '../../domain/lead.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import { readAttemptsAhead } from '../../store/departure-locks.ts';
import { readAuthorisations } from '../../store/destinations/authorisations.ts';
import type { Database } from '../../store/database.ts';
import { goLiveStandings, type GoLiveStanding } from '../../store/destinations/notices.ts';
import { inactiveAmong } from '../../store/retention/retention-candidates.ts';
import { createSnapshots } from '../../store/leads/lead-revisions.ts';
import { readLeads, type LeadRead } from '../../store/leads/leads.ts';
import type { LeadSecrets } from '../../store/secrets.ts';
import type { ClaimedDelivery } from '../trip/attempt.ts';
import { createBatcher } from '../trip/batcher.ts';
import type { Inputs, Reader } from '../trip/trip.ts';

/** Blocks of their leads that these mappings read. */
export function blocksOf(...mappings: readonly CompiledMapping[]): ReadonlySet<OptionalBlock> {
  const [first, ...others] = mappings;
  if (first !== undefined && others.length === 0) return first.blocks;
  return new Set(mappings.flatMap(({ blocks }) => [...blocks]));
}

interface Wanted {
  readonly rows: readonly ClaimedDelivery[];
  readonly blocks: ReadonlySet<OptionalBlock>;
}

/** How long the authorisations of a destination count as those of a moment ago, ms. */
const recentMs = 500;

/** @param goLive finds leads that wait for their client's go-live list; absent: none does */
export function createReader(database: Database, secrets: LeadSecrets, goLive?: GoLiveGate): Reader {
  const snapshots = createSnapshots(secrets);
  const recent = createRecent(database);
  const anew = createBatcher<string, readonly Authorisation[]>({
    run: async (destinations) => {
      const all = await readAuthorisations(database, destinations);
      return destinations.map((id) => all.get(id) ?? []);
    },
    max: 200,
    lanes: 1,
  });
  // By the reading of a moment ago: what ends or begins before the next one is seen under the lock of the departure.
  const targetsOfLive = new WeakMap<readonly Authorisation[], readonly string[]>();
  const targetsOfAll = new WeakMap<readonly Authorisation[], readonly string[]>();
  const inputsOf = withGates(database, goLive);
  const reading = async (groups: readonly Wanted[]): Promise<readonly Inputs[]> => {
    const rows = groups.flatMap((group) => group.rows);
    const blocks = new Set(groups.flatMap((group) => [...group.blocks]));
    const leadIds = [...new Set(rows.map((row) => row.leadId))];
    const earlier = rows
      .filter((row) => row.maybeReceived && row.sentRevision > 0)
      .map((row) => ({ leadId: row.leadId, revision: row.sentRevision }));
    const [leads, keys, authorisations] = await Promise.all([
      readLeads(database, leadIds, blocks),
      secrets.read(database, leadIds),
      readAuthorisations(
        database,
        rows.map((row) => row.destinationId),
      ),
    ]);
    // After the leads: a correction commits the earlier revision with the new one, so that a reader of the new one finds both.
    const revisions = await snapshots.read(database, earlier);
    const inputs = await inputsOf(rows, { leads, secrets: keys, authorisations, revisions });
    return groups.map(() => inputs);
  };
  const joined = createBatcher<Wanted, Inputs>({ run: reading, max: 200, lanes: 1 });
  return Object.assign((rows: Wanted['rows'], blocks: Wanted['blocks']) => joined({ rows, blocks }), {
    // Its callers have joined already.
    ahead: async (...asked: Parameters<Reader['ahead']>) => {
      const { rows, ...read } = await readAttemptsAhead(database, secrets, ...asked);
      const reading = new Map<string, Promise<readonly Authorisation[]>>();
      for (const { destinationId } of rows)
        if (!reading.has(destinationId)) reading.set(destinationId, recent(destinationId));
      const authorisations = new Map<string, readonly Authorisation[]>();
      for (const [destinationId, all] of reading) authorisations.set(destinationId, await all);
      return { rows, inputs: await inputsOf(rows, { ...read, authorisations, revisions: new Map() }) };
    },
    targets: async (destinationId: string, action: Action, when: 'recent' | 'now') => {
      const all = await (when === 'now' ? anew : recent)(destinationId);
      const known = action === 'create' ? targetsOfLive : targetsOfAll;
      const found = known.get(all);
      if (found !== undefined) return found;
      const covering = action === 'create' ? liveAuthorisations(all, database.now()) : all;
      const targets = covering.flatMap((authorisation) => authorisation.targets.map(targetKey));
      known.set(all, targets);
      return targets;
    },
  });
}

type GatedRow = Pick<ClaimedDelivery, 'action' | 'leadId'>;
type InputsOf = (rows: readonly GatedRow[], read: Omit<Inputs, 'inactive' | 'incomplete'>) => Promise<Inputs>;

/** The inputs, with the leads that may not leave yet or any more. */
const withGates =
  (database: Database, goLive: GoLiveGate | undefined): InputsOf =>
  async (rows, { leads, ...read }) => {
    const present: Lead[] = [];
    for (const { lead } of leads.values()) present.push(lead);
    const inactive = await inactiveAmong(database, present);
    const incomplete = (await goLive?.(rows, leads)) ?? new Map<number, string>();
    return { leads, ...read, inactive, incomplete };
  };

/** The authorisations of a destination, read twice a second at most. */
function createRecent(database: Database): (destinationId: string) => Promise<readonly Authorisation[]> {
  const seen = new Map<string, { at: number; read: Promise<readonly Authorisation[]> }>();
  return (destinationId) => {
    const known = seen.get(destinationId);
    if (known !== undefined && performance.now() - known.at < recentMs) return known.read;
    const read = readAuthorisations(database, [destinationId]).then((all) => all.get(destinationId) ?? []);
    seen.set(destinationId, { at: performance.now(), read });
    read.catch(() => seen.delete(destinationId));
    return read;
  };
}

/** The clause that each lead waits for, by lead; those that wait for nothing are left out. */
type GoLiveGate = (
  rows: readonly GatedRow[],
  leads: ReadonlyMap<number, LeadRead>,
) => Promise<ReadonlyMap<number, string>>;

/** How long a contract counts as that of a moment ago, ms. */
const contractMs = 500;

export function createGoLiveGate(database: Database): GoLiveGate {
  const seen = new Map<string, { at: number; read: Promise<GoLiveStanding | undefined> }>();
  const standingOf = (clientId: string): Promise<GoLiveStanding | undefined> => {
    const known = seen.get(clientId);
    if (known !== undefined && performance.now() - known.at < contractMs) return known.read;
    const read = goLiveStandings(database, [clientId]).then(([standing]) => standing);
    seen.set(clientId, { at: performance.now(), read });
    read.catch(() => seen.delete(clientId));
    return read;
  };
  return async (rows, leads) => {
    const owed = new Map<number, string>();
    for (const { action, leadId } of rows) {
      const lead = leads.get(leadId)?.lead;
      if (action !== 'create' || lead === undefined || lead.channel === 'web_form') continue;
      const clause = clauseOwed(await standingOf(lead.clientId), lead.channel, database.now());
      if (clause !== undefined) owed.set(leadId, clause);
    }
    return owed;
  };
}

/** The clause that leads of a channel wait for; undefined: none. */
function clauseOwed(standing: GoLiveStanding | undefined, channel: Channel, now: Date): string | undefined {
  if (standing === undefined || standing.liveBefore) return undefined;
  const item = itemMissingFor(standing.facts, channel, civilDate(now));
  return item === undefined ? undefined : goLiveDefinitions[item].clause;
}
