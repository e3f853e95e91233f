// Types of an acknowledgement file, in which the recipient reports each delivery of a file on a line.
// Invariant: it is read piece by piece, never whole; its text comes from the recipient, and only codes of it are kept.
import type { SendContext } from './context.ts';
import type { Outcome } from './outcome.ts';
import type { Parcel } from './parcel.ts';

/** Names of deliveries in its lines: our reference of the lead, or the key of the delivery. */
export type NamedBy = 'reference' | 'key';

/** The result on one line. `again`: not now, to be sent again. */
export type LineWord = 'accepted' | 'duplicate' | 'refused' | 'again';

export interface ItemAnswer {
  /** Empty where the line names no delivery. */
  readonly name: string;
  /** Undefined: a word that the settings do not know. */
  readonly says: LineWord | undefined;
  /** As the recipient wrote it: only a code of it may be kept. */
  readonly reason?: string;
  /** The recipient's own id, as it wrote it. */
  readonly id?: string;
}

/** The reason why an acknowledgement cannot be read as agreed. */
export type Unreadable = 'TOO_LARGE' | 'ENCODING' | 'MALFORMED' | 'COLUMNS';

export type AckRead =
  /** There is no such piece. */
  | { readonly kind: 'nothing' }
  /** Read to its end; SHA-256 of its bytes. */
  | { readonly kind: 'read'; readonly bytes: number; readonly digest: Buffer }
  | { readonly kind: 'unreadable'; readonly code: Unreadable; readonly bytes: number }
  /** It could not be looked for. */
  | { readonly kind: 'failed'; readonly outcome: Outcome };

/** Takes the answers read so far; the next lines are read once it is done. */
export type TakeAnswers = (answers: readonly ItemAnswer[]) => Promise<void>;

export interface ItemAnswers<Settings> {
  /** The kind of name in the lines; undefined where these settings read none. */
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
