// What is carried: a parcel of one delivery or many, and the bytes the mapping wrote.
// Invariant: a connector sees bytes, addresses and secrets' names; never a lead, SQL, a queue or the environment.

/** What a delivery tells its recipient. */
export type Action = 'create' | 'update' | 'erase';

/** Ids a recipient gave in the answers to earlier calls, by `call.name`: `{ 'person.id': 42 }`. */
export type Captured = Readonly<Record<string, string | number>>;

/** One delivery inside a parcel. A webhook or mail carries one, a file many. */
export interface ParcelItem {
  readonly deliveryId: number;
  /** Stable over every attempt and run: `webhook-id`, `Message-ID`, row reference (guarantee 4). ASCII, `[A-Za-z0-9_-]{1,64}`. */
  readonly key: string;
  /** Which life of the delivery: one more after each replay. */
  readonly run?: number;
  /** Which try of that life. */
  readonly attempt?: number;
  /** `key`, or `key.rN` for a run opened after a definite refusal. Goes into `Idempotency-Key`. */
  readonly idempotencyKey: string;
  /** The centre's reference of the lead, `[A-Za-z0-9._-]{1,64}`. Never personal data. */
  readonly leadReference: string;
  /** The reference the recipient gave when it accepted the create; needed by `{reference}` in URLs. */
  readonly recipientReference?: string;
  /** Targets that took it in an earlier attempt, as `Composed.targetKeys` names them: it does not go to them again. */
  readonly reached?: readonly string[];
  /** What earlier answers gave; needed by `{person.id}` in URLs. */
  readonly captured?: Captured;
}

/** Exact bytes written by the mapping. */
export interface Body {
  readonly bytes: Uint8Array;
  /** e.g. `application/json`, `text/csv; charset=windows-1252`, `application/xml`. */
  readonly mediaType: string;
  /** File extension without the dot, used by file drops and attachments. */
  readonly extension: string;
  /** Headers the format asks for where it travels by HTTP (`soapaction`, `accept`). Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Secrets that stand masked in `bytes`, which is what people and the log see. */
  readonly secrets?: BodySecrets;
  /** A file too long to be held, instead of `bytes`, which are empty then. */
  readonly long?: LongBytes;
}

/** What of a body is known only at departure. */
export interface BodySecrets {
  readonly names: readonly string[];
  /** The bytes that leave. @param value of each name */
  readonly written: (value: (name: string) => string) => Uint8Array;
}

export interface LongBytes {
  readonly size: number;
  /** All of them in order, anew at each reading; throws when they are not there any more. */
  readonly read: () => AsyncIterable<Uint8Array>;
}

/** A readable lead sheet for people: sections of label/value lines, in order. */
export interface SheetSection {
  readonly title: string;
  readonly lines: readonly { readonly label: string; readonly value: string; readonly emphasis?: boolean }[];
}

/** Place of a file in its flow. */
export interface BatchFacts {
  /** Grows by one per file of the destination; part of its name. */
  readonly sequence: number;
  /** The slot (scheduled moment) the file belongs to. */
  readonly slot: Date;
  readonly rows: number;
  /** Fixed when the batch was built; every attempt uses it again (guarantee 4). */
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
  /** Not of a lead: an alert of Relais to support. */
  readonly isAlert?: true;
  readonly batch?: BatchFacts;
  /** Of a question: the recipient has said that it decides later, and is asked what it decided. */
  readonly decidesLater?: boolean;
  /** Departure time of the first attempt; stable over attempts so that bytes stay the same. */
  readonly writtenAt: Date;
}
