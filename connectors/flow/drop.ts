// Types of a drop, a place where files are put by any protocol, and the closed list of its failures.
// Invariant: a failure is a code; paths and a server's messages are not passed on.
import type { Outcome, SendContext } from '../contract.ts';
import { secretOrText } from '../guard.ts';

/** The bytes of a file to send. */
export interface Content {
  /** All bytes in order, in pieces; read again at each call. */
  readonly pieces: () => AsyncIterable<Uint8Array>;
  /** Size in the last complete reading; reads once more where it is not known beforehand. */
  readonly size: () => Promise<number>;
  /** SHA-256, likewise. */
  readonly digest: () => Promise<Buffer>;
  /** An erasure deleted the bytes: nothing can be read or compared. */
  readonly isGone: boolean;
  /** Begins a comparison with the file under its name. */
  readonly compare: () => Comparing;
}

export type Take = (piece: Uint8Array) => void | Promise<void>;

/** `beginning`: an upload that was cut off. */
export type Compared = 'same' | 'beginning' | 'other';

export interface Comparing {
  /** Takes the existing file, piece by piece and in order. */
  readonly take: Take;
  /** After the last piece. */
  readonly end: () => Promise<Compared>;
}

export interface Drop {
  /** A file appears whole under its final name or not at all: `write` never replaces, and fails with NAME_TAKEN. */
  readonly appearsWhole?: true;
  readonly isFolder: (path: string) => Promise<boolean>;
  /** Size in bytes; undefined when there is no such file. */
  readonly size: (path: string) => Promise<number | undefined>;
  /** Creates or replaces, piece by piece; for temporary names only, except where files appear whole. */
  readonly write: (path: string, content: Content) => Promise<void>;
  /**
   * Reads a file for `take`, piece by piece and in order; the next piece is read after the last was taken. At most `most`
   * bytes are read, whatever size the server announced; 'longer' when there are more.
   */
  readonly each: (path: string, most: number, take: Take) => Promise<'whole' | 'longer'>;
  /** Never replaces: fails with NAME_TAKEN when `to` exists, as far as the server reports it. */
  readonly moveNew: (from: string, to: string) => Promise<void>;
  /** Nothing happens when there is no such file. */
  readonly remove: (path: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export type DropCode =
  | 'ADDRESS_NOT_ALLOWED'
  | 'HOST_KEY_MISMATCH'
  | 'SFTP_AUTH'
  | 'FTPS_AUTH'
  | 'TLS_REFUSED'
  | 'SIZE_UNTOLD'
  | 'S3_AUTH'
  | 'S3_REGION'
  | 'CLOCK_SKEWED'
  | 'HTTP_401'
  | 'HTTP_403'
  | 'METHOD_REFUSED'
  | 'CONDITION_UNKNOWN'
  | 'PLAINTEXT_NOT_ALLOWED'
  | 'FILE_TOO_LARGE'
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
  | 'LEASE_LOST'
  | 'CONNECT_FAILED'
  | 'UNREACHABLE'
  | 'TLS_CERTIFICATE'
  | 'CLIENT_CERTIFICATE'
  | 'TLS_FAILED';

export type DropFailure = Error & { readonly dropCode: DropCode };

export function dropFailure(code: DropCode): DropFailure {
  return Object.assign(new Error(code), { dropCode: code });
}

/** The outcome of a token endpoint or a login, unchanged. */
export const dropOutcome = (outcome: Outcome): Error =>
  Object.assign(new Error('access'), { dropOutcome: outcome });

export const dropOutcomeOf = (error: unknown): Outcome | undefined =>
  typeof error === 'object' && error !== null ? (error as { dropOutcome?: Outcome }).dropOutcome : undefined;

export function dropCodeOf(error: unknown): DropCode | undefined {
  return typeof error === 'object' && error !== null
    ? (error as { dropCode?: DropCode }).dropCode
    : undefined;
}

/** Resolves texts of a server; one without a value ends the attempt before a connection is opened. */
export function secretValue({ secret }: Pick<SendContext, 'secret'>): (text: string) => string {
  return (text) => {
    const value = secretOrText(text, secret);
    if (value === undefined || value === '') throw dropFailure('SECRET_MISSING');
    return value;
  };
}

/** Reads at most `most` bytes into memory: for small files only. */
export async function readAt(
  { each }: Pick<Drop, 'each'>,
  path: string,
  most: number,
): Promise<Uint8Array | 'longer'> {
  const pieces: Uint8Array[] = [];
  const read = await each(path, most, (piece) => void pieces.push(piece));
  return read === 'longer' ? read : Buffer.concat(pieces);
}

/** Compares the file under a name with our file, without keeping either in memory. */
export async function comparedAt(
  { size: sizeAt, each }: Pick<Drop, 'size' | 'each'>,
  path: string,
  content: Content,
): Promise<'nothing' | Compared> {
  const size = await sizeAt(path);
  if (size === undefined) return 'nothing';
  const { take, end } = content.compare();
  return (await each(path, size, take)) === 'longer' ? 'other' : await end();
}

/** Passes pieces on, up to `most` bytes. */
export interface Given {
  readonly take: (piece: Uint8Array) => Promise<void>;
  readonly isLonger: () => boolean;
  /** An error thrown by `take`: not a failure of the drop. */
  readonly untaken: () => Error | undefined;
}

export function upTo(most: number, take: Take): Given {
  let left = most;
  let isLonger = false;
  let untaken: Error | undefined;
  return {
    async take(piece) {
      const fits = piece.subarray(0, left);
      left -= fits.length;
      isLonger ||= fits.length < piece.length;
      try {
        if (fits.length > 0) await take(fits);
      } catch (error) {
        untaken = error as Error;
        throw error;
      }
    },
    isLonger: () => isLonger,
    untaken: () => untaken,
  };
}
