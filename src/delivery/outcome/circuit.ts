// Moves the circuit breakers of the destinations that outcomes concern, and reports each move in log and alert.
// Invariant: a circuit is locked only if an outcome can move it: on the healthy path nothing is locked and nothing written.
import { afterAttempt, closedCircuit, type Circuit, isCareful } from '../../domain/breaker.ts';
import type { Decision } from '../../domain/verdict.ts';
import type { Sql } from '../../store/database.ts';
import { readStates } from '../../store/destinations.ts';
import type { Attempted, ClaimedDelivery } from '../trip/attempt.ts';
import type { Effects, OutcomeEffects } from './effects.ts';

export interface CircuitWork {
  now: Circuit;
  changed: boolean;
  /** The database's clock when it was read, epoch ms: hosts' clocks differ, and a probe an hour ahead comes an hour late. */
  readonly at: number;
  /** This process's own clock at that moment, which only measures how long things take. */
  readonly measuredAt: number;
}

/** As much of an attempt as moves a circuit. */
interface Evidence extends Pick<Attempted, 'outcome' | 'startedAt'> {
  readonly rows: readonly Pick<ClaimedDelivery, 'clientId' | 'destinationId'>[];
}

/** Locks circuits only where this group can move one: on the healthy path nothing is locked or written. */
export async function lockCircuits(
  tx: Sql,
  settlings: readonly { readonly attempted?: Pick<Evidence, 'outcome' | 'rows'> }[],
): Promise<Map<string, CircuitWork>> {
  const attempts = settlings.flatMap((settling) =>
    settling.attempted === undefined ? [] : [settling.attempted],
  );
  const names = [...new Set(attempts.flatMap((attempt) => attempt.rows.map((row) => row.destinationId)))];
  const seenAt = performance.now();
  const seen = await readStates(tx, names);
  const healthy = (name: string): boolean => {
    const circuit = seen.get(name)?.circuit ?? closedCircuit;
    const quiet =
      circuit.state === 'closed' &&
      circuit.failing.length === 0 &&
      circuit.rejected.length === 0 &&
      !isCareful(circuit);
    return (
      quiet &&
      attempts.every(
        (attempt) =>
          attempt.rows[0]?.destinationId !== name ||
          ['accepted', 'duplicate', 'unconfirmed', 'pending'].includes(attempt.outcome.kind),
      )
    );
  };
  const moving = names.filter((name) => !healthy(name));
  const lockedAt = performance.now();
  const locked = await readStates(tx, moving, true);
  return new Map(
    names.map((name) => [
      name,
      {
        now: locked.get(name)?.circuit ?? seen.get(name)?.circuit ?? closedCircuit,
        changed: false,
        at: locked.get(name)?.now ?? seen.get(name)?.now ?? tx.now().getTime(),
        measuredAt: locked.has(name) ? lockedAt : seenAt,
      },
    ]),
  );
}

export interface CircuitMove {
  readonly change: 'none' | 'opened' | 'closed';
  readonly effects: Pick<OutcomeEffects, 'handovers' | 'alerts' | 'forward'>;
  /** Probes that failed, and how long the other waiting deliveries go first, ms. */
  readonly backMs: ReadonlyMap<number, number>;
}

/** Moves the circuit by the decisions about one attempt; `circuit` keeps its new state. */
export function moveCircuit(
  circuit: CircuitWork,
  attempted: Evidence,
  decisions: ReadonlyMap<number, Pick<Decision, 'signal' | 'verdict'>>,
): CircuitMove {
  const now = circuit.at;
  const startedAt = now - (circuit.measuredAt - attempted.startedAt);
  const forward: number[] = [];
  const backMs = new Map<number, number>();
  const [first] = attempted.rows;
  for (const [deliveryId, decision] of first === undefined ? [] : decisions) {
    const throttledForMs =
      decision.signal === 'throttled' && decision.verdict.next === 'retry' ? decision.verdict.afterMs : 0;
    const move = afterAttempt(
      circuit.now,
      {
        deliveryId,
        signal: decision.signal,
        startedAt,
        throttledForMs,
        pauseAsked: 'afterMs' in attempted.outcome && attempted.outcome.afterMs !== undefined,
        answered: attempted.outcome.evidence?.status !== undefined,
      },
      now,
    );
    forward.push(...move.retryNow);
    if (move.backMs !== undefined) backMs.set(deliveryId, move.backMs);
    const wasClosed = circuit.now.state === 'closed';
    if (move.circuit !== circuit.now) {
      circuit.now = move.circuit;
      circuit.changed = true;
    }
    if (move.change !== 'none')
      return {
        change: move.change,
        effects: { ...reported(move.change, circuit.now, attempted), forward },
        backMs,
      };
    // While open or ramping, the rows of one file are one probe.
    if (!wasClosed) break;
  }
  return { change: 'none', effects: { handovers: [], alerts: [], forward }, backMs };
}

/** The entry and the alert of a circuit that opened or closed. */
function reported(
  change: 'opened' | 'closed',
  { cause: reason }: Circuit,
  { rows, outcome }: Evidence,
): Pick<OutcomeEffects, 'handovers' | 'alerts'> {
  const [first] = rows;
  const about = { clientId: first?.clientId ?? '', destinationId: first?.destinationId ?? '', reason };
  return {
    handovers: [
      { entry: change === 'opened' ? 'circuit_opened' : 'circuit_closed', actor: 'worker', ...about },
    ],
    alerts: [
      {
        kind: change === 'opened' ? 'destination_held' : 'destination_reopened',
        ...about,
        reason: alertReason(reason, outcome),
      },
    ],
  };
}

/** Which access was refused is what its reader mends: `unauthorized:TOKEN_INVALID_CLIENT`. */
const alertReason = (cause: string, outcome: Evidence['outcome']): string =>
  cause === 'unauthorized' && outcome.kind === 'unauthorized' ? `${cause}:${outcome.reason}` : cause;

/** A probe that failed is due again after the other waiting deliveries have had their turn. */
export const sentBack = (
  { settlements = [], ...effects }: Effects,
  backMs: CircuitMove['backMs'],
): Effects => ({
  ...effects,
  settlements: settlements.map((settlement) =>
    settlement.state === 'waiting'
      ? { ...settlement, afterMs: Math.max(settlement.afterMs, backMs.get(settlement.id) ?? 0) }
      : settlement,
  ),
});
