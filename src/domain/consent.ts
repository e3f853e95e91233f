// What a prospect answered, folded from the recorded events; pure.
// Invariant: absence is never an answer; a withdrawal beats every grant that is older or that we received before it (C16),
// whatever their stamps say; a phone grant lives 365 days at most (C16b).
import type { ConsentChannel, ConsentPurpose, ConsentRecord, ConsentState } from './lead.ts';

/** Longest life of a phone grant, days (Code de la consommation L223-1; charter C16b). */
export const phoneGrantDays = 365;
const dayMs = 86_400_000;
/** How far a stamp may run ahead of our clock: a grant stamped that much after a "no" may have been given before it. */
export const stampedAheadMs = 300_000;

export interface CurrentConsent {
  readonly state: ConsentState;
  /** The event the state comes from. */
  readonly record: ConsentRecord;
  /** Instant after which the state changes by itself (a grant that ends); undefined when it stands. */
  readonly until?: Date;
  /** True when a grant no longer counts: past its valid-until, or a phone grant without proof. */
  readonly lapsed: boolean;
  /** Another person with the same address says no. */
  readonly refusedAtAddress?: true;
}

/**
 * The answer in force for one purpose and channel at an instant; `undefined` when nothing was recorded.
 * Later events win; of two at the same instant, the more protective one. A grant that we had received when the withdrawal
 * came does not count any more, however it is stamped.
 * An expired grant reads `refused`; so does a phone grant without legal entity or wording version, which cannot be proved (C16b).
 */
export function currentConsent(
  events: readonly ConsentRecord[],
  purpose: ConsentPurpose,
  channel: ConsentChannel,
  now: Date,
): CurrentConsent | undefined {
  const own = events.filter((event) => event.purpose === purpose && event.channel === channel);
  let best: ConsentRecord | undefined;
  for (const event of own) {
    if (event.state === 'granted' && own.some((later) => takesBack(later, event))) continue;
    if (best === undefined || wins(event, best)) best = event;
  }
  if (best === undefined) return undefined;
  if (best.state !== 'granted') return { state: best.state, record: best, lapsed: false };
  if (!isProved(best)) {
    return { state: 'refused', record: best, lapsed: true };
  }
  const until = grantEnd(best);
  if (until !== undefined && until.getTime() <= now.getTime())
    return { state: 'refused', record: best, lapsed: true };
  return until === undefined
    ? { state: 'granted', record: best, lapsed: false }
    : { state: 'granted', record: best, until, lapsed: false };
}

/** A grant is told as ended this long before its end, so that no recipient still reads a yes at that moment (C16b), ms. */
export const toldAheadMs = 15 * 60_000;

/** The answer that a recipient is told at an instant: a grant that is about to end is told as ended. */
export const answerToTell = (
  events: readonly ConsentRecord[],
  purpose: ConsentPurpose,
  channel: ConsentChannel,
  now: Date,
): CurrentConsent | undefined =>
  currentConsent(events, purpose, channel, new Date(now.getTime() + toldAheadMs));

/** Whether an event ends a grant that had been received before it. Where no order of receipt is known, stamps decide. */
export function takesBack(event: ConsentRecord, grant: ConsentRecord): boolean {
  if (event.receipt === undefined || grant.receipt === undefined || event.receipt <= grant.receipt)
    return false;
  if (event.state === 'withdrawn') return true;
  return (
    event.state === 'refused' && grant.recordedAt.getTime() - event.recordedAt.getTime() <= stampedAheadMs
  );
}

/** Events of one row in the order they are received in: by their stamps, of one instant the more protective last. */
export const inOrder = (events: readonly ConsentRecord[]): readonly ConsentRecord[] =>
  events.toSorted(
    (a, b) => a.recordedAt.getTime() - b.recordedAt.getTime() || protection[a.state] - protection[b.state],
  );

const protection: Record<ConsentState, number> = { granted: 0, not_asked: 1, refused: 2, withdrawn: 3 };

function wins(event: ConsentRecord, best: ConsentRecord): boolean {
  const difference = event.recordedAt.getTime() - best.recordedAt.getTime();
  // "Not asked" records that no question was put; it cannot take back an answer given before.
  if (event.state === 'not_asked' && best.state !== 'not_asked') return false;
  if (best.state === 'not_asked' && event.state !== 'not_asked') return true;
  if (difference !== 0) return difference > 0;
  if (protection[event.state] !== protection[best.state])
    return protection[event.state] > protection[best.state];
  // Two grants of one instant: the one that cannot be proved, else the one that ends first, is the more protective.
  if (event.state !== 'granted') return false;
  if (isProved(event) !== isProved(best)) return !isProved(event);
  return (grantEnd(event)?.getTime() ?? Infinity) < (grantEnd(best)?.getTime() ?? Infinity);
}

/** Whether a grant for the phone says to whom and to which words it was given; any other grant need not. */
export const isProved = (record: ConsentRecord): boolean =>
  record.channel !== 'phone' || (record.legalEntity !== undefined && record.wordingVersion !== undefined);

/** When a grant ends: its own valid-until, and for the phone never later than 365 days after it was given. */
export function grantEnd(record: ConsentRecord): Date | undefined {
  const own = record.validUntil;
  if (record.channel !== 'phone') return own;
  const legal = new Date(record.recordedAt.getTime() + phoneGrantDays * dayMs);
  return own !== undefined && own < legal ? own : legal;
}
