// Claims, renders, departs and settles the parts of a long file, each as a file of its own.
// Invariant: one part is in memory at a time. Its rows remain on their way under a long lease, which the lease of the whole bounds: when
// that lapses, recovery ends theirs (store/files/long-files.ts).
import type { Outcome } from '../../../connectors/contract.ts';
import { batchDeliveries, type Batch } from '../../store/files/batches.ts';
import type { HeldWhole } from '../../store/files/long-files.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { endDepartures } from '../../store/deliveries/leases.ts';
import { minSpent, onTheirWay, openParts, queuePart } from '../../store/files/file-parts.ts';
import type { ClaimedDelivery, FileBatch, LongFile } from '../trip/attempt.ts';
import type { ClaimedOrder, Departed, Order, Trip, TripNeeds } from '../trip/trip.ts';
import type { Lease } from '../claim/lease.ts';
import { chooseVersions } from '../content/versions.ts';
import { claimOrder } from '../claim/job.ts';
import { endOf, endUnder, heldFileMs, neverLeftEntry, voidingOf } from '../outcome/file-end.ts';
import { logAttempt } from '../send/send.ts';
import { writeAndDepart } from '../departure/write-and-depart.ts';

/** Longer than any file takes: the lease of the whole is the one that counts, ms. */
const partLeaseMs = 24 * 3_600_000;
/** Times a row may be cancelled or expire between the look at a part and its claim. */
const looks = 3;

/** The state of an attempt at a long file while its parts are rendered. */
export interface LongAttempt {
  readonly order: Order;
  readonly file: LongFile;
  /** The lease of the whole file: when it is lost, so are those of its rows. Renewed before each part. */
  readonly lease: Lease;
  /** The version that writes it, chosen with its first part; 0: the one in force. */
  versionId: number;
  /** The trip of the first part that departed. */
  trip: Trip | undefined;
  /** For each departed part, the sum of its leads' revisions: revisions only grow, so that another sum means a change. */
  readonly revisions: Map<number, number>;
}

/**
 * `gone`: no row of it leaves, and the end of its rows is recorded. `lost`: another worker has its rows, and without them it would be
 * another file. `blocked`: its destination may not send now.
 */
export type PartEnd = 'departed' | 'gone' | 'lost' | 'blocked';

export async function writePart(needs: TripNeeds, attempt: LongAttempt, part: Batch): Promise<PartEnd> {
  const claimed = await claimPart(needs, attempt, part);
  if (claimed === 'gone' || claimed === 'blocked') return claimed;
  const departed = await writeAndDepart(needs, claimed.trip, claimed.rows);
  if (departed === undefined) return (await onTheirWay(needs.database, part.id)).length > 0 ? 'lost' : 'gone';
  noteTrip(attempt, claimed.trip);
  noteRevisions(attempt, part, departed);
  return 'departed';
}

/** Its leads have changed, or its bytes were taken away, since it was written; nothing has left. */
export async function rewritePart(needs: TripNeeds, attempt: LongAttempt, part: Batch): Promise<void> {
  const { trip, file } = attempt;
  const rows = await rowsOf(needs, part);
  if (trip === undefined || rows.length === 0) return;
  // The earlier departure of the part gets its outcome: some of its rows may not depart again.
  const leases = rows.map((row) => ({ id: row.id, token: row.leaseToken }));
  const isEnded = await needs.database.transaction(
    async (tx) => {
      if (!(await endDepartures(tx, leases))) return false;
      await appendHandovers(
        tx,
        rows.map((row) => neverLeftEntry(row)),
      );
      return true;
    },
    { undoIf: (ended) => !ended },
  );
  // Without its rows the file is another: the check before the sending finds that the part is outdated.
  if (!isEnded) return;
  const departed = await writeAndDepart(needs, { ...trip, batch: { ...part, whole: file } }, rows);
  if (departed !== undefined) noteRevisions(attempt, part, departed);
}

function noteTrip(attempt: LongAttempt, trip: Trip): void {
  attempt.trip ??= trip;
  attempt.versionId = attempt.trip.versionId;
}

/** As they stood under their locks when it departed, whatever revision its content is of. */
function noteRevisions({ revisions }: LongAttempt, { id }: Batch, { departure }: Departed): void {
  revisions.set(
    id,
    departure.ready.reduce((sum, { readRevision }) => sum + readRevision, 0),
  );
}

type ClaimedPart = Pick<ClaimedOrder, 'rows'> & { readonly trip: Trip };

async function claimPart(
  needs: TripNeeds,
  { order, file, versionId, trip: before }: LongAttempt,
  part: Batch,
): Promise<ClaimedPart | 'gone' | 'blocked'> {
  const batch: FileBatch = { ...part, mappingVersionId: versionId, whole: file };
  for (let look = 1; look <= looks; look += 1) {
    await queuePart(needs.database, part.id);
    const rows = await batchDeliveries(needs.database, part.id);
    if (rows.length === 0) {
      await needs.record(endOf(part));
      return 'gone';
    }
    const jobs = rows.map((row) => ({ deliveryId: row.id, run: row.run, attempt: row.attempt + 1 }));
    const own = { ...order, jobs, batch, continues: before !== undefined, leaseMs: partLeaseMs };
    const claimed = await claimOrder(needs, own, undefined);
    if (claimed === undefined) continue;
    const trip = await chooseVersions(needs, own, claimed);
    return trip === undefined ? 'gone' : { rows: claimed.rows, trip };
  }
  return 'blocked';
}

type PartRow = ClaimedDelivery & { readonly departedAttempt: number };

const rowsOf = async (
  { database }: Pick<TripNeeds, 'database'>,
  part: Pick<Batch, 'id'>,
): Promise<readonly PartRow[]> =>
  (await onTheirWay(database, part.id)).map((row) => ({
    ...row,
    knownReference: row.recipientReference,
    hasCreate: true,
    createUnsettled: false,
  }));

export interface PartsOutcome {
  readonly outcome: Outcome;
  /** By `performance.now()`. */
  readonly startedAt: number;
  /** True if the outcome moves the circuit of the destination. */
  readonly movesCircuit: boolean;
  /** It was found out for an earlier attempt: this one of the rows never departed, and the log must not say that it did. */
  readonly asked?: boolean;
}

/** Records the outcome of the whole for the rows that are on their way. Answers when the first of them is due again, ms. */
export async function settleParts(
  needs: TripNeeds,
  { order, trip, lease }: LongAttempt,
  { outcome, startedAt, movesCircuit, asked = false }: PartsOutcome,
): Promise<number> {
  let dueAfterMs = heldFileMs;
  if (trip === undefined || order.batch === undefined) return dueAfterMs;
  const spent = await minSpent(needs.database, order.batch.id);
  let first = movesCircuit;
  for (const part of await openParts(needs.database, order.batch.id)) {
    if (!(await lease.renew())) break;
    const rows = await rowsOf(needs, part);
    if (rows.length === 0) continue;
    const recorded = await needs.record({
      attempted: {
        rows,
        outcome,
        startedAt,
        spent,
        asked,
        batchId: part.id,
        policy: trip.mapping.retry,
        hasLookup: trip.mapping.hasLookup,
        connector: trip.connector.type,
        mappingVersionId: trip.versionId,
        besideCircuit: !first,
      },
    });
    first = false;
    logAttempt(needs.log, rows, outcome, recorded, {
      connector: trip.connector,
      batch: part,
      durationMs: Math.round(performance.now() - startedAt),
    });
    for (const { verdict } of recorded.decisions.values())
      if ('afterMs' in verdict) dueAfterMs = Math.min(dueAfterMs, verdict.afterMs);
  }
  return dueAfterMs;
}

/** Rows left without the outcome that the file came to, because the worker died while it was recorded. */
export async function claimLeft(needs: TripNeeds, attempt: LongAttempt): Promise<'all' | 'blocked'> {
  for (const part of await openParts(needs.database, attempt.file.id)) {
    const claimed = (await attempt.lease.renew()) ? await claimPart(needs, attempt, part) : 'blocked';
    if (claimed === 'blocked') return 'blocked';
    if (claimed !== 'gone') noteTrip(attempt, claimed.trip);
  }
  return 'all';
}

/** Gives up the file: its rows leave in another one. False: another worker has it by now. */
export async function voidParts(
  needs: TripNeeds,
  { lease }: LongAttempt,
  whole: HeldWhole,
): Promise<boolean> {
  for (const part of await openParts(needs.database, whole.id)) {
    if (!(await lease.renew())) return false;
    // Those that wait for a time of their own were to leave with this attempt: they leave with the next file, not an hour later.
    await queuePart(needs.database, part.id);
    const rows = await rowsOf(needs, part);
    await needs.record({
      released: rows,
      neverLeft: rows.filter(({ departedAttempt, attempt }) => departedAttempt === attempt),
      ...endUnder(whole, voidingOf({ ...part, sequence: undefined })),
    });
  }
  return true;
}
