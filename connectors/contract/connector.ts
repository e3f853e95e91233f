// One kind of channel to recipients: everything the gateway knows of it, in one object.
// Invariant: what depends on the kind stands behind this type, so that the registry's line and a folder are all of it.
import type { Composed, SendContext } from './context.ts';
import type { ItemAnswers } from './item-answers.ts';
import type { Outcome, Tested } from './outcome.ts';
import type { Action, Body, Parcel } from './parcel.ts';
import type { Both, Drafting, SignedWords } from './presented.ts';
import type { Returns } from './returns.ts';
import type { StandIn, StandInServers } from './stand-in.ts';

export interface SettingsProblem {
  /** JSON pointer into the settings, e.g. `/url`. */
  readonly path: string;
  /** French first. */
  readonly message: Both;
}

/** A secret that is good until a moment. */
export interface Expiry {
  readonly secret: string;
  readonly at: Date;
}

/** A JSON Schema (draft 2020-12 subset understood by ajv). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Among which facts of client.yaml targets stand. */
export type TargetKind = 'hosts' | 'mailboxes' | 'folders';

/** How a recipient comes for what is due. */
export interface Fetched<Settings> {
  /** How long what was fetched is its own; unanswered by then it is due again. Milliseconds. */
  readonly leaseMs: (settings: Settings) => number;
  /** The code that is kept of the one it gives: of a closed list, where the mapping has one. */
  readonly reasonOf: (settings: Settings, given: string) => string;
}

export interface Connector<Settings = unknown> {
  readonly type: string;
  /** As people read it: `Webhook (HTTPS)`. */
  readonly label: string;
  /** Schema of the block `settingsKey` names: `file` where deliveries leave in files, else `send`. Every property carries a `description`. */
  readonly settingsSchema: JsonSchema;
  /** Name of the mapping key the settings come from. */
  readonly settingsKey: 'send' | 'file';
  /**
   * Its recipient comes for what is due and says what it took: nothing is sent and nobody is dialled, so that there is no wire, no
   * secret of ours and no stand-in. `send` answers that it is fetched. Absent: it is sent.
   */
  readonly fetched?: Fetched<Settings>;
  readonly actions: readonly Action[];
  /** Deliveries in one parcel at most. 1: each delivery travels alone. */
  readonly maxItems: number;
  /** A lower limit of these settings; a file is then held whole, never written in parts. */
  readonly atMost?: (settings: Settings) => number | undefined;
  /** Body formats a mapping may write for it. */
  readonly formats: readonly (
    'json' | 'form' | 'multipart' | 'jsonRpc' | 'xmlRpc' | 'xml' | 'soap' | 'csv' | 'none'
  )[];
  /** Whether the parcel must carry a lead sheet for people. */
  readonly sheet: boolean;
  /** Whether these settings say that no person may be in what is sent: only other fields are then written, and no opt-in. */
  readonly impersonal?: (settings: Settings) => boolean;
  /** How the check names this way where financial data may not travel it (C10); absent, or undefined, where they may. */
  readonly noFinancial?: (settings: Settings) => Both | undefined;
  /** Whether some targets of one parcel may take it and others not (`Evidence.targets`, `ParcelItem.reached`). */
  readonly takenPartly?: true;
  /** A body may hold secrets: `send` writes them out. Absent: it may hold none. */
  readonly bodySecrets?: true;
  /** Whether one delivery may need several calls, each with an answer of its own. */
  readonly makesCalls: boolean;
  /** Who reads its answers: the mapping's `response` rules, or the connector. */
  readonly answers: 'rules' | 'connector';
  /** What the status of its evidence belongs to: `http`, `smtp`, `sftp`. */
  readonly protocol: string;
  /** Among which facts of client.yaml its targets stand (C19). */
  readonly targetKind: (settings: Settings) => TargetKind;
  /** Why nobody can be asked about what has left by these settings, in words for the check: an unknown outcome is then support's. */
  readonly unaskable?: (settings: Settings) => Both | undefined;
  /** The setting that says where leads go, and the one by which the recipient can be asked again. */
  readonly addressKey: string;
  readonly lookupKey?: string;
  /** Settings whose blocks an action or a call lays over the shared ones name by name, instead of in their place. */
  readonly overlaid?: readonly string[];
  /** Rules a schema cannot say (URL syntax, clear-text secrets ...). Pure. */
  readonly check: (settings: Settings) => readonly SettingsProblem[];
  /** What is allowed and may prove less than it seems to: the check warns. Pure. */
  readonly doubts?: (settings: Settings) => readonly SettingsProblem[];
  /** Hosts, mailboxes or folders this destination reaches; none when the whole address is a secret. */
  readonly targets: (settings: Settings) => readonly string[];
  /** Hosts it dials besides: the contract must list them too. */
  readonly dials?: (settings: Settings) => readonly string[];
  /**
   * Where settings lead, in a form that can be compared: two that differ in scheme, query or case are one.
   * @param resolve gives what stands behind `secret:NAME`, or the text itself
   */
  readonly places: (settings: Settings, resolve: (text: string) => string) => readonly string[];
  /** JSON pointers to addresses over which leads would travel in clear (C38). */
  readonly inClear?: (settings: Settings) => readonly string[];
  /** Names of the `secret:NAME` references used. */
  readonly secretNames: (settings: Settings) => readonly string[];
  /** Name of the secret whose every live value signs what is sent, so that it may be changed with an overlap; undefined: none does. */
  readonly signingSecret?: (settings: Settings) => string | undefined;
  /** Secrets and keys that end by themselves, a certificate say. */
  readonly expiries?: (
    settings: Settings,
    secret: (name: string) => string | undefined,
    now: Date,
  ) => readonly Expiry[] | Promise<readonly Expiry[]>;
  /** Pure: same parcel and settings, same content. `secret` may be absent (preview): values are then masked. */
  readonly compose: (
    parcel: Parcel,
    settings: Settings,
    secret?: (name: string) => string | undefined,
  ) => Composed;
  /** The look-up that would be asked about it, likewise; undefined where the settings know none. @param parcel with the question's body */
  readonly composeQuestion?: (parcel: Parcel, settings: Settings) => Composed | undefined;
  /**
   * The settings by which what may have been received is sent again: what belongs to its content is that of the version which wrote it.
   * Those in force when absent.
   */
  readonly settingsAgain?: (inForce: Settings, written: Settings) => Settings;
  /** One outcome for the whole parcel (all items share it). Never throws for anything a recipient or network does. */
  readonly send: (parcel: Parcel, settings: Settings, context: SendContext) => Promise<Outcome>;
  /** Asks the recipient whether it knows the item's reference (`onUnknown: lookup`, `pending`); the body is the question's own. */
  readonly lookup?: (parcel: Parcel, settings: Settings, context: SendContext) => Promise<Outcome>;
  /**
   * Reaches the recipient without sending any lead: name, address allowed, TLS, login.
   * @param question body of a look-up about nobody, where asking needs one
   */
  readonly test: (settings: Settings, context: SendContext, question?: Body) => Promise<Tested>;
  /** How the recipient's word on each delivery of a file is read. */
  readonly itemAnswers?: ItemAnswers<Settings>;
  /** How what comes back later is read: mails that bounce after the server's yes. */
  readonly returns?: Returns<Settings>;
  readonly words: SignedWords<Settings>;
  /** How `relais mapping new` writes its part. */
  readonly drafting: Drafting;
  /** Starts what stands in for the recipient in a trial; a text says why nothing can. @param all settings of each call */
  readonly standIn: (
    all: readonly Settings[],
    servers: StandInServers,
  ) => Promise<StandIn<Settings> | string>;
  /**
   * Loads what only sending needs. Who sends does it before it begins: no lead waits for it, and packages that are changed beside a
   * running process do not reach it.
   */
  readonly load?: () => Promise<unknown>;
  /** Closes pooled connections. */
  readonly close?: () => Promise<void>;
}

/** Gives a connector its settings type once and erases it for the registry. */
export function defineConnector<Settings>(connector: Connector<Settings>): Connector {
  return connector as unknown as Connector;
}
