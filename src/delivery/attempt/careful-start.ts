// What a destination is reached by, and whether that was tried: with another address or secret one delivery goes ahead alone.
// Invariant: MySQL keeps it, for all processes together, under the destination's lock that the caller holds.
import { untriedNow } from '../../domain/pace.ts';
import type { Sql } from '../../store/database.ts';
import { saveAccess, saveCircuit, type DestinationState } from '../../store/destinations.ts';

export interface Access {
  /** Keyed digest of address and secrets. */
  readonly digest: Buffer;
  /** This process has sent nothing to it yet. */
  readonly isFirst: boolean;
}

/**
 * By another address, with another secret, or after a start while nobody else sends: whether we are let in is not known, so one
 * goes ahead. MySQL keeps that, for all processes together.
 */
export async function tryCarefully(
  tx: Sql,
  state: DestinationState,
  access: Access | undefined,
  sending: number,
): Promise<DestinationState> {
  if (access === undefined) return state;
  const isOther = state.accessDigest?.equals(access.digest) !== true;
  if (isOther) await saveAccess(tx, state.destinationId, access.digest);
  if (!isOther && (!access.isFirst || sending > 0)) return state;
  const circuit = untriedNow(state.circuit);
  if (circuit !== state.circuit) await saveCircuit(tx, state.destinationId, circuit);
  return { ...state, circuit };
}
