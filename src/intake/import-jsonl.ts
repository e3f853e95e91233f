// Reads JSON Lines into rows of the lead contract: flat (column names) or nested (the domain's words), also mixed.
// Invariant: every name is known or kept under its path, to be refused; nothing is dropped silently.
import { jsonFaults, readJson } from '../domain/json-text.ts';
import { fieldOf, fields, givenAgain } from './fields.ts';
import type { ImportRecord } from './import-csv.ts';
import { longestRecord, decodedText, unreadable, type ImportSource } from './import-source.ts';

type Json = Readonly<Record<string, unknown>>;

const columnOfPath = new Map(fields.map((field) => [field.path, field.name]));
/** Objects a nested line groups its fields in: `identity`, `identity.address`, ... */
const groups = new Set(
  fields.flatMap((field) =>
    field.path
      .split('.')
      .slice(0, -1)
      .map((_, index, all) => all.slice(0, index + 1).join('.')),
  ),
);

/** @throws IMPORT-001 with the line, for a line that is no JSON object */
export async function* readJsonLines(source: ImportSource): AsyncGenerator<ImportRecord> {
  let line = 0;
  for await (const text of linesOf(source)) {
    line += 1;
    if (text.trim() === '') continue;
    const read = readJson(text);
    if ('fault' in read) throw unreadable(line, jsonFaults[read.fault]);
    const original = read.value;
    if (typeof original !== 'object' || original === null || Array.isArray(original))
      throw unreadable(line, 'not a JSON object');
    const { rejected: _rejected, ...lead } = original as Record<string, unknown>;
    yield { line, values: flattened(lead), original: { object: lead } };
  }
}

async function* linesOf(source: ImportSource): AsyncGenerator<string> {
  let rest = '';
  let count = 0;
  for await (const text of decodedText(source)) {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      count += 1;
      yield part;
    }
    if (rest.length > longestRecord) throw unreadable(count + 1, 'the line is too long to be a lead');
  }
  if (rest !== '') yield rest;
}

/** A field given twice, flat and nested, is kept under its path and `givenAgain`, and refused, since either value may be the right one. */
export function flattened(lead: Json): Json {
  const values: Record<string, unknown> = {};
  const walk = (object: Json, prefix: string): void => {
    for (const [key, value] of Object.entries(object)) {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      if (groups.has(path) && typeof value === 'object' && value !== null && !Array.isArray(value)) {
        walk(value as Json, path);
        continue;
      }
      const column = columnOfPath.get(path) ?? (prefix === '' ? fieldOf(key)?.name : undefined);
      // `__proto__` as a key would vanish into the object's prototype.
      const unknown = path.replaceAll('__proto__', '(unnamed)');
      const name = column === undefined ? unknown : column in values ? path + givenAgain : column;
      values[name] = column === 'clear_fields' && Array.isArray(value) ? value.join(',') : value;
    }
  };
  walk(lead, '');
  return values;
}
