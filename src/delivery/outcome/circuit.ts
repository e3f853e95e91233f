// Moves the circuit breakers of the destinations that outcomes concern, and reports each move in log and alert.
// Invariant: a circuit is locked only if an outcome can move it: on the healthy path nothing is locked and nothing written.
import { afterAttempt, type Circuit, closedCircuit } from '../../domain/breaker.ts';
import { isCareful } from '../../domain/pace.ts';
import type { Decision } from '../../domain/verdict.ts';
import type { Sql } from '../../store/database.ts';
import { readStates } from '../../store/destinations.ts';
import type { Attempted, ClaimedDelivery } from '../attempt.ts';
import type { OutcomeEffects } from './effects.ts';

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

export function moveCircuit(
  circuit: CircuitWork,
  attempted: Evidence,
  decisions: ReadonlyMap<number, Pick<Decision, 'signal' | 'verdict'>>,
  work: OutcomeEffects,
): 'none' | 'opened' | 'closed' {
  const now = circuit.at;
  const startedAt = now - (circuit.measuredAt - attempted.startedAt);
  const [first] = attempted.rows;
  if (first === undefined) return 'none';
  for (const [deliveryId, decision] of decisions) {
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
    work.forward.push(...move.retryNow);
    if (move.backMs !== undefined) toTheBack(work, deliveryId, move.backMs);
    const wasClosed = circuit.now.state === 'closed';
    if (move.circuit !== circuit.now) {
      circuit.now = move.circuit;
      circuit.changed = true;
    }
    if (move.change !== 'none') {
      const about = {
        clientId: first.clientId,
        destinationId: first.destinationId,
        reason: move.circuit.cause || circuit.now.cause,
      };
      work.handovers.push({
        entry: move.change === 'opened' ? 'circuit_opened' : 'circuit_closed',
        actor: 'worker',
        ...about,
      });
      work.alerts.push({
        kind: move.change === 'opened' ? 'destination_held' : 'destination_reopened',
        ...about,
        reason: alertReason(about.reason, attempted.outcome),
      });
      return move.change;
    }
    // While open or ramping, the rows of one file are one probe.
    if (!wasClosed) return 'none';
  }
  return 'none';
}

/** Which access was refused is what its reader mends: `unauthorized:TOKEN_INVALID_CLIENT`. */
const alertReason = (cause: string, outcome: Evidence['outcome']): string =>
  cause === 'unauthorized' && outcome.kind === 'unauthorized' ? `${cause}:${outcome.reason}` : cause;

/** A probe that failed is due again when the others that wait have had their turn. */
function toTheBack(work: OutcomeEffects, deliveryId: number, backMs: number): void {
  const at = work.settlements.findLastIndex((settled) => settled.id === deliveryId);
  const settlement = work.settlements[at];
  if (settlement?.state === 'waiting')
    work.settlements[at] = { ...settlement, afterMs: Math.max(settlement.afterMs, backMs) };
}
