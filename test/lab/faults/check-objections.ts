// The part of the checker that looks at objections: a lead of who objected says so for every purpose and channel, whatever it said before.
// Invariant: a request that was carried out counts, not what it says of itself.
import { consentChannels, consentPurposes } from '../../../src/domain/lead.ts';
import type { Story } from './check.ts';

/** An objection of the storm names nothing: it is one to everything. */
export const everything = consentPurposes.length * consentChannels.length;

export function objectionsUnsaid({ requests, leads }: Story): readonly string[] {
  const there = new Map(leads.filter(({ erased }) => !erased).map((lead) => [lead.id, lead]));
  return requests
    .filter(({ kind }) => kind === 'objection')
    .flatMap(({ id, leadIds }) =>
      leadIds.flatMap((leadId) => {
        const lead = there.get(leadId);
        return lead === undefined || lead.takenBack >= everything
          ? []
          : [`request ${id} ${lead.reference}: ${lead.takenBack} of ${everything}`];
      }),
    );
}
