// Finds refusals of other persons who share a lead's address: a recipient may store one answer for all persons of an address.
// Invariant: reads only. Persons differ by name; a refusal of the same person is copied to their own leads instead.
import { currentConsent } from '../domain/consent.ts';
import { isSameName } from '../domain/person-name.ts';
import { isNo, originOf } from '../domain/repeated-withdrawals.ts';
import { readConsents } from './consents.ts';
import type { Sql } from './database.ts';
import { namesOfLeads } from './person-leads.ts';
import { sharedAddresses, type AddressKind } from './same-address.ts';

/** Channels that each kind of address reaches. */
const channels: Readonly<Record<AddressKind, ReadonlySet<string>>> = {
  email: new Set(['email']),
  phone: new Set(['phone', 'sms']),
};

/** By lead, `purpose.channel`; leads for which no other person refuses anything are missing. */
export async function refusedAtAddress(
  sql: Sql,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
  const shared = (await sharedAddresses(sql, leadIds, 'withdrawn')).filter(({ own, all }) =>
    all.some((other) => own.some((id) => id !== other)),
  );
  const ids = [...new Set(shared.flatMap(({ own, all }) => [...own, ...all]))];
  const refused = new Map<number, Set<string>>();
  if (ids.length === 0) return refused;
  const names = await namesOfLeads(sql, ids);
  const consents = await readConsents(sql, [...new Set(shared.flatMap(({ all }) => all))]);
  const now = sql.now();
  const noes = (id: number): readonly { readonly pair: string; readonly channel: string }[] => {
    const events = consents.get(id) ?? [];
    return events
      .filter(
        (event) =>
          isNo(event) &&
          originOf(event) === undefined &&
          currentConsent(events, event.purpose, event.channel, now)?.state !== 'granted',
      )
      .map(({ purpose, channel }) => ({ pair: `${purpose}.${channel}`, channel }));
  };
  for (const { kind, own, all } of shared)
    for (const other of all)
      for (const { pair, channel } of noes(other)) {
        if (!channels[kind].has(channel)) continue;
        for (const id of own)
          if (!isSameName(names.get(id) ?? {}, names.get(other) ?? {}))
            refused.set(id, (refused.get(id) ?? new Set<string>()).add(pair));
      }
  return refused;
}
