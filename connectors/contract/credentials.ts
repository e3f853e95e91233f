// What lets us in for a while, a token or a session: got once, used by all processes until it ends or is refused.
// Invariant: it is held in memory and, sealed, in MySQL; it stands in no log, no evidence, no error and no preview.
import type { Outcome } from './outcome.ts';

export interface Credential {
  readonly token: string;
  /** Grows with each one that was got. */
  readonly version: number;
}

/** What the recipient gave, or why it gave nothing. */
export type Got =
  | {
      readonly ok: true;
      readonly token: string;
      /** To get the next one with; replaces the one it was got with. */
      readonly refreshToken?: string;
      /** Absent: until it is refused. */
      readonly livesMs?: number;
    }
  | {
      readonly ok: false;
      readonly outcome: Outcome;
      /** How long nobody asks again with the same secrets. Absent: the next delivery may. */
      readonly againAfterMs?: number | 'never';
    };

export interface CredentialNeed {
  /** All that it is got with, secrets included: with another secret it is another credential. Only a keyed digest is kept. */
  readonly gotWith: string;
  /** @param refreshToken of the last one got; @param refusals in a row before this try */
  readonly get: (before: { readonly refreshToken?: string; readonly refusals: number }) => Promise<Got>;
  /** `get` takes no longer. */
  readonly longestMs: number;
  /** What the recipient has refused: never given out again. */
  readonly refused?: Credential;
  /** A person asks: it is got anew, whatever is there and whatever was refused before. */
  readonly anew?: boolean;
}

export type Obtained =
  { readonly ok: true; readonly credential: Credential } | { readonly ok: false; readonly outcome: Outcome };

export interface Credentials {
  /** Never throws. */
  readonly obtain: (need: CredentialNeed) => Promise<Obtained>;
}
