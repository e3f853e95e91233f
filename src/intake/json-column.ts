// Reads a JSON column of a row: weighed, counted and its depth measured before it is parsed.
// Invariant: a text that could fill or stall the process is refused by its outline alone; half a character is never repaired.
import { mostColumnBytes } from '../domain/lead-limits.ts';
import { refusal, shownName, type ColumnRefusal } from './refusals.ts';

export const mostJsonElements = 100;
/** `[{"state":"granted"}]` has two; a little more is left to the contract to name, field by field. */
const deepest = 8;

type Column = keyof typeof mostColumnBytes;
type Read = { readonly value: unknown } | { readonly refusals: readonly ColumnRefusal[] };

/** @param given text, or what a file's line already held as an array */
export function readJsonColumn(name: Column, given: unknown): Read {
  const says = `JSON array of 1 to ${mostJsonElements} elements, ${mostColumnBytes[name] / 1_024} KiB at most`;
  const refused = (code: 'TOO_LONG' | 'BAD_JSON', detail = says): Read => ({
    refusals: [refusal(name, code, detail)],
  });
  const text = typeof given === 'string' ? given : textOf(given);
  if (text === undefined) return refused('BAD_JSON', 'nested too deeply');
  if (Buffer.byteLength(text) > mostColumnBytes[name]) return refused('TOO_LONG');
  const { depth, commas } = outlineOf(text);
  if (depth > deepest) return refused('BAD_JSON', 'nested too deeply');
  if (commas >= mostJsonElements) return refused('TOO_LONG');
  try {
    const value: unknown = JSON.parse(text);
    const broken = brokenIn(value, name);
    return broken.length > 0 ? { refusals: broken } : { value };
  } catch {
    return refused('BAD_JSON');
  }
}

function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    // Deeper than the stack.
    return undefined;
  }
}

/** How deep JSON text nests, and the commas of its outermost array: one look at each character, nothing is built. */
export function outlineOf(text: string): { readonly depth: number; readonly commas: number } {
  let depth = 0;
  let most = 0;
  let commas = 0;
  let inText = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (inText) {
      if (sign === '\\') at += 1;
      else if (sign === '"') inText = false;
    } else if (sign === '"') inText = true;
    else if (sign === '[' || sign === '{') {
      depth += 1;
      most = Math.max(most, depth);
    } else if (sign === ']' || sign === '}') depth -= 1;
    else if (sign === ',' && depth === 1) commas += 1;
  }
  return { depth: most, commas };
}

/** Where texts hold half a character: `\ud800` of JSON, which a database would store as something else. */
function brokenIn(value: unknown, path: string): readonly ColumnRefusal[] {
  if (typeof value === 'string') return value.isWellFormed() ? [] : [refusal(path, 'BROKEN_TEXT')];
  if (Array.isArray(value)) return value.flatMap((item, index) => brokenIn(item, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => brokenIn(item, `${path}.${shownName(key)}`));
}
