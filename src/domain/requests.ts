// A prospect's request: its kinds, its term, when somebody is alerted or reminded, and what closing it needs. Pure.
// Invariant: a term never ends later than the regulation says, and no request is closed while anything of it is open.
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

/** `applied`: done in our tables; recipients and the prospect may still have to be told. */
export const requestStates = ['open', 'applied', 'closed'] as const;
export type RequestState = (typeof requestStates)[number];

/** As people read it; French first. */
export const kindWords: Readonly<Record<RequestKind, { readonly fr: string; readonly en: string }>> = {
  access: { fr: 'accès', en: 'access' },
  rectification: { fr: 'rectification', en: 'rectification' },
  erasure: { fr: 'effacement', en: 'erasure' },
  objection: { fr: 'opposition', en: 'objection' },
  restriction: { fr: 'limitation du traitement', en: 'restriction' },
  portability: { fr: 'portabilité', en: 'portability' },
  withdrawal: { fr: 'retrait du consentement', en: 'withdrawal of consent' },
};

/** Answered with what is held, not applied to it. */
export const isAnswered = (kind: RequestKind): boolean => kind === 'access' || kind === 'portability';

/** Speaks of purposes and channels, each of which is `withdrawn` afterwards. */
export const takesBack = (kind: RequestKind): boolean => kind === 'objection' || kind === 'withdrawal';

/** Nobody else's data may be handed out, changed or destroyed; to be left alone nobody has to prove who they are. */
export const needsIdentity = (kind: RequestKind): boolean =>
  kind !== 'objection' && kind !== 'withdrawal' && kind !== 'restriction';

/** What a recipient is told; undefined: it is not concerned. `restrict` travels by no wire. */
export const toldAs: Readonly<Record<RequestKind, 'update' | 'erase' | 'restrict' | undefined>> = {
  access: undefined,
  portability: undefined,
  rectification: 'update',
  objection: 'update',
  withdrawal: 'update',
  erasure: 'erase',
  restriction: 'restrict',
};

/** Months of the term (GDPR article 12(3)), and those an extension adds. */
const months = 1;
const extraMonths = 2;

/** The last day of the term. Counted from the day of receipt; a Sunday or holiday does not lengthen it. */
export const lastDay = (receivedAt: Date, isExtended: boolean): CivilDate =>
  addMonths(civilDate(receivedAt), isExtended ? months + extraMonths : months);

/** The first instant past the term. */
export const dueAt = (receivedAt: Date, isExtended: boolean): Date =>
  startOfDay(addDays(lastDay(receivedAt, isExtended), 1));

/** Why a term may not be extended: it was before, or its month is over, within which the person is told (GDPR article 12(3)). */
export type ExtensionProblem = 'closed' | 'extended' | 'late';

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

export const termAlerts = ['day_21', 'day_25', 'overdue'] as const;
export type TermAlert = (typeof termAlerts)[number];

interface Term {
  readonly receivedAt: Date;
  readonly isExtended: boolean;
}

/** When each alert is due. Of an extended term they come as long before its end as in a month of thirty days. */
export function alertMoments({ receivedAt, isExtended }: Term): Readonly<Record<TermAlert, Date>> {
  const received = civilDate(receivedAt);
  const last = lastDay(receivedAt, true);
  return {
    day_21: startOfDay(isExtended ? addDays(last, -9) : addDays(received, 21)),
    day_25: startOfDay(isExtended ? addDays(last, -5) : addDays(received, 25)),
    overdue: dueAt(receivedAt, isExtended),
  };
}

/** The latest alert that is due and was not given; earlier ones that were slept through are contained in it. */
export function dueAlert(term: Term, alerted: TermAlert | '', now: Date): TermAlert | undefined {
  const moments = alertMoments(term);
  const latest = termAlerts.findLast((name) => moments[name] <= now);
  const before = alerted === '' ? -1 : termAlerts.indexOf(alerted);
  return latest !== undefined && termAlerts.indexOf(latest) > before ? latest : undefined;
}

/** A recipient that has not acknowledged is reminded after so many days. */
export const reminderDays = [7, 14, 21] as const;

/** How many reminders a recipient should have had by now. */
export function remindersDue(askedAt: Date, now: Date): number {
  const asked = civilDate(askedAt);
  return reminderDays.filter((days) => startOfDay(addDays(asked, days)) <= now).length;
}

export const recipientStates = ['owed', 'written', 'told', 'acknowledged', 'explained'] as const;
/**
 * `owed`: it travels; `written`: to be asked in writing; `told`: told, arrival not proved; `acknowledged`: proved or said so;
 * `explained`: there will be no acknowledgement, and it is written why.
 */
export type RecipientState = (typeof recipientStates)[number];
export const isRecipientDone = (state: RecipientState): boolean =>
  state === 'acknowledged' || state === 'explained';

export const outcomes = ['done', 'refused'] as const;
/** `refused`: nothing is done about it, for a reason the prospect is told (GDPR article 12(4)). */
export type RequestOutcome = (typeof outcomes)[number];

export interface ClosingFacts {
  readonly state: RequestState;
  readonly isInformed: boolean;
  readonly recipients: readonly { readonly destinationId: string; readonly state: RecipientState }[];
}

export interface ClosingProblem {
  readonly what: 'closed_before' | 'not_applied' | 'applied' | 'not_informed' | 'recipient_open';
  readonly destinationId?: string;
}

/** What still keeps a request open; empty: it may be closed. */
export function closingProblems(
  { state, isInformed, recipients }: ClosingFacts,
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
    // What was carried out cannot be refused afterwards.
    ...(outcome === 'refused' && state === 'applied' ? [{ what: 'applied' as const }] : []),
    ...open.map((destinationId) => ({ what: 'recipient_open' as const, destinationId })),
    ...(isInformed ? [] : [{ what: 'not_informed' as const }]),
  ];
}

/** The follow-up of a lead at one destination, as a recipient's line sees it. */
export interface FollowUp {
  readonly id: number;
  readonly state: string;
  /** Base and code, as `deliveries.reason` keeps it. */
  readonly reason: string;
}

export interface RecipientMove {
  readonly state: RecipientState;
  readonly cause: string;
  readonly deliveryId: number;
}

/**
 * Where a recipient stands by the deliveries that carry the change, oldest first. Undefined: still on its way.
 * @param isPlanned whether the change has been planned: then no delivery means that none will come
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
      // Erased meanwhile: the recipient hears more than this.
      if (reason === 'erased') return move('explained', reason);
      return move('written', reason);
    default:
      return undefined;
  }
}

/** Whether a move changes how a recipient stands. Asked in writing, and told by wire meanwhile without a proof: it goes on waiting. */
export const isNews = (stands: RecipientState, move: RecipientMove | undefined): move is RecipientMove =>
  move !== undefined && move.state !== stands && !(stands === 'written' && move.state === 'told');
