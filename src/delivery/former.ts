// A right is exercised at everyone who received the lead, also where the authorisation has ended since (GDPR article 19):
// an erase, or an update that takes a consent back, leaves under the authorisation the lead was handed over under.
// Invariant: it goes the way the lead went and says nothing new of the person; what cannot go that way is a task at once.
import { currentConsent } from '../domain/consent.ts';
import type { Authorisation } from '../domain/destination.ts';
import type { Lead } from '../domain/lead.ts';
import type { Sql } from '../store/database.ts';
import { lastHandedOver } from '../store/handed-over.ts';
import type { ClaimedDelivery } from './claim.ts';

/** Under what a lead was handed over before. */
export interface Former {
  readonly authorisation: Authorisation;
  /** The person was corrected after that: what is known now is not what the recipient holds. */
  readonly correctedSince: boolean;
}

export async function readFormers(
  sql: Sql,
  rows: readonly ClaimedDelivery[],
  authorisations: ReadonlyMap<string, readonly Authorisation[]>,
): Promise<ReadonlyMap<number, Former>> {
  const found = new Map<number, Former>();
  for (const row of rows) {
    const all = authorisations.get(row.destinationId) ?? [];
    const last = await lastHandedOver(sql, row.leadId, row.destinationId);
    // Entries of long ago may have left for the archive: then the authorisation that ended last.
    const authorisation = all.find((one) => one.id === last?.authorisationId) ?? all.at(-1);
    if (authorisation !== undefined)
      found.set(row.id, { authorisation, correctedSince: last?.correctedSince ?? true });
  }
  return found;
}

/** Whether a delivery carries a right of the prospect to someone who may hold the lead: an erasure, or something taken back. */
export function carriesRight(
  row: Pick<ClaimedDelivery, 'action'>,
  lead: Pick<Lead, 'consents'>,
  now: Date,
): boolean {
  if (row.action !== 'update') return row.action === 'erase';
  return lead.consents.some(({ purpose, channel }) => {
    const state = currentConsent(lead.consents, purpose, channel, now)?.state;
    return state === 'withdrawn' || (state === 'refused' && wasGranted(lead.consents, purpose, channel));
  });
}

/** A refusal takes something back only where something had been granted. */
const wasGranted = (consents: Lead['consents'], purpose: string, channel: string): boolean =>
  consents.some((one) => one.purpose === purpose && one.channel === channel && one.state === 'granted');

/** What the recipient needs to find the person and note the answer, and nothing it does not hold already. */
export function neededOnly(lead: Lead, { correctedSince }: Former): Lead {
  const { lastName, firstName, email, mobile, landline } = lead.identity;
  const known = Object.entries({ lastName, firstName, email, mobile, landline }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    ...lead,
    identity: correctedSince ? {} : (Object.fromEntries(known) as Lead['identity']),
    project: {},
    origin: {},
    financial: {},
    interactions: [],
  };
}

/** The state and reason of a right that cannot be exercised by a message: a person writes to the recipient. */
export const byHand = (
  row: Pick<ClaimedDelivery, 'action'>,
): { readonly state: 'failed'; readonly reason: string } => ({
  state: 'failed',
  reason: row.action === 'erase' ? 'manual_erasure_required' : 'manual_update_required',
});
