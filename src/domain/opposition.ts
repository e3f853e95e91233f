// The opposition list: what a person took back, kept for the mail address and phones it was said for. Pure.
// Invariant: an address is known by a keyed digest only, one for each client; what was granted again is not opposed.
import { currentConsent } from './consent.ts';
import type { ConsentRecord, Identity } from './lead.ts';
import { mac } from './mac.ts';

/** Source of an event that the opposition list said. */
export const oppositionSource = 'opposition';

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
