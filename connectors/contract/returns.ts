// Types of later returns: a mail that bounces after the server accepted it.
// Invariant: a return may come from anyone; only our tag in it identifies its delivery.
import type { NetworkPolicy } from './context.ts';

/** One returned message, as far as it is read. */
export interface Returned {
  /** Its text from the beginning, where our tag is looked for. Contains personal data: never stored, never logged. */
  readonly text: string;
  /** `report`: a delivery report; `reply`: an automatic answer, an absence notice; `other`: neither, a person looks at it. */
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
  /** True when the settings ask for returns to the mailbox that is read. */
  readonly expected: (settings: Settings) => boolean;
  /** @param place URL with login, from the operator's configuration; `readable` checks it */
  readonly read: (
    place: string,
    context: ReturnsContext,
    handle: (returned: Returned) => Promise<Handled>,
  ) => Promise<ReturnsRead | { readonly ok: false; readonly code: string }>;
}
