// Moves the circuit breakers of the destinations that outcomes concern, and reports each move in log and alert.
// Invariant: a circuit is locked only if an outcome can move it: on the healthy path nothing is locked and nothing written.
import type { OutcomeKind } from '../../../connectors/contract.ts';
import { afterAttempt, closedCircuit, isQuiet, type Circuit } from '../../domain/breaker.ts';
import type { Decision } from '../../domain/verdict.ts';
import type { Sql } from '../../store/database.ts';
import { readStates } from '../../store/destinations/destinations.ts';
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
interface Evidence extends Pick<Attempted, 'outcome' | 'startedAt' | 'batchId'> {
  readonly rows: readonly Pick<ClaimedDelivery, 'clientId' | 'destinationId'>[];
}

const quietOutcomes: ReadonlySet<string> = new Set<OutcomeKind>([
  'accepted',
  'duplicate',
  'unconfirmed',
  'pending',
]);

type Settling = { readonly attempted?: Pick<Evidence, 'outcome' | 'rows'> };

/** The destinations of attempts, and those of which an outcome moves the circuit. */
function concernedBy(settlings: readonly Settling[]): {
  readonly names: readonly string[];
  readonly moving: ReadonlySet<string>;
} {
  const names = new Set<string>();
  const moving = new Set<string>();
  for (const { attempted } of settlings) {
    if (attempted === undefined) continue;
    for (const { destinationId } of attempted.rows) {
      names.add(destinationId);
      if (!quietOutcomes.has(attempted.outcome.kind)) moving.add(destinationId);
    }
  }
  return { names: [...names], moving };
}

/** So long a circuit that was not quiet is read before the outcomes of its destination are written, ms. */
const restlessMs = 5_000;

/** Circuits that outcomes are written by before they are read: nearly all are quiet, and a statement that is sent anyway proves it. */
export interface QuietCircuits {
  /** Undefined if one of the outcomes moves a circuit, or if one of the circuits was not quiet lately. */
  readonly assumed: (tx: Sql, settlings: readonly Settling[]) => Map<string, CircuitWork> | undefined;
  /** False if one of these is not quiet: what was written by it is undone. */
  readonly proved: (names: readonly string[], stored: ReadonlyMap<string, string>) => boolean;
  /** The text of a quiet circuit as it was last read: while the row has it, the circuit is quiet. */
  readonly textOf: (name: string) => string | undefined;
  /** The row has it no more. */
  readonly forget: (name: string) => void;
}

export function createQuietCircuits(): QuietCircuits {
  const restless = new Map<string, number>();
  const texts = new Map<string, string>();
  return {
    assumed: (tx, settlings) => {
      const { names, moving } = concernedBy(settlings);
      if (names.length === 0 || moving.size > 0) return undefined;
      const [at, measuredAt] = [tx.now().getTime(), performance.now()];
      const circuits = new Map<string, CircuitWork>();
      for (const name of names) {
        if (measuredAt < (restless.get(name) ?? 0)) return undefined;
        circuits.set(name, { now: closedCircuit, changed: false, at, measuredAt });
      }
      return circuits;
    },
    textOf: (name) => texts.get(name),
    forget: (name) => void texts.delete(name),
    proved: (names, stored) => {
      if ([...stored.values()].every((text) => isQuiet(JSON.parse(text) as Circuit))) {
        for (const [name, text] of stored) texts.set(name, text);
        return true;
      }
      for (const name of names) restless.set(name, performance.now() + restlessMs);
      return false;
    },
  };
}

/** Locks circuits only where this group can move one: on the healthy path nothing is locked or written. */
export async function lockCircuits(
  tx: Sql,
  settlings: readonly Settling[],
): Promise<Map<string, CircuitWork>> {
  const { names, moving } = concernedBy(settlings);
  const seenAt = performance.now();
  const seen = await readStates(tx, names);
  const lockedAt = performance.now();
  const locked = await readStates(
    tx,
    names.filter((name) => moving.has(name) || !isQuiet(seen.get(name)?.circuit ?? closedCircuit)),
    true,
  );
  const circuits = new Map<string, CircuitWork>();
  for (const name of names) {
    const state = locked.get(name) ?? seen.get(name);
    circuits.set(name, {
      now: state?.circuit ?? closedCircuit,
      changed: false,
      at: state?.now ?? tx.now().getTime(),
      measuredAt: locked.has(name) ? lockedAt : seenAt,
    });
  }
  return circuits;
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
        named: attempted.batchId === undefined && namesItsRefusal(attempted.outcome),
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

/** An endpoint that has moved, or lost its program, answers with a status alone. */
const namesItsRefusal = (outcome: Evidence['outcome']): boolean =>
  (outcome.kind === 'refused' || outcome.kind === 'invalid') &&
  outcome.evidence?.status !== undefined &&
  !/^(HTTP_|other$)/i.test(outcome.reason);

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
