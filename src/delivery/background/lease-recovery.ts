// Recovers lapsed leases, whose worker died or stalled: a departed delivery shows as `outcome_unknown`, the others are sent again without a
// spent try.
// Invariant: the rows of a file are recovered together, and none remains in a file that has ended (guarantees 2 and 3).
import { isEnd } from '../../domain/delivery.ts';
import { raiseAlerts } from '../../store/alerts/alerts.ts';
import { lockUnderWay, retryBatch } from '../../store/files/batches.ts';
import { openCalls, type CallRow } from '../../store/deliveries/calls.ts';
import type { Sql } from '../../store/database.ts';
import { lapsedLeases } from '../../store/deliveries/deadlines.ts';
import { readDeliveries, type Delivery } from '../../store/deliveries/deliveries.ts';
import {
  forgetReferences,
  markSettled,
  type Settlement,
} from '../../store/deliveries/delivery-settlements.ts';
import { allDestinations } from '../../store/destinations/destinations.ts';
import { unsentParts } from '../../store/files/file-parts.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { takenByLog } from '../../store/deliveries/late-proofs.ts';
import { lockFreeLeads, type LeadLock } from '../../store/leads/leads.ts';
import { putOffForPart } from '../../store/files/long-files.ts';
import type { Which } from '../../store/named-rows.ts';
import { wakeSiblings } from '../../store/leads/restrictions.ts';
import { spentOf } from '../outcome/file-end.ts';
import { unitOf, type RowWork } from '../trip/quarantine.ts';
import type { Published } from '../trip/mapping-cache.ts';
import { afterLapse, afterProof, decisionFor, type AfterLapse } from './after-lapse.ts';

/** Rows of one look, which are in memory and in one transaction; a larger file comes whole. */
const atOnce = 1_000;

/** A file's rows are recovered together; every other row may be recovered by itself. */
export const lapsedRows = (published: Published): RowWork<Delivery> => ({
  run: (tx, which) => recoverLapsed(tx, published, which),
  due: async (sql, which) => {
    const names = await lapsedLeases(sql, { limit: atOnce, which, locked: false });
    const together = Map.groupBy(names, ({ id, batchId }) => (batchId > 0 ? `file ${batchId}` : `row ${id}`));
    return [...together.values()].map((rows) => unitOf(rows));
  },
});

interface Lapses {
  readonly rows: readonly Delivery[];
  readonly leads: ReadonlyMap<number, LeadLock>;
  /** The mapping version of each destination. */
  readonly inForce: ReadonlyMap<string, number>;
  readonly open: ReadonlyMap<number, CallRow>;
  /** Files that have not ended. */
  readonly underWay: ReadonlySet<number>;
  /** Parts of long files that never began to leave. */
  readonly unsent: ReadonlySet<number>;
}

/**
 * Departure, settlement and erasure lock leads before deliveries. Here the deliveries are locked first, so that no lead is waited for: a
 * row whose lead is locked elsewhere, and its file, are left to the next look.
 */
async function freeRows(
  tx: Sql,
  rows: readonly Delivery[],
): Promise<{ readonly rows: readonly Delivery[]; readonly leads: Lapses['leads'] }> {
  const leads = await lockFreeLeads(
    tx,
    rows.map((row) => row.leadId),
  );
  const held = rows.filter((row) => !leads.has(row.leadId));
  const files = new Set(held.map((row) => row.batchId).filter((id) => id > 0));
  return { rows: rows.filter((row) => leads.has(row.leadId) && !files.has(row.batchId)), leads };
}

async function lockLapsed(tx: Sql, { rows, leads }: Pick<Lapses, 'rows' | 'leads'>): Promise<Lapses> {
  const inForce = new Map(
    (await allDestinations(tx)).map((destination) => [destination.id, destination.mappingVersionId] as const),
  );
  const open = await openCalls(
    tx,
    rows.map((row) => row.id),
  );
  const underWay = await lockUnderWay(
    tx,
    [...new Set(rows.map((row) => row.batchId))].filter((id) => id > 0),
  );
  return { rows, leads, inForce, open, underWay, unsent: await unsentParts(tx, [...underWay]) };
}

/** Settles what lapsed, in the caller's transaction. */
async function recoverLapsed(tx: Sql, published: Published, which: Which): Promise<readonly Delivery[]> {
  const names = await lapsedLeases(tx, { limit: atOnce, which, locked: true });
  const lapsed = await readDeliveries(
    tx,
    names.map(({ id }) => id),
  );
  const free = await freeRows(tx, lapsed);
  const { rows } = free;
  if (rows.length === 0) return [];
  const lapses = await lockLapsed(tx, free);
  const after = await afterLapses(tx, published, lapses);
  await appendHandovers(
    tx,
    after.flatMap(({ handovers }) => handovers),
  );
  const settlements = after.map(({ settlement }) => settlement);
  await markSettled(tx, settlements);
  await wakeSiblings(
    tx,
    rows.filter((_, index) => isEnd(settlements[index]?.state ?? 'waiting')),
  );
  await forgetReferences(
    tx,
    rows.filter(({ action }, index) => action === 'erase' && settlements[index]?.state === 'delivered'),
  );
  await raiseAlerts(
    tx,
    after.flatMap(({ alerts }) => alerts),
  );
  await retryFiles(tx, rows, settlements);
  return rows;
}

/** In the order of the rows. */
async function afterLapses(
  tx: Sql,
  published: Published,
  { rows, leads, inForce, open, underWay, unsent }: Lapses,
): Promise<readonly AfterLapse[]> {
  const files = Map.groupBy(
    rows.filter((row) => row.batchId > 0),
    (row) => row.batchId,
  );
  const proofs = await takenByLog(
    tx,
    rows.filter(({ id }) => !open.has(id)).map(({ id }) => id),
  );
  const all: AfterLapse[] = [];
  for (const row of rows) {
    const proof = proofs.get(row.id);
    if (proof !== undefined) {
      all.push(afterProof(row, proof));
      continue;
    }
    const erased = (leads.get(row.leadId)?.erased ?? true) && row.action !== 'erase';
    const call = row.departedAttempt === row.attempt ? open.get(row.id) : undefined;
    const decision = await decisionFor(
      published,
      row,
      spentOf(files.get(row.batchId) ?? [row]),
      inForce.get(row.destinationId) ?? 0,
      call,
    );
    const lapsed = afterLapse({ row, decision, erased, call, neverLeft: unsent.has(row.batchId) }, tx.now());
    const leaveBatch = lapsed.settlement.leaveBatch || !underWay.has(row.batchId);
    all.push({ ...lapsed, settlement: { ...lapsed.settlement, leaveBatch } });
  }
  return all;
}

/** A file is tried again when the last of the rows that stay in it may be. */
async function retryFiles(
  tx: Sql,
  rows: readonly Delivery[],
  settlements: readonly Settlement[],
): Promise<void> {
  const waits = new Map<number, number>();
  for (const [index, { batchId }] of rows.entries()) {
    const { leaveBatch = true, afterMs = 0 } = settlements[index] ?? {};
    if (!leaveBatch) waits.set(batchId, Math.max(afterMs, waits.get(batchId) ?? 0));
  }
  for (const [batchId, afterMs] of waits) {
    await retryBatch(tx, batchId, afterMs);
    await putOffForPart(tx, batchId, afterMs);
  }
}
