// Words for the next attempt of an open delivery: a future moment, or the event it waits for.
// Invariant: never promises a past moment, nor one at which its destination may not send.
import { splitReason } from '../domain/delivery.ts';
import { waitsForHours } from '../domain/send-policy.ts';
import { nextOpening, type SendingHours } from '../domain/sending-hours.ts';
import { begunAmong } from '../store/begun-deliveries.ts';
import { carryingRights } from '../store/rights.ts';
import type { ReadOnlySql } from '../store/database.ts';
import { findDestination, readStates } from '../store/destinations.ts';
import { seenProcesses } from '../store/processes.ts';
import type { ListedDelivery } from '../store/delivery-lists.ts';
import type { Both } from './words.ts';
import { paris } from './paris-time.ts';
import { sendingStateOf, type SendingState } from './sending-state.ts';

/** Present sending state of its destination; undefined where it sends normally. */
export async function sendingStateFor(
  sql: ReadOnlySql,
  { destinationId }: ListedDelivery,
  hours?: SendingHours,
): Promise<SendingState | undefined> {
  const destination = await findDestination(sql, destinationId);
  const state = (await readStates(sql, [destinationId])).get(destinationId);
  return destination === undefined ? undefined : sendingStateOf(destination, state, hours);
}

/** Undefined where no attempt will come by itself. */
export async function nextTry(
  sql: ReadOnlySql,
  row: ListedDelivery,
  published?: SendingHours,
): Promise<Both | undefined> {
  if (!['planned', 'queued', 'waiting', 'pending'].includes(row.state)) return undefined;
  // A due time past the limit is no attempt: the delivery waits for a person.
  if (row.state === 'waiting' && (row.dueAt >= row.expiresAt || isDecision(row))) return undefined;
  const state = (await readStates(sql, [row.destinationId])).get(row.destinationId);
  const destination = await findDestination(sql, row.destinationId);
  const hours = await hoursFor(sql, row, published);
  const sending = destination === undefined ? undefined : sendingStateOf(destination, state, hours);
  if (destination !== undefined && destination.status !== 'active') return sending?.next;
  const idle = whoIsMissing(await seenProcesses(sql));
  if (idle !== undefined) return idle;
  const now = state?.now ?? row.dueAt.getTime();
  const isLater = row.dueAt.getTime() > Math.max(now, quietUntilOf(state?.circuit));
  if (sending?.sends === 'closed' && !isLater) return sending.next;
  if (sending !== undefined && sending.sends !== 'closed' && !(isLater && state?.circuit.state !== 'open'))
    return sending.next;
  const opening = hours === undefined ? undefined : nextOpening(hours, Math.max(now, row.dueAt.getTime()));
  if (isLater && opening !== undefined) return [paris(new Date(opening)), paris(new Date(opening))];
  if (isLater) return [paris(row.dueAt), paris(row.dueAt)];
  const { base } = splitReason(row.reason);
  if (base === 'file_held') return ['quand le support aura décidé', 'once support has decided'];
  return base === 'slot' ? ['avec le prochain fichier', 'with the next file'] : ['tout de suite', 'at once'];
}

/** The sending hours this delivery waits for; undefined where it leaves at any hour. */
async function hoursFor(
  sql: ReadOnlySql,
  row: ListedDelivery,
  hours: SendingHours | undefined,
): Promise<SendingHours | undefined> {
  if (hours === undefined) return undefined;
  const carriesRight = (await carryingRights(sql, [row.id])).has(row.id);
  const isBegun = (await begunAmong(sql, [row.id])).has(row.id);
  return waitsForHours(hours, { carriesRight, isBegun }) ? hours : undefined;
}

const quietUntilOf = (circuit: { readonly quietUntil?: number } | undefined): number =>
  circuit?.quietUntil ?? 0;

function whoIsMissing(processes: readonly { readonly role: string }[]): Both | undefined {
  const runs = (role: string): boolean => processes.some((running) => running.role === role);
  if (processes.length === 0)
    return ['aucun : la passerelle ne tourne pas', 'none: the gateway does not run'];
  if (!runs('worker'))
    return ['aucun : aucun processus n’envoie', 'none: no worker runs, so nothing is sent'];
  if (!runs('planner'))
    return [
      'aucun : aucun processus ne prépare les envois',
      'none: no planner runs, so nothing is made ready',
    ];
  return undefined;
}

const isDecision = (row: ListedDelivery): boolean => splitReason(row.reason).base === 'unknown_hold';
