// Refusals and withdrawals of one lead, repeated in the other leads of the same person: which count, and which consents they end.
// Invariant: a repeated no goes no further while its own lead can say it; a grant given since stands.
import { currentConsent, stampedAheadMs } from './consent.ts';
import type { ConsentRecord } from './lead.ts';
import { oppositionSource } from './opposition.ts';

/** Source of an event that repeats the one of another lead, with that lead's number. */
const repeated = 'same_person:';
export const repeatSource = (leadId: number): string => `${repeated}${leadId}`;

/** A refusal that also counts for other leads of the person: in a CRM with one flag per address, an older grant that leaves later would lift it. */
export const isNo = ({ state }: Pick<ConsentRecord, 'state'>): boolean =>
  state === 'withdrawn' || state === 'refused';

/**
 * True when the refusal counts for a lead that shares this kind of address. A withdrawal concerns the person. A refusal is an answer
 * for an address: people of one household share a phone, and answer for their own e-mails; and it says nothing of an address that the
 * other lead has no more.
 */
export const reaches = (
  { state, channel }: Pick<ConsentRecord, 'state' | 'channel'>,
  address: 'email' | 'phone' | 'former',
): boolean =>
  state === 'withdrawn' ||
  address === 'email' ||
  (address === 'phone' && (channel === 'phone' || channel === 'sms'));

/**
 * Refusals and withdrawals made in this lead itself. One that another lead left here spreads no further, unless that lead has been
 * erased.
 */
export const ownWithdrawals = (
  consents: readonly ConsentRecord[],
  leadId: number,
  gone: ReadonlySet<number>,
): readonly ConsentRecord[] =>
  consents
    .filter(
      (consent) => isNo(consent) && (originOf(consent) === undefined || gone.has(originOf(consent) ?? 0)),
    )
    .map((consent) => ({ ...consent, source: repeatSource(leadId) }));

/** The lead whose event this one repeats. */
export const originOf = ({ source }: ConsentRecord): number | undefined =>
  source?.startsWith(repeated) === true ? Number(source.slice(repeated.length)) : undefined;

/** Refusals and withdrawals of one address, without those that another of the same kind follows both in date and in receipt. */
export function newestWithdrawals(events: readonly ConsentRecord[]): readonly ConsentRecord[] {
  const pairs = Map.groupBy(events, (consent) => `${consent.purpose}.${consent.channel}.${consent.state}`);
  return [...pairs.values()].flatMap((group) => {
    let latest = -1;
    return group
      .toSorted(
        (a, b) => b.recordedAt.getTime() - a.recordedAt.getTime() || (b.receipt ?? 0) - (a.receipt ?? 0),
      )
      .filter(({ receipt = 0 }) => {
        if (receipt <= latest) return false;
        latest = receipt;
        return true;
      });
  });
}

/**
 * The refusals and withdrawals that change the answer of a lead. One of another lead ends what was granted before it, by date or by
 * receipt. An objection (GDPR article 21) counts whatever the lead said before: a refusal, that nobody asked, nothing at all.
 * A grant that has ended by itself counts as one: a recipient that was told the yes, and could not be told its end yet, must
 * hear of the no.
 */
export function takenBackBy(
  own: readonly ConsentRecord[],
  said: readonly ConsentRecord[],
  now: Date,
): readonly ConsentRecord[] {
  const events: ConsentRecord[] = [];
  for (const event of said) {
    const { purpose, channel } = event;
    const before = currentConsent([...own, ...events], purpose, channel, now)?.record;
    if (!mayChange(event, before)) continue;
    const after = currentConsent([...own, ...events, event], purpose, channel, now)?.record.state;
    if (after === 'withdrawn' || (before?.state === 'granted' && after !== 'granted')) events.push(event);
  }
  return events;
}

function mayChange(event: ConsentRecord, before: ConsentRecord | undefined): boolean {
  if (before?.state !== 'granted') return event.source === oppositionSource && before?.state !== 'withdrawn';
  // History that comes in late does not undo what a person has plainly granted since.
  return before.recordedAt.getTime() <= event.recordedAt.getTime() + stampedAheadMs;
}
