// What the recipient says of each delivery of a file, in an acknowledgement of many lines.
// Invariant: it is read piece by piece, never held whole; what stands in it is data of the recipient's making, and no text of it is kept.
import type { SendContext } from './context.ts';
import type { Outcome } from './outcome.ts';
import type { Parcel } from './parcel.ts';

/** By what a line names its delivery: our reference of the lead, or the key of the delivery. */
export type NamedBy = 'reference' | 'key';

/** What one line says. `again`: not now, it is to be sent again. */
export type LineWord = 'accepted' | 'duplicate' | 'refused' | 'again';

export interface ItemAnswer {
  /** Empty where the line names nobody. */
  readonly name: string;
  /** Undefined: a word that the settings do not know. */
  readonly says: LineWord | undefined;
  /** As the recipient wrote it: only a code may be kept of it. */
  readonly reason?: string;
  /** Under what the recipient has it, as it wrote it. */
  readonly id?: string;
}

/** Why an acknowledgement cannot be read as agreed. */
export type Unreadable = 'TOO_LARGE' | 'ENCODING' | 'MALFORMED' | 'COLUMNS';

export type AckRead =
  /** There is no such piece. */
  | { readonly kind: 'nothing' }
  /** Read to its end; SHA-256 of its bytes. */
  | { readonly kind: 'read'; readonly bytes: number; readonly digest: Buffer }
  | { readonly kind: 'unreadable'; readonly code: Unreadable; readonly bytes: number }
  /** It could not be looked for. */
  | { readonly kind: 'failed'; readonly outcome: Outcome };

/** Takes what was read so far; the next lines are read once it is done. */
export type TakeAnswers = (answers: readonly ItemAnswer[]) => Promise<void>;

export interface ItemAnswers<Settings> {
  /** By what lines name deliveries; undefined where these settings read none. */
  readonly namedBy: (settings: Settings) => NamedBy | undefined;
  /** Pieces of an acknowledgement at most. */
  readonly pieces: (settings: Settings) => number;
  /** @param piece from 1. @throws what `take` throws, and nothing else */
  readonly read: (
    parcel: Parcel,
    settings: Settings,
    context: SendContext,
    asked: { readonly piece: number; readonly take: TakeAnswers },
  ) => Promise<AckRead>;
}
