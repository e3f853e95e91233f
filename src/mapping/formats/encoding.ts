// Encodes text in the encodings that CRMs still ask for.
// Invariant: no character is replaced silently: it is transliterated to plain letters, or reported before departure; a byte
// that the encoding leaves undefined is never written.
import iconv from 'iconv-lite';
import { encodings, type Encoding, type FileFrame } from '../contract.ts';
import { plainer } from '../fields/texts.ts';
import type { Entry } from '../fields/values.ts';

export function decode(bytes: Uint8Array, charset: string): string {
  return iconv.decode(Buffer.from(bytes), iconv.encodingExists(charset) ? charset : 'utf-8');
}

// Type of a writer that writes a file part by part.
// Invariant: the parts inside their frame are the same bytes as the file written at once.

type Batch = { readonly sequence: number; readonly rows: number } | undefined;

/** A format whose files can be written part by part, the frame last; the bytes are those of `write`. */
export interface InParts {
  readonly part: (
    columns: readonly string[],
    records: readonly (readonly Entry[])[],
    batch: Batch,
  ) => Uint8Array;
  readonly frame: (columns: readonly string[], batch: Batch) => FileFrame;
}

export { encodings, type Encoding };

type Narrow = 'windows-1252' | 'iso-8859-15' | 'iso-8859-1';

/** The policy for characters that the encoding lacks. */
export const unmappablePolicies = ['transliterate', 'replace', 'error'] as const;
export type Unmappable = (typeof unmappablePolicies)[number];

const single = (encoding: Encoding): Narrow | undefined =>
  encoding === 'utf-8' || encoding === 'utf-8-bom' ? undefined : encoding;

const known = new Map<string, boolean>();

function holds(character: string, name: Narrow): boolean {
  const code = character.codePointAt(0) ?? 0;
  if (code < 128) return true;
  // The library reads an undefined byte as U+FFFD, and so writes U+FFFD as one. Browsers read windows-1252 instead, where
  // C1 controls are letters.
  if (code === 0xff_fd || code < 0xa0) return false;
  const key = `${name}${character}`;
  let answer = known.get(key);
  if (answer === undefined) {
    answer = iconv.decode(iconv.encode(character, name), name) === character;
    // Bounded: a stream of rare characters must not let it grow without end.
    if (known.size > 10_000) known.clear();
    known.set(key, answer);
  }
  return answer;
}

/** Plain letters for a character that the encoding lacks; undefined when a letter has none. Signs and emoji become `?`. */
function transliterate(character: string, name: Narrow): string | undefined {
  const plain = plainer(character);
  if (plain !== undefined && Array.from(plain).every((letter) => holds(letter, name))) return plain;
  return /[\p{L}\p{N}]/u.test(character) ? undefined : /\p{M}/u.test(character) ? '' : '?';
}

/** A test for texts that the encoding cannot hold under its policy; undefined when it holds every text. */
export function unmappableIn(
  encoding: Encoding,
  policy: Unmappable,
): ((text: string) => boolean) | undefined {
  const name = single(encoding);
  if (name === undefined || policy === 'replace') return undefined;
  return (text) => {
    for (const character of text.normalize('NFC')) {
      if (holds(character, name)) continue;
      if (policy === 'error' || transliterate(character, name) === undefined) return true;
    }
    return false;
  };
}

/** The text in characters the encoding holds. Comes before quoting: a typographic quote becomes a plain one. */
export function fitInto(text: string, encoding: Encoding): string {
  const name = single(encoding);
  if (name === undefined) return text;
  let result = '';
  for (const character of text.normalize('NFC')) {
    result += holds(character, name) ? character : (transliterate(character, name) ?? '?');
  }
  return result;
}

/** The encoding for the rest of a file: the byte order mark is only at the beginning. */
export const withoutMark = (encoding: Encoding): Encoding => (encoding === 'utf-8-bom' ? 'utf-8' : encoding);

export function encode(text: string, encoding: Encoding): Uint8Array {
  const name = single(encoding);
  if (name === undefined) return Buffer.from(encoding === 'utf-8-bom' ? `\uFEFF${text}` : text, 'utf8');
  return iconv.encode(text, name);
}

/** The text as read back from its bytes; a byte order mark at the file's start is not part of it. */
export const throughBytes = (text: string, encoding: Encoding): string => {
  const name = single(encoding);
  return name === undefined
    ? Buffer.from(text, 'utf8').toString('utf8')
    : iconv.decode(iconv.encode(text, name), name);
};

/** For XML: characters that the encoding lacks become character references. */
export function encodeXml(text: string, encoding: Encoding): Uint8Array {
  const name = single(encoding);
  if (name === undefined) return encode(text, encoding);
  let result = '';
  for (const character of text) {
    result += holds(character, name)
      ? character
      : `&#x${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()};`;
  }
  return iconv.encode(result, name);
}

export const encodingHolds = (character: string, encoding: Encoding): boolean => {
  const name = single(encoding);
  return name === undefined || holds(character, name);
};

/** Name of the encoding for headers and declarations. */
export const charsetOf = (encoding: Encoding): string => (encoding === 'utf-8-bom' ? 'utf-8' : encoding);

/** The charset a media type names; utf-8 when it names none. */
export const charsetIn = (mediaType: string): string => /charset=([\w-]+)/i.exec(mediaType)?.[1] ?? 'utf-8';
