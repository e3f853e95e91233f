// Type of a connector: everything the gateway knows of one kind of channel to recipients.
// Invariant: everything specific to a kind is behind this type: a new kind is a folder and a line in the registry.
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

/** The mistake where it is one. @param message French first */
export const problemIf = (isWrong: boolean, path: string, message: Both): readonly SettingsProblem[] =>
  isWrong ? [{ path, message }] : [];

/** A secret that expires. */
export interface Expiry {
  readonly secret: string;
  readonly at: Date;
}

/** The parts of a connector that its settings alone decide. */
export type SettingsParts<Settings> = Pick<
  Connector<Settings>,
  'settingsSchema' | 'check' | 'doubts' | 'targets' | 'dials' | 'places' | 'inClear' | 'secretNames'
>;

/** A JSON Schema (draft 2020-12 subset understood by ajv). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The facts of client.yaml that list targets of this kind. */
export type TargetKind = 'hosts' | 'mailboxes' | 'folders';

/** Settings of a recipient that fetches its deliveries. */
export interface Fetched<Settings> {
  /** Lease of a fetched delivery: without an answer by then it is due again. Milliseconds. */
  readonly leaseMs: (settings: Settings) => number;
  /** The code to keep for the one it gives: of a closed list, where the mapping has one. */
  readonly reasonOf: (settings: Settings, given: string) => string;
}

export interface Connector<Settings = unknown> {
  readonly type: string;
  /** Name for people: `Webhook (HTTPS)`. */
  readonly label: string;
  /**
   * Schema of the block `settingsKey` names: `file` where deliveries are sent in files, else `send`. Every property has a `description`.
   */
  readonly settingsSchema: JsonSchema;
  /** Name of the mapping key the settings come from. */
  readonly settingsKey: 'send' | 'file';
  /**
   * The recipient fetches what is due and acknowledges it: nothing is sent and no connection opened, so there is no
   * address, no secret of ours and no stand-in. `send` answers that it is fetched. Absent: the connector sends.
   */
  readonly fetched?: Fetched<Settings>;
  readonly actions: readonly Action[];
  /** Deliveries in one parcel at most. 1: each delivery travels alone. */
  readonly maxItems: number;
  /** A lower limit for these settings; a file is then kept in memory whole, never written in parts. */
  readonly atMost?: (settings: Settings) => number | undefined;
  /** Body formats a mapping may write for it. */
  readonly formats: readonly (
    | 'json'
    | 'form'
    | 'multipart'
    | 'jsonRpc'
    | 'xmlRpc'
    | 'xml'
    | 'soap'
    | 'csv'
    | 'none'
  )[];
  /** The parcel must contain a lead sheet for people. */
  readonly sheet: boolean;
  /** True when the settings forbid personal data in the content: no opt-in, and no field of a person, is then written. */
  readonly impersonal?: (settings: Settings) => boolean;
  /** Name of this way in a problem where financial data may not travel by it (C10); absent or undefined where they may. */
  readonly noFinancial?: (settings: Settings) => Both | undefined;
  /** Some targets of one parcel may take it and others not (`Evidence.targets`, `ParcelItem.reached`). */
  readonly takenPartly?: true;
  /** A body may contain secrets, which `send` writes out. Absent: it may contain none. */
  readonly bodySecrets?: true;
  /** One delivery may need several calls, each with its own answer. */
  readonly makesCalls: boolean;
  /** The reader of its answers: the mapping's `response` rules, or the connector. */
  readonly answers: 'rules' | 'connector';
  /** Protocol of the status in its evidence: `http`, `smtp`, `sftp`. */
  readonly protocol: string;
  /** The facts of client.yaml that list its targets (C19). */
  readonly targetKind: (settings: Settings) => TargetKind;
  /** The reason why deliveries sent by these settings cannot be looked up, for the check: support then decides unknown outcomes. */
  readonly unaskable?: (settings: Settings) => Both | undefined;
  /** The setting with the target address, and the one with the look-up. */
  readonly addressKey: string;
  readonly lookupKey?: string;
  /** Settings whose blocks are merged key by key when an action or a call overrides them, instead of replaced. */
  readonly overlaid?: readonly string[];
  /** Rules a schema cannot express (URL syntax, clear-text secrets ...). Pure. */
  readonly check: (settings: Settings) => readonly SettingsProblem[];
  /** Permitted settings that may prove less than they seem to: the check warns. Pure. */
  readonly doubts?: (settings: Settings) => readonly SettingsProblem[];
  /** Hosts, mailboxes or folders this destination reaches; none when the whole address is a secret. */
  readonly targets: (settings: Settings) => readonly string[];
  /** Further hosts it connects to: the contract must list them too. */
  readonly dials?: (settings: Settings) => readonly string[];
  /** Folders of this machine it writes to: production asks that contract and authorisation name them. */
  readonly ownFolders?: (settings: Settings) => readonly string[];
  /**
   * The places the settings lead to, in a comparable form: scheme, query and case do not count.
   * @param resolve gives the value of `secret:NAME`, or the text itself
   */
  readonly places: (settings: Settings, resolve: (text: string) => string) => readonly string[];
  /** The files it writes, place and name in a comparable form: two destinations with one in common overwrite each other. */
  readonly fileNames?: (
    settings: Settings,
    own: { readonly client: string; readonly destination: string },
  ) => readonly string[];
  /** JSON pointers to addresses over which leads would travel in clear (C38). */
  readonly inClear?: (settings: Settings) => readonly string[];
  /** Names of the `secret:NAME` references used. */
  readonly secretNames: (settings: Settings) => readonly string[];
  /** Name of the secret whose every live value signs, so that it may be rotated with an overlap; undefined: none does. */
  readonly signingSecret?: (settings: Settings) => string | undefined;
  /** Secrets and keys with an expiry of their own, a certificate for example. */
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
  /** The request of its look-up, composed likewise; undefined where the settings have none. @param parcel with the look-up's body */
  readonly composeQuestion?: (parcel: Parcel, settings: Settings) => Composed | undefined;
  /**
   * The settings for sending again a delivery that may have been received: parts of its content are those of the version
   * that wrote it. Absent: the settings in force.
   */
  readonly settingsAgain?: (inForce: Settings, written: Settings) => Settings;
  /** One outcome for the whole parcel (all items share it). Never throws for anything a recipient or network does. */
  readonly send: (parcel: Parcel, settings: Settings, context: SendContext) => Promise<Outcome>;
  /** Looks up the item's reference at the recipient (`onUnknown: lookup`, `pending`); the body is the look-up's own. */
  readonly lookup?: (parcel: Parcel, settings: Settings, context: SendContext) => Promise<Outcome>;
  /**
   * Reaches the recipient without sending any lead: name, address allowed, TLS, login.
   * @param question body of a look-up without a lead, where the look-up needs one
   */
  readonly test: (settings: Settings, context: SendContext, question?: Body) => Promise<Tested>;
  /** Reads the recipient's answer to each delivery of a file. */
  readonly itemAnswers?: ItemAnswers<Settings>;
  /** Reads later returns: mails that bounce after the server accepted them. */
  readonly returns?: Returns<Settings>;
  readonly words: SignedWords<Settings>;
  /** How `relais mapping new` writes its part. */
  readonly drafting: Drafting;
  /** Starts the stand-in for the recipient in a trial; a text gives the reason why none can. @param all settings of each call */
  readonly standIn: (
    all: readonly Settings[],
    servers: StandInServers,
  ) => Promise<StandIn<Settings> | string>;
  /**
   * Loads the packages that only sending needs. A sender calls it before it begins where a destination has the connector, so that no
   * lead waits for it and a package replaced while the process runs does not affect it. Else they are loaded at their first use.
   */
  readonly load?: () => Promise<unknown>;
  /** Closes pooled connections. */
  readonly close?: () => Promise<void>;
}

/** Gives a connector its settings type once and erases it for the registry. */
export function defineConnector<Settings>(connector: Connector<Settings>): Connector {
  return connector as unknown as Connector;
}
