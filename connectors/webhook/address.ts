// The address a request really goes to, decided before a socket opens.
// Invariant: nothing leaves for a host that contract and authorisation do not name.
import type { Evidence, Outcome, ParcelItem, SendContext } from '../contract.ts';
import { bareHost } from '../guard.ts';
import { resolve } from './request.ts';
import { fillUrl } from './url.ts';

export type Prepared =
  { readonly ok: true; readonly url: URL } | { readonly ok: false; readonly outcome: Outcome };

export const unauthorized = (reason: string, evidence?: Evidence): Outcome => ({
  kind: 'unauthorized',
  reason,
  ...(evidence === undefined ? {} : { evidence }),
});

/** The final address, or why nothing may leave: secret missing, target not allowed, plaintext. */
export function addressOf(text: string, item: ParcelItem, context: SendContext): Prepared {
  const template = resolve(text, context.secret);
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
  const refused = refusal(filled.url, context);
  return refused === undefined ? { ok: true, url: filled.url } : { ok: false, outcome: refused };
}

function refusal(url: URL, context: SendContext): Outcome | undefined {
  const host = bareHost(url.hostname);
  // For a secret address this is the first moment its host is known.
  if (!context.allowedTargets.some((target) => target.toLowerCase() === host))
    return unauthorized('TARGET_NOT_ALLOWED', { host });
  if (url.protocol !== 'https:' && !context.network.allowPlaintext)
    return unauthorized('PLAINTEXT_NOT_ALLOWED', { host });
  return undefined;
}
