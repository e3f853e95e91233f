// Marks the opt-in of a lead as acknowledged before, so that tests and previews show what a mere correction writes.
// Invariant: pure; with `optIn: always` nothing is marked.
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
