// Parts common to the readers of acknowledgements: decoding bytes, the cells of a record, the error of an unreadable one.
// Invariant: bytes that are not of the encoding make the whole unreadable; no character is replaced or guessed.
import { TextDecoder } from 'node:util';
import type { Unreadable } from '../contract.ts';
import type { Column } from './line-settings.ts';

/** A cell of a record, by column as the settings name it; undefined: it does not exist. */
export type Cell = (column: Column) => string | undefined;

/** Parses records from a stream; both methods throw `Unread` for an invalid record. */
export interface Records {
  readonly write: (bytes: Uint8Array) => Promise<readonly Cell[]>;
  readonly end: () => Promise<readonly Cell[]>;
}

/** The error of text that cannot be read as agreed. */
export type Unread = Error & { readonly unread: Unreadable };

export const unread = (code: Unreadable): Unread => Object.assign(new Error(code), { unread: code });

export const unreadCode = (error: unknown): Unreadable | undefined =>
  error instanceof Error ? (error as Partial<Unread>).unread : undefined;

/** Decodes bytes; U+0000 occurs in no text, only in another encoding. */
export function decoder(encoding: string): (bytes?: Uint8Array) => string {
  const decode = decoderOf(encoding);
  return (bytes) => {
    let text: string;
    try {
      text = bytes === undefined ? decode.decode() : decode.decode(bytes, { stream: true });
    } catch {
      throw unread('ENCODING');
    }
    if (text.includes('\0')) throw unread('ENCODING');
    return text;
  };
}

function decoderOf(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch {
    throw unread('ENCODING');
  }
}
