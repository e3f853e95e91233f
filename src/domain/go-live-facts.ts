// What client.yaml says of going live: the evidence of each item, the opt-in as the client gave it (C49 to C52).
import type { ConsentChannel, ConsentPurpose, ConsentState } from './lead.ts';

export interface GoLiveEvidence {
  readonly evidence: string;
  /** yyyy-MM-dd. */
  readonly date: string;
  /** E.164; of the caller's number alone. */
  readonly number?: string;
}

/** An opt-in field as the client gave it (C51). */
export interface AgreedOptIn {
  readonly field: string;
  readonly purpose: ConsentPurpose;
  /** Absent: of any channel. */
  readonly channel?: ConsentChannel;
  /** Absent: of every destination that writes the field. */
  readonly destination?: string;
  /** As the mapping's truth table writes them. */
  readonly values: Readonly<Partial<Record<ConsentState, string>>>;
}
