// Moves the circuit by the lines of an acknowledgement: a destination that refuses lead after lead, and accepts none, is held.
// Invariant: the piece counts as a whole: the order of its lines does not matter.
import { defaultBreakerPolicy } from '../../domain/breaker.ts';
import type { Outcome } from '../../../connectors/contract.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { Database } from '../../store/database.ts';
import { saveCircuit } from '../../store/destinations.ts';
import { lockCircuits, moveCircuit } from '../outcome/circuit.ts';
import { joinEffects, writeEffects } from '../outcome/effects.ts';
import type { AcknowledgedFile } from './match-lines.ts';

/** Deliveries that a piece settled; of each kind no more than the circuit counts. */
export interface LineCounts {
  readonly taken: number[];
  readonly refused: number[];
}

export function addCounts(
  word: LineCounts,
  more: { readonly [Kind in keyof LineCounts]: readonly number[] },
): void {
  for (const kind of ['taken', 'refused'] as const)
    word[kind].push(...more[kind].slice(0, defaultBreakerPolicy.rejectionLimit - word[kind].length));
}

export async function moveByLines(
  database: Database,
  { clientId, destinationId }: Pick<AcknowledgedFile, 'clientId' | 'destinationId'>,
  { taken, refused }: LineCounts,
): Promise<void> {
  const [one] = taken;
  if (one === undefined && refused.length === 0) return;
  const outcome: Outcome =
    one === undefined ? { kind: 'refused', reason: 'NO_REASON' } : { kind: 'accepted' };
  const signal = one === undefined ? ('rejection' as const) : ('success' as const);
  const verdict: Verdict = { next: 'done', reason: '' };
  const decisions = new Map((one === undefined ? refused : [one]).map((id) => [id, { signal, verdict }]));
  const evidence = { rows: [{ clientId, destinationId }], outcome, startedAt: performance.now() };
  await database.transaction(async (tx) => {
    const circuit = (await lockCircuits(tx, [{ attempted: evidence }])).get(destinationId);
    if (circuit === undefined) return;
    const { effects } = moveCircuit(circuit, evidence, decisions);
    await writeEffects(tx, joinEffects([effects]));
    if (circuit.changed) await saveCircuit(tx, destinationId, circuit.now);
  });
}
