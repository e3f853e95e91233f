// Finds the anomalies of an accepted lead: in its notice, its questions, the company it names, its purchase. Pure.
// Invariant: an anomaly refuses nothing and has codes only; a missing answer is never read as an answer (C13, C16).
import { isNamedEntity } from './consent.ts';
import type { Channel, ConsentChannel, ConsentPurpose, ConsentRecord } from './lead.ts';
import { wasInUse, type Notice } from './destination.ts';

export const anomalyKinds = [
  'notice_unknown',
  'notice_not_in_force',
  'notice_missing',
  'question_not_asked',
  'other_entity',
  'bought_without_proof',
] as const;
export type AnomalyKind = (typeof anomalyKinds)[number];

export interface Anomaly {
  readonly kind: AnomalyKind;
  /** Version of a notice, `purpose.channel`, or the code of a seller. */
  readonly detail: string;
}

/** The facts of a lead that are checked. */
export interface JudgedLead {
  readonly channel: Channel;
  readonly collectedAt: Date;
  readonly notice?: string | undefined;
  readonly acquisition?: string | undefined;
  readonly seller?: string | undefined;
  readonly consentProof?: string | undefined;
}

/**
 * Without a list of notices, every version is unknown; a lead must name a notice only when the client listed one for its channel.
 */
export function noticeAnomalies(lead: JudgedLead, notices: readonly Notice[]): readonly Anomaly[] {
  const { notice, channel, collectedAt } = lead;
  const inUse = notices.filter((own) => wasInUse(own, channel, collectedAt));
  if (notice === undefined) return inUse.length > 0 ? [{ kind: 'notice_missing', detail: '' }] : [];
  if (inUse.some(({ version }) => version === notice)) return [];
  const isKnown = notices.some(({ version }) => version === notice);
  return [{ kind: isKnown ? 'notice_not_in_force' : 'notice_unknown', detail: notice }];
}

/** A lead with a seller counts as bought. */
export const isBought = ({ acquisition, seller }: Pick<JudgedLead, 'acquisition' | 'seller'>): boolean =>
  acquisition === 'bought' || seller !== undefined;

/** A purchase without a proof of the person's consent (C54). */
export function purchaseAnomalies(lead: JudgedLead): readonly Anomaly[] {
  const { seller, consentProof } = lead;
  return isBought(lead) && consentProof !== 'present'
    ? [{ kind: 'bought_without_proof', detail: seller ?? '' }]
    : [];
}

export interface OptIn {
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
}

export const optInName = ({ purpose, channel }: OptIn): string => `${purpose}.${channel}`;

/** The needed opt-ins without an answer. `not_asked` is an answer: the question was not put. */
export function unanswered(needs: readonly OptIn[], consents: readonly ConsentRecord[]): readonly OptIn[] {
  return needs.filter(
    (need) => !consents.some(({ purpose, channel }) => purpose === need.purpose && channel === need.channel),
  );
}

/** Grants that name a company which is neither the client nor a recipient (C16b). */
export function entityAnomalies(
  consents: readonly ConsentRecord[],
  entities: ReadonlySet<string>,
): readonly Anomaly[] {
  const foreign = consents.filter(
    ({ state, legalEntity }) =>
      state === 'granted' && legalEntity !== undefined && !isNamedEntity(legalEntity, entities),
  );
  return [...new Set(foreign.map(optInName))].map((detail) => ({ kind: 'other_entity', detail }));
}
