// Gives each HTTP status its meaning without rules, in one table for the code that judges an answer or describes it.
// Invariant: no row is an acceptance (guarantee 5) or concerns the lead; a status in no row is left to the rules.
import type { Both } from './contract.ts';

export interface StatusMeaning {
  readonly statuses: readonly number[];
  /** Every status from here on that no other row lists. */
  readonly from?: number;
  /** The destination is paused; the delivery is tried again (`throttled`, `unavailable`); or `onUnknown` decides. */
  readonly outcome: 'unauthorized' | 'throttled' | 'unavailable' | 'unknown';
  /** Name of the meaning, and our reaction, in the words of the signed document. */
  readonly name: Both;
  readonly next: Both;
  /** The text that support reads beside such an answer. */
  readonly support: Both;
}

export const statusMeanings: readonly StatusMeaning[] = [
  {
    statuses: [401, 403, 407],
    outcome: 'unauthorized',
    name: ['Accès refusé', 'Access refused'],
    next: [
      'Les envois sont suspendus, aucun essai n’est consommé ; notre support en est averti.',
      'Sending is held and no attempt is used up; our support is alerted.',
    ],
    support: ['accès refusé : nos identifiants ou nos droits', 'access refused: our credentials or rights'],
  },
  {
    statuses: [429],
    outcome: 'throttled',
    name: ['Trop de requêtes', 'Too many requests'],
    next: ['Nouvel essai après le délai indiqué.', 'Another try after the delay asked for.'],
    support: ['le destinataire demande de ralentir', 'the recipient asks us to slow down'],
  },
  {
    statuses: [408, 425],
    from: 500,
    outcome: 'unavailable',
    name: ['Indisponible', 'Unavailable'],
    next: ['Nouvel essai selon le calendrier.', 'Another try by the schedule.'],
    support: ['indisponible pour le moment', 'unavailable for the moment'],
  },
  {
    // A gateway's own words: the server behind it may have received the lead.
    statuses: [502, 504],
    outcome: 'unknown',
    name: ['Non comprise', 'Not understood'],
    next: ['Votre système a peut-être reçu le lead.', 'Your system may have the lead.'],
    support: [
      'issue inconnue : une passerelle répond à la place du destinataire, qui a peut-être le lead',
      'unknown outcome: a gateway answers in the place of the recipient, which may have the lead',
    ],
  },
];

const byStatus: ReadonlyMap<number, StatusMeaning> = new Map(
  statusMeanings.flatMap((meaning) => meaning.statuses.map((status) => [status, meaning] as const)),
);

/** Undefined: the status alone has no meaning. */
export function meaningOf(status: number): StatusMeaning | undefined {
  const listed = byStatus.get(status);
  if (listed !== undefined) return listed;
  for (const meaning of statusMeanings)
    if (meaning.from !== undefined && status >= meaning.from) return meaning;
  return undefined;
}

/** True for a gateway's answer, after which it is unknown if the lead arrived. */
export const leavesOpen = (status: number): boolean => meaningOf(status)?.outcome === 'unknown';

const listed = (outcome: StatusMeaning['outcome']): readonly number[] =>
  statusMeanings.filter((meaning) => meaning.outcome === outcome).flatMap(({ statuses }) => statuses);

/** 502 and 504. */
export const leftOpen: readonly number[] = listed('unknown');

/** The statuses of the table below 500, in order: those that look like a refusal of the lead and are none. */
export const looksLikeRefusal: readonly number[] = [...byStatus.keys()]
  .filter((status) => status < 500)
  .toSorted((a, b) => a - b);

/** A status as an outcome. Structurally one of the contract's, without evidence. */
export type StatusOutcome =
  | { readonly kind: 'unauthorized'; readonly reason: string }
  | { readonly kind: 'throttled'; readonly reason: string; readonly afterMs?: number }
  | {
      readonly kind: 'unavailable';
      readonly reason: string;
      readonly maybeReceived: boolean;
      readonly afterMs?: number;
    }
  | {
      readonly kind: 'unknown';
      readonly reason: string;
      readonly outage?: boolean;
      readonly afterMs?: number;
    };

/**
 * The outcome of a status that nothing else explains: never accepted; a status in no row (2xx included) is unknown.
 * @param asked true for a look-up, which contains nothing of a lead: it can simply be repeated
 */
export function outcomeOfStatus(
  status: number,
  { asked = false, afterMs }: { readonly asked?: boolean; readonly afterMs?: number | undefined },
): StatusOutcome {
  const reason = `HTTP_${status}`;
  const after = afterMs === undefined ? {} : { afterMs };
  const outcome = meaningOf(status)?.outcome;
  switch (outcome) {
    case undefined:
      return { kind: 'unknown', reason: `UNMATCHED_${status}` };
    case 'unauthorized':
      return { kind: 'unauthorized', reason };
    case 'throttled':
      return { kind: 'throttled', reason, ...after };
    case 'unavailable':
      return { kind: 'unavailable', reason, maybeReceived: !asked, ...after };
    case 'unknown':
      return asked
        ? { kind: 'unavailable', reason, maybeReceived: false, ...after }
        : { kind: 'unknown', reason, outage: true, ...after };
  }
}

/** A delay in seconds or an HTTP date, as milliseconds from the answer's own `date`, else from our clock. */
export function retryAfterMs(
  value: unknown,
  date: string | undefined,
  now: () => number,
): number | undefined {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1_000);
  if (!/^[A-Za-z]{3},? /.test(text)) return undefined;
  const until = Date.parse(text);
  const sent = Date.parse(date ?? '');
  return Number.isNaN(until) ? undefined : Math.max(0, until - (Number.isNaN(sent) ? now() : sent));
}
