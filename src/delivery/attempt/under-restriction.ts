// A restriction (GDPR article 18) holds back what is new to a recipient. It suspends neither the withdrawal of a consent (7(3)) nor
// the duty to tell recipients of a rectification (19): an update that takes back or corrects leaves.
// Invariant: what leaves says nothing that came after what the recipient holds but what was taken back or corrected.
import type { ConsentRecord, Lead } from '../../domain/lead.ts';
import type { Sql } from '../../store/database.ts';
import { lastHandedOver, revisionHeld } from '../../store/known-to-recipient.ts';
import type { ClaimedDelivery } from './claim.ts';
import { carriesRight } from './former-authorisation.ts';

/** The values that a recipient holds of a lead under a restriction. */
export interface HeldContent {
  /** Latest revision it may hold. */
  readonly revision: number;
  /** The lead was corrected after that left. */
  readonly isCorrected: boolean;
}

export async function readHeld(
  sql: Sql,
  rows: readonly Pick<ClaimedDelivery, 'id' | 'leadId' | 'destinationId'>[],
): Promise<ReadonlyMap<number, HeldContent>> {
  const held = new Map<number, HeldContent>();
  for (const { id, leadId, destinationId } of rows) {
    const last = await lastHandedOver(sql, leadId, destinationId);
    held.set(id, {
      revision: await revisionHeld(sql, leadId, destinationId),
      isCorrected: last?.correctedSince !== false,
    });
  }
  return held;
}

/** The lead as an update may say it; undefined: the update takes nothing back and corrects nothing, and waits. */
export function saidUnderRestriction(
  row: Pick<ClaimedDelivery, 'action'>,
  lead: Lead,
  held: HeldContent | undefined,
  now: Date,
): Lead | undefined {
  if (row.action !== 'update' || held === undefined) return undefined;
  const isNew = ({ state, leadRevision = 0 }: ConsentRecord): boolean =>
    state === 'granted' && leadRevision > held.revision;
  const left = lead.consents.filter(isNew).map(({ leadRevision = 0 }) => leadRevision);
  const said: Lead = {
    ...lead,
    // The recipient is not taken to have been told what is left out.
    revision: Math.min(lead.revision, ...left.map((revision) => revision - 1)),
    interactions: [],
    consents: lead.consents.filter((consent) => !isNew(consent)),
  };
  return held.isCorrected || carriesRight(row, said, now) ? said : undefined;
}
