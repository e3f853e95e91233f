// Builds the body to send: the mapping's bytes with its secrets filled in.
// Invariant: a secret without a value stops the request; its mask is never sent in its place.
import type { Body } from '../contract.ts';
import { hasControl } from '../guard/http/headers.ts';

export type Bytes =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly reason: 'SECRET_MISSING' | 'SECRET_MALFORMED' };

/** @param secret gives the newest live value, as for a password in a header */
export function bytesOf({ bytes, secrets }: Body, secret: (name: string) => string | undefined): Bytes {
  if (secrets === undefined) return { ok: true, bytes };
  const values = new Map<string, string>();
  for (const name of secrets.names) {
    const value = secret(name);
    if (value === undefined || value === '') return { ok: false, reason: 'SECRET_MISSING' };
    if (hasControl(value)) return { ok: false, reason: 'SECRET_MALFORMED' };
    values.set(name, value);
  }
  return { ok: true, bytes: secrets.written((name) => values.get(name) ?? '') };
}
