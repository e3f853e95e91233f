// Station 5e-f: the outcome. Appends it, asks domain/verdict, moves the row, the circuit and whoever waited; one transaction.
// Invariant: only the holder of the lease settles; a fenced-out worker appends `late` and changes nothing.
import type { Captured, Evidence, OutcomeKind } from '../../connectors/contract.ts';
import { isEnd, type DeliveryState } from '../domain/delivery.ts';
import { decide, type Decision, type Verdict } from '../domain/verdict.ts';
import { raiseAlerts } from '../store/alerts.ts';
import { forgetCaptures, noteCallOutcomes, queueNextCalls } from '../store/calls.ts';
import { endBatch, retryBatch, type Batch } from '../store/batches.ts';
import { addSlot } from '../store/slots.ts';
import type { Database, Sql } from '../store/database.ts';
import { wakeSiblings } from '../store/planning.ts';
import { saveCircuit } from '../store/destinations.ts';
import type { Delivery } from '../store/deliveries.ts';
import { appendHandovers, type Handover } from '../store/handovers.ts';
import { lockLeads } from '../store/leads.ts';
import { forgetReferences, lockLeased, markSettled, type Holds, type Settlement } from '../store/sending.ts';
import type { Attempted, Work } from './attempt.ts';
import { lockCircuits, moveCircuit, type CircuitWork } from './circuit.ts';
import type { ClaimedDelivery } from './claim.ts';
import type { Stopped } from './content.ts';
import { entryNames, withoutRepeats } from './entries.ts';

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
  const erased = await erasedMeanwhile(tx, settlings);
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
  };
  const results: Settled[] = [];
  for (const one of settlings)
    results.push(await settleOne(tx, one, { holds, erased, circuits, random }, work));
  // Locked and found held in this transaction, they cannot be lost before its end.
  const tokens = trusting ? new Map(leases.map((one) => [one.id, one.token])) : undefined;
  if (!(await markSettled(tx, work.settlements, tokens))) return undefined;
  await appendHandovers(tx, work.handovers);
  await noteCallOutcomes(tx, work.calls);
  await queueNextCalls(tx, work.next);
  await forgetReferences(tx, work.erased);
  await forgetCaptures(tx, work.erased);
  await wakeSiblings(tx, work.ended);
  await raiseAlerts(tx, await withoutRepeats(tx, work.alerts));
  for (const [destinationId, circuit] of circuits)
    if (circuit.changed) await saveCircuit(tx, destinationId, circuit.now);
  return results;
}

interface Ground {
  readonly holds: Holds;
  /** Leads erased while their delivery was on its way. */
  readonly erased: ReadonlySet<number>;
  readonly circuits: Map<string, CircuitWork>;
  readonly random: () => number;
}

/** Outcomes after which a delivery may stay open. */
const mayStayOpen: ReadonlySet<string> = new Set<OutcomeKind>([
  'pending',
  'throttled',
  'unauthorized',
  'unavailable',
  'unknown',
]);

/** The leads are locked before the deliveries, as departure and erasure do: neither can cross this settlement. */
async function erasedMeanwhile(tx: Sql, settlings: readonly Settling[]): Promise<ReadonlySet<number>> {
  const leadIds = settlings.flatMap(({ attempted }) =>
    attempted !== undefined &&
    (mayStayOpen.has(attempted.outcome.kind) || attempted.call?.more(capturesOf(attempted)) === true)
      ? attempted.rows.filter((row) => row.action !== 'erase').map((row) => row.leadId)
      : [],
  );
  const locked = await lockLeads(tx, leadIds);
  return new Set([...locked.values()].filter((lead) => lead.erased).map((lead) => lead.id));
}

const capturesOf = ({ outcome }: Attempted): Captured =>
  'captures' in outcome && outcome.captures !== undefined ? outcome.captures : {};

async function settleOne(
  tx: Sql,
  one: Settling,
  { holds, erased, circuits, random }: Ground,
  work: Work,
): Promise<Settled> {
  const ours = (row: ClaimedDelivery): boolean => holds(row.id, row.leaseToken);
  for (const stopped of one.stopped ?? []) if (ours(stopped.row)) noteStopped(stopped, work);
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
    if (erased.has(row.leadId) && !isEnd(stateAfter(decision.verdict))) noteErased(row, decision, work);
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
    pendingSinceMs: Math.min(
      ...(attempted.batchId === undefined ? [row] : attempted.rows).map((one) =>
        one.pendingSince === undefined ? 0 : one.now.getTime() - one.pendingSince.getTime(),
      ),
    ),
  };
}

/** Tries spent by what travels together: a file is given up when its youngest row is, or a part of it would go again under another number. */
export const spentOf = (rows: readonly Pick<Delivery, 'spent'>[]): number =>
  Math.min(...rows.map((row) => row.spent));

const stoppedEntries = {
  withheld: 'withheld',
  cancelled: 'cancelled',
  failed: 'invalid',
  // Its last call is not needed any more: what the recipient has, it has.
  delivered: 'outcome',
} as const;

function noteStopped({ row, state, reason, fields }: Stopped, work: Work): void {
  const entry = stoppedEntries[state];
  work.handovers.push({
    entry,
    ...(state === 'delivered' ? ({ outcome: 'accepted', nextStep: 'done' } as const) : {}),
    ...entryNames(row),
    actor: 'worker',
    reason,
    ...(fields.length === 0 ? {} : { fields }),
  });
  work.settlements.push(unspent(row, state, reason, 0, true));
  if (isEnd(state)) work.ended.push({ leadId: row.leadId, destinationId: row.destinationId });
  if ((state === 'cancelled' || state === 'delivered') && row.action === 'erase')
    work.erased.push({ leadId: row.leadId, destinationId: row.destinationId });
  if (reason === 'mapping_missing') {
    work.alerts.push({
      kind: 'mapping_unusable',
      clientId: row.clientId,
      destinationId: row.destinationId,
      deliveryId: row.id,
    });
  }
  if (state === 'failed') {
    const kind = reason.startsWith('manual_') ? 'manual_task' : 'delivery_failed';
    work.alerts.push({
      kind,
      clientId: row.clientId,
      destinationId: row.destinationId,
      deliveryId: row.id,
      reason,
    });
  }
}

/** Erased while it was on its way, and not at its end: nothing of it is tried again, and the erase that waits may follow. */
function noteErased(row: ClaimedDelivery, decision: Decision, work: Work): void {
  const maybeReceived = decision.maybeReceived || row.maybeReceived;
  work.handovers.push({ entry: 'cancelled', ...entryNames(row), actor: 'worker', reason: 'erased' });
  const last = work.settlements.findIndex((one) => one.id === row.id);
  if (last >= 0) work.settlements.splice(last, 1);
  work.settlements.push({ ...unspent(row, 'cancelled', 'erased', 0, true), maybeReceived });
  work.ended.push({ leadId: row.leadId, destinationId: row.destinationId });
}

export const unspent = (
  row: Delivery,
  state: DeliveryState,
  reason: string,
  afterMs: number,
  leaveBatch: boolean,
): Settlement => ({
  id: row.id,
  state,
  reason,
  afterMs,
  spend: false,
  maybeReceived: row.maybeReceived,
  askFirst: row.askFirst,
  leaveBatch,
});

function noteDecision(row: ClaimedDelivery, decision: Decision, attempted: Attempted, work: Work): void {
  const { verdict } = decision;
  const { call } = attempted;
  const maybeReceived = decision.maybeReceived || call?.earlier === true;
  const state = stateAfter(verdict);
  if (call !== undefined) noteCall(row, call.name, decision, attempted, work);
  const reference = 'reference' in attempted.outcome ? attempted.outcome.reference : undefined;
  work.handovers.push({
    entry: attempted.asked ? 'lookup' : 'outcome',
    ...outcomeEntry(row, attempted),
    nextStep: verdict.next,
  });
  work.settlements.push({
    id: row.id,
    state,
    reason: verdict.reason,
    // Held: out of dispatch's reach; the sweep of maxAge ends it if nobody decides.
    afterMs:
      verdict.next === 'hold' || (verdict.next === 'pending' && !attempted.hasLookup)
        ? row.expiresAt.getTime() - row.now.getTime() + 86_400_000
        : 'afterMs' in verdict
          ? verdict.afterMs
          : 0,
    spend:
      verdict.next === 'retry' ? verdict.spend : verdict.next !== 'pending' && verdict.next !== 'continue',
    maybeReceived,
    askFirst:
      verdict.next === 'pending' ||
      (verdict.next === 'retry' &&
        (verdict.lookup || (attempted.asked && attempted.outcome.kind !== 'absent'))),
    reference,
    leaveBatch: isEnd(state),
  });
  if (isEnd(state)) work.ended.push({ leadId: row.leadId, destinationId: row.destinationId });
  if (state === 'delivered' && row.action === 'erase')
    work.erased.push({ leadId: row.leadId, destinationId: row.destinationId });
  const about = {
    clientId: row.clientId,
    destinationId: row.destinationId,
    deliveryId: row.id,
    reason: verdict.reason,
  };
  if (verdict.next === 'fail') work.alerts.push({ kind: 'delivery_failed', ...about });
  if (verdict.next === 'hold') work.alerts.push({ kind: 'support_decides', ...about });
}

function noteCall(
  row: ClaimedDelivery,
  name: string,
  { verdict, maybeReceived }: Decision,
  attempted: Attempted,
  work: Work,
): void {
  const { outcome } = attempted;
  work.calls.push({
    ...{ deliveryId: row.id, name, outcome: outcome.kind, maybeReceived },
    done: verdict.next === 'done' || verdict.next === 'continue',
    captures: capturesOf(attempted),
  });
  if (verdict.next === 'continue') work.next.push(row.id);
}

export function stateAfter(verdict: Verdict): DeliveryState {
  switch (verdict.next) {
    case 'done':
      return 'delivered';
    case 'fail':
      return 'failed';
    case 'retry':
    case 'hold':
      return 'waiting';
    case 'pending':
      return 'pending';
    case 'continue':
      return 'queued';
  }
}

function outcomeEntry(row: ClaimedDelivery, attempted: Attempted): Omit<Handover, 'entry'> {
  const { outcome } = attempted;
  const evidence: Evidence = outcome.evidence ?? {};
  return {
    ...entryNames(row),
    ...(attempted.call === undefined ? {} : { call: attempted.call.name }),
    actor: 'worker',
    connector: attempted.connector,
    mappingVersionId: attempted.mappingVersionId,
    outcome: outcome.kind,
    reason: 'reason' in outcome ? outcome.reason : '',
    ...(evidence.status === undefined ? {} : { status: evidence.status }),
    ...(evidence.answerBytes === undefined ? {} : { answerBytes: evidence.answerBytes }),
    ...(evidence.durationMs === undefined ? {} : { durationMs: evidence.durationMs }),
    ...(evidence.host === undefined ? {} : { target: evidence.host }),
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
