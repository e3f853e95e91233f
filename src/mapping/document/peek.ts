// Reads a few keys of a file that has not been checked: its destination, the presets and maps it names.
// Invariant: never throws; a file that cannot be read gives nothing here, and the check reports why.
import { parseDocument } from 'yaml';

/** The block at a key of the top; empty when there is none. */
export function topBlock(content: string, key: string): object {
  const top = topOf(content);
  const value = typeof top === 'object' && top !== null ? (top as Record<string, unknown>)[key] : undefined;
  return typeof value === 'object' && value !== null ? value : {};
}

/** A file that may be broken, as data. */
export function topOf(content: string): unknown {
  try {
    return parseDocument(content, { logLevel: 'silent', uniqueKeys: false }).toJS() as unknown;
  } catch {
    return undefined;
  }
}

/** A text at the top of a file that may be broken: the check reports the mistakes. */
export function topText(content: string, key: string): string | undefined {
  // Nearly every file has the key on one plain line: parsing it all would double the time of a check.
  const lines = content.match(new RegExp(`^${key}:.*$`, 'gm')) ?? [];
  const plain = lines.length === 1 ? /^\w+: +([A-Za-z][\w/.-]*) *(?: #.*)?\r?$/.exec(lines[0]) : null;
  if (plain !== null && !/^(true|false|null|yes|no|on|off)$/i.test(plain[1] ?? '')) return plain[1];
  if (lines.length === 0 && !/^[{"'?&!]/m.test(content)) return undefined;
  try {
    const document = parseDocument(content, { logLevel: 'silent', uniqueKeys: false });
    const value: unknown = document.get(key);
    return typeof value === 'string' ? value : undefined;
  } catch {
    // The parser throws on `get` when the top is no block.
    return undefined;
  }
}
