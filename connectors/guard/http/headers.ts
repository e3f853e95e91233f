// Resolves values for headers: the text of a file, or the secret it names.
// Invariant: a secret without a value, or with one that HTTP cannot transmit, stops the request.
import { secretName } from '../secrets.ts';

export type ResolvedText =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly reason: 'SECRET_MISSING' | 'SECRET_MALFORMED' };

/** The text itself, or the value of the secret it names. */
export function resolveText(text: string, secret: (name: string) => string | undefined): ResolvedText {
  const name = secretName(text);
  if (name === undefined) return { ok: true, value: text };
  const value = secret(name);
  if (value === undefined || value === '') return { ok: false, reason: 'SECRET_MISSING' };
  return hasControl(value) || !isSendable(value)
    ? { ok: false, reason: 'SECRET_MALFORMED' }
    : { ok: true, value };
}

/** HTTP transmits one byte for each character of a header. */
export const isSendable = (text: string): boolean => !/[^\t\u0020-\u00ff]/.test(text);

export function hasControl(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\u0000-\u0008\u000a-\u001f\u007f]/.test(text);
}
