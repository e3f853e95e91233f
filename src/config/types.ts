// Defines the validated configuration of the program.
// Invariant: every value has been checked; nothing else reads the environment.
import type { RedisPlace } from './redis-place.ts';

/** The address and TLS of one of our servers. */
export interface Door {
  readonly host: string;
  readonly port: number | undefined;
  /** Addresses or ranges of proxies that end TLS before it. */
  readonly proxies: readonly string[];
  /** Set when it ends TLS itself: certificate, chain and private key. */
  readonly pem?: string;
}

export interface Config {
  readonly env: 'production' | 'development' | 'sandbox';
  readonly mysql: {
    readonly gatewayUrl: string;
    readonly ownerUrl?: string;
    /** An account that makes schemas and accounts. */
    readonly adminUrl?: string;
    readonly intakeUrl?: string;
    /** A replica for reads. */
    readonly readUrl?: string;
    /** The account that writes statistics, with their schema. */
    readonly statisticsUrl?: string;
    /** The account that reads statistics, where this host has it. */
    readonly statisticsReadUrl?: string;
    readonly connections: number;
  };
  /** `dedicated`: one client alone has this installation. */
  readonly installation: 'shared' | 'dedicated';
  /** A service without an answer for so long has lost the connection. */
  readonly silenceMs: number;
  readonly keysSchema: string;
  readonly redis: { readonly url: string; readonly place: RedisPlace; readonly prefix: string };
  /** 32 bytes; wraps per-lead secrets and encrypts batches. */
  readonly masterKey: Buffer;
  /** 32 bytes; seals the hand-over log. */
  readonly sealKey: Buffer;
  /** Former keys: data under them can still be read. */
  readonly earlierKeys: { readonly master: readonly Buffer[]; readonly seal: readonly Buffer[] };
  readonly mappingsDir: string;
  readonly network: {
    readonly allowedRanges: readonly string[];
    readonly allowPlaintext: boolean;
    readonly extraCa?: string;
    readonly connectTo: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  };
  readonly logLevel: string;
  readonly http: {
    readonly host: string;
    readonly port: number | undefined;
    /** Number of destinations that metrics name; the others are `other`. */
    readonly metricsDestinations: number;
  };
  readonly worker: {
    readonly concurrency: number;
    readonly leaseMs: number;
    readonly settlingMs: number;
    readonly drainMs: number;
  };
  readonly planner: {
    readonly idleMs: number;
    readonly batch: number;
    readonly window: number;
    /** Rows of a file that are written at once. */
    readonly filePartRows: number;
    /** Retention of a refused row. */
    readonly refusedDays: number;
  };
  readonly alerts: {
    readonly webhook?: string;
    readonly chat?: string;
    readonly mail?: { readonly smtpUrl: string; readonly to: string; readonly from: string };
  };
  /** The centre's own tool that receives events; absent: none. */
  readonly events?: { readonly url: string; readonly secrets: readonly string[] };
  /** The centre's own mails to its clients; absent until completely configured. */
  readonly clientMail?: {
    readonly smtpUrl: string;
    readonly from: string;
    readonly dpoName: string;
    readonly dpoMailbox: string;
    readonly rightsMailbox: string;
  };
  /** Folder and key for a client's proofs of phone consent, written before its leads are deleted. */
  readonly phoneProofs: { readonly folder: string | undefined; readonly recipient: string | undefined };
  /** Backups, and the ledger of erasures that is kept outside the database. */
  readonly backups: {
    readonly folder: string | undefined;
    readonly recipient: string | undefined;
    readonly ledger: string | undefined;
    /** Folder of the log's archives. */
    readonly archives: string | undefined;
    readonly secretsDir: string | undefined;
    /** Further certificate authorities, as Node was given them. */
    readonly caFile: string | undefined;
  };
  /** True when no process may change the database. */
  readonly readOnly: boolean;
  /** Server for recipients' callbacks, by which they report a later decision; without a port there is none. */
  readonly callbacks: { readonly host: string; readonly port: number | undefined };
  /** The HTTP interface for other systems. */
  readonly api: Door & { readonly perMinute: number };
  /** The console for people. */
  readonly console: Door & {
    /** The address for browsers, used in links in mails. */
    readonly url?: string;
    /** Accounts that may sign in by password: all, or administrators only when the others use a provider. */
    readonly passwords: 'all' | 'admins';
    /** The OpenID Connect provider for signing in. */
    readonly oidc?: {
      readonly issuer: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly consoleUrl: string;
      readonly mfa: readonly string[];
      readonly allowHttp: boolean;
    };
  };
  /** Mailbox of bounces; absent when none is read. */
  readonly bounces: { readonly url?: string; readonly everyMs: number };
  /** The centre's name in letters and proofs. */
  readonly centreName?: string;
  /** The operator's register of processing, YAML. */
  readonly registerFile: string | undefined;
  /** The actor of commands run by hand. */
  readonly actor: string;
  /** True where the operating system names the actor, so that an account of that login may be meant. */
  readonly actorIsProved: boolean;
  readonly terminal: {
    /** Commands that read persons need an account with a second factor. */
    readonly needsFactor: boolean;
    /** Login whose second factor `factorCode` is. */
    readonly login: string;
    readonly factorCode: string | undefined;
  };
  /** `secret:NAME` values, newest first; files win over the environment and are read again when they change. */
  readonly secrets: (name: string) => readonly string[];
  /** Files that variables name for a secret, a password or a private key. */
  readonly secretFiles: readonly string[];
  /** The values in force, secrets masked, for `relais config`. */
  readonly listing: readonly ListedVariable[];
}

export interface ListedVariable {
  readonly name: string;
  readonly value: string;
  readonly from: string;
  readonly meaning: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;
