// Decides once in which encoding the bytes of a file are read, UTF-8 or windows-1252, and gives the reason.
// Invariant: one bad byte never turns a whole file into another encoding; a doubtful file is refused with line and byte.
import { createReadStream } from 'node:fs';
import { RelaisError } from '../errors.ts';

export const importEncodings = ['utf-8', 'windows-1252'] as const;
export type ImportEncoding = (typeof importEncodings)[number];

export interface Decided {
  readonly encoding: ImportEncoding;
  /** For a person. */
  readonly reason: string;
}

interface Place {
  readonly line: number;
  /** Byte of the line, from 1. */
  readonly byte: number;
}

/** Findings about the bytes of a file, independent of their encoding. */
interface Look {
  readonly marked: boolean;
  /** Characters beyond ASCII written as UTF-8. */
  readonly sequences: number;
  readonly bad: number;
  readonly firstBad: Place | undefined;
  /** A byte that windows-1252 leaves undefined. */
  readonly firstUndefined: Place | undefined;
}

/** @throws IMPORT-001 with line and byte */
export async function decideEncoding(file: string, asked: ImportEncoding | undefined): Promise<Decided> {
  const look = await lookAt(file);
  if (asked === 'windows-1252') {
    if (look.firstUndefined !== undefined)
      throw unfit(look.firstUndefined, 'a byte that windows-1252 does not know');
    return { encoding: asked, reason: 'as asked' };
  }
  if (asked === 'utf-8' || look.marked) {
    if (look.firstBad !== undefined) throw unfit(look.firstBad, 'a byte that is not UTF-8');
    return { encoding: 'utf-8', reason: asked === undefined ? 'its byte order mark says so' : 'as asked' };
  }
  if (look.firstBad === undefined)
    return {
      encoding: 'utf-8',
      reason: look.sequences > 0 ? 'every byte of it is' : 'plain ASCII, the same in both',
    };
  if (look.sequences > 0)
    throw unfit(
      look.firstBad,
      `a byte that is not UTF-8, though ${look.sequences} characters of the file are; correct it, or say --encoding`,
    );
  if (look.firstUndefined !== undefined)
    throw unfit(look.firstUndefined, 'neither UTF-8 nor windows-1252; save the file as UTF-8');
  return {
    encoding: 'windows-1252',
    reason: `${look.bad} bytes are not UTF-8, and no character of the file is`,
  };
}

const unfit = ({ line, byte }: Place, what: string): RelaisError =>
  new RelaisError('IMPORT-001', `Line ${line}, byte ${byte}: ${what}. Nothing was written.`);

async function lookAt(file: string): Promise<Look> {
  const looking = createLook();
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>)
      for (const byte of chunk) looking.feed(byte);
  } catch (error) {
    if (error instanceof RelaisError) throw error;
    const code = (error as { code?: string }).code ?? 'unknown';
    throw new RelaisError('IMPORT-001', `The file cannot be opened (${code}). Nothing was written.`);
  }
  return looking.end();
}

const binary = 'not a text file in UTF-8 or windows-1252; save it as UTF-8';
const undefinedIn1252 = new Set([0x81, 0x8d, 0x8f, 0x90, 0x9d]);

/** Bytes that follow a first byte, and the range of the second, as UTF-8 allows (RFC 3629), surrogates and overlong forms excluded. */
function opening(
  byte: number,
): { readonly more: number; readonly from: number; readonly to: number } | undefined {
  if (byte >= 0xc2 && byte <= 0xdf) return { more: 1, from: 0x80, to: 0xbf };
  if (byte >= 0xe0 && byte <= 0xef)
    return { more: 2, from: byte === 0xe0 ? 0xa0 : 0x80, to: byte === 0xed ? 0x9f : 0xbf };
  if (byte >= 0xf0 && byte <= 0xf4)
    return { more: 3, from: byte === 0xf0 ? 0x90 : 0x80, to: byte === 0xf4 ? 0x8f : 0xbf };
  return undefined;
}

function createLook(): { readonly feed: (byte: number) => void; readonly end: () => Look } {
  let line = 1;
  let byteOfLine = 0;
  let at = 0;
  let sequences = 0;
  let bad = 0;
  let marked = false;
  let firstBad: Place | undefined;
  let firstUndefined: Place | undefined;
  /** The character being read. */
  let open: { more: number; from: number; to: number; readonly start: Place } | undefined;
  const spoilt = (place: Place): void => {
    bad += 1;
    firstBad ??= place;
  };
  const first = (byte: number): void => {
    const here: Place = { line, byte: byteOfLine };
    const begun = opening(byte);
    if (begun !== undefined) open = { ...begun, start: here };
    else if (byte >= 0x80) spoilt(here);
  };
  const character = (byte: number): void => {
    if (open === undefined) return first(byte);
    if (byte < open.from || byte > open.to) {
      spoilt(open.start);
      open = undefined;
      return first(byte);
    }
    open = { ...open, more: open.more - 1, from: 0x80, to: 0xbf };
    if (open.more > 0) return;
    if (at === 3 && byte === 0xbf && sequences === 0) marked = true;
    else sequences += 1;
    open = undefined;
  };
  return {
    feed: (byte) => {
      at += 1;
      byteOfLine += 1;
      if (byte === 0) throw new RelaisError('IMPORT-001', `Line ${line}: ${binary}. Nothing was written.`);
      if (byte >= 0x80 || open !== undefined) character(byte);
      if (undefinedIn1252.has(byte)) firstUndefined ??= { line, byte: byteOfLine };
      if (byte === 10) [line, byteOfLine] = [line + 1, 0];
    },
    end: () => {
      if (open !== undefined) spoilt(open.start);
      return { marked, sequences, bad, firstBad, firstUndefined };
    },
  };
}
