// What the readers of acknowledgements have in common: bytes as text, the cells of a record, and why one cannot be read.
// Invariant: bytes that are not of the encoding make the whole unreadable; no letter is replaced or guessed.
import { TextDecoder } from 'node:util';
import type { Unreadable } from '../contract.ts';
import type { Column } from './line-settings.ts';

/** What is read of one record, by column as the settings name it; undefined: it is not there. */
export type Cell = (column: Column) => string | undefined;

/** Records as text comes in; both throw `Unread` for what is none. */
export interface Records {
  readonly write: (bytes: Uint8Array) => Promise<readonly Cell[]>;
  readonly end: () => Promise<readonly Cell[]>;
}

/** It cannot be read as agreed. */
export type Unread = Error & { readonly unread: Unreadable };

export const unread = (code: Unreadable): Unread => Object.assign(new Error(code), { unread: code });

export const unreadCode = (error: unknown): Unreadable | undefined =>
  error instanceof Error ? (error as Partial<Unread>).unread : undefined;

/** Bytes as text; U+0000 stands in no text, but in what is another encoding. */
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
