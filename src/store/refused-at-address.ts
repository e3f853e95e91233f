// Refusals of other persons with the address of a lead: a recipient may keep one answer for all who have an address.
// Invariant: reads only. A person is another where the name differs; what the same person said in another lead is repeated in theirs.
import { currentConsent } from '../domain/consent.ts';
import { isSameName } from '../domain/person-name.ts';
import { isNo, originOf } from '../domain/repeated-withdrawals.ts';
import { readConsents } from './consents.ts';
import type { Sql } from './database.ts';
import { namesOfLeads } from './person-leads.ts';
import { sharedAddresses, type AddressKind } from './same-address.ts';

/** Channels that reach a person by each kind of address. */
const channels: Readonly<Record<AddressKind, ReadonlySet<string>>> = {
  email: new Set(['email']),
  phone: new Set(['phone', 'sms']),
};

/** By lead, `purpose.channel`; leads for which nobody else refuses anything are missing. */
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
