// Computes how long a person's request is kept after its closing. Pure.
// Invariant: civil dates of Paris; a restriction in force is kept, whatever its age: it restricts the processing.
import { addMonths, civilDate, type CivilDate } from './civil-date.ts';
import type { RequestKind, RequestOutcome } from './requests.ts';

export interface ClosedRequest {
  readonly kind: RequestKind;
  readonly outcome: RequestOutcome | '';
  readonly closedAt: Date;
  /** Only for a restriction. */
  readonly liftedAt: Date | null;
}

/**
 * Years the demand is kept, with the data given to find the person: as long as the answer may be challenged. Longer for an
 * objection, which we must be able to prove as long as it applies.
 */
export const demandYears = (kind: RequestKind): number => (kind === 'objection' ? 3 : 1);
/** Years the request is kept: kind, dates and actions. */
export const requestYears = 3;

/** The day on which all of it was complete; undefined: a restriction is in force. */
function endedOn({ kind, outcome, closedAt, liftedAt }: ClosedRequest): CivilDate | undefined {
  if (kind !== 'restriction' || outcome === 'refused') return civilDate(closedAt);
  if (liftedAt === null) return undefined;
  return civilDate(liftedAt > closedAt ? liftedAt : closedAt);
}

const later = (on: CivilDate | undefined, years: number): CivilDate | undefined =>
  on === undefined ? undefined : addMonths(on, years * 12);

/** Deleted at the beginning of this day; undefined: not known yet. */
export const demandGoesOn = (request: ClosedRequest): CivilDate | undefined =>
  later(endedOn(request), demandYears(request.kind));
export const requestGoesOn = (request: ClosedRequest): CivilDate | undefined =>
  later(endedOn(request), requestYears);
