// Types of tokens and sessions, each obtained once and used by all processes until it expires or is refused.
// Invariant: it is kept in memory and, sealed, in MySQL; it is in no log, no evidence, no error and no preview.
import type { Outcome } from './outcome.ts';

export interface Credential {
  readonly token: string;
  /** Incremented with each one obtained. */
  readonly version: number;
}

/** The token, or the outcome of the failure. */
export type Got =
  | {
      readonly ok: true;
      readonly token: string;
      /** Obtains the next token; replaces the one just used. */
      readonly refreshToken?: string;
      /** Absent: until it is refused. */
      readonly livesMs?: number;
    }
  | {
      readonly ok: false;
      readonly outcome: Outcome;
      /** Delay before the next request with the same secrets. Absent: the next delivery may try. */
      readonly againAfterMs?: number | 'never';
    };

export interface CredentialNeed {
  /** Everything it is obtained with, secrets included: another secret makes another credential. Only a keyed digest is stored. */
  readonly gotWith: string;
  /** @param refreshToken of the last one obtained; @param refusals in a row before this attempt */
  readonly get: (before: { readonly refreshToken?: string; readonly refusals: number }) => Promise<Got>;
  /** Upper limit of the duration of `get`. */
  readonly longestMs: number;
  /** The credential that the recipient refused: never used again. */
  readonly refused?: Credential;
  /** Requested by a person: a new one is obtained, whatever exists and whatever was refused before. */
  readonly anew?: boolean;
}

export type Obtained =
  | { readonly ok: true; readonly credential: Credential }
  | { readonly ok: false; readonly outcome: Outcome };

export interface Credentials {
  /** Never throws. */
  readonly obtain: (need: CredentialNeed) => Promise<Obtained>;
}
