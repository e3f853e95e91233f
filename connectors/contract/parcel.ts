// Types of a parcel: one delivery or many, with the bytes that the mapping wrote.
// Invariant: a connector sees bytes, addresses and secrets' names; never a lead, SQL, a queue or the environment.

/** The kind of message a delivery sends. */
export type Action = 'create' | 'update' | 'erase';

/** Ids a recipient gave in the answers to earlier calls, by `call.name`: `{ 'person.id': 42 }`. */
export type Captured = Readonly<Record<string, string | number>>;

/** One delivery inside a parcel. A webhook or mail carries one, a file many. */
export interface ParcelItem {
  readonly deliveryId: number;
  /** Stable over every attempt and run: `webhook-id`, `Message-ID`, row reference (guarantee 4). ASCII, `[A-Za-z0-9_-]{1,64}`. */
  readonly key: string;
  /** Number of the run of the delivery; each replay opens one more. */
  readonly run?: number;
  /** Number of the attempt in that run. */
  readonly attempt?: number;
  /** `key`, or `key.rN` for a run opened after a definite refusal. Value of `Idempotency-Key`. */
  readonly idempotencyKey: string;
  /** The centre's reference of the lead, `[A-Za-z0-9._-]{1,64}`. Never personal data. */
  readonly leadReference: string;
  /** The reference the recipient gave when it accepted the create; needed by `{reference}` in URLs. */
  readonly recipientReference?: string;
  /** Targets that took it in an earlier attempt, named as in `Composed.targetKeys`: it is not sent to them again. */
  readonly reached?: readonly string[];
  /** Ids from earlier answers; needed by `{person.id}` in URLs. */
  readonly captured?: Captured;
}

/** Exact bytes written by the mapping. */
export interface Body {
  readonly bytes: Uint8Array;
  /** e.g. `application/json`, `text/csv; charset=windows-1252`, `application/xml`. */
  readonly mediaType: string;
  /** File extension without the dot, used by file drops and attachments. */
  readonly extension: string;
  /** Headers the format requires over HTTP (`soapaction`, `accept`). Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Secrets that are masked in `bytes`, which people and the log see. */
  readonly secrets?: BodySecrets;
  /** A file too long for memory, instead of `bytes`, which are then empty. */
  readonly long?: LongBytes;
}

/** The secrets of a body, filled in only at departure. */
export interface BodySecrets {
  readonly names: readonly string[];
  /** The bytes to send. @param value of each name */
  readonly written: (value: (name: string) => string) => Uint8Array;
}

export interface LongBytes {
  readonly size: number;
  /** All of them in order, read again at each call; throws when they no longer exist. */
  readonly read: () => AsyncIterable<Uint8Array>;
}

/** A readable lead sheet for people: sections of label/value lines, in order. */
export interface SheetSection {
  readonly title: string;
  readonly lines: readonly { readonly label: string; readonly value: string; readonly emphasis?: boolean }[];
}

/** Position of a file in its flow. */
export interface BatchFacts {
  /** Incremented for each file of the destination; part of its name. */
  readonly sequence: number;
  /** The slot (scheduled moment) the file belongs to. */
  readonly slot: Date;
  readonly rows: number;
  /** Fixed at the first departure, absent before it; every later attempt uses it again (guarantee 4). */
  readonly fileName?: string;
}

export interface Parcel {
  readonly client: string;
  /** Name of the client as people read it. */
  readonly clientName: string;
  readonly destination: string;
  readonly action: Action;
  readonly items: readonly ParcelItem[];
  readonly body: Body;
  /** Present when the destination's connector declared `sheet: true`. */
  readonly sheet?: readonly SheetSection[];
  /** A short subject-safe line without personal data, e.g. `Programme HZ-LYON`. */
  readonly title?: string;
  /** An alert of Relais to support, without a lead. */
  readonly isAlert?: true;
  readonly batch?: BatchFacts;
  /** For a look-up: the recipient announced a later decision, and the look-up asks for it. */
  readonly decidesLater?: boolean;
  /** Departure time of the first attempt; stable over attempts so that bytes stay the same. */
  readonly writtenAt: Date;
}
