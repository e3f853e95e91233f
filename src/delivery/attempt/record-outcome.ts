// Station 5e-f: the outcome. Appends it, asks domain/verdict, moves the row, the circuit and whoever waited; one transaction.
// Invariant: only the holder of the lease settles; a fenced-out worker appends `late` and changes nothing.
import type { OutcomeKind } from '../../../connectors/contract.ts';
import { isEnd } from '../../domain/delivery.ts';
import { decide, type Decision } from '../../domain/verdict.ts';
import { raiseAlerts } from '../../store/alerts.ts';
import { forgetCaptures, noteCallOutcomes, queueNextCalls } from '../../store/calls.ts';
import { endBatch, retryBatch, type Batch } from '../../store/batches.ts';
import { addSlot } from '../../store/slots.ts';
import type { Database, Sql } from '../../store/database.ts';
import { wakeSiblings } from '../../store/withheld.ts';
import { saveCircuit } from '../../store/destinations.ts';
import { appendHandovers } from '../../store/handovers.ts';
import { lockLeads, type LeadLock } from '../../store/leads.ts';
import { lockLeased, type Holds } from '../../store/leases.ts';
import { bringForward, forgetReferences, markSettled } from '../../store/sending.ts';
import type { Attempted, Work } from './attempt.ts';
import { lockCircuits, moveCircuit, type CircuitWork } from './circuit-moves.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { Stopped } from './render.ts';
import { entryNames } from '../planning/entry-names.ts';
import { withoutRepeats } from '../planning/hourly-alerts.ts';
import {
  capturesOf,
  notFoundFor,
  noteDecision,
  noteErased,
  noteStopped,
  outcomeEntry,
  spentOf,
  stateAfter,
  unspent,
} from './outcome-effects.ts';

export interface Settling {
  readonly attempted?: Attempted;
  /** Deliveries that could not leave at all. */
  readonly stopped?: readonly Stopped[];
  /** Deliveries given back unspent: their file was voided and is built again. */
  readonly released?: readonly ClaimedDelivery[];
  /** Rows given back because their file was too big: another file follows at once. */
  readonly anotherFile?: { readonly destinationId: string };
  readonly endBatch?: {
    readonly id: number;
    readonly state: 'voided' | 'empty';
    readonly clientId: string;
    readonly destinationId: string;
  };
}

/** How a file ends that does not leave: one whose number was given is voided, and the log explains the gap. */
export function endingOf(
  batch: Pick<Batch, 'id' | 'clientId' | 'destinationId'> & { readonly sequence: number | undefined },
): NonNullable<Settling['endBatch']> {
  const { id, clientId, destinationId } = batch;
  return { id, clientId, destinationId, state: batch.sequence === undefined ? 'empty' : 'voided' };
}

export interface Settled {
  readonly decisions: ReadonlyMap<number, Decision>;
  readonly late: readonly number[];
  readonly circuit: 'none' | 'opened' | 'closed';
}

export async function settle(
  database: Database,
  random: () => number,
  settlings: readonly Settling[],
): Promise<readonly Settled[]> {
  // Nearly always every lease is still ours: the rows are then locked by the statement that settles them.
  return (
    (await database.transaction((tx) => settleTogether(tx, random, settlings, true), {
      undoIf: (settled) => settled === undefined,
    })) ??
    (await database.transaction(async (tx) => (await settleTogether(tx, random, settlings, false)) ?? []))
  );
}

/** @param trusting takes every lease for held; undefined is answered when one turns out to be lost */
async function settleTogether(
  tx: Sql,
  random: () => number,
  settlings: readonly Settling[],
  trusting: boolean,
): Promise<readonly Settled[] | undefined> {
  const circuits = await lockCircuits(tx, settlings);
  const leads = await lockMovedLeads(tx, settlings);
  const leases = settlings
    .flatMap((one) => [
      ...(one.attempted?.rows ?? []),
      ...(one.stopped ?? []).map((stopped) => stopped.row),
      ...(one.released ?? []),
    ])
    .map((row) => ({ id: row.id, token: row.leaseToken }));
  const holds = trusting ? () => true : await lockLeased(tx, leases);
  const work: Work = {
    handovers: [],
    settlements: [],
    alerts: [],
    ended: [],
    erased: [],
    calls: [],
    next: [],
    forward: [],
  };
  const results: Settled[] = [];
  for (const one of settlings)
    results.push(await settleOne(tx, one, { holds, leads, circuits, random }, work));
  // Locked and found held in this transaction, they cannot be lost before its end.
  const tokens = trusting ? new Map(leases.map((one) => [one.id, one.token])) : undefined;
  if (!(await markSettled(tx, work.settlements, tokens))) return undefined;
  await appendHandovers(tx, work.handovers);
  await noteCallOutcomes(tx, work.calls);
  await queueNextCalls(tx, work.next);
  await forgetReferences(tx, work.erased);
  await forgetCaptures(tx, work.erased);
  await wakeSiblings(tx, work.ended);
  await bringForward(tx, work.forward);
  await raiseAlerts(tx, await withoutRepeats(tx, work.alerts));
  for (const [destinationId, circuit] of circuits)
    if (circuit.changed) await saveCircuit(tx, destinationId, circuit.now);
  return results;
}

interface Ground {
  readonly holds: Holds;
  /** Leads of deliveries that may stay open, as they stand now. */
  readonly leads: ReadonlyMap<number, LeadLock>;
  readonly circuits: Map<string, CircuitWork>;
  readonly random: () => number;
}

/** Outcomes after which a delivery may stay open. */
const mayStayOpen: ReadonlySet<string> = new Set<OutcomeKind>([
  'absent',
  'pending',
  'throttled',
  'unauthorized',
  'unavailable',
  'unknown',
]);

/** The leads are locked before the deliveries, as departure, erasure and planning do: none of them can cross this settlement. */
function lockMovedLeads(tx: Sql, settlings: readonly Settling[]): Promise<ReadonlyMap<number, LeadLock>> {
  const rows = settlings.flatMap(({ attempted, stopped = [] }) => [
    ...(attempted !== undefined &&
    (mayStayOpen.has(attempted.outcome.kind) || attempted.call?.more(capturesOf(attempted)) === true)
      ? attempted.rows
      : []),
    ...stopped.filter(isJudgement).map((judged) => judged.row),
  ]);
  return lockLeads(
    tx,
    rows.filter((row) => row.action !== 'erase').map((row) => row.leadId),
  );
}

/** What the content of the lead decided: another content may decide otherwise. */
const isJudgement = ({ state }: Stopped): boolean => state === 'withheld' || state === 'failed';

/** A change that was planned while the row was under way counted on this row to carry it. */
function noteJudged(judged: Stopped, lead: LeadLock | undefined, work: Work): void {
  if (lead === undefined || !isJudgement(judged)) return noteStopped(judged, work);
  if (lead.erased) return noteStopped({ ...judged, state: 'cancelled', reason: 'erased', fields: [] }, work);
  if (judged.readRevision === undefined || judged.readRevision === lead.revision)
    return noteStopped(judged, work);
  work.settlements.push(unspent(judged.row, 'planned', '', 0, true));
}

async function settleOne(
  tx: Sql,
  one: Settling,
  { holds, leads, circuits, random }: Ground,
  work: Work,
): Promise<Settled> {
  const ours = (row: ClaimedDelivery): boolean => holds(row.id, row.leaseToken);
  for (const stopped of one.stopped ?? [])
    if (ours(stopped.row)) noteJudged(stopped, leads.get(stopped.row.leadId), work);
  for (const row of one.released ?? [])
    if (ours(row)) work.settlements.push(unspent(row, 'planned', '', 0, true));
  // A worker that lost its lease ends nothing: another may be sending that file.
  const given = [...(one.stopped ?? []).map((stopped) => stopped.row), ...(one.released ?? [])];
  if (one.endBatch !== undefined && (given.length === 0 || given.some(ours))) {
    await endBatch(tx, one.endBatch.id, one.endBatch.state);
    if (one.endBatch.state === 'voided') {
      work.handovers.push({
        entry: 'batch_voided',
        clientId: one.endBatch.clientId,
        destinationId: one.endBatch.destinationId,
        batchId: one.endBatch.id,
        actor: 'worker',
      });
      // And in the story of each lead that stood in it and goes again.
      for (const row of one.released ?? [])
        if (ours(row)) work.handovers.push({ entry: 'batch_voided', ...entryNames(row), actor: 'worker' });
      // Its rows leave in a new file at once, not at the next scheduled hour.
      await addSlot(tx, one.endBatch.destinationId, 'now', 'voided');
    }
  }
  if (one.anotherFile !== undefined) await addSlot(tx, one.anotherFile.destinationId, 'now', 'too_big');
  const decisions = new Map<number, Decision>();
  const late: number[] = [];
  if (one.attempted === undefined) return { decisions, late, circuit: 'none' };
  const { attempted } = one;
  const [first] = attempted.rows;
  const circuit = first === undefined ? undefined : circuits.get(first.destinationId);
  const closedBefore = circuit?.now.state === 'closed';
  for (const row of attempted.rows) {
    if (!ours(row)) {
      late.push(row.id);
      work.handovers.push({ entry: 'late', ...outcomeEntry(row, attempted) });
      continue;
    }
    const decision = decide(
      attempted.outcome,
      situationOf(row, attempted, closedBefore),
      attempted.policy,
      random,
    );
    decisions.set(row.id, decision);
    noteDecision(row, decision, attempted, work);
    if (leads.get(row.leadId)?.erased === true && !isEnd(stateAfter(decision.verdict)))
      noteErased(row, decision, work);
  }
  const change =
    circuit === undefined || decisions.size === 0 ? 'none' : moveCircuit(circuit, attempted, decisions, work);
  await settleBatch(tx, attempted, decisions);
  return { decisions, late, circuit: change };
}

function situationOf(
  row: ClaimedDelivery,
  attempted: Attempted,
  circuitClosed: boolean,
): Parameters<typeof decide>[1] {
  return {
    spent: spentOf(attempted.batchId === undefined ? [row] : attempted.rows) + 1,
    circuitClosed,
    maybeReceived: attempted.call?.maybeReceived ?? row.maybeReceived,
    moreCalls: attempted.call?.more(capturesOf(attempted)) ?? false,
    hasLookup: attempted.hasLookup,
    ...(attempted.settlingMs === undefined
      ? {}
      : {
          notFound: notFoundFor(
            attempted.batchId === undefined ? [row] : attempted.rows,
            attempted.settlingMs,
          ),
        }),
    pendingSinceMs: Math.min(
      ...(attempted.batchId === undefined ? [row] : attempted.rows).map((one) =>
        one.pendingSince === undefined ? 0 : one.now.getTime() - one.pendingSince.getTime(),
      ),
    ),
  };
}

/** A file whose outcome a person decides: out of reach until they bring it forward, or its rows expire. */
const heldFileMs = 365 * 86_400_000;

async function settleBatch(
  tx: Sql,
  attempted: Attempted,
  decisions: ReadonlyMap<number, Decision>,
): Promise<void> {
  if (attempted.batchId === undefined || decisions.size === 0) return;
  const verdicts = [...decisions.values()].map((one) => one.verdict);
  const open = verdicts.filter((one) => one.next !== 'done' && one.next !== 'fail');
  // The file ends when each of its rows does; until then it is looked at when the first of them is due.
  if (open.length > 0) {
    await retryBatch(
      tx,
      attempted.batchId,
      Math.min(...open.map((one) => ('afterMs' in one ? one.afterMs : heldFileMs))),
    );
  } else {
    await endBatch(tx, attempted.batchId, verdicts.some((one) => one.next === 'done') ? 'sent' : 'voided');
  }
}
