// Defines the opposition list: withdrawals, stored for the mail address and phones for which they were made. Pure.
// Invariant: an address is stored as a keyed digest only, one per client; an opt-in granted again is not opposed.
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
export const oppositionYears = 3;

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
