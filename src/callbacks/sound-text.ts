// Decodes a signed body to text or JSON, only where it has a single reading.
// Invariant: bytes that are not UTF-8 are never repaired, and a JSON name that occurs twice makes the body invalid.
import { readJson } from '../domain/json-text.ts';

/** A provider reports hundreds of mails at once, each with its sender's tags. */
const limits = { depth: 32, names: 1_000, elements: 2_000 };

/** Undefined where its bytes are not UTF-8. */
function decoded(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** Undefined where it is no JSON, or ambiguous JSON. */
export function parsed(body: Uint8Array | string): unknown {
  const text = typeof body === 'string' ? body : decoded(body);
  const read = text === undefined ? undefined : readJson(text, limits);
  return read === undefined || 'fault' in read ? undefined : read.value;
}

/** Undefined for an ambiguous body; a body that is no JSON is left to the rules of the destination. */
export function soundText(body: Uint8Array): string | undefined {
  const text = decoded(body);
  if (text === undefined) return undefined;
  const read = readJson(text, limits);
  return 'fault' in read && read.fault !== 'not_json' ? undefined : text;
}
