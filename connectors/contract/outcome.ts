// Types of the outcome of a send: evidence, the verdict of an item, an HTTP answer as the response rules read it.
// Invariant: codes and numbers only, never the recipient's text (guarantee 7); an exception is a bug.
import type { Captured } from './parcel.ts';
import type { Both } from './presented.ts';

/** Facts of an attempt besides its verdict. Codes and numbers only, never the recipient's text. */
export interface Evidence {
  /** HTTP status, or SMTP reply code. */
  readonly status?: number;
  /** Length of the answer in bytes. */
  readonly answerBytes?: number;
  readonly durationMs?: number;
  readonly host?: string;
  /** The answer of each target, where one parcel has several and they did not all take it at once. */
  readonly targets?: readonly TargetAnswer[];
}

/** One of several targets of a parcel. */
export interface TargetAnswer {
  /** Named as in `Composed.targetKeys`. */
  readonly target: string;
  readonly taken: boolean;
  /** Its own reply code; absent where there was none. */
  readonly status?: number;
}

/** A code from a closed list or `[A-Z0-9_.-]{1,64}` in either case (guarantee 7). */
export type ReasonCode = string;

/** A further record of the recipient under our reference, as the answer to a look-up shows it. */
export interface Copy {
  readonly reference?: string;
  readonly captures?: Captured;
}

/** The verdict of one item of a parcel. Expected answers are values; an exception is a bug. */
export type Outcome =
  /** The recipient has it, proved by the destination's own rules. */
  | {
      readonly kind: 'accepted';
      readonly reference?: string;
      readonly captures?: Captured;
      /** Only from `lookup`: the records after the first. */
      readonly copies?: readonly Copy[];
      readonly evidence?: Evidence;
    }
  /** The recipient already had it: final, counts as delivered. */
  | {
      readonly kind: 'duplicate';
      readonly reference?: string;
      readonly captures?: Captured;
      /** Only from `lookup`: the records after the first. */
      readonly copies?: readonly Copy[];
      readonly evidence?: Evidence;
    }
  /** The recipient decides later; `lookup` asks again. */
  | { readonly kind: 'pending'; readonly reference?: string; readonly evidence?: Evidence }
  /** Fire and forget: sent without an error, with no proof of arrival. */
  | { readonly kind: 'unconfirmed'; readonly captures?: Captured; readonly evidence?: Evidence }
  /** Refused for business reasons. Final. */
  | {
      readonly kind: 'refused';
      readonly reason: ReasonCode;
      /** Others of its targets have it (`evidence.targets`). */
      readonly partly?: true;
      /** The content was received before the refusal, which concerns a later step. */
      readonly maybeReceived?: true;
      readonly evidence?: Evidence;
    }
  /** Our payload does not fit. Final for this mapping version. */
  | { readonly kind: 'invalid'; readonly reason: ReasonCode; readonly evidence?: Evidence }
  /** Credentials or rights refused: the destination is paused, no attempt is used up. */
  | {
      readonly kind: 'unauthorized';
      readonly reason: ReasonCode;
      /** The content was received before the refusal, which concerns a later step. */
      readonly maybeReceived?: true;
      readonly evidence?: Evidence;
    }
  /** Too fast. `afterMs` when the recipient gave it. */
  | {
      readonly kind: 'throttled';
      readonly reason: ReasonCode;
      /** As in `unauthorized`. */
      readonly maybeReceived?: true;
      readonly afterMs?: number;
      readonly evidence?: Evidence;
    }
  /** Technical failure; the recipient certainly did not keep it, or reported so (5xx). `afterMs` from Retry-After. */
  | {
      readonly kind: 'unavailable';
      readonly reason: ReasonCode;
      /** True when bytes of the content may have reached the recipient (a 5xx after the body was sent). */
      readonly maybeReceived: boolean;
      /** Others of its targets have it (`evidence.targets`): it is sent again to the rest. */
      readonly partly?: true;
      readonly afterMs?: number;
      readonly evidence?: Evidence;
    }
  /** Bytes were sent, no readable answer came. `onUnknown` decides. */
  | {
      readonly kind: 'unknown';
      readonly reason: ReasonCode;
      /** A gateway could not reach the recipient: the destination counts as unavailable. */
      readonly outage?: boolean;
      /** An acceptance without the required ids: sent again blindly, the record might exist twice. */
      readonly saidYes?: boolean;
      readonly afterMs?: number;
      readonly evidence?: Evidence;
    }
  /** Only from `lookup`: the recipient does not know our reference. */
  | { readonly kind: 'absent'; readonly evidence?: Evidence };

/** `tried` is left out where the credentials always are. `notes`: further findings for the integrator; French first. */
export type Tested = Outcome & {
  readonly tried?: 'address' | 'credentials';
  readonly notes?: readonly Both[];
};

export type OutcomeKind = Outcome['kind'];

/** An HTTP answer as the response rules see it; `text` is bounded by `maxAnswerBytes`. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly mediaType: string;
  readonly text: string;
  readonly truncated: boolean;
  /** The lead's own reference, where this answers a look-up: a rule may compare it with the record found. */
  readonly asked?: string;
}
