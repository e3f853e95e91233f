// Records how attempts end (station 5e-f): asks domain/verdict, settles the rows, moves the circuit, in one transaction.
// Invariant: only the holder of the lease settles; a worker without it appends `late` and changes no row. A decision made under no lock is
// written only while lead and version are those it was made by. The log has one acceptance per run.
import type { OutcomeKind } from '../../../connectors/contract.ts';
import { isEnd } from '../../domain/delivery.ts';
import { decideUndo, isUndo, decide, type Decision } from '../../domain/verdict.ts';
import { foreignCode } from '../../errors.ts';
import { raiseAlerts, raiseBroken } from '../../store/alerts/alerts.ts';
import { isStoreTrouble, type Database, type Sql } from '../../store/database.ts';
import { markSettled } from '../../store/deliveries/delivery-settlements.ts';
import { lockVersionsInForce, saveCircuit } from '../../store/destinations/destinations.ts';
import { addSlot } from '../../store/files/file-slots.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { lockLeads, type LeadLock } from '../../store/leads/leads.ts';
import { lockLeased, type Holds, type Lease } from '../../store/deliveries/leases.ts';
import { lockWhole } from '../../store/files/long-files.ts';
import { attemptEntries } from '../../store/deliveries/pull-entries.ts';
import type { Attempted, ClaimedDelivery, Recorded, Stopped, TripEnd } from '../trip/attempt.ts';
import { bisectRows, unitsOf } from '../trip/quarantine.ts';
import type { DelivererOptions } from '../trip/trip.ts';
import {
  createQuietCircuits,
  lockCircuits,
  moveCircuit,
  sentBack,
  type CircuitWork,
  type QuietCircuits,
} from './circuit.ts';
import {
  capturesOf,
  decisionEffects,
  erasedEffects,
  joinEffects,
  lateEffects,
  outcomeEntry,
  stateAfter,
  stoppedEffects,
  unspent,
  type Effects,
} from './effects.ts';
import { endFile, neverLeftEntry, notFoundFor, readOnlyEntry, settleFile, spentOf } from './file-end.ts';
import { alertsOfFormerMailboxes, answeredBefore } from './follow-ups.ts';
import { writeOutcomes } from './write-outcomes.ts';

/** Records the ends of several trips in one transaction; answers in their order. */
export async function recordEnds(
  database: Database,
  random: () => number,
  ends: readonly TripEnd[],
  quiet: QuietCircuits = createQuietCircuits(),
): Promise<readonly Recorded[]> {
  // Nearly always every lease is still ours: the rows are then locked by the statement that settles them.
  const trusted = ends.some(mayRepeatAcceptance)
    ? undefined
    : await database.transaction((tx) => recordTogether(tx, random, ends, { leasesAre: 'trusted', quiet }), {
        undoIf: (recorded) => recorded === undefined,
      });
  if (trusted !== undefined) return trusted;
  return (await database.transaction((tx) => recordTogether(tx, random, ends, checked))) ?? [];
}

/** The same for one, rolled back. @throws the error it meets */
const tryEnd = (database: Database, random: () => number, end: TripEnd): Promise<unknown> =>
  database.transaction((tx) => recordTogether(tx, random, [end], checked), { undoIf: () => true });

/** `trusted`: leases and quiet circuits are assumed, and proved by the statements that write. */
type Trust =
  | { readonly leasesAre: 'trusted'; readonly quiet: QuietCircuits }
  | { readonly leasesAre: 'checked' };
const checked: Trust = { leasesAre: 'checked' };

/** Undefined: a lease that was assumed valid turned out to be lost, or a circuit was not quiet; the caller rolls back. */
async function recordTogether(
  tx: Sql,
  random: () => number,
  ends: readonly TripEnd[],
  trust: Trust,
): Promise<readonly Recorded[] | undefined> {
  const { leasesAre } = trust;
  const assumed = trust.leasesAre === 'trusted' ? trust.quiet.assumed(tx, ends) : undefined;
  const circuits = assumed ?? (await lockCircuits(tx, ends));
  const { leases, decidedLeads, decidedVersions } = concernedBy(ends, leasesAre);
  // The leads are locked before the deliveries, as departure, erasure and planning do: none of them can cross this settlement.
  const leads = decidedLeads.length === 0 ? new Map<number, never>() : await lockLeads(tx, decidedLeads);
  const versions =
    decidedVersions.length === 0 ? new Map<string, never>() : await lockVersionsInForce(tx, decidedVersions);
  const holds = leasesAre === 'trusted' ? isTrusted : await lockLeased(tx, leases);
  // Read once the rows are locked: an acceptance under an earlier lease, committed a moment ago, is seen. None is trusted.
  const given = leasesAre === 'trusted' ? ends : await withRepeatedAcceptances(tx, ends);
  const answered =
    leasesAre === 'trusted' ? new Set<never>() : await answeredBefore(tx, lateAnswers(given, holds));
  const recorded: Recorded[] = [];
  const effects: Effects[] = [];
  const isSettled = (id: number): boolean =>
    effects.some(({ settlements = [] }) => settlements.some((settlement) => settlement.id === id));
  for (const end of given) {
    const ended = await endTrip(tx, end, { holds, answered, isSettled, leads, versions, circuits, random });
    recorded.push(ended.recorded);
    effects.push(...ended.effects);
  }
  const all = joinEffects(effects);
  // Leases that were locked and found valid in this transaction cannot be lost before its end.
  if (!(await markSettled(tx, all.settlements, leasesAre === 'trusted' ? leases : undefined)))
    return undefined;
  const quiet =
    trust.leasesAre === 'trusted' && assumed !== undefined
      ? { circuits: trust.quiet, names: [...assumed.keys()] }
      : undefined;
  if (!(await writeOutcomes(tx, all, quiet))) return undefined;
  for (const { attempted } of ends)
    if (attempted?.connector === 'email')
      await raiseAlerts(tx, await alertsOfFormerMailboxes(tx, attempted, all.settlements));
  for (const [destinationId, circuit] of circuits)
    if (circuit.changed) await saveCircuit(tx, destinationId, circuit.now);
  return recorded;
}

const isTrusted: Holds = () => true;

/** The end of one trip: the answer to its worker, and the effects to write. */
interface Ended {
  readonly recorded: Recorded;
  readonly effects: readonly Effects[];
}

/** Answers for rows whose lease is over. */
const lateAnswers = (ends: readonly TripEnd[], holds: Holds): Parameters<typeof answeredBefore>[1] =>
  ends.flatMap(({ attempted }) =>
    attempted === undefined
      ? []
      : attempted.rows
          .filter((row) => !holds(row.id, row.leaseToken))
          .map((row) => ({ row, outcome: attempted.outcome })),
  );

interface Locked {
  readonly holds: Holds;
  /** Rows whose answer was recorded before. */
  readonly answered: ReadonlySet<ClaimedDelivery>;
  /** True for a delivery that an earlier end of this transaction settles. */
  readonly isSettled: (id: number) => boolean;
  /** Leads of deliveries that may stay open, as they are now. */
  readonly leads: ReadonlyMap<number, LeadLock>;
  /** The versions in force of destinations for which something was decided. */
  readonly versions: ReadonlyMap<string, number>;
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

interface Concerned {
  readonly leases: readonly Lease[];
  /** Leads of deliveries that may stay open, or were decided by what the lead was. */
  readonly decidedLeads: readonly number[];
  /** Destinations for which something was decided by the version in force: the next publication waits. Leads are locked before. */
  readonly decidedVersions: readonly string[];
}

function concernedBy(ends: readonly TripEnd[], leasesAre: Trust['leasesAre']): Concerned {
  const leases: Lease[] = [];
  const decidedLeads: number[] = [];
  const decidedVersions: string[] = [];
  const concern = (row: ClaimedDelivery, isLeadLocked: boolean): void => {
    leases.push({ id: row.id, token: row.leaseToken });
    if (isLeadLocked && row.action !== 'erase') decidedLeads.push(row.leadId);
  };
  for (const { attempted, stopped = [], released = [], looked = [] } of ends) {
    const isOpen =
      attempted !== undefined &&
      (leasesAre === 'checked' ||
        mayStayOpen.has(attempted.outcome.kind) ||
        attempted.call?.undoes === true ||
        attempted.call?.more(capturesOf(attempted)) === true);
    for (const row of attempted?.rows ?? []) concern(row, isOpen);
    for (const stop of stopped) {
      concern(stop.row, isDecided(stop));
      if (dependsOnVersion(stop)) decidedVersions.push(stop.row.destinationId);
    }
    for (const row of released) concern(row, false);
    for (const { row } of looked) concern(row, true);
  }
  return { leases, decidedLeads, decidedVersions };
}

const nothingRecorded: Recorded = { decisions: new Map(), late: [], circuit: 'none' };

async function endTrip(tx: Sql, end: TripEnd, locked: Locked): Promise<Ended> {
  const { stopped = [], released = [], looked = [], neverLeft = [] } = end;
  const whole = end.endBatch?.ofWhole;
  if (whole !== undefined && !(await lockWhole(tx, whole))) return { recorded: nothingRecorded, effects: [] };
  const isHeld = (row: ClaimedDelivery): boolean => locked.holds(row.id, row.leaseToken);
  const back = released.filter(isHeld);
  const effects: Effects[] = [
    ...stopped.filter(({ row }) => isHeld(row)).map((stop) => stoppedIfUnchanged(stop, locked)),
    { settlements: back.map((row) => unspent(row, 'planned', '')) },
    ...looked.filter(({ row }) => isHeld(row)).map(({ row, actor }) => readOnlyEffects(row, actor, locked)),
    { handovers: neverLeft.filter(isHeld).map((row) => neverLeftEntry(row)) },
  ];
  // A worker that lost its lease ends nothing: another may be sending that file.
  const halted = stopped.map((stop) => stop.row);
  const given = [...halted, ...released];
  if (end.endBatch !== undefined && (given.length === 0 || given.some(isHeld)))
    effects.push(await endFile(tx, end.endBatch, { back, stopped: halted.filter(isHeld) }));
  if (end.anotherFile !== undefined) await addSlot(tx, end.anotherFile.destinationId, 'now', 'too_big');
  if (end.attempted === undefined) return { recorded: nothingRecorded, effects };
  const ended = await endAttempt(tx, end.attempted, locked);
  return { recorded: ended.recorded, effects: [...effects, ...ended.effects] };
}

/** A delivery that was read without being accepted spends no try, and is due as before. */
function readOnlyEffects(row: ClaimedDelivery, actor: string, { leads }: Pick<Locked, 'leads'>): Effects {
  const handovers = [readOnlyEntry(row, actor)];
  if (leads.get(row.leadId)?.erased === true && row.action !== 'erase')
    return erasedEffects(row, { maybeReceived: true }, { handovers });
  const waiting = { ...unspent(row, 'waiting', 'retry:READ_ONLY'), maybeReceived: true };
  return { handovers, settlements: [waiting] };
}

async function endAttempt(
  tx: Sql,
  attempted: Attempted,
  { holds, answered, isSettled, leads, circuits, random }: Locked,
): Promise<Ended> {
  const decisions = new Map<number, Decision>();
  const late: number[] = [];
  const effects: Effects[] = [];
  const [first] = attempted.rows;
  const circuit = first === undefined ? undefined : circuits.get(first.destinationId);
  const closedBefore = circuit?.now.state === 'closed';
  for (const row of attempted.rows) {
    const isRepeated = attempted.isOnce === true && isSettled(row.id);
    if (isRepeated || !holds(row.id, row.leaseToken)) {
      late.push(row.id);
      if (attempted.isOnce !== true && !answered.has(row)) effects.push(lateEffects(row, attempted));
      continue;
    }
    const situation = situationOf(row, attempted, closedBefore);
    const decideOn = isUndo(attempted.call?.name ?? '') ? decideUndo : decide;
    const decision = decideOn(attempted.outcome, situation, attempted.policy, random);
    decisions.set(row.id, decision);
    const decided = decisionEffects(row, decision, attempted);
    const isErased = leads.get(row.leadId)?.erased === true && !isEnd(stateAfter(decision.verdict));
    effects.push(isErased ? erasedEffects(row, decision, decided) : decided);
  }
  const move =
    circuit === undefined || decisions.size === 0 || attempted.besideCircuit === true
      ? undefined
      : moveCircuit(circuit, attempted, decisions);
  if (attempted.batchId !== undefined)
    effects.push(await settleFile(tx, attempted.batchId, attempted, decisions));
  const recorded: Recorded = { decisions, late, circuit: move?.change ?? 'none' };
  if (move === undefined) return { recorded, effects };
  const own = move.backMs.size === 0 ? effects : effects.map((one) => sentBack(one, move.backMs));
  return { recorded, effects: [...own, move.effects] };
}

function situationOf(
  row: ClaimedDelivery,
  attempted: Attempted,
  circuitClosed: boolean,
): Parameters<typeof decide>[1] {
  const isAlone = attempted.batchId === undefined;
  return {
    spent: (attempted.spent ?? (isAlone ? row.spent : spentOf(attempted.rows))) + 1,
    circuitClosed,
    maybeReceived: attempted.call?.maybeReceived ?? row.maybeReceived,
    undoes: attempted.call?.undoes ?? false,
    moreCalls: attempted.call?.more(capturesOf(attempted)) ?? false,
    hasLookup: attempted.hasLookup,
    ...(attempted.settlingMs === undefined
      ? {}
      : { notFound: notFoundFor(isAlone ? [row] : attempted.rows, attempted.settlingMs) }),
    pendingSinceMs: isAlone ? pendingMs(row) : Math.min(...attempted.rows.map(pendingMs)),
  };
}

const pendingMs = ({ pendingSince, now }: ClaimedDelivery): number =>
  pendingSince === undefined ? 0 : now.getTime() - pendingSince.getTime();

const isRepeatable = ({ isOnce, outcome, rows }: Attempted): boolean =>
  isOnce === true && outcome.kind === 'accepted' && rows.some(({ attempt }) => attempt > 1);

/** True if the rows must be locked before this end is written: an earlier lease may have been answered. */
const mayRepeatAcceptance = ({ attempted }: TripEnd): boolean =>
  attempted !== undefined && isRepeatable(attempted);

/** Returns the same ends, an acceptance as `duplicate` if the log has one already; the rows are locked. */
async function withRepeatedAcceptances(tx: Sql, ends: readonly TripEnd[]): Promise<readonly TripEnd[]> {
  const again = ends.filter(mayRepeatAcceptance);
  if (again.length === 0) return ends;
  const entries = await attemptEntries(
    tx,
    again.flatMap(({ attempted }) => attempted?.rows.map(({ id }) => id) ?? []),
  );
  const said = new Set(
    entries
      .filter(({ outcome }) => outcome === 'accepted')
      .map(({ deliveryId, run }) => `${deliveryId}/${run}`),
  );
  return ends.map((end) => {
    const { attempted } = end;
    if (attempted === undefined || !isRepeatable(attempted)) return end;
    if (!attempted.rows.some(({ id, run }) => said.has(`${id}/${run}`))) return end;
    return {
      ...end,
      attempted: { ...attempted, outcome: { ...attempted.outcome, kind: 'duplicate' as const } },
    };
  });
}

/** True if lead and version decided it: another revision or version may decide otherwise. */
const isDecided = ({ state, readRevision }: Stopped): boolean =>
  state === 'withheld' || state === 'failed' || (state === 'cancelled' && readRevision !== undefined);

const dependsOnVersion = (stopped: Stopped): boolean => isDecided(stopped) && stopped.inForceId !== undefined;

/** True if recording the end may wait for a publication: only ends of the same destination may wait with it. */
export const waitsForPublication = ({ stopped = [] }: TripEnd): boolean => stopped.some(dependsOnVersion);

interface LockedInputs {
  readonly leads: ReadonlyMap<number, LeadLock>;
  readonly versions: ReadonlyMap<string, number>;
}

/** If lead or version has changed since, the row is planned again. */
function stoppedIfUnchanged(stopped: Stopped, { leads, versions }: LockedInputs): Effects {
  const { row, readRevision, inForceId } = stopped;
  const lead = leads.get(row.leadId);
  if (lead === undefined || !isDecided(stopped)) return stoppedEffects(stopped);
  if (lead.erased) return stoppedEffects({ ...stopped, state: 'cancelled', reason: 'erased', fields: [] });
  const isSameLead = readRevision === undefined || readRevision === lead.revision;
  const isSameVersion = inForceId === undefined || inForceId === versions.get(row.destinationId);
  if (isSameLead && isSameVersion) return stoppedEffects(stopped);
  return { settlements: [unspent(row, 'planned', '')] };
}

const acceptedKinds: ReadonlySet<string> = new Set(['accepted', 'duplicate', 'unconfirmed']);

/**
 * Records the outcome of a file without the rows that break the recording; the log gets a `late` entry for each of them, by which lease
 * recovery settles it.
 * @throws the error if a row would be left in doubt: it is the database's, no row breaks it by itself, or the file is still open
 */
export async function recordWithoutBroken(
  { database, log }: Pick<DelivererOptions, 'database' | 'log'>,
  random: () => number,
  end: TripEnd,
  error: unknown,
): Promise<Recorded> {
  const { attempted } = end;
  const isLeft = attempted?.batchId !== undefined && acceptedKinds.has(attempted.outcome.kind);
  if (attempted === undefined || !isLeft || attempted.rows.length < 2 || isStoreTrouble(error)) throw error;
  const { passed, broken } = await bisectRows(unitsOf(attempted.rows), async (ids) => {
    await tryEnd(database, random, {
      attempted: { ...attempted, rows: attempted.rows.filter(({ id }) => ids.includes(id)) },
    });
    return [];
  });
  if (broken.length === 0 || passed === 0) throw error;
  const late = broken.map(({ unit }) => unit.row);
  await database.transaction((tx) =>
    appendHandovers(
      tx,
      late.map((row) => ({ entry: 'late' as const, ...outcomeEntry(row, attempted) })),
    ),
  );
  for (const { unit, error: own } of broken) {
    const { clientId, destinationId, id: deliveryId } = unit.row;
    const code = foreignCode(own);
    log.error('delivery.broken', {
      loop: 'SETTLEMENT',
      destination: destinationId,
      delivery: deliveryId,
      code,
    });
    await raiseBroken(database, { clientId, destinationId, deliveryId, step: 'SETTLEMENT', code });
  }
  const rows = attempted.rows.filter((row) => !late.includes(row));
  const [recorded] = await recordEnds(database, random, [{ ...end, attempted: { ...attempted, rows } }]);
  if (recorded === undefined) throw error;
  return recorded;
}
