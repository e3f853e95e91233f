// Writes a record as a form, urlencoded or multipart, in the order of the fields; or as one field that holds JSON or XML.
// Invariant: names are the targets as written; a list repeats its name.
import { createHash } from 'node:crypto';
import { isRecord } from '../document/yaml.ts';
import { textOf } from '../fields/source.ts';
import { fillLate, type Entry } from '../fields/values.ts';
import type { Body } from '../../../connectors/contract.ts';

export function formText(entries: readonly Entry[]): string {
  const form = new URLSearchParams();
  for (const entry of entries) {
    const cells = entry.kind === 'cell' ? [entry.cell] : entry.kind === 'cells' ? entry.cells : [];
    for (const cell of cells) form.append(entry.target.text, textOf(fillLate(cell, undefined)));
  }
  return form.toString();
}

/** A form whose one field holds the whole record. */
export interface RecordEnvelope {
  readonly field: string;
  readonly holds: 'json' | 'xml';
  /** Multipart: the part is a file of this name. */
  readonly fileName?: string;
  readonly constants: readonly (readonly [string, string])[];
}

/** Reads `form: {field, holds, with}`, or the same of multipart; undefined for a plain form. */
export function readEnvelope(raw: unknown): RecordEnvelope | undefined {
  if (!isRecord(raw) || typeof raw['field'] !== 'string') return undefined;
  const constants = isRecord(raw['with']) ? Object.entries(raw['with']) : [];
  return {
    field: raw['field'],
    holds: raw['holds'] === 'xml' ? 'xml' : 'json',
    ...(typeof raw['fileName'] === 'string' ? { fileName: raw['fileName'] } : {}),
    constants: constants.map(([name, value]) => [name, textOf(value)] as const),
  };
}

export function envelopeText({ field, constants }: RecordEnvelope, record: string): string {
  const form = new URLSearchParams();
  for (const [name, value] of constants) form.append(name, value);
  form.append(field, record);
  return form.toString();
}

// Writes a record as multipart/form-data: each field a part, or the whole record in one part.
// Invariant: the same record under the same key gives the same bytes, and nothing a prospect wrote can close a part.

interface Part {
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
