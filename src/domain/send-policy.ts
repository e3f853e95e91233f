// Decides whether a destination may send now (suspended, closed, held, rate, in flight), how many, and why the others wait.
// Invariant: dispatch, claim and files use this alone; SQL that looks ahead names the rule it mirrors.
import { allowed, isCareful, type Circuit } from './breaker.ts';
import type { Reason } from './delivery.ts';
import type { DestinationLimits, DestinationStatus } from './destination.ts';
import { hasRates, rateRoom, urgentLimits, type RateWindows } from './rates.ts';
import { nextOpening, type SendingHours } from './sending-hours.ts';

/** The state of a destination at the decision. */
export interface SendSituation {
  /** The database's clock, epoch ms. */
  readonly now: number;
  readonly status: DestinationStatus;
  /** Undefined: no failure so far. */
  readonly circuit: Circuit | undefined;
  readonly limits: DestinationLimits;
  /** Windows in which its departures were last counted. */
  readonly windows: RateWindows;
  /** Deliveries in flight; for a file its rows. */
  readonly inFlight: number;
  /** A file leaves whole, and alone. */
  readonly unit: 'delivery' | 'file';
}

/** The reason of a wait, and the delay to the next claim. */
export interface Refusal {
  /** As stored in `deliveries.reason`. */
  readonly reason: string;
  readonly afterMs: number;
}

export interface SendPermission extends Room {
  /** Room for urgent deliveries, which do not wait for the end of a full hour or day; absent when it is the same. */
  readonly urgent?: Room;
  /** Outside its hours: the refusal of every delivery that waits for them. */
  readonly closed?: Refusal;
}

interface Room {
  /** Number that may leave now. */
  readonly count: number;
  /** For the others. */
  readonly refusal: Refusal;
}

/** The limits that a delivery waits for. */
export interface Waits {
  /** The hours of its destination. */
  readonly forHours: boolean;
  /** It does not even wait for the end of a full hour or day. */
  readonly isUrgent: boolean;
}

/** The facts of a delivery that hours and rates need. */
export interface WaitingDelivery {
  /** An erasure, or an update that withdraws a consent. */
  readonly carriesRight: boolean;
  /** Some of its calls have been made: a delivery begun in time is completed. */
  readonly isBegun: boolean;
}

/** Delay to the next claim when all places are taken, ms. */
const placeAgainMs = 100;
/** The same for a file, which takes longer. */
const fileAgainMs = 1_000;

const suspended: Reason = 'destination_suspended';
const held: Reason = 'destination_held';
const outsideHours: Reason = 'outside_hours';
const concurrency = 'throttled:CONCURRENCY';

/** Suspended or archived by a person. SQL mirrors it as `status = 'active'`. */
export const isStopped = (status: DestinationStatus): boolean => status !== 'active';

/** True when the circuit limits the deliveries. SQL mirrors it as the column `held`, which is written with the circuit. */
export const isHeld = (circuit: Circuit): boolean => circuit.state !== 'closed' || isCareful(circuit);

/** Number that may leave now, and the refusal of the others. */
export function sendPermission(at: SendSituation): SendPermission {
  if (isStopped(at.status)) return { count: 0, refusal: { reason: suspended, afterMs: 0 } };
  const closed = closedFor(at.limits.hours, at.now);
  const room = roomInHours(at);
  // Only rates are waived for urgent ones.
  if (!hasRates(at.limits)) return { ...room, closed };
  const urgent = roomForUrgent(at);
  return {
    ...room,
    ...(isSameRoom(urgent, room) ? {} : { urgent }),
    closed,
  };
}

/** The refusal of a delivery, when `taken` others leave before it; undefined: it may leave. */
export function refusalOf(
  permission: SendPermission,
  taken: number,
  { forHours, isUrgent }: Waits,
): Refusal | undefined {
  if (permission.closed !== undefined && forHours) return permission.closed;
  const { count, refusal } = isUrgent ? (permission.urgent ?? permission) : permission;
  return taken >= count ? refusal : undefined;
}

/**
 * Deliveries that a recipient must get without undue delay (GDPR, articles 17 and 19), and begun ones, do not wait for a full hour
 * or day: if the recipient's own quota is used up, it throttles them as any other.
 */
export const isUrgent = ({ carriesRight, isBegun }: WaitingDelivery): boolean => carriesRight || isBegun;

/** True when a delivery waits for the hours of its destination: one that carries a right does so only if the mapping says it. */
export const waitsForHours = (hours: SendingHours, delivery: WaitingDelivery): boolean =>
  !delivery.isBegun && (hours.rightsWait || !delivery.carriesRight);

/** The refusal outside the hours; undefined: it is open. */
export function closedFor(hours: SendingHours | undefined, now: number): Refusal | undefined {
  if (hours === undefined) return undefined;
  const opening = nextOpening(hours, now);
  return opening <= now ? undefined : { reason: outsideHours, afterMs: opening - now };
}

const isSameRoom = (one: Room, other: Room): boolean =>
  one.count === other.count && one.refusal.reason === other.refusal.reason;

const roomForUrgent = (at: SendSituation): Room =>
  roomInHours({ ...at, limits: { concurrency: at.limits.concurrency, ...urgentLimits(at.limits) } });

function roomInHours(at: SendSituation): Room {
  const byCircuit = allowedBy(at.circuit, at.now) - at.inFlight;
  if (byCircuit <= 0) return { count: 0, refusal: { reason: held, afterMs: 0 } };
  const rate = hasRates(at.limits) ? rateRoom(at.windows, at.limits, at.now) : undefined;
  if (rate !== undefined && rate.left <= 0) return { count: 0, refusal: rate.refusal };
  if (at.unit === 'file')
    return {
      count: at.inFlight === 0 ? Number.POSITIVE_INFINITY : 0,
      refusal: { reason: concurrency, afterMs: fileAgainMs },
    };
  const byConcurrency = at.limits.concurrency - at.inFlight;
  const count = Math.max(0, Math.min(byCircuit, rate?.left ?? byCircuit, byConcurrency));
  if (count === byConcurrency || byConcurrency < 0)
    return { count, refusal: { reason: concurrency, afterMs: placeAgainMs } };
  if (count === rate?.left) return { count, refusal: rate.refusal };
  return { count, refusal: { reason: held, afterMs: placeAgainMs } };
}

/** Reason for which a file destination's leads wait without being tried. */
export function whyFileWaits(
  status: DestinationStatus,
  circuit: Circuit | undefined,
  isFileHeld = false,
): 'destination_suspended' | 'destination_held' | 'file_held' | 'slot' {
  if (isStopped(status)) return 'destination_suspended';
  if (isFileHeld) return 'file_held';
  return circuit === undefined || circuit.state === 'closed' ? 'slot' : 'destination_held';
}

/** True when a held destination is due for a probe with one delivery. */
export const isProbeDue = (circuit: Circuit, now: number): boolean =>
  circuit.state === 'open' && allowed(circuit, now) > 0;

/** True when the circuit lets nothing leave at this moment. */
export const isShut = (circuit: Circuit, now: number): boolean => allowed(circuit, now) === 0;

const allowedBy = (circuit: Circuit | undefined, now: number): number =>
  circuit === undefined ? Number.POSITIVE_INFINITY : allowed(circuit, now);
