// Computes the prospect's current answers from the recorded consent events. Pure.
// Invariant: absence is never an answer; a withdrawal beats every grant that is older or that we received before it (C16),
// whatever their stamps; a phone grant lasts 365 days at most (C16b).
import type { ConsentChannel, ConsentPurpose, ConsentRecord, ConsentState } from './lead.ts';
import type { ClientFacts } from './destination.ts';

/** Longest duration of a phone grant, days (Code de la consommation L223-1; charter C16b). */
export const phoneGrantDays = 365;
const dayMs = 86_400_000;
/** Tolerance for stamps ahead of our clock: a grant stamped so much after a refusal may have been given before it. */
export const stampedAheadMs = 300_000;

export interface CurrentConsent {
  readonly state: ConsentState;
  /** The event that decides the state. */
  readonly record: ConsentRecord;
  /** Instant at which the state changes by itself (a grant that ends); undefined when it does not. */
  readonly until?: Date;
  /** True when a grant is not valid: past its valid-until, or a phone grant without proof. */
  readonly lapsed: boolean;
  /** Another person with the same address refuses. */
  readonly refusedAtAddress?: true;
}

/**
 * The answer in force for one purpose and channel at an instant; `undefined` when none was recorded.
 * Later events win; at the same instant, the more protective one does. A grant received before the withdrawal is void, whatever
 * its stamp.
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

/** A grant is reported as ended this long before its end, so that no recipient has it as granted at that moment (C16b), ms. */
export const toldAheadMs = 15 * 60_000;

/** The answer to report to a recipient at an instant: a grant about to end is reported as ended. */
export const answerToTell = (
  events: readonly ConsentRecord[],
  purpose: ConsentPurpose,
  channel: ConsentChannel,
  now: Date,
): CurrentConsent | undefined =>
  currentConsent(events, purpose, channel, new Date(now.getTime() + toldAheadMs));

/** True when an event ends a grant received before it. Without an order of receipt, stamps decide. */
function takesBack(event: ConsentRecord, grant: ConsentRecord): boolean {
  if (event.receipt === undefined || grant.receipt === undefined || event.receipt <= grant.receipt)
    return false;
  if (event.state === 'withdrawn') return true;
  return (
    event.state === 'refused' && grant.recordedAt.getTime() - event.recordedAt.getTime() <= stampedAheadMs
  );
}

/**
 * True for an answer that may apply to other leads of the person: with one flag per address in a CRM, an older grant that leaves
 * later would lift it.
 */
export const isNo = ({ state }: Pick<ConsentRecord, 'state'>): boolean =>
  state === 'withdrawn' || state === 'refused';

/** Events of one row in their order of receipt: by stamp; at the same instant the more protective last. */
export const inOrder = (events: readonly ConsentRecord[]): readonly ConsentRecord[] =>
  events.toSorted(
    (a, b) => a.recordedAt.getTime() - b.recordedAt.getTime() || protection[a.state] - protection[b.state],
  );

const protection: Record<ConsentState, number> = { granted: 0, not_asked: 1, refused: 2, withdrawn: 3 };

function wins(event: ConsentRecord, best: ConsentRecord): boolean {
  const difference = event.recordedAt.getTime() - best.recordedAt.getTime();
  // `not_asked` records that no question was put; it cannot withdraw an earlier answer.
  if (event.state === 'not_asked' && best.state !== 'not_asked') return false;
  if (best.state === 'not_asked' && event.state !== 'not_asked') return true;
  if (difference !== 0) return difference > 0;
  if (protection[event.state] !== protection[best.state])
    return protection[event.state] > protection[best.state];
  // Two grants at one instant: the unproved one, else the one that ends first, is the more protective.
  if (event.state !== 'granted') return false;
  if (isProved(event) !== isProved(best)) return !isProved(event);
  return (grantEnd(event)?.getTime() ?? Infinity) < (grantEnd(best)?.getTime() ?? Infinity);
}

/** True when a phone grant names its company and its wording; any other grant need not. */
export const isProved = (record: ConsentRecord): boolean =>
  record.channel !== 'phone' || (record.legalEntity !== undefined && record.wordingVersion !== undefined);

/** End of a grant: its own valid-until, and for the phone at most 365 days after it was given. */
export function grantEnd(record: ConsentRecord): Date | undefined {
  const own = record.validUntil;
  if (record.channel !== 'phone') return own;
  const legal = new Date(record.recordedAt.getTime() + phoneGrantDays * dayMs);
  return own !== undefined && own < legal ? own : legal;
}

// Decides whether the legal entity that a prospect was given is one that a client may rely on (Code de la consommation L223-1;
// C16b). Pure.
// Invariant: case, accents, punctuation and the legal form are ignored; the rest of the name decides.

const legalForms = /\b(?:SASU|SAS|SARL|SA|EURL|SNC|SCI|SCCV|SCA|SCOP|SELARL|SC|SE)\b/g;

/** `Horizon Promotion, S.A.S.` and `HORIZON PROMOTION` are one. */
export function plainEntity(name: string): string {
  const words = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toUpperCase()
    .replaceAll(/(?<=\b\p{L})\.(?=\p{L}\b)/gu, '')
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  const bare = words.replaceAll(legalForms, ' ').replaceAll(/ +/g, ' ').trim();
  return bare === '' ? words : bare;
}

/** @param ours plain names; empty: the entities are not known, and any name is accepted */
export const isNamedEntity = (named: string | undefined, ours: ReadonlySet<string>): boolean =>
  ours.size === 0 || (named !== undefined && ours.has(plainEntity(named)));

/** The client's entities, and the recipients authorised at the destination; at all destinations when none is given. */
export function entitiesOf(
  client: Pick<ClientFacts, 'legalEntity' | 'legalEntities' | 'authorisations'> | undefined,
  destinationId: string | undefined,
): ReadonlySet<string> {
  const {
    legalEntity,
    legalEntities = [],
    authorisations = [],
  }: Partial<NonNullable<typeof client>> = client ?? {};
  if (legalEntity === undefined || legalEntity === '') return new Set();
  const recipients = authorisations
    .filter((authorisation) => destinationId === undefined || authorisation.destinationId === destinationId)
    .map(({ recipient }) => recipient);
  return new Set([legalEntity, ...legalEntities, ...recipients].map(plainEntity));
}
