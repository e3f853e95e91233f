// Writes a value as one line of YAML: flow style, single quotes, nothing that changes when read back.
// Invariant: read back strictly, the line gives exactly the value, and it is one line whatever the value contains.
import { Document } from 'yaml';
import { isRecord } from '../document/yaml.ts';

const doubtful = /^(yes|no|on|off|~)$/i;

export function yamlLine(value: unknown): string {
  if (Array.isArray(value)) return `[${(value as unknown[]).map(yamlLine).join(', ')}]`;
  if (isRecord(value)) {
    const pairs = Object.entries(value).map(([key, inner]) => `${scalar(key)}: ${yamlLine(inner)}`);
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  }
  return scalar(value);
}

function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'null';
  // Line ends and other control characters are escaped: the value may be in a comment.
  if (/[\p{Cc}\u2028\u2029]/u.test(value)) return JSON.stringify(value);
  if (doubtful.test(value)) return `'${value}'`;
  const text = new Document([value]).toString({ collectionStyle: 'flow', lineWidth: 0, singleQuote: true });
  return text.trim().slice(1, -1).trim();
}
