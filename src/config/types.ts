// The configuration as the program knows it: validated, typed, frozen.
// Invariant: whatever is in here has been checked; nothing else reads the environment.
import type { RedisPlace } from './redis-place.ts';

/** How people or other systems reach one of our servers. */
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
    readonly intakeUrl?: string;
    /** A replica for what only reads. */
    readonly readUrl?: string;
    readonly connections: number;
  };
  /** A service that answers nothing for so long has lost the connection. */
  readonly silenceMs: number;
  readonly keysSchema: string;
  readonly redis: { readonly url: string; readonly place: RedisPlace; readonly prefix: string };
  /** 32 bytes; wraps per-lead secrets and encrypts batches. */
  readonly masterKey: Buffer;
  /** 32 bytes; seals the hand-over log. */
  readonly sealKey: Buffer;
  /** Keys that were in force before: what stands under them is still read. */
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
    /** Destinations that metrics name; the others are `other`. */
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
    /** How long a refused row is kept. */
    readonly refusedDays: number;
  };
  readonly alerts: {
    readonly webhook?: string;
    readonly mail?: { readonly smtpUrl: string; readonly to: string; readonly from: string };
  };
  /** A tool of the centre's own that is told what happens; absent: none. */
  readonly events?: { readonly url: string; readonly secrets: readonly string[] };
  /** The centre's own mails to its clients; absent until all of it is configured. */
  readonly clientMail?: {
    readonly smtpUrl: string;
    readonly from: string;
    readonly dpoName: string;
    readonly dpoMailbox: string;
    readonly rightsMailbox: string;
  };
  /** The mailbox that mails come back to; absent where none is read. */
  /** Where recipients tell later what they decided; without a port nowhere. */
  /** Where a client's proofs of phone consent go before its leads are deleted. */
  readonly phoneProofs: { readonly folder: string | undefined; readonly recipient: string | undefined };
  readonly callbacks: { readonly host: string; readonly port: number | undefined };
  /** The HTTP interface for other systems. */
  readonly api: Door & { readonly perMinute: number };
  /** The console for people. */
  readonly console: Door & {
    /** As browsers reach it, for links in mails. */
    readonly url?: string;
    /** Whose passwords are heard: everybody's, or administrators' alone where the others come in by a provider. */
    readonly passwords: 'all' | 'admins';
    /** The OpenID Connect provider people may come in by. */
    readonly oidc?: {
      readonly issuer: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly consoleUrl: string;
      readonly mfa: readonly string[];
      readonly allowHttp: boolean;
    };
  };
  readonly bounces: { readonly url?: string; readonly everyMs: number };
  /** The centre's name, as letters and proofs bear it. */
  readonly centreName?: string;
  /** Who acts when a command is run by hand. */
  readonly actor: string;
  /** `secret:NAME` values, newest first; files win over the environment and are read again when they change. */
  readonly secrets: (name: string) => readonly string[];
  /** What is in force, secrets masked, for `relais config`. */
  readonly listing: readonly ListedVariable[];
}

export interface ListedVariable {
  readonly name: string;
  readonly value: string;
  readonly from: string;
  readonly meaning: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;
