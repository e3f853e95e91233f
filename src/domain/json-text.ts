// Checks JSON from outside before it is parsed: depth, width, and repeated names in one object.
// Invariant: one pass over the characters refuses a text that could stall the process, before anything is built; a repeated name
// is refused, because JSON.parse would silently take its last value.

export interface JsonLimits {
  /** Levels of arrays and objects. */
  readonly depth: number;
  /** Names in one object. */
  readonly names: number;
  /** Elements of one array. */
  readonly elements: number;
}

/** More than any row of the lead contract, any order or any answer has. */
export const usualLimits: JsonLimits = { depth: 16, names: 256, elements: 1_000 };

export type JsonFault = 'not_json' | 'too_deep' | 'too_wide' | 'name_twice';
export type ReadJson = { readonly value: unknown } | { readonly fault: JsonFault };

/** Words for each fault, without the content. */
export const jsonFaults: Readonly<Record<JsonFault, string>> = {
  not_json: 'not readable as JSON',
  too_deep: 'nested too deeply',
  too_wide: 'too many names in an object, or too many elements in an array',
  name_twice: 'a name occurs twice in one object',
};

export function readJson(text: string, limits: JsonLimits = usualLimits): ReadJson {
  const fault = faultOf(text, limits);
  if (fault !== undefined) return { fault };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { fault: 'not_json' };
  }
}

/** An object with its names so far, or an array. */
interface Level {
  readonly names: Set<string> | undefined;
  commas: number;
  isNameNext: boolean;
}

function faultOf(text: string, { depth, names, elements }: JsonLimits): JsonFault | undefined {
  const levels: Level[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const level = levels.at(-1);
    switch (text.charAt(at)) {
      case '"': {
        const end = endOfString(text, at);
        if (level?.isNameNext === true) {
          const name = nameIn(text.slice(at, end));
          if (level.names?.has(name) === true) return 'name_twice';
          level.names?.add(name);
          level.isNameNext = false;
        }
        at = end - 1;
        break;
      }
      case '{':
      case '[':
        if (levels.length === depth) return 'too_deep';
        levels.push({
          names: text[at] === '{' ? new Set() : undefined,
          commas: 0,
          isNameNext: text[at] === '{',
        });
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (level === undefined) return 'not_json';
        level.commas += 1;
        level.isNameNext = level.names !== undefined;
        if (level.commas >= (level.names === undefined ? elements : names)) return 'too_wide';
        break;
      default:
    }
  }
  return undefined;
}

/** Position after the closing quote; the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

/** The name as JSON reads it: `"a"` and `"\u0061"` are one. An invalid string is left as it is: JSON.parse refuses it. */
function nameIn(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
