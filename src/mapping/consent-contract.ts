// The opt-in as it was written for a client, and what of it a recipient has accepted.
// Invariant: data only.
import type { Answer } from '../../connectors/contract.ts';
import type { ConsentChannel, ConsentPurpose, ConsentState } from '../domain/lead.ts';

/** In the log in place of a value: an update left it out, for the recipient has accepted it before. */
export const unchanged = '(unchanged)';

/** Up to which revision of the lead a recipient has accepted its opt-ins, by `pairOf`. */
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

/** How a recipient tells by itself what it decided later. */
export interface CallbackPlan {
  /** Name of the secret it signs with. */
  readonly secret: string;
  /** Our key of the delivery it tells of; undefined where it names none. */
  readonly keyOf: (callback: Answer) => Promise<string | undefined>;
}

/** How a record that was accepted is asked for once more, and its opt-in compared with what was written. */
export interface ReadBackPlan {
  /** Of the connector; its look-up is the question. */
  readonly settings: unknown;
  /** After the acceptance, ms. */
  readonly afterMs: number;
  /** Fields of the consent block that are compared. */
  readonly fields: readonly string[];
  readonly needsReference: boolean;
  /** Ids of calls that its address names, by `person.id`. */
  readonly needs: readonly string[];
  /** Fields that the record does not hold as they were written. */
  readonly lost: (answer: Answer, sent: readonly ConsentSent[]) => Promise<readonly string[]>;
}
