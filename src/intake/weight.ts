// Refuses a row that would make its lead larger than the contract allows.
// Invariant: a withdrawal is never refused for its weight.
import { mostOfLead } from '../domain/lead-values.ts';
import type { LeadWeight } from '../store/leads/lead-weights.ts';
import { refusal, type ColumnRefusal } from './refusals.ts';
import type { CheckedRow } from './contract.ts';

export const weightless: LeadWeight = { consents: 0, interactions: 0, contentBytes: 0 };

export function heavier(weight: LeadWeight, row: CheckedRow): LeadWeight {
  return {
    consents: weight.consents + row.consents.length,
    interactions: weight.interactions + row.interactions.length,
    contentBytes:
      weight.contentBytes +
      row.interactions.reduce((sum, interaction) => sum + Buffer.byteLength(interaction.content ?? ''), 0),
  };
}

/** @param before weight of the lead without the row */
export function checkWeight(row: CheckedRow, before: LeadWeight | undefined): readonly ColumnRefusal[] {
  if (before === undefined) return [];
  const after = heavier(before, row);
  const problems: ColumnRefusal[] = [];
  const onlyTakesBack = row.consents.every(
    (consent) => consent.state === 'withdrawn' || consent.state === 'refused',
  );
  if (after.consents > mostOfLead.consents && !onlyTakesBack)
    problems.push(refusal('consents', 'LEAD_FULL', `${mostOfLead.consents} consent events`));
  if (row.interactions.length === 0) return problems;
  if (after.interactions > mostOfLead.interactions)
    problems.push(refusal('interactions', 'LEAD_FULL', `${mostOfLead.interactions} interactions`));
  else if (after.contentBytes > mostOfLead.contentBytes)
    problems.push(
      refusal(
        'interactions',
        'LEAD_FULL',
        `${mostOfLead.contentBytes / 1_048_576} MiB of texts of interactions`,
      ),
    );
  return problems;
}
