// Reads a JSON column of a row, after checking its size and structure.
// Invariant: a text that could fill or stall the process is refused before it is parsed, and so is a name that occurs twice; half a
// character is never repaired.
import { jsonFaults, readJson, type JsonLimits } from '../domain/json-text.ts';
import { mostColumnBytes } from '../domain/lead-values.ts';
import { refusal, shownName, type ColumnRefusal } from './refusals.ts';

export const mostJsonElements = 100;
/** `[{"state":"granted"}]` has two levels; a little more is left for the contract to refuse field by field. */
const limits: JsonLimits = { depth: 8, names: 64, elements: mostJsonElements };

type Column = keyof typeof mostColumnBytes;
type Read = { readonly value: unknown } | { readonly refusals: readonly ColumnRefusal[] };

/** @param given text, or the array of a file's line */
export function readJsonColumn(name: Column, given: unknown): Read {
  const says = `JSON array of 1 to ${mostJsonElements} elements, ${mostColumnBytes[name] / 1_024} KiB at most`;
  const refused = (code: 'TOO_LONG' | 'BAD_JSON', detail = says): Read => ({
    refusals: [refusal(name, code, detail)],
  });
  const text = typeof given === 'string' ? given : textOf(given);
  if (text === undefined) return refused('BAD_JSON', jsonFaults.too_deep);
  if (Buffer.byteLength(text) > mostColumnBytes[name]) return refused('TOO_LONG');
  const read = readJson(text, limits);
  if ('value' in read) {
    const broken = brokenIn(read.value, name);
    return broken.length > 0 ? { refusals: broken } : read;
  }
  if (read.fault === 'too_wide') return refused('TOO_LONG');
  return refused('BAD_JSON', read.fault === 'not_json' ? says : jsonFaults[read.fault]);
}

function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    // Deeper than the stack.
    return undefined;
  }
}

/** Paths of texts with half a character: `\ud800` of JSON, which a database would store as something else. */
function brokenIn(value: unknown, path: string): readonly ColumnRefusal[] {
  if (typeof value === 'string') return value.isWellFormed() ? [] : [refusal(path, 'BROKEN_TEXT')];
  if (Array.isArray(value)) return value.flatMap((item, index) => brokenIn(item, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => brokenIn(item, `${path}.${shownName(key)}`));
}
