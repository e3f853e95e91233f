// How long a person's request is itself kept, once it is closed. Pure.
// Invariant: civil dates of Paris; a restriction that still stands is kept, whatever its age: it is what holds the processing back.
import { addMonths, civilDate, type CivilDate } from './civil-date.ts';
import type { RequestKind, RequestOutcome } from './requests.ts';

export interface ClosedRequest {
  readonly kind: RequestKind;
  readonly outcome: RequestOutcome | '';
  readonly closedAt: Date;
  /** Of a restriction. */
  readonly liftedAt: Date | null;
}

/**
 * Years the demand itself is kept, with what was given to find the person: as long as somebody may still ask whether it was
 * rightly answered. Of an objection longer, since it is held against us as long as it holds.
 */
export const demandYears = (kind: RequestKind): number => (kind === 'objection' ? 3 : 1);
/** Years the request is kept: what was asked, when, and what was done. */
export const requestYears = 3;

/** The day nothing of it was open any more; undefined: a restriction stands. */
function endedOn({ kind, outcome, closedAt, liftedAt }: ClosedRequest): CivilDate | undefined {
  if (kind !== 'restriction' || outcome === 'refused') return civilDate(closedAt);
  if (liftedAt === null) return undefined;
  return civilDate(liftedAt > closedAt ? liftedAt : closedAt);
}

const later = (on: CivilDate | undefined, years: number): CivilDate | undefined =>
  on === undefined ? undefined : addMonths(on, years * 12);

/** Gone at the beginning of this day; undefined: not yet to be said. */
export const demandGoesOn = (request: ClosedRequest): CivilDate | undefined =>
  later(endedOn(request), demandYears(request.kind));
export const requestGoesOn = (request: ClosedRequest): CivilDate | undefined =>
  later(endedOn(request), requestYears);
