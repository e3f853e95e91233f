// Reads everything an attempt writes from, for many deliveries in a handful of statements.
// Invariant: read without locks; departure reads again under them.
import type { Action } from '../../../connectors/contract.ts';
import { liveAuthorisations, type Authorisation } from '../../domain/destination.ts';
import type { Lead, OptionalBlock } from '../../domain/lead.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { Database } from '../../store/database.ts';
import { readAuthorisations } from '../../store/authorisations.ts';
import { readLeads, type LeadRead } from '../../store/leads.ts';
import { createSnapshots } from '../../store/lead-revisions.ts';
import type { LeadSecrets } from '../../store/secrets.ts';
import type { ClaimedDelivery } from './claim.ts';
import { createBatcher } from './batcher.ts';

export interface Inputs {
  readonly leads: ReadonlyMap<number, LeadRead>;
  readonly revisions: ReadonlyMap<string, Lead>;
  readonly secrets: ReadonlyMap<number, Buffer>;
  readonly authorisations: ReadonlyMap<string, readonly Authorisation[]>;
}

/** Blocks of their leads that these mappings read. */
export const blocksOf = (...mappings: readonly CompiledMapping[]): ReadonlySet<OptionalBlock> =>
  new Set(mappings.flatMap(({ blocks }) => [...blocks]));

export interface Reader {
  (rows: readonly ClaimedDelivery[], blocks: ReadonlySet<OptionalBlock>): Promise<Inputs>;
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

export function createReader(database: Database, secrets: LeadSecrets): Reader {
  const snapshots = createSnapshots(secrets);
  const read = async (groups: readonly Wanted[]): Promise<readonly Inputs[]> => {
    const rows = groups.flatMap((group) => group.rows);
    const blocks = new Set(groups.flatMap((group) => [...group.blocks]));
    const leadIds = [...new Set(rows.map((row) => row.leadId))];
    const earlier = rows
      .filter((row) => row.maybeReceived && row.sentRevision > 0)
      .map((row) => ({ leadId: row.leadId, revision: row.sentRevision }));
    const [leads, keys, authorisations, revisions] = await Promise.all([
      readLeads(database, leadIds, blocks),
      secrets.read(database, leadIds),
      readAuthorisations(
        database,
        rows.map((row) => row.destinationId),
      ),
      snapshots.read(database, earlier),
    ]);
    const inputs: Inputs = { leads, secrets: keys, authorisations, revisions };
    return groups.map(() => inputs);
  };
  const joined = createBatcher<Wanted, Inputs>({ run: read, max: 200, lanes: 1 });
  const seen = new Map<string, { at: number; targets: Promise<readonly string[]> }>();
  const targetsOf = (destinationId: string, action: Action): Promise<readonly string[]> => {
    const about = `${destinationId} ${action === 'create' ? 'live' : 'known'}`;
    const known = seen.get(about);
    if (known !== undefined && performance.now() - known.at < 500) return known.targets;
    const targets = readAuthorisations(database, [destinationId]).then((all) =>
      (action === 'create'
        ? liveAuthorisations(all.get(destinationId) ?? [], database.now())
        : (all.get(destinationId) ?? [])
      ).flatMap((one) => one.targets.map((target) => target.toLowerCase())),
    );
    seen.set(about, { at: performance.now(), targets });
    targets.catch(() => seen.delete(about));
    return targets;
  };
  return Object.assign((rows: Wanted['rows'], blocks: Wanted['blocks']) => joined({ rows, blocks }), {
    targets: targetsOf,
  });
}
