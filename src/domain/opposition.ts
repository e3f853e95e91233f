// The opposition list: what a person took back, kept for the mail address and phones it was said for. Pure.
// Invariant: an address is known by a keyed digest only, one for each client; what was granted again is not opposed.
import { yearsBefore } from './civil-time.ts';
import { currentConsent } from './consent.ts';
import {
  consentChannels,
  consentPurposes,
  type ConsentChannel,
  type ConsentPurpose,
  type ConsentRecord,
  type Identity,
} from './lead.ts';
import { mac } from './mac.ts';

/** Source of an event that the opposition list said. */
export const oppositionSource = 'opposition';

export interface OptIn {
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
}

/** Opt-ins that an objection or a withdrawal speaks of: each purpose on each channel that is named, all of them where none is. */
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
 * How long a line of the list is kept, civil years from the day the objection was said. The CNIL asks for three at least; past
 * that no grant from before it can count either, since nobody is kept so long without a sign of life (C33). The contract
 * may end sooner: the list goes with the client's data.
 */
export const oppositionYears = 3;

/** What was said before this instant goes. */
export const oppositionsEndBefore = (now: Date): Date => yearsBefore(now, oppositionYears, 'Europe/Paris');

export type Addresses = Pick<Identity, 'email' | 'mobile' | 'landline'>;

/** 32 bytes for each address. A mobile and a landline are one kind; capitals of a mail address do not count (the contract takes ASCII only). */
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

/** What stands as taken back in a lead: for each purpose and channel its withdrawal, with the last receipt of one. */
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
