// Defines the go-live facts of client.yaml: the evidence of each item, and the agreed opt-in (C49 to C52).
// Invariant: data only.
import type { ConsentChannel, ConsentPurpose, ConsentState } from './lead.ts';

export interface GoLiveEvidence {
  readonly evidence: string;
  /** yyyy-MM-dd. */
  readonly date: string;
  /** E.164; only for the caller's number. */
  readonly number?: string;
}

/** An opt-in field as the client gave it (C51). */
export interface AgreedOptIn {
  readonly field: string;
  readonly purpose: ConsentPurpose;
  /** Absent: any channel. */
  readonly channel?: ConsentChannel;
  /** Absent: every destination that writes the field. */
  readonly destination?: string;
  /** As in the mapping's truth table. */
  readonly values: Readonly<Partial<Record<ConsentState, string>>>;
}
