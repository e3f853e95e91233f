// Types of mappings for the other rooms: the problems of a file, and the compiled mapping that writes leads.
// Invariant: everything here is pure; a compiled mapping never does I/O and never throws for a lead's content.
import type {
  Action,
  Answer,
  Body,
  Captured,
  Connector,
  Outcome,
  Parcel,
  SheetSection,
} from '../../connectors/contract.ts';
import type { ClientFacts, DestinationLimits } from '../domain/destination.ts';
import type {
  ConsentChannel,
  ConsentPurpose,
  ConsentState,
  DataCategory,
  Lead,
  OptionalBlock,
} from '../domain/lead.ts';
import type { WrittenOptIn } from '../domain/go-live.ts';
import type { RetryPolicy } from '../domain/verdict.ts';
import type { FullGuard } from '../domain/full-file.ts';

/** One mistake in a file, as an integrator reads it. */
export interface Problem {
  /** Path relative to the mappings folder's parent: `mappings/horizon/crm.yaml`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** `MAP-201`; `problem-catalogue.ts` gives meaning and remedy. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly french: string;
  readonly suggestion?: string;
}

/** Text of every file of a destination's mapping, frozen together at publication. */
export interface MappingSources {
  readonly clientId: string;
  readonly destinationId: string;
  /** File name (relative, `/`-separated) of the destination's mapping among `files`. */
  readonly main: string;
  /** `client.yaml`, the mapping, presets extended, client schemas, samples used by tests: name -> text. */
  readonly files: Readonly<Record<string, string>>;
}

type Working = 'compose' | 'composeQuestion' | 'send' | 'lookup' | 'test' | 'standIn' | 'close';
/** Connectors as the checker needs them; the registry is passed in, mapping never imports it. */
export type ConnectorFacts = Omit<Connector, Working>;

export type CheckResult =
  | { readonly ok: true; readonly mapping: CompiledMapping; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Facts of a delivery while its lead is written. */
export interface WriteSituation {
  readonly action: Action;
  readonly key: string;
  readonly recipientReference?: string;
  /** Departure of the first attempt, or now. */
  readonly writtenAt: Date;
  /** Instant at which consent is read. */
  readonly now: Date;
  /** Categories the authorisation covers. */
  readonly categories: readonly DataCategory[];
  /** Which call is written, where the action needs several; the first one when absent. */
  readonly call?: string;
  /** Ids earlier answers gave, by `person.id`. */
  readonly captured?: Captured;
  /** Opt-ins the recipient already acknowledged, for an update whose `optInOnUpdate` is `changed`; absent: all are written. */
  readonly told?: Told;
}

/** One lead written for one destination; several make a file. */
export interface WrittenRecord {
  /** Key of the delivery, or of the call that is written; the same on every attempt. */
  readonly key: string;
  readonly values: unknown;
  readonly sheet?: readonly SheetSection[];
  readonly title?: string;
  /** Target field names present, in order, for the log (C09). */
  readonly fieldNames: readonly string[];
  readonly consents: readonly ConsentSent[];
  /** Earliest instant from which a written grant counts as ended (`domain/consent.ts`); the record must depart before it. */
  readonly freshUntil?: Date;
  /** For preview: beside each output field the source it came from. */
  readonly origins: readonly { readonly field: string; readonly source: string; readonly value: string }[];
}

export type ApplyResult =
  | { readonly ok: true; readonly record: WrittenRecord }
  /** A consent row that a named purpose and channel needs does not exist: `withheld: opt_in_missing` (C16). */
  | {
      readonly ok: false;
      readonly why: 'opt_in_missing';
      readonly missing: readonly { purpose: ConsentPurpose; channel: ConsentChannel }[];
    }
  /** The file has `hold` for this state. */
  | { readonly ok: false; readonly why: 'opt_in_held'; readonly field: string }
  /** Data of a category the authorisation does not cover. */
  | { readonly ok: false; readonly why: 'category_not_authorised'; readonly category: DataCategory }
  /** An id that an earlier answer should have given is not known. */
  | { readonly ok: false; readonly why: 'capture_missing'; readonly capture: string }
  /** The lead does not fit: code and field names, never values. */
  | {
      readonly ok: false;
      readonly why: 'invalid';
      readonly problems: readonly { readonly field: string; readonly code: string }[];
    };

export interface ActionPlan {
  /** Settings of this action (base settings with the action's own overrides). */
  readonly settings: unknown;
  readonly targets: readonly string[];
  /** The calls one delivery makes, in order; absent where it is one. `settings` are then the first one's, `targets` those of all. */
  readonly calls?: readonly CallPlan[];
}

/** The client's own sandbox; nothing of it is part of production's targets or secrets. */
export interface SandboxPlan {
  /** Settings of the create; of its first call where there are several. */
  readonly settings: unknown;
  readonly targets: readonly string[];
  /** Settings of each call by name; empty where the create is one. */
  readonly calls: Readonly<Record<string, unknown>>;
}

/** A call with its action, which the answer to a look-up does not contain. */
export interface CallName {
  readonly action: Action;
  readonly name: string;
}

/** One of the calls a delivery makes. */
export interface CallPlan {
  /** `[a-z][a-z0-9_]{0,23}`, once per action; it names the call in the log and ends its key. */
  readonly name: string;
  readonly settings: unknown;
  readonly hasLookup: boolean;
  readonly onUnknown: RetryPolicy['onUnknown'];
  /** Ids its answer must give, by `person.id`. */
  readonly captures: readonly string[];
  /** Ids it cannot do without, by `person.id`; `reference` for the recipient's reference. */
  readonly needs: readonly string[];
  /** Calls by GET that are repeated before this one is sent again, because it sets what they read. */
  readonly rereads?: readonly string[];
  /** True when this lead needs the call (`when`, or an opt-in whose value is `send`). */
  readonly applies: (lead: Lead, situation: WriteSituation) => boolean;
  /** The call that undoes this one when a later call is refused for good: `undo-NAME`. */
  readonly undo?: CallPlan;
}

/** The references that a look-up of a delivery uses; nothing of a person. */
export interface Asked extends Pick<
  WriteSituation,
  'action' | 'key' | 'recipientReference' | 'captured' | 'writtenAt'
> {
  readonly leadReference: string;
}

export interface CompiledMapping extends WhenFilesLeave {
  readonly clientId: string;
  readonly clientName: string;
  readonly destinationId: string;
  readonly connector: string;
  readonly connectorFacts: ConnectorFacts;
  readonly client: ClientFacts;
  /** Actions this destination takes; `create` always. */
  readonly actions: Readonly<Partial<Record<Action, ActionPlan>>>;
  /** Where `send --sandbox` sends to; absent where the file declares none. */
  readonly sandbox?: SandboxPlan;
  /** All targets over all actions, lower-case; compared with contract and authorisation. Empty when the URL is a secret. */
  readonly targets: readonly string[];
  readonly secretAddress: boolean;
  /** Targets that an authorisation without targets covers: these; with a secret address, all of the kind in the contract. */
  readonly covered: readonly string[];
  readonly secretNames: readonly string[];
  /** Categories of data the mapping sends. */
  readonly categories: readonly DataCategory[];
  /** Optional blocks of the lead that the sources read, those of `accepts` included. */
  readonly blocks: ReadonlySet<OptionalBlock>;
  /** Decides whether the destination takes this lead (`accepts`); the failing key otherwise. */
  readonly accepts: (
    lead: Lead,
  ) => { readonly yes: true } | { readonly yes: false; readonly because: string };
  readonly retry: RetryPolicy;
  readonly maxAgeMs: number;
  /** How long a lead may wait before support is alerted. */
  readonly promiseMs: number;
  /** Kinds of change sent as an update besides consent, which always is: `corrected` by default, `interaction` on demand. */
  readonly updateOn: readonly ('corrected' | 'interaction')[];
  readonly hasLookup: boolean;
  /** The read-back, by which the recipient is asked if it kept the opt-in. */
  readonly readBack?: ReadBackPlan;
  readonly callback?: CallbackPlan;
  readonly limits: DestinationLimits;
  readonly timeouts: { readonly connectMs: number; readonly responseMs: number; readonly totalMs: number };
  /** Deliveries in one parcel at most (1 for webhook and email). */
  readonly maxItems: number;
  readonly apply: (lead: Lead, situation: WriteSituation) => ApplyResult;
  /** Opt-ins that an action or one of its calls sends when they are granted, by `purpose.channel`. */
  readonly tells: (action: Action, call?: string) => ReadonlySet<string>;
  /** `always`: an update also writes a grant that the recipient already acknowledged. */
  readonly optInOnUpdate: 'changed' | 'always';
  /** Every target an action or one of its calls can write, with the sources of its values: several where several lines write it. */
  readonly reads: (action: Action, call?: string) => ReadonlyMap<string, readonly string[]>;
  /** Bytes of one parcel from its records, in order. Same records, same bytes. */
  readonly write: (
    records: readonly WrittenRecord[],
    action: Action,
    batch?: Parcel['batch'],
    call?: string,
  ) => Body;
  /** Body of a look-up, empty where the address suffices; undefined where a reference it needs is unknown. */
  readonly question: (asked: Asked, call?: string) => Body | undefined;
  /** Files only: the bytes around the records. Absent where a file holds one. */
  readonly frame?: (action: Action, batch: NonNullable<Parcel['batch']>) => FileFrame;
  /**
   * Files only: a part of the records, without the frame. Absent where a record names the row count of its file, known only at the end.
   */
  readonly writePart?: (
    records: readonly WrittenRecord[],
    action: Action,
    batch: NonNullable<Parcel['batch']>,
  ) => Uint8Array;
  /** Applies the `response` rules; `unknown` when no rule fits. Never throws. For tools: blocks while XPath runs. */
  readonly classify: (answer: Answer, stage: Action | 'lookup', call?: CallName) => Outcome;
  /** The same for deliveries: reading the answer never blocks the event loop. */
  readonly classifyBeside: (answer: Answer, stage: Action | 'lookup', call?: CallName) => Promise<Outcome>;
  /** The mapping in words besides its content, for comparing versions. */
  readonly inWords: InWords;
  /** The truth table of every consent line, for preview and the client's signature. */
  readonly consentTable: readonly WrittenOptIn[];
  /** The truth table of an update that writes the opt-in in its own way. */
  readonly updateConsentTable?: CompiledMapping['consentTable'];
}

// Types of a mapping that writes files: the frame of a file, and its schedule.
// Invariant: data only.

/** The bytes of a file around its records; the frame alone is a file without records. */
export interface FileFrame {
  readonly open: Uint8Array;
  /** Between two parts. */
  readonly between: Uint8Array;
  readonly close: Uint8Array;
  readonly mediaType: string;
  readonly extension: string;
}

/** When files are due. */
export interface FileSchedule {
  readonly cron: string;
  readonly timezone: string;
  /** A slot without leads makes no file, or a file with its frame alone. */
  readonly empty: 'skip' | 'header';
  /** Delay after which a file that was not sent is reported, ms. */
  readonly lateMs: number;
  /** Delay after which a missing acknowledgement is reported, ms; undefined where none is expected or no delay is given. */
  readonly ackWithinMs?: number;
}

/** Present only in a mapping that writes files. */
interface WhenFilesLeave {
  readonly schedule?: FileSchedule;
  /** Each file holds every current lead, and is sent without approval within these bounds. */
  readonly full?: FullGuard;
}

/** The mapping in words, line by line, for comparing versions. */
export interface InWords {
  /** In their order; those of a call with its name. */
  readonly answers: readonly string[];
  readonly accepts: readonly string[];
  readonly consent: readonly string[];
}

// Types of the opt-in as written for a client, and of the part that a recipient has acknowledged.
// Invariant: data only.

/** Logged in place of a value that an update left out because the recipient already acknowledged it. */
export const unchanged = '(unchanged)';

/** The latest revision of the lead whose opt-in the recipient acknowledged, by `pairOf`. */
export type Told = ReadonlyMap<string, number>;

/** `marketing.email` */
export const pairOf = ({
  purpose,
  channel,
}: {
  readonly purpose: string;
  readonly channel: string;
}): string => `${purpose}.${channel}`;

/** One opt-in as it was written for the client (C20), for the log. */
export interface ConsentSent {
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
  readonly state: ConsentState;
  /** The client's own field name. */
  readonly field: string;
  /** The client's own value as written; `(omitted)` where the file says omit, `(unchanged)` where an update leaves it out. */
  readonly value: string;
}

/** How a recipient reports a later decision by a callback. */
export interface CallbackPlan {
  /** Name of the secret that signs it. */
  readonly secret: string;
  /** Our key of the delivery that the callback names; undefined where it names none. */
  readonly keyOf: (callback: Answer) => Promise<string | undefined>;
}

/** How an accepted record is read back from the recipient, and its opt-in compared with the one written. */
export interface ReadBackPlan {
  /** Settings of the connector; the read-back uses its look-up. */
  readonly settings: unknown;
  /** Delay after the acceptance, ms. */
  readonly afterMs: number;
  /** Fields of the consent block that are compared. */
  readonly fields: readonly string[];
  readonly needsReference: boolean;
  /** Ids of calls that its address names, by `person.id`. */
  readonly needs: readonly string[];
  /** Fields that the record does not hold as they were written. */
  readonly lost: (answer: Answer, sent: readonly ConsentSent[]) => Promise<readonly string[]>;
}

// Lists the formats and encodings that a mapping can write.
// Invariant: closed; a connector lists the bodies it carries, and each body writes its targets by one grammar.

export type Format = 'json' | 'form' | 'xml' | 'csv' | 'none';

/** The name of each body in a file, with the grammar of its targets. */
export const bodyFormats = {
  json: 'json',
  form: 'form',
  multipart: 'form',
  jsonRpc: 'json',
  xmlRpc: 'json',
  xml: 'xml',
  soap: 'xml',
  csv: 'csv',
  none: 'none',
} as const satisfies Readonly<Record<string, Format>>;

export type BodyFormat = keyof typeof bodyFormats;

/** Those that have a block in a file. */
export const bodyBlocks = (Object.keys(bodyFormats) as BodyFormat[]).filter((format) => format !== 'none');

/** Bodies of calls of a procedure, whose parameters the fields write. */
export type RpcFormat = 'jsonRpc' | 'xmlRpc';

/** Protocols that report an error inside an answer, whatever its status. */
export type FaultFormat = RpcFormat | 'soap';

/** How values are written when the file names no formatter: for a machine format, or for people. */
export type Mode = Format | 'sheet';

/** Encodings a body can be written in. */
export const encodings = ['utf-8', 'utf-8-bom', 'windows-1252', 'iso-8859-15', 'iso-8859-1'] as const;
export type Encoding = (typeof encodings)[number];
