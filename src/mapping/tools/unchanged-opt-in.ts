// A lead as it stands when its recipient has accepted its opt-in before: what a mere correction writes, for tests and previews.
// Invariant: pure; an update that writes the opt-in always has nothing accepted to go by.
import type { Lead } from '../../domain/lead.ts';
import type { CompiledMapping, WriteSituation } from '../contract.ts';
import { pairOf } from '../consent-contract.ts';

export function withAcceptedOptIn(
  mapping: CompiledMapping,
  lead: Lead,
  situation: WriteSituation,
): { readonly lead: Lead; readonly situation: WriteSituation } {
  if (situation.action !== 'update' || mapping.optInOnUpdate === 'always') return { lead, situation };
  const revision = 1;
  const { consentTable, updateConsentTable = consentTable } = mapping;
  return {
    lead: { ...lead, consents: lead.consents.map((consent) => ({ ...consent, leadRevision: revision })) },
    situation: { ...situation, told: new Map(updateConsentTable.map((row) => [pairOf(row), revision])) },
  };
}
