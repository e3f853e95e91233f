// The contract between the gateway and the hands that carry: what a parcel is, what an outcome is.
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
  /** `key`, or `key.rN` for a run opened after a definite refusal. Goes into `Idempotency-Key`. */
  readonly idempotencyKey: string;
  /** The centre's reference of the lead, `[A-Za-z0-9._-]{1,64}`. Never personal data. */
  readonly leadReference: string;
  /** The reference the recipient gave when it accepted the create; needed by `{reference}` in URLs. */
  readonly recipientReference?: string;
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
  readonly batch?: BatchFacts;
  /** Departure time of the first attempt; stable over attempts so that bytes stay the same. */
  readonly writtenAt: Date;
}

/** What is known of an attempt besides its verdict. Codes and numbers only, never the recipient's text. */
export interface Evidence {
  /** HTTP status, or SMTP reply code. */
  readonly status?: number;
  /** Length of the answer in bytes. */
  readonly answerBytes?: number;
  readonly durationMs?: number;
  readonly host?: string;
}

/** A code from a closed list or `[A-Z0-9_.-]{1,64}` in either case (guarantee 7). */
export type ReasonCode = string;

/** The verdict of one item of a parcel. Expected answers are values; an exception is a bug. */
export type Outcome =
  /** The recipient has it, proved by the destination's own rules. */
  | {
      readonly kind: 'accepted';
      readonly reference?: string;
      readonly captures?: Captured;
      readonly evidence?: Evidence;
    }
  /** The recipient already had it: final, counts as delivered. */
  | {
      readonly kind: 'duplicate';
      readonly reference?: string;
      readonly captures?: Captured;
      readonly evidence?: Evidence;
    }
  /** The recipient decides later; `lookup` asks again. */
  | { readonly kind: 'pending'; readonly reference?: string; readonly evidence?: Evidence }
  /** Fire and forget: gone without an error, nothing proves arrival. */
  | { readonly kind: 'unconfirmed'; readonly captures?: Captured; readonly evidence?: Evidence }
  /** A business no. Final. */
  | { readonly kind: 'refused'; readonly reason: ReasonCode; readonly evidence?: Evidence }
  /** Our payload does not fit. Final for this mapping version. */
  | { readonly kind: 'invalid'; readonly reason: ReasonCode; readonly evidence?: Evidence }
  /** Credentials or rights refused: hold the destination, burn nothing. */
  | { readonly kind: 'unauthorized'; readonly reason: ReasonCode; readonly evidence?: Evidence }
  /** Too fast. `afterMs` when the recipient named it. */
  | {
      readonly kind: 'throttled';
      readonly reason: ReasonCode;
      readonly afterMs?: number;
      readonly evidence?: Evidence;
    }
  /** Technical failure and the recipient certainly did not keep it, or said so (5xx). `afterMs` from Retry-After. */
  | {
      readonly kind: 'unavailable';
      readonly reason: ReasonCode;
      /** True when bytes of the content may have reached the recipient (a 5xx after the body was sent). */
      readonly maybeReceived: boolean;
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

/** `tried` is left out where the credentials always are. */
export type Tested = Outcome & { readonly tried?: 'address' | 'credentials' };

export type OutcomeKind = Outcome['kind'];

/** An HTTP answer as the response rules see it; `text` is bounded by `maxAnswerBytes`. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly mediaType: string;
  readonly text: string;
  readonly truncated: boolean;
}

/** Which addresses may be reached; comes from the operator's configuration only. */
export interface NetworkPolicy {
  /** CIDR ranges outside the public internet that are allowed, e.g. `127.0.0.0/8` in a sandbox. */
  readonly allowedRanges: readonly string[];
  /** Plain http, plain SMTP and unencrypted drops; never in production (C38). */
  readonly allowPlaintext: boolean;
  /** Additional certificate authorities, PEM. */
  readonly extraCa?: string;
  /**
   * Operator's own routing, lower-case host -> address and port really dialled (a sandbox, a relay in the DMZ).
   * TLS name, Host header and authorisation keep the original host; the dialled address is vetted like any other.
   */
  readonly connectTo?: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
}

export interface Timeouts {
  readonly connectMs: number;
  /** From the last byte sent to the first byte of the answer. */
  readonly responseMs: number;
  /** Everything together; shorter than the lease. */
  readonly totalMs: number;
}

export interface SendContext {
  /** The compiled mapping's `response` rules. Throws never. */
  readonly classify: (answer: Answer, stage: Action | 'lookup') => Promise<Outcome>;
  /** Value of `secret:NAME`; undefined when the operator did not provide it. All live values, newest first, for rotating signing secrets. */
  readonly secret: (name: string) => string | undefined;
  readonly secrets: (name: string) => readonly string[];
  /** Hosts, mailboxes or folders the client's contract and a live authorisation allow (C18, C19). */
  readonly allowedTargets: readonly string[];
  readonly network: NetworkPolicy;
  readonly timeouts: Timeouts;
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Exactly what would leave, made without I/O; `preview` prints it and the digest is taken from it. */
export interface Composed {
  /** The bytes that are digested and logged: the whole content the recipient gets. Same parcel, same bytes. */
  readonly content: Uint8Array;
  /** Where it goes, secrets masked: `https://crm.horizon.example/api/leads`, `leads@horizon.example`, `sftp://horizon/in`. */
  readonly target: string;
  /** Host, mailbox or folder key that is compared with the authorisation. */
  readonly targetKeys: readonly string[];
  /** Human-readable head lines (HTTP request line and headers, mail headers, file path), secrets masked. */
  readonly head: readonly string[];
  /** Set by flows: the final file name. */
  readonly fileName?: string;
}

export interface SettingsProblem {
  /** JSON pointer into the settings, e.g. `/url`. */
  readonly path: string;
  readonly message: string;
}

/** A JSON Schema (draft 2020-12 subset understood by ajv). */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Connector<Settings = unknown> {
  readonly type: string;
  /** As people read it: `Webhook (HTTPS)`. */
  readonly label: string;
  /** Schema of the mapping file's `send` block (webhook, email) or `file` block (flow). Every property carries a `description`. */
  readonly settingsSchema: JsonSchema;
  /** Name of the mapping key the settings come from. */
  readonly settingsKey: 'send' | 'file';
  readonly actions: readonly Action[];
  /** Deliveries in one parcel at most. 1: each delivery travels alone. */
  readonly maxItems: number;
  /** Body formats a mapping may write for it. */
  readonly formats: readonly ('json' | 'form' | 'xml' | 'csv' | 'none')[];
  /** Whether the parcel must carry a lead sheet for people. */
  readonly sheet: boolean;
  /** True when an acceptance is always unproved for this kind of recipient (a mailbox, a folder). */
  readonly fireAndForget: boolean;
  /** Rules a schema cannot say (URL syntax, clear-text secrets ...). Pure. */
  readonly check: (settings: Settings) => readonly SettingsProblem[];
  /** Hosts, mailboxes or folders this destination reaches; `undefined` when the whole URL is a secret. */
  readonly targets: (settings: Settings) => readonly string[];
  /** Names of the `secret:NAME` references used. */
  readonly secretNames: (settings: Settings) => readonly string[];
  /** Pure: same parcel and settings, same content. `secret` may be absent (preview): values are then masked. */
  readonly compose: (
    parcel: Parcel,
    settings: Settings,
    secret?: (name: string) => string | undefined,
  ) => Composed;
  /** One outcome for the whole parcel (all items share it). Never throws for anything a recipient or network does. */
  readonly send: (parcel: Parcel, settings: Settings, context: SendContext) => Promise<Outcome>;
  /** Asks the recipient whether it knows the item's reference (`onUnknown: lookup`, `pending`). */
  readonly lookup?: (parcel: Parcel, settings: Settings, context: SendContext) => Promise<Outcome>;
  /** Reaches the recipient without sending any lead: name, address allowed, TLS, login. */
  readonly test: (settings: Settings, context: SendContext) => Promise<Tested>;
  /** Closes pooled connections. */
  readonly close?: () => Promise<void>;
}

/** Gives a connector its settings type once and erases it for the registry. */
export function defineConnector<Settings>(connector: Connector<Settings>): Connector {
  return connector as unknown as Connector;
}
