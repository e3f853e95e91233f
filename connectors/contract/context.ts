// What a connector is given to send with, and what it composes without I/O.
// Invariant: which addresses may be reached comes from the operator and the authorisation, never from a mapping file.
import type { Credentials } from './credentials.ts';
import type { Answer, Outcome } from './outcome.ts';
import type { Action, ParcelItem } from './parcel.ts';

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
  /** Tokens and sessions of this client, shared by all processes. Absent in a trial: what is got serves one send. */
  readonly credentials?: Credentials;
  /** Hosts, mailboxes or folders the client's contract and a live authorisation allow (C18, C19). */
  readonly allowedTargets: readonly string[];
  readonly network: NetworkPolicy;
  readonly timeouts: Timeouts;
  readonly signal: AbortSignal;
  /**
   * True while the lease of the delivery runs, by a clock that continues while the process is frozen. The guard asks in the call
   * that writes the first byte, after every wait: connection, handshake, login, token, the server's go-ahead.
   */
  readonly mayLeave: () => boolean;
  /** What an address of return carries, so that what comes back says which delivery it was. */
  readonly returnTag?: (item: ParcelItem) => string;
  /**
   * Keys of ours for one file, 32 bytes each, the one to write with first: the same at every attempt and on every host, kept nowhere.
   * @param file names it for ever
   */
  readonly fileKeys?: (file: string) => readonly Uint8Array[];
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
