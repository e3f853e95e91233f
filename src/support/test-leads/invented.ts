// Builds the lead of a test: no real person, and plainly a test to a reader of the CRM.
// Invariant: reserved numbers and addresses, every opt-in refused: no person is ever called or written to for it.
import { identityFields } from '../../domain/lead-fields/identity.ts';
import { originFields } from '../../domain/lead-fields/origin.ts';
import { projectFields } from '../../domain/lead-fields/project.ts';
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

function asTest(lead: Lead, reference: string, now: Date): Lead {
  const { identity, project, origin } = lead;
  const { email, mobile, landline, address } = identityFields;
  const reached = { email: email.sample, mobile: mobile.sample, landline: landline.sample };
  const street = { line1: address.line1.sample, line2: address.line2.sample };
  return {
    ...lead,
    reference,
    collectedAt: now,
    identity: {
      ...instead(identity, reached),
      ...(identity.address === undefined ? {} : { address: instead(identity.address, street) }),
      lastName: 'TEST',
      firstName: 'Relais',
    },
    project: instead(project, { comment: projectFields.comment.sample }),
    origin: instead(origin, {
      recording: originFields.recording.sample,
      proofReference: originFields.proofReference.sample,
    }),
    consents: consentPurposes.flatMap((purpose) =>
      consentChannels.map((channel) => ({ purpose, channel, state: 'refused' as const, recordedAt: now })),
    ),
    interactions: [],
  };
}

/** Replaces values of the sample by invented ones: the sample may contain a real person's. */
const instead = <T extends object>(said: T, ours: { readonly [K in keyof T]?: T[K] | undefined }): T => ({
  ...said,
  ...Object.fromEntries(Object.entries(ours).filter(([name]) => name in said)),
});
