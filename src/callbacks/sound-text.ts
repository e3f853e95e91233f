// A body that came signed, as text: read only where it can be read in one way.
// Invariant: bytes that are not UTF-8 are repaired by nobody, and of a JSON name that occurs twice no value is chosen.
import { readJson } from '../domain/json-text.ts';

/** A provider tells of hundreds of mails at once, each with what its sender tagged it with. */
const limits = { depth: 32, names: 1_000, elements: 2_000 };

/** Undefined where its bytes are not UTF-8. */
function decoded(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

/** Undefined where it is no JSON, or no JSON that says one thing. */
export function parsed(body: Uint8Array | string): unknown {
  const text = typeof body === 'string' ? body : decoded(body);
  const read = text === undefined ? undefined : readJson(text, limits);
  return read === undefined || 'fault' in read ? undefined : read.value;
}

/** Undefined where it says nothing certain; what is no JSON is left to the rules of the destination. */
export function soundText(body: Uint8Array): string | undefined {
  const text = decoded(body);
  if (text === undefined) return undefined;
  const read = readJson(text, limits);
  return 'fault' in read && read.fault !== 'not_json' ? undefined : text;
}
