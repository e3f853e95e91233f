// What a place for files can do, whatever carries it, and the closed list of ways it can fail.
// Invariant: a failure is a code; paths and a server's messages stay inside.

/** The bytes of a file as they travel. */
export interface Content {
  readonly size: number;
  /** All bytes in order, in pieces; anew at each reading. */
  readonly pieces: () => AsyncIterable<Uint8Array>;
  /** SHA-256; of the reading that was complete last, or of one of its own. */
  readonly digest: () => Promise<Buffer>;
}

export interface Drop {
  readonly isFolder: (path: string) => Promise<boolean>;
  /** Size in bytes; undefined when there is no such file. */
  readonly size: (path: string) => Promise<number | undefined>;
  /** Creates or replaces, piece by piece. Used for temporary names only. */
  readonly write: (path: string, content: Content) => Promise<void>;
  /** Reads `most` bytes at most, whatever size the server announced; 'longer' when there are more. */
  readonly read: (path: string, most: number) => Promise<Uint8Array | 'longer'>;
  /** SHA-256 of what stands there, never held whole; `most` bytes are read at most, and 'longer' when there are more. */
  readonly digest: (path: string, most: number) => Promise<Buffer | 'longer'>;
  /** Never replaces: fails with NAME_TAKEN when `to` exists, as far as the server can tell. */
  readonly moveNew: (from: string, to: string) => Promise<void>;
  /** Nothing happens when there is no such file. */
  readonly remove: (path: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export type DropCode =
  | 'ADDRESS_NOT_ALLOWED'
  | 'HOST_KEY_MISMATCH'
  | 'SFTP_AUTH'
  | 'SECRET_MISSING'
  | 'SECRET_MALFORMED'
  | 'FOLDER_MISSING'
  | 'FOLDER_FORBIDDEN'
  | 'FOLDER_FULL'
  | 'NAME_TAKEN'
  | 'SIZE_MISMATCH'
  | 'CONTENT_LOST'
  | 'CONNECTION_LOST'
  | 'SERVER_FAILURE'
  | 'DNS'
  | 'CONNECT_REFUSED'
  | 'CONNECT_RESET'
  | 'CONNECT_TIMEOUT'
  | 'CONNECT_ABORTED'
  | 'CONNECT_FAILED'
  | 'UNREACHABLE'
  | 'TLS_CERTIFICATE'
  | 'CLIENT_CERTIFICATE'
  | 'TLS_FAILED';

export type DropFailure = Error & { readonly dropCode: DropCode };

export function dropFailure(code: DropCode): DropFailure {
  return Object.assign(new Error(code), { dropCode: code });
}

export function dropCodeOf(error: unknown): DropCode | undefined {
  return typeof error === 'object' && error !== null
    ? (error as { dropCode?: DropCode }).dropCode
    : undefined;
}
