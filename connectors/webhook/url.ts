// Finds and fills the placeholders of addresses, and computes the final address of a request before a socket opens.
// Invariant: a filled value is one encoded path segment or parameter; it never moves the address to another place. No request is sent to a
// host that contract and authorisation do not name.
import type { Evidence, Outcome, ParcelItem, SendContext } from '../contract.ts';
import { bareHost } from '../guard.ts';
import { targetRefusal } from '../guard/addresses.ts';
import { resolveText } from '../guard/secrets.ts';

type Filled =
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

type Prepared = { readonly ok: true; readonly url: URL } | { readonly ok: false; readonly outcome: Outcome };

export const unauthorized = (reason: string, evidence?: Evidence): Outcome => ({
  kind: 'unauthorized',
  reason,
  evidence,
});

/** The final address, or the reason why nothing may be sent: secret missing, target not allowed, plaintext. */
export function addressOf(text: string, item: ParcelItem, context: SendContext): Prepared {
  const template = resolveText(text, context.secret);
  if (!template.ok) return { ok: false, outcome: unauthorized(template.reason) };
  const filled = fillUrl(template.value, item);
  if (!filled.ok) {
    return {
      ok: false,
      outcome:
        filled.reason === 'URL_MALFORMED'
          ? unauthorized(filled.reason)
          : { kind: 'invalid', reason: filled.reason },
    };
  }
  const refused = targetRefusal(filled.url, context);
  if (refused === undefined) return { ok: true, url: filled.url };
  return { ok: false, outcome: unauthorized(refused, { host: bareHost(filled.url.hostname) }) };
}
