// When an open delivery is tried next, in words: a moment that is to come, or what has to happen first.
// Invariant: never promises a moment that has passed, nor one at which its destination may not send.
import { splitReason } from '../domain/delivery.ts';
import type { Reading } from '../store/database.ts';
import { findDestination, readStates } from '../store/destinations.ts';
import { seenProcesses } from '../store/processes.ts';
import type { ListedDelivery } from '../store/support.ts';
import type { Both } from './story-words.ts';
import { paris } from './table.ts';

/** Undefined where no try is to come by itself. */
export async function nextTry(sql: Reading, row: ListedDelivery): Promise<Both | undefined> {
  if (!['planned', 'queued', 'waiting', 'pending'].includes(row.state)) return undefined;
  // A due time past the limit is no try: it waits for a person.
  if (row.state === 'waiting' && (row.dueAt >= row.expiresAt || isDecision(row))) return undefined;
  const destination = await findDestination(sql, row.destinationId);
  if (destination !== undefined && destination.status !== 'active')
    return [
      `à la reprise de la destination, suspendue (${destination.statusReason})`,
      `when the destination is resumed; it is ${destination.status} (${destination.statusReason})`,
    ];
  const state = (await readStates(sql, [row.destinationId])).get(row.destinationId);
  if (state !== undefined && state.circuit.state === 'open') {
    const { nextProbeAt } = state.circuit;
    return nextProbeAt === undefined || nextProbeAt <= state.now
      ? [
          'dès que la destination, en pause automatique, répond à l’essai en cours',
          'when the destination, held at present, answers the probe under way',
        ]
      : [
          `quand la destination répond de nouveau ; elle est sondée le ${paris(new Date(nextProbeAt))}`,
          `when the destination answers again; it is probed at ${paris(new Date(nextProbeAt))}`,
        ];
  }
  if ((await seenProcesses(sql)).length === 0)
    return [
      'aucun : la passerelle ne tourne pas (relais status)',
      'none: the gateway does not run (relais status)',
    ];
  const now = state?.now ?? row.dueAt.getTime();
  return row.dueAt.getTime() > now ? [paris(row.dueAt), paris(row.dueAt)] : ['tout de suite', 'at once'];
}

const isDecision = (row: ListedDelivery): boolean => splitReason(row.reason).base === 'unknown_hold';
