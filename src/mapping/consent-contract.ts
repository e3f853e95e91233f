// Types of the opt-in as written for a client, and of the part that a recipient has acknowledged.
// Invariant: data only.
import type { Answer } from '../../connectors/contract.ts';
import type { ConsentChannel, ConsentPurpose, ConsentState } from '../domain/lead.ts';

/** Logged in place of a value that an update left out because the recipient already acknowledged it. */
export const unchanged = '(unchanged)';

/** The latest revision of the lead whose opt-in the recipient acknowledged, by `pairOf`. */
export type Told = ReadonlyMap<string, number>;

/** `marketing.email` */
export const pairOf = ({
  purpose,
  channel,
}: {
  readonly purpose: string;
  readonly channel: string;
}): string => `${purpose}.${channel}`;

/** One opt-in as it was written for the client (C20), for the log. */
export interface ConsentSent {
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
  readonly state: ConsentState;
  /** The client's own field name. */
  readonly field: string;
  /** The client's own value as written; `(omitted)` where the file says omit, `(unchanged)` where an update leaves it out. */
  readonly value: string;
}

/** How a recipient reports a later decision by a callback. */
export interface CallbackPlan {
  /** Name of the secret that signs it. */
  readonly secret: string;
  /** Our key of the delivery that the callback names; undefined where it names none. */
  readonly keyOf: (callback: Answer) => Promise<string | undefined>;
}

/** How an accepted record is read back from the recipient, and its opt-in compared with the one written. */
export interface ReadBackPlan {
  /** Settings of the connector; the read-back uses its look-up. */
  readonly settings: unknown;
  /** Delay after the acceptance, ms. */
  readonly afterMs: number;
  /** Fields of the consent block that are compared. */
  readonly fields: readonly string[];
  readonly needsReference: boolean;
  /** Ids of calls that its address names, by `person.id`. */
  readonly needs: readonly string[];
  /** Fields that the record does not hold as they were written. */
  readonly lost: (answer: Answer, sent: readonly ConsentSent[]) => Promise<readonly string[]>;
}
