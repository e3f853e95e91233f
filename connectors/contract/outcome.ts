// What came of carrying it: evidence, the verdict of an item, an HTTP answer as the response rules see it.
// Invariant: codes and numbers only, never the recipient's text (guarantee 7); an exception is a bug.
import type { Captured } from './parcel.ts';
import type { Both } from './presented.ts';

/** What is known of an attempt besides its verdict. Codes and numbers only, never the recipient's text. */
export interface Evidence {
  /** HTTP status, or SMTP reply code. */
  readonly status?: number;
  /** Length of the answer in bytes. */
  readonly answerBytes?: number;
  readonly durationMs?: number;
  readonly host?: string;
  /** What each target said, where one parcel goes to several and they did not all take it at once. */
  readonly targets?: readonly TargetAnswer[];
}

/** One of several targets of a parcel. */
export interface TargetAnswer {
  /** As `Composed.targetKeys` names it. */
  readonly target: string;
  readonly taken: boolean;
  /** Its own reply code; absent where there was none. */
  readonly status?: number;
}

/** A code from a closed list or `[A-Z0-9_.-]{1,64}` in either case (guarantee 7). */
export type ReasonCode = string;

/** A further record that a recipient holds under our reference, as the answer to a question shows it. */
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
      /** Only from `lookup`: the records behind the first. */
      readonly copies?: readonly Copy[];
      readonly evidence?: Evidence;
    }
  /** The recipient already had it: final, counts as delivered. */
  | {
      readonly kind: 'duplicate';
      readonly reference?: string;
      readonly captures?: Captured;
      /** Only from `lookup`: the records behind the first. */
      readonly copies?: readonly Copy[];
      readonly evidence?: Evidence;
    }
  /** The recipient decides later; `lookup` asks again. */
  | { readonly kind: 'pending'; readonly reference?: string; readonly evidence?: Evidence }
  /** Fire and forget: gone without an error, nothing proves arrival. */
  | { readonly kind: 'unconfirmed'; readonly captures?: Captured; readonly evidence?: Evidence }
  /** A business no. Final. */
  | {
      readonly kind: 'refused';
      readonly reason: ReasonCode;
      /** Others of its targets have it (`evidence.targets`). */
      readonly partly?: true;
      /** The content was received before the no: to what came after it. */
      readonly maybeReceived?: true;
      readonly evidence?: Evidence;
    }
  /** Our payload does not fit. Final for this mapping version. */
  | { readonly kind: 'invalid'; readonly reason: ReasonCode; readonly evidence?: Evidence }
  /** Credentials or rights refused: hold the destination, burn nothing. */
  | {
      readonly kind: 'unauthorized';
      readonly reason: ReasonCode;
      /** The content was received before the no: to what came after it. */
      readonly maybeReceived?: true;
      readonly evidence?: Evidence;
    }
  /** Too fast. `afterMs` when the recipient named it. */
  | {
      readonly kind: 'throttled';
      readonly reason: ReasonCode;
      /** As of `unauthorized`. */
      readonly maybeReceived?: true;
      readonly afterMs?: number;
      readonly evidence?: Evidence;
    }
  /** Technical failure and the recipient certainly did not keep it, or said so (5xx). `afterMs` from Retry-After. */
  | {
      readonly kind: 'unavailable';
      readonly reason: ReasonCode;
      /** True when bytes of the content may have reached the recipient (a 5xx after the body was sent). */
      readonly maybeReceived: boolean;
      /** Others of its targets have it (`evidence.targets`): what is left is sent to the rest. */
      readonly partly?: true;
      readonly afterMs?: number;
      readonly evidence?: Evidence;
    }
  /** Bytes left, no readable answer. `onUnknown` decides. */
  | {
      readonly kind: 'unknown';
      readonly reason: ReasonCode;
      /** A gateway could not reach the recipient: for the destination as good as unavailable. */
      readonly outage?: boolean;
      /** A yes without what it must give: sent again blindly it might be there twice. */
      readonly saidYes?: boolean;
      readonly afterMs?: number;
      readonly evidence?: Evidence;
    }
  /** Only from `lookup`: the recipient does not know our reference. */
  | { readonly kind: 'absent'; readonly evidence?: Evidence };

/** `tried` is left out where the credentials always are. `notes`: what else was found, for who sets the destination up; French first. */
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
  /** The lead's own reference, where this answers a question about it: a rule may ask whether the record found is that lead's. */
  readonly asked?: string;
}
