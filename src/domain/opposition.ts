// Defines the opposition list: withdrawals, stored for the mail address and phones for which they were made. Pure.
// Invariant: an address is stored as a keyed digest only, one per client; an opt-in granted again is not opposed.
import { yearsBefore } from './civil-date.ts';
import { currentConsent, stampedAheadMs, isNo } from './consent.ts';
import {
  consentChannels,
  consentPurposes,
  type ConsentChannel,
  type ConsentPurpose,
  type ConsentRecord,
  type Identity,
} from './lead.ts';
import { mac } from './keyed.ts';

/** Source of an event that comes from the opposition list. */
export const oppositionSource = 'opposition';

export interface OptIn {
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
}

/** Opt-ins of an objection or a withdrawal: each named purpose on each named channel; all of them when none is named. */
export const optInsNamed = ({
  purposes = consentPurposes,
  channels = consentChannels,
}: {
  readonly purposes?: readonly ConsentPurpose[] | undefined;
  readonly channels?: readonly ConsentChannel[] | undefined;
}): readonly OptIn[] =>
  (purposes.length === 0 ? consentPurposes : purposes).flatMap((purpose) =>
    (channels.length === 0 ? consentChannels : channels).map((channel) => ({ purpose, channel })),
  );

/**
 * Retention of an entry, civil years from the day of the objection. The CNIL requires at least three; afterwards no older grant is
 * valid either, since no person is kept so long without a sign of life (C33). The contract may end sooner: the list is deleted
 * with the client's data.
 */
const oppositionYears = 3;

/** Objections made before this instant are deleted. */
export const oppositionsEndBefore = (now: Date): Date => yearsBefore(now, oppositionYears, 'Europe/Paris');

export type Addresses = Pick<Identity, 'email' | 'mobile' | 'landline'>;

/**
 * 32 bytes for each address. A mobile and a landline are one kind; the case of a mail address is ignored (the contract takes ASCII only).
 */
export function addressDigests(
  key: Buffer,
  clientId: string,
  { email, mobile, landline }: Addresses,
): readonly Buffer[] {
  const texts = new Set<string>();
  if (email !== undefined && email !== '') texts.add(`email\n${email.toLowerCase()}`);
  for (const phone of [mobile, landline])
    if (phone !== undefined && phone !== '') texts.add(`phone\n${phone}`);
  return [...texts].map((text) => mac(key, Buffer.from(`${clientId}\n${text}`)));
}

/** The withdrawals in force in a lead: one for each purpose and channel, with the last receipt of a withdrawal. */
export function standingWithdrawals(consents: readonly ConsentRecord[], now: Date): readonly ConsentRecord[] {
  const pairs = Map.groupBy(consents, ({ purpose, channel }) => `${purpose}.${channel}`);
  return [...pairs.values()].flatMap((events) => {
    const [first] = events;
    const current =
      first === undefined ? undefined : currentConsent(events, first.purpose, first.channel, now);
    if (current?.state !== 'withdrawn') return [];
    const receipts = events.flatMap(({ state, receipt = 0 }) => (state === 'withdrawn' ? [receipt] : []));
    return [{ ...current.record, receipt: Math.max(...receipts) }];
  });
}

// Decides which refusals and withdrawals of one lead are copied to the person's other leads, and which consents they end. Pure.
// Invariant: a copy is not copied further while its origin exists; a consent that the person gave after the withdrawal is kept.

/** Source of an event that is a copy, with the id of the origin lead. */
const repeated = 'same_person:';
export const repeatSource = (leadId: number): string => `${repeated}${leadId}`;

/**
 * True when the answer applies to a lead that shares this kind of address. A withdrawal concerns the person. A refusal concerns
 * the address: people of one household share a phone, and answer for their own e-mails; and it does not concern an address that
 * the other lead no longer has.
 */
export const reaches = (
  { state, channel }: Pick<ConsentRecord, 'state' | 'channel'>,
  address: 'email' | 'phone' | 'former',
): boolean =>
  state === 'withdrawn' ||
  address === 'email' ||
  (address === 'phone' && (channel === 'phone' || channel === 'sms'));

/** Refusals and withdrawals made in this lead itself. A copy is included only when its origin was erased. */
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

/** The origin lead of a copy. */
export const originOf = ({ source }: ConsentRecord): number | undefined =>
  source?.startsWith(repeated) === true ? Number(source.slice(repeated.length)) : undefined;

/**
 * True for an answer that a restore must bring back: a withdrawal, or a refusal after the lead's own row. A copy comes back with its
 * origin, a refusal in the row of a lead with that row.
 */
export const isLaterNo = (event: ConsentRecord): boolean =>
  originOf(event) === undefined &&
  (event.state === 'withdrawn' || (event.state === 'refused' && (event.leadRevision ?? 0) > 1));

/** Answers of a lead itself that it lacks, since it was restored; each once, however often it is said. */
export function lackedBy(
  own: readonly ConsentRecord[],
  said: readonly ConsentRecord[],
): readonly ConsentRecord[] {
  const nameOf = ({ purpose, channel, state, receipt, recordedAt }: ConsentRecord): string =>
    `${purpose}.${channel}.${state}.${receipt ?? recordedAt.toISOString()}`;
  // By time too: an answer without a place was given one when it was stored.
  const had = new Set(own.flatMap((event) => [nameOf(event), nameOf({ ...event, receipt: undefined })]));
  return [...new Map(said.map((event) => [nameOf(event), event])).values()].filter(
    (event) => !had.has(nameOf(event)),
  );
}

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
 * The refusals and withdrawals that change the answer of a lead. One from another lead ends earlier grants, by date or by receipt.
 * An objection (GDPR article 21) applies to any earlier answer: a refusal, `not_asked`, or none.
 * A grant that has ended by itself counts as one: a recipient that has it as granted, and could not get its end yet, must get the refusal.
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
  // History received late does not undo a clear later grant.
  return before.recordedAt.getTime() <= event.recordedAt.getTime() + stampedAheadMs;
}
