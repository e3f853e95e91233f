// The lead of a test: nobody, and plainly a test to whoever finds it in a CRM.
// Invariant: reserved numbers and addresses, every opt-in refused: nobody is ever called or written to for it.
import { consentChannels, consentPurposes, type Lead } from '../../domain/lead.ts';
import type { CompiledMapping, MappingSources } from '../../mapping/contract.ts';
import { leadFromSample } from '../../mapping/tools/sample.ts';
import { builtIn, ownSamples } from '../mappings/samples.ts';

/** A sample of the client that the destination takes, since codes and programmes are the client's own; else the built-in one. */
export function testLead(
  mapping: CompiledMapping,
  sources: Pick<MappingSources, 'files'>,
  { reference, now }: { readonly reference: string; readonly now: Date },
): Lead | undefined {
  const leads = [...ownSamples(sources), builtIn].flatMap(({ name, text }) => {
    const sample = leadFromSample(text, name, mapping.clientId);
    return sample.ok ? [asTest(sample.lead, reference, now)] : [];
  });
  return leads.find((lead) => mapping.accepts(lead).yes) ?? leads[0];
}

const asTest = (lead: Lead, reference: string, now: Date): Lead => ({
  ...lead,
  reference,
  collectedAt: now,
  identity: { ...lead.identity, lastName: 'TEST', firstName: 'Relais' },
  consents: consentPurposes.flatMap((purpose) =>
    consentChannels.map((channel) => ({ purpose, channel, state: 'refused' as const, recordedAt: now })),
  ),
  interactions: [],
});
