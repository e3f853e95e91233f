// Claims of one destination made at the same time share a transaction, and each gets its own rows back.
// Invariant: a row is given to one claim only, whatever twins of its job came together; a job of another destination is reported.
import type { DestinationLimits } from '../../domain/destination.ts';
import type { Log } from '../../log.ts';
import type { Database, Sql } from '../../store/database.ts';
import type { Published } from '../mapping-cache.ts';
import type { Access } from './careful-start.ts';
import { claimDeliveries, type Claim, type ClaimJob } from './claim.ts';
import type { Departure } from './departure-entries.ts';
import { departWithClaim } from './departure.ts';

export interface ClaimLoad {
  readonly jobs: readonly ClaimJob[];
  readonly leaseMs: number;
  readonly limits: DestinationLimits;
  readonly batchId?: number;
  /** A further part of a file that is on its way. */
  readonly continues?: boolean;
  readonly access?: Access;
  /** Written ahead: the only job's delivery, which departs with the claim where it still may. */
  readonly written?: Departure;
  /** Called when the claim begins. */
  readonly begun?: () => void;
}

export interface ClaimNeeds {
  readonly database: Database;
  readonly published: Published;
  readonly owner: string;
  readonly log: Log;
}

export async function claimTogether(
  needs: ClaimNeeds,
  destinationId: string,
  loads: readonly ClaimLoad[],
): Promise<readonly Claim[]> {
  const claims = await needs.database.transaction((tx) => claimAll(tx, needs, destinationId, loads));
  for (const job of new Set(claims.flatMap((claim) => claim.foreign)))
    tellForeign(needs.log, destinationId, { delivery: job.deliveryId });
  return claims;
}

/** A job that Redis held for this destination though MySQL knows it for another, or not at all: dropped, and visible. */
export const tellForeign = (
  log: Log,
  destination: string,
  what: { readonly delivery: number } | { readonly batch: number },
): void => log.error('job.foreign', { destination, ...what });

async function claimAll(
  tx: Sql,
  needs: ClaimNeeds,
  destinationId: string,
  loads: readonly ClaimLoad[],
): Promise<readonly Claim[]> {
  const common = { owner: needs.owner, version: needs.published.version };
  const answers = new Map<ClaimLoad, Claim>();
  for (const load of loads.filter((candidate) => candidate.batchId !== undefined))
    answers.set(load, await claimDeliveries(tx, destinationId, load.jobs, { ...load, ...common }));
  const single = loads.filter((load) => load.batchId === undefined);
  const [first] = single;
  if (first !== undefined) {
    const claim = await claimDeliveries(
      tx,
      destinationId,
      single.flatMap((load) => load.jobs),
      { ...first, ...common, ...departing(needs, first, single) },
    );
    const left = new Map(claim.claimed.map((row) => [row.id, row]));
    for (const load of single) {
      const claimed = load.jobs.flatMap((job) => {
        const row = left.get(job.deliveryId);
        if (row === undefined || row.run !== job.run || row.attempt !== job.attempt) return [];
        left.delete(row.id);
        return [row];
      });
      answers.set(load, { ...claim, claimed });
    }
  }
  return loads.map((load) => answers.get(load) as Claim);
}

/** Of twins of a job the first gets the row: only what it has written itself may depart. */
function departing(
  { owner }: ClaimNeeds,
  { leaseMs }: ClaimLoad,
  loads: readonly ClaimLoad[],
): Pick<Parameters<typeof claimDeliveries>[3], 'departing'> {
  const seen = new Set<number>();
  const written = new Map<number, Departure>();
  for (const { jobs, written: own } of loads) {
    const ids = jobs.map((job) => job.deliveryId);
    const [id] = ids;
    if (id !== undefined && own !== undefined && !seen.has(id)) written.set(id, own);
    for (const deliveryId of ids) seen.add(deliveryId);
  }
  if (written.size === 0) return {};
  return {
    departing: (tx, claimed, { mappingVersionId }) =>
      departWithClaim(tx, { claimed, written, mappingVersionId, lease: { leaseMs, owner } }),
  };
}
