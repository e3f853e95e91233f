// Writes an entry in the hand-over log for each row that changes a lead; proofs and notes cite it (C23, C48).
// Invariant: names of fields, opt-ins, kinds and codes; no value of a person.
import { appendHandovers, type Handover } from '../store/log/handovers.ts';
import type { Sql } from '../store/database.ts';
import { byRequest } from '../store/intake/row-changes.ts';
import type { AcceptedRow } from './batch.ts';

export async function logChanges(tx: Sql, accepted: readonly AcceptedRow[]): Promise<void> {
  await appendHandovers(tx, accepted.flatMap(entryOf));
}

function entryOf({ candidate: { id, row }, leadId, revision }: AcceptedRow): readonly Handover[] {
  const about = {
    clientId: row.clientId,
    leadId,
    actor: 'intake',
    leadRevision: revision,
    // Id 0 is no row of lead_intake: a request corrects the lead, and has a note of its own.
    ...(id === 0n ? { reason: byRequest } : {}),
  };
  switch (row.kind) {
    case 'lead':
      return [];
    case 'correction':
      return [{ entry: 'corrected', ...about, fields: [...Object.keys(row.fields), ...row.clear] }];
    case 'consent':
      return [
        {
          entry: 'consent_recorded',
          ...about,
          consents: row.consents.map(({ purpose, channel, state, source, wordingVersion }) => ({
            purpose,
            channel,
            state,
            field: source ?? '',
            value: wordingVersion ?? '',
          })),
        },
      ];
    case 'interaction':
      return [
        {
          entry: 'interaction_recorded',
          ...about,
          fields: [...new Set(row.interactions.map(({ kind }) => kind))],
        },
      ];
  }
}
