// Writes a record as multipart/form-data: each field a part, or the whole record in one part.
// Invariant: the same record under the same key gives the same bytes, and nothing a prospect wrote can close a part.
import { createHash } from 'node:crypto';
import type { Body } from '../../../connectors/contract.ts';
import { textOf } from '../fields/rendering.ts';
import { fillLate } from '../fields/values.ts';
import type { Entry } from '../fields/values.ts';

export interface Part {
  readonly name: string;
  readonly text: string;
  readonly fileName?: string;
  readonly mediaType?: string;
}

/** Each value is a part under the name of its target; a list repeats the name. */
export const partsOf = (entries: readonly Entry[]): readonly Part[] =>
  entries.flatMap((entry) => {
    const cells = entry.kind === 'cell' ? [entry.cell] : entry.kind === 'cells' ? entry.cells : [];
    const texts =
      entry.kind === 'line' ? [entry.text] : cells.map((cell) => textOf(fillLate(cell, undefined)));
    return texts.map((text) => ({ name: entry.target.text, text }));
  });

// Names quoted as browsers do (WHATWG, multipart/form-data encoding algorithm).
const quoted = (name: string): string =>
  `"${name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')}"`;

/** Derived from the key, not random: a second attempt sends the same bytes (guarantee 4). */
function boundaryFor(parts: readonly Part[], key: string): string {
  const base = `relais-${createHash('sha256').update(key).digest('hex').slice(0, 32)}`;
  const taken = (boundary: string): boolean => parts.some(({ text }) => text.includes(`--${boundary}`));
  let boundary = base;
  // `--base-1` contains `--base`: a text with the longer boundary has already ruled out the shorter.
  for (let turn = 1; taken(boundary); turn += 1) boundary = `relais-${turn}-${base.slice('relais-'.length)}`;
  return boundary;
}

export function multipartBody(parts: readonly Part[], key: string): Body {
  const boundary = boundaryFor(parts, key);
  const written = parts.map(({ name, text, fileName, mediaType }) => {
    const file = fileName === undefined ? '' : `; filename=${quoted(fileName)}`;
    const type = mediaType === undefined ? '' : `content-type: ${mediaType}\r\n`;
    return `--${boundary}\r\ncontent-disposition: form-data; name=${quoted(name)}${file}\r\n${type}\r\n${text}\r\n`;
  });
  return {
    bytes: Buffer.from(`${written.join('')}--${boundary}--\r\n`, 'utf8'),
    mediaType: `multipart/form-data; boundary=${boundary}`,
    extension: 'txt',
  };
}
