// What a place for files can do, whatever carries it, and the closed list of ways it can fail.
// Invariant: a failure is a code; paths and a server's messages stay inside.

export interface Drop {
  readonly isFolder: (path: string) => Promise<boolean>;
  /** Size in bytes; undefined when there is no such file. */
  readonly size: (path: string) => Promise<number | undefined>;
  /** Creates or replaces. Used for temporary names only. */
  readonly write: (path: string, bytes: Uint8Array) => Promise<void>;
  /** Reads `most` bytes at most, whatever size the server announced; 'longer' when there are more. */
  readonly read: (path: string, most: number) => Promise<Uint8Array | 'longer'>;
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
