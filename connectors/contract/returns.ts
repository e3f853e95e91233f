// What comes back later of what had been taken: a mail that bounces after the server's yes.
// Invariant: whatever came back is data of anybody's making; only a tag of ours in it says what it is about.
import type { NetworkPolicy } from './context.ts';

/** One message that came back, as far as it is read. */
export interface Returned {
  /** Its text from the beginning, where a tag of ours is looked for. Holds personal data: never kept, never logged. */
  readonly text: string;
  /** `report`: a delivery report; `reply`: a program's answer, an absence notice; `other`: neither, a person looks at it. */
  readonly kind: 'report' | 'reply' | 'other';
  /** Targets that were given up, in lower case, each with its code. */
  readonly failures: readonly { readonly target: string; readonly code: string }[];
}

/** `done`: removed; `later`: left for the next reading; `foreign`: left for a person and not read again. */
export type Handled = 'done' | 'later' | 'foreign';

export interface ReturnsContext {
  readonly network: NetworkPolicy;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export interface ReturnsRead {
  readonly ok: true;
  readonly done: number;
  readonly foreign: number;
  /** There may be more. */
  readonly more: boolean;
}

export interface Returns<Settings> {
  /** Whether these settings ask for returns to come to the place that is read. */
  readonly expected: (settings: Settings) => boolean;
  /** @param place URL with login, from the operator's configuration; what it may be, `readable` says */
  readonly read: (
    place: string,
    context: ReturnsContext,
    handle: (returned: Returned) => Promise<Handled>,
  ) => Promise<ReturnsRead | { readonly ok: false; readonly code: string }>;
}
