// Reads everything an attempt writes from, for many deliveries in a handful of statements.
// Invariant: read without locks; departure reads again under them.
import type { Action } from '../../../connectors/contract.ts';
import { liveAuthorisations, type Authorisation } from '../../domain/destination.ts';
import type { Lead, OptionalBlock } from '../../domain/lead.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Database } from '../../store/database.ts';
import { readAuthorisations } from '../../store/authorisations.ts';
import { inactiveAmong } from '../../store/last-signs.ts';
import { readLeads, type LeadRead } from '../../store/leads.ts';
import { createSnapshots } from '../../store/lead-revisions.ts';
import type { LeadSecrets } from '../../store/secrets.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { GoLiveGate } from './go-live-gate.ts';
import { createBatcher } from './batcher.ts';

export interface Inputs {
  readonly leads: ReadonlyMap<number, LeadRead>;
  readonly revisions: ReadonlyMap<string, Lead>;
  readonly secrets: ReadonlyMap<number, Buffer>;
  /** Leads whose person gave no sign for two years (C33). */
  readonly inactive: ReadonlySet<number>;
  /** Leads whose client owes something before they leave: the clause (C49, C50). */
  readonly incomplete: ReadonlyMap<number, string>;
  readonly authorisations: ReadonlyMap<string, readonly Authorisation[]>;
}

/** Blocks of their leads that these mappings read. */
export const blocksOf = (...mappings: readonly CompiledMapping[]): ReadonlySet<OptionalBlock> =>
  new Set(mappings.flatMap(({ blocks }) => [...blocks]));

export interface Reader {
  (rows: readonly ClaimedDelivery[], blocks: ReadonlySet<OptionalBlock>): Promise<Inputs>;
  /** The same by the authorisations of a moment ago: for what is compared with them, under their lock, before it departs. */
  readonly ahead: (rows: readonly ClaimedDelivery[], blocks: ReadonlySet<OptionalBlock>) => Promise<Inputs>;
  /**
   * Lower-case targets that live authorisations of a destination cover; for what follows a lead that was handed over before,
   * those of ended ones too: which of them a row may go to is decided row by row.
   */
  readonly targets: (destinationId: string, action: Action) => Promise<readonly string[]>;
}

interface Wanted {
  readonly rows: readonly ClaimedDelivery[];
  readonly blocks: ReadonlySet<OptionalBlock>;
}

type Authorisations = Inputs['authorisations'];

/** How long the authorisations of a destination count as those of a moment ago, ms. */
const recentMs = 500;

/** @param goLive finds leads that wait for their client's go-live list; absent: none does */
export function createReader(database: Database, secrets: LeadSecrets, goLive?: GoLiveGate): Reader {
  const snapshots = createSnapshots(secrets);
  const recent = createRecent(database);
  // By the reading of a moment ago: what ends or begins before the next one is seen under the lock of the departure.
  const targetsOfLive = new WeakMap<readonly Authorisation[], readonly string[]>();
  const targetsOfAll = new WeakMap<readonly Authorisation[], readonly string[]>();
  const fresh = (destinationIds: readonly string[]): Promise<Authorisations> =>
    readAuthorisations(database, destinationIds);
  const remembered = async (destinationIds: readonly string[]): Promise<Authorisations> =>
    new Map(
      await Promise.all(
        [...new Set(destinationIds)].map(async (id): Promise<[string, readonly Authorisation[]]> => [
          id,
          await recent(id),
        ]),
      ),
    );
  const reading =
    (authorisationsOf: typeof fresh) =>
    async (groups: readonly Wanted[]): Promise<readonly Inputs[]> => {
      const rows = groups.flatMap((group) => group.rows);
      const blocks = new Set(groups.flatMap((group) => [...group.blocks]));
      const leadIds = [...new Set(rows.map((row) => row.leadId))];
      const earlier = rows
        .filter((row) => row.maybeReceived && row.sentRevision > 0)
        .map((row) => ({ leadId: row.leadId, revision: row.sentRevision }));
      const [leads, keys, authorisations, revisions] = await Promise.all([
        readLeads(database, leadIds, blocks),
        secrets.read(database, leadIds),
        authorisationsOf(rows.map((row) => row.destinationId)),
        snapshots.read(database, earlier),
      ]);
      const inactive = await inactiveAmong(
        database,
        [...leads.values()].map(({ lead }) => lead),
      );
      const incomplete = (await goLive?.(rows, leads)) ?? new Map<number, string>();
      const inputs: Inputs = { leads, secrets: keys, authorisations, revisions, inactive, incomplete };
      return groups.map(() => inputs);
    };
  const joined = createBatcher<Wanted, Inputs>({ run: reading(fresh), max: 200, lanes: 1 });
  const readAhead = reading(remembered);
  return Object.assign((rows: Wanted['rows'], blocks: Wanted['blocks']) => joined({ rows, blocks }), {
    // Its callers have joined already.
    ahead: async (rows: Wanted['rows'], blocks: Wanted['blocks']) =>
      (await readAhead([{ rows, blocks }]))[0] as Inputs,
    targets: async (destinationId: string, action: Action) => {
      const all = await recent(destinationId);
      const known = action === 'create' ? targetsOfLive : targetsOfAll;
      const found = known.get(all);
      if (found !== undefined) return found;
      const covering = action === 'create' ? liveAuthorisations(all, database.now()) : all;
      const targets = covering.flatMap((authorisation) =>
        authorisation.targets.map((target) => target.toLowerCase()),
      );
      known.set(all, targets);
      return targets;
    },
  });
}

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
