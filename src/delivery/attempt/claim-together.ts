// Claims of one destination made at the same time share a transaction, and each gets its own rows back.
// Invariant: a row is given to one claim only, whatever twins of its job came together; a job of another destination is told.
import type { DestinationLimits } from '../../domain/destination.ts';
import type { Log } from '../../log.ts';
import type { Database } from '../../store/database.ts';
import type { Published } from '../mapping-cache.ts';
import { claimDeliveries, type Access, type Claim, type ClaimJob } from './claim.ts';

export interface ClaimLoad {
  readonly jobs: readonly ClaimJob[];
  readonly leaseMs: number;
  readonly limits: DestinationLimits;
  readonly batchId?: number;
  readonly access?: Access;
}

export interface ClaimNeeds {
  readonly database: Database;
  readonly published: Published;
  readonly owner: string;
  readonly log: Log;
}

export async function claimTogether(
  options: ClaimNeeds,
  destinationId: string,
  loads: readonly ClaimLoad[],
): Promise<readonly Claim[]> {
  const claims = await claimAll(options, destinationId, loads);
  for (const job of new Set(claims.flatMap((claim) => claim.foreign)))
    tellForeign(options.log, destinationId, { delivery: job.deliveryId });
  return claims;
}

/** A job that Redis held for this destination though MySQL knows it for another, or not at all: dropped, and visible. */
export const tellForeign = (
  log: Log,
  destination: string,
  what: { readonly delivery: number } | { readonly batch: number },
): void => log.error('job.foreign', { destination, ...what });

function claimAll(
  options: ClaimNeeds,
  destinationId: string,
  loads: readonly ClaimLoad[],
): Promise<readonly Claim[]> {
  const common = { owner: options.owner, version: options.published.version };
  return options.database.transaction(async (tx) => {
    const whole = loads.filter((load) => load.batchId !== undefined);
    const single = loads.filter((load) => load.batchId === undefined);
    const answers = new Map<ClaimLoad, Claim>();
    for (const load of whole)
      answers.set(load, await claimDeliveries(tx, destinationId, load.jobs, { ...load, ...common }));
    const [first] = single;
    if (first !== undefined) {
      const claim = await claimDeliveries(
        tx,
        destinationId,
        single.flatMap((load) => load.jobs),
        { ...first, ...common },
      );
      const left = new Map(claim.claimed.map((row) => [row.id, row]));
      for (const load of single) {
        const mine = load.jobs.flatMap((job) => {
          const row = left.get(job.deliveryId);
          if (row === undefined || row.run !== job.run || row.attempt !== job.attempt) return [];
          left.delete(row.id);
          return [row];
        });
        answers.set(load, { ...claim, claimed: mine });
      }
    }
    return loads.map((load) => answers.get(load) as Claim);
  });
}
