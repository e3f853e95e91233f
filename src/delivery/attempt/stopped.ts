// Why a delivery does not leave at this attempt.
import type { DeliveryState } from '../../domain/delivery.ts';
import type { CompiledMapping } from '../../mapping/contract.ts';
import type { ClaimedDelivery } from './claim.ts';

export interface Stopped {
  readonly row: ClaimedDelivery;
  /** `delivered`: what was left of its calls is not needed any more. */
  readonly state: Extract<DeliveryState, 'withheld' | 'failed' | 'cancelled' | 'delivered'>;
  readonly reason: string;
  /** Field names concerned, for the log. */
  readonly fields: readonly string[];
  /** It ends with a refusal of before, after what could be taken back was; `leaves`: the recipient holds something all the same. */
  readonly refusal?: { readonly outcome: 'refused' | 'invalid'; readonly leaves: boolean };
  /** Revision of the lead that was judged, under no lock; where it has changed since, the row is judged again. */
  readonly readRevision?: number;
  /** The version in force by which it was judged, under no lock either. */
  readonly inForceId?: number;
}

export type Stop = (state: Stopped['state'], reason: string, fields?: readonly string[]) => Stopped;

/** Why a lead cannot be written. */
export type Unwritable = Extract<ReturnType<CompiledMapping['apply']>, { readonly ok: false }>;
