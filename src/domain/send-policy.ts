// Whether a destination may send now: suspended, outside its hours, held, rate, in flight. Says how many, and what the others wait for.
// Invariant: dispatch, claim and files ask here, and nothing else decides; SQL that looks ahead names the rule it mirrors.
import { allowed } from './breaker.ts';
import type { Circuit } from './circuit.ts';
import type { Reason } from './delivery.ts';
import type { DestinationLimits, DestinationStatus } from './destination.ts';
import { isCareful } from './pace.ts';
import { rateRoom, urgentLimits, type RateWindows } from './rates.ts';
import { nextOpening, type SendingHours } from './sending-hours.ts';

/** What is known of a destination when it is asked. */
export interface SendSituation {
  /** The database's clock, epoch ms. */
  readonly now: number;
  readonly status: DestinationStatus;
  /** Undefined: nothing speaks against it. */
  readonly circuit: Circuit | undefined;
  readonly limits: DestinationLimits;
  /** In which its departures were counted last. */
  readonly windows: RateWindows;
  /** Deliveries in flight; of a file its rows. */
  readonly inFlight: number;
  /** A file goes whole, and alone. */
  readonly unit: 'delivery' | 'file';
}

/** Why a delivery waits, and when its destination is to be asked again. */
export interface Refusal {
  /** As `deliveries.reason` keeps it. */
  readonly reason: string;
  readonly afterMs: number;
}

export interface SendPermission extends Room {
  /** The same for what does not wait for the end of a full hour or day, where that makes a difference. */
  readonly urgent?: Room;
  /** Outside its hours: for every delivery that waits for them, of which none leaves. */
  readonly closed?: Refusal;
}

interface Room {
  /** How many more may leave now. */
  readonly count: number;
  /** For those beyond. */
  readonly refusal: Refusal;
}

/** What a delivery waits for. */
export interface Waits {
  /** The hours of its destination. */
  readonly forHours: boolean;
  /** Not even the end of a full hour or day. */
  readonly isUrgent: boolean;
}

/** A delivery as hours and rates see it. */
export interface WaitingDelivery {
  /** An erasure, or an update that takes a consent back. */
  readonly carriesRight: boolean;
  /** Some of its calls have been made: what was begun in time is brought to its end. */
  readonly isBegun: boolean;
}

/** How long to wait for a place beside those in flight, ms. */
const placeAgainMs = 100;
/** The same for a file, which takes longer. */
const fileAgainMs = 1_000;

const suspended: Reason = 'destination_suspended';
const held: Reason = 'destination_held';
const outsideHours: Reason = 'outside_hours';
const concurrency = 'throttled:CONCURRENCY';

/** Suspended or archived by a person. SQL mirrors it as `status = 'active'`. */
export const isStopped = (status: DestinationStatus): boolean => status !== 'active';

/** Whether the circuit leaves less than everything through. SQL mirrors it as the column `held`, which is written with the circuit. */
export const isHeld = (circuit: Circuit): boolean => circuit.state !== 'closed' || isCareful(circuit);

/** How many may leave now, and what keeps back the others. */
export function sendPermission(at: SendSituation): SendPermission {
  if (isStopped(at.status)) return { count: 0, refusal: { reason: suspended, afterMs: 0 } };
  const closed = closedFor(at.limits.hours, at.now);
  const room = roomInHours(at);
  const urgent = roomForUrgent(at);
  return {
    ...room,
    ...(isSameRoom(urgent, room) ? {} : { urgent }),
    ...(closed === undefined ? {} : { closed }),
  };
}

/** Why a delivery does not leave, when `taken` others leave before it; undefined: it may. */
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
 * What a recipient must hear without undue delay (GDPR, articles 17 and 19), and what was begun, do not wait for a full hour or day:
 * should the recipient's own quota be used up, it says so, and they come back as after any "too many".
 */
export const isUrgent = ({ carriesRight, isBegun }: WaitingDelivery): boolean => carriesRight || isBegun;

/** Whether a delivery waits for the hours of its destination: a right of the prospect does not, unless the mapping says so. */
export const waitsForHours = (hours: SendingHours, delivery: WaitingDelivery): boolean =>
  !delivery.isBegun && (hours.rightsWait || !delivery.carriesRight);

/** What waits for the hours, while it is outside them; undefined: it is not. */
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
  const rate = rateRoom(at.windows, at.limits, at.now);
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

/** Why a file destination's leads wait without being tried. */
export function whyFileWaits(
  status: DestinationStatus,
  circuit: Circuit | undefined,
  isFileHeld = false,
): 'destination_suspended' | 'destination_held' | 'file_held' | 'slot' {
  if (isStopped(status)) return 'destination_suspended';
  if (isFileHeld) return 'file_held';
  return circuit === undefined || circuit.state === 'closed' ? 'slot' : 'destination_held';
}

/** Whether a held destination is to be tried with one delivery. */
export const isProbeDue = (circuit: Circuit, now: number): boolean =>
  circuit.state === 'open' && allowed(circuit, now) > 0;

/** Whether the circuit lets nothing through at this moment. */
export const isShut = (circuit: Circuit, now: number): boolean => allowed(circuit, now) === 0;

const allowedBy = (circuit: Circuit | undefined, now: number): number =>
  circuit === undefined ? Number.POSITIVE_INFINITY : allowed(circuit, now);
