// Writes a record as application/x-www-form-urlencoded, in the order of the fields; or as one field that holds JSON or XML.
// Invariant: names are the targets as written; a list repeats its name.
import { isRecord } from '../document/yaml.ts';
import { textOf } from '../fields/rendering.ts';
import { fillLate } from '../fields/values.ts';
import type { Entry } from '../fields/values.ts';

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
