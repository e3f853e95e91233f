// Types of the context that a connector sends with, and of the request that it composes without I/O.
// Invariant: the operator and the authorisation decide which addresses may be reached, never a mapping file.
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
   * Operator's own routing, lower-case host -> address and port to dial (a sandbox, a relay in the DMZ). TLS name, Host
   * header and authorisation keep the original host; the dialled address is checked like any other.
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
  /** The compiled mapping's `response` rules. Never throws. */
  readonly classify: (answer: Answer, stage: Action | 'lookup') => Promise<Outcome>;
  /** Value of `secret:NAME`; undefined when the operator gave none. `secrets`: all live values, newest first, for rotation. */
  readonly secret: (name: string) => string | undefined;
  readonly secrets: (name: string) => readonly string[];
  /** Tokens and sessions of this client, shared by all processes. Absent in a trial: a token serves one send. */
  readonly credentials?: Credentials;
  /** Hosts, mailboxes or folders the client's contract and a live authorisation allow (C18, C19). */
  readonly allowedTargets: readonly string[];
  readonly network: NetworkPolicy;
  readonly timeouts: Timeouts;
  readonly signal: AbortSignal;
  /**
   * True while the lease of the delivery runs, by a clock that continues while the process is frozen. The guard calls it
   * right before it writes the first byte, after every wait: connection, handshake, login, token, the server's go-ahead.
   */
  readonly mayLeave: () => boolean;
  /** The tag in a return address, by which a returned mail identifies its delivery. */
  readonly returnTag?: (item: ParcelItem) => string;
  /**
   * Keys for encrypting one file, 32 bytes each, the one to write with first: the same at every attempt and on every host,
   * stored nowhere. @param file its permanent name
   */
  readonly fileKeys?: (file: string) => readonly Uint8Array[];
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The exact request, made without I/O; `preview` prints it and the digest is taken from it. */
export interface Composed {
  /** The bytes that are digested and logged: the whole content the recipient gets. Same parcel, same bytes. */
  readonly content: Uint8Array;
  /** The address, secrets masked: `https://crm.horizon.example/api/leads`, `leads@horizon.example`, `sftp://horizon/in`. */
  readonly target: string;
  /** Host, mailbox or folder that is compared with the authorisation. */
  readonly targetKeys: readonly string[];
  /** Human-readable head lines (HTTP request line and headers, mail headers, file path), secrets masked. */
  readonly head: readonly string[];
  /** Set by flows: the final file name. */
  readonly fileName?: string;
}
