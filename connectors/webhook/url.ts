// Finds and fills the placeholders of addresses. Pure.
// Invariant: a filled value is one encoded path segment or parameter; it never moves the address to another place.
import type { ParcelItem } from '../contract.ts';

export type Filled =
  | { readonly ok: true; readonly url: URL }
  | { readonly ok: false; readonly reason: 'REFERENCE_MISSING' | 'REFERENCE_MALFORMED' | 'URL_MALFORMED' };

export function placeholdersIn(text: string): readonly string[] {
  return [...text.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '');
}

/** `person.id`: an id from an earlier call's answer. */
export const isCaptured = (name: string): boolean => /^[a-z][a-z0-9_]*\.[a-z][A-Za-z0-9_]*$/.test(name);

// An address without placeholders serves all deliveries. Bounded: an integrator may try many.
const parsed = new Map<string, URL>();
const maxParsed = 1_000;

function parse(text: string): URL | null {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const url = URL.parse(text);
  if (parsed.size >= maxParsed) parsed.clear();
  if (url !== null) parsed.set(text, url);
  return url;
}

export function fillUrl(template: string, item: ParcelItem): Filled {
  const values: Readonly<Record<string, string | undefined>> = {
    reference: item.recipientReference,
    key: item.key,
    leadReference: item.leadReference,
  };
  let text = template;
  const names = template.includes('{') ? placeholdersIn(template) : [];
  for (const name of names) {
    const value = isCaptured(name) ? item.captured?.[name]?.toString() : values[name];
    if (value === undefined || value === '') return { ok: false, reason: 'REFERENCE_MISSING' };
    // `.` and `..` survive encoding and would move up the path.
    if (/^\.{1,2}$/.test(value)) return { ok: false, reason: 'REFERENCE_MALFORMED' };
    text = text.replace(`{${name}}`, () => encodeURIComponent(value));
  }
  const url = names.length === 0 ? parse(text) : URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return { ok: false, reason: 'URL_MALFORMED' };
  return { ok: true, url };
}
