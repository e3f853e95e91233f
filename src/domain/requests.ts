// Defines a prospect's request: its kinds, its term, alerts and reminders, and the conditions of its closing. Pure.
// Invariant: a term never ends later than the regulation allows, and no request is closed while a part of it is open.
import { addDays, addMonths, civilDate, startOfDay, type CivilDate } from './civil-date.ts';

export const requestKinds = [
  'access',
  'rectification',
  'erasure',
  'objection',
  'restriction',
  'portability',
  'withdrawal',
] as const;
export type RequestKind = (typeof requestKinds)[number];

/** `applied`: applied to our tables; recipients and the prospect may still have to be notified. */
export const requestStates = ['open', 'applied', 'closed'] as const;
export type RequestState = (typeof requestStates)[number];

/** Words for people; French first. */
export const kindWords: Readonly<Record<RequestKind, { readonly fr: string; readonly en: string }>> = {
  access: { fr: 'accès', en: 'access' },
  rectification: { fr: 'rectification', en: 'rectification' },
  erasure: { fr: 'effacement', en: 'erasure' },
  objection: { fr: 'opposition', en: 'objection' },
  restriction: { fr: 'limitation du traitement', en: 'restriction' },
  portability: { fr: 'portabilité', en: 'portability' },
  withdrawal: { fr: 'retrait du consentement', en: 'withdrawal of consent' },
};

/** The request is answered with the stored data, and changes nothing. */
export const isAnswered = (kind: RequestKind): boolean => kind === 'access' || kind === 'portability';

/** The request names purposes and channels, each of which is `withdrawn` afterwards. */
export const takesBack = (kind: RequestKind): boolean => kind === 'objection' || kind === 'withdrawal';

/** Another person's data must not be disclosed, changed or deleted; a request to be left alone needs no proof of identity. */
export const needsIdentity = (kind: RequestKind): boolean =>
  kind !== 'objection' && kind !== 'withdrawal' && kind !== 'restriction';

/** A refused row stays as its sender wrote it: no rectification changes it. */
export const changesRows = (kind: RequestKind): boolean => kind !== 'rectification';

/** The action sent to recipients; undefined: they are not concerned. `restrict` is notified in writing only. */
export const toldAs: Readonly<Record<RequestKind, 'update' | 'erase' | 'restrict' | undefined>> = {
  access: undefined,
  portability: undefined,
  rectification: 'update',
  objection: 'update',
  withdrawal: 'update',
  erasure: 'erase',
  restriction: 'restrict',
};

/** Months of the term (GDPR article 12(3)), and of an extension. */
const months = 1;
const extraMonths = 2;

/** The last day of the term, counted from the day of receipt; a Sunday or holiday does not lengthen it. */
export const lastDay = (receivedAt: Date, isExtended: boolean): CivilDate =>
  addMonths(civilDate(receivedAt), isExtended ? months + extraMonths : months);

interface Informed {
  readonly informedAt: Date | null;
  readonly appliedAt: Date | null;
}

/** A declaration made before the request was applied does not cover its result. */
export const isInformed = ({ informedAt, appliedAt }: Informed): boolean =>
  informedAt !== null && informedAt >= (appliedAt ?? informedAt);

/** The first instant past the term. */
export const dueAt = (receivedAt: Date, isExtended: boolean): Date =>
  startOfDay(addDays(lastDay(receivedAt, isExtended), 1));

/**
 * Reasons against an extension: it was extended before, or its month is over, within which the person must be informed (GDPR
 * article 12(3)).
 */
type ExtensionProblem = 'closed' | 'extended' | 'late';

/** Undefined: it may be extended now. @param dueAt the first instant past the term */
export function extensionProblem(
  {
    state,
    extendedAt,
    dueAt: end,
  }: { readonly state: RequestState; readonly extendedAt: Date | null; readonly dueAt: Date },
  now: Date,
): ExtensionProblem | undefined {
  if (state === 'closed') return 'closed';
  if (extendedAt !== null) return 'extended';
  return now >= end ? 'late' : undefined;
}

const termAlerts = ['day_21', 'day_25', 'overdue'] as const;
export type TermAlert = (typeof termAlerts)[number];

interface Term {
  readonly receivedAt: Date;
  readonly isExtended: boolean;
}

/** Time of each alert. For an extended term they come as long before its end as in a month of thirty days. */
export function alertMoments({ receivedAt, isExtended }: Term): Readonly<Record<TermAlert, Date>> {
  const received = civilDate(receivedAt);
  const last = lastDay(receivedAt, true);
  return {
    day_21: startOfDay(isExtended ? addDays(last, -9) : addDays(received, 21)),
    day_25: startOfDay(isExtended ? addDays(last, -5) : addDays(received, 25)),
    overdue: dueAt(receivedAt, isExtended),
  };
}

/** The latest alert that is due and was not raised; it includes earlier ones that were missed. */
export function dueAlert(term: Term, alerted: TermAlert | '', now: Date): TermAlert | undefined {
  const moments = alertMoments(term);
  const latest = termAlerts.findLast((name) => moments[name] <= now);
  const before = alerted === '' ? -1 : termAlerts.indexOf(alerted);
  return latest !== undefined && termAlerts.indexOf(latest) > before ? latest : undefined;
}

/** A recipient without an acknowledgement is reminded after so many days. */
export const reminderDays = [7, 14, 21] as const;

/** Number of reminders that a recipient should have had by now. */
export function remindersDue(askedAt: Date, now: Date): number {
  const asked = civilDate(askedAt);
  return reminderDays.filter((days) => startOfDay(addDays(asked, days)) <= now).length;
}

const recipientStates = ['owed', 'written', 'told', 'acknowledged', 'explained'] as const;
/**
 * `owed`: under way; `written`: to be asked in writing; `told`: sent, arrival not proved; `acknowledged`: proved or confirmed;
 * `explained`: there will be no acknowledgement, and the reason is recorded.
 */
export type RecipientState = (typeof recipientStates)[number];
export const isRecipientDone = (state: RecipientState): boolean =>
  state === 'acknowledged' || state === 'explained';

export const outcomes = ['done', 'refused'] as const;
/** `refused`: not carried out, for a reason that the prospect is given (GDPR article 12(4)). */
export type RequestOutcome = (typeof outcomes)[number];

export interface ClosingFacts {
  readonly state: RequestState;
  /** A lead or row of it was processed: an interrupted act leaves it open. */
  readonly isBegun: boolean;
  readonly isInformed: boolean;
  readonly recipients: readonly { readonly destinationId: string; readonly state: RecipientState }[];
}

export interface ClosingProblem {
  readonly what: 'closed_before' | 'not_applied' | 'applied' | 'not_informed' | 'recipient_open';
  readonly destinationId?: string;
}

/** The conditions that keep a request open; empty: it may be closed. */
export function closingProblems(
  { state, isBegun, isInformed, recipients }: ClosingFacts,
  outcome: RequestOutcome,
): readonly ClosingProblem[] {
  if (state === 'closed') return [{ what: 'closed_before' }];
  const open = [
    ...new Set(
      recipients.flatMap(({ destinationId, state }) => (isRecipientDone(state) ? [] : [destinationId])),
    ),
  ];
  return [
    ...(outcome === 'done' && state === 'open' ? [{ what: 'not_applied' as const }] : []),
    // A request that was carried out, be it in part, cannot be refused afterwards.
    ...(outcome === 'refused' && (state === 'applied' || isBegun) ? [{ what: 'applied' as const }] : []),
    ...open.map((destinationId) => ({ what: 'recipient_open' as const, destinationId })),
    ...(isInformed ? [] : [{ what: 'not_informed' as const }]),
  ];
}

/** The follow-up of a lead at one destination, as a recipient's row needs it. */
export interface FollowUp {
  readonly id: number;
  readonly state: string;
  /** Base and code, as stored in `deliveries.reason`. */
  readonly reason: string;
}

export interface RecipientMove {
  readonly state: RecipientState;
  readonly cause: string;
  readonly deliveryId: number;
}

/**
 * The recipient's state after the deliveries that carry the change, oldest first. Undefined: still under way.
 * @param isPlanned the change has been planned: no delivery means that none will come
 */
export function recipientMove(followUps: readonly FollowUp[], isPlanned: boolean): RecipientMove | undefined {
  const counting = followUps.filter(({ reason }) => reason !== 'superseded');
  const last = counting.at(-1);
  if (last === undefined)
    return isPlanned ? { state: 'written', cause: 'no_delivery', deliveryId: 0 } : undefined;
  const { id: deliveryId, state, reason } = last;
  const move = (to: RecipientState, cause: string): RecipientMove => ({ state: to, cause, deliveryId });
  switch (state) {
    case 'delivered':
      return move(reason.startsWith('unproved') ? 'told' : 'acknowledged', reason);
    case 'failed':
      return move('written', reason);
    case 'cancelled':
      if (reason.startsWith('not_needed')) return move('acknowledged', reason);
      // Erased meanwhile: the recipient gets an erasure, which includes this change.
      if (reason === 'erased') return move('explained', reason);
      return move('written', reason);
    default:
      return undefined;
  }
}

/**
 * True when a move changes the recipient's state. One asked in writing stays so when the change was sent without a proof of arrival.
 */
export const isNews = (stands: RecipientState, move: RecipientMove | undefined): move is RecipientMove =>
  move !== undefined && move.state !== stands && !(stands === 'written' && move.state === 'told');

// Computes how long a person's request is kept after its closing. Pure.
// Invariant: civil dates of Paris; a restriction in force is kept, whatever its age: it restricts the processing.

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
const demandYears = (kind: RequestKind): number => (kind === 'objection' ? 3 : 1);
/** Years the request is kept: kind, dates and actions. */
const requestYears = 3;

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
