// Computes the final address of a request, before a socket opens.
// Invariant: no request is sent to a host that contract and authorisation do not name.
import type { Evidence, Outcome, ParcelItem, SendContext } from '../contract.ts';
import { bareHost } from '../guard.ts';
import { targetRefusal } from '../guard/http/address.ts';
import { resolveText } from '../guard/http/headers.ts';
import { fillUrl } from './url.ts';

export type Prepared =
  | { readonly ok: true; readonly url: URL }
  | { readonly ok: false; readonly outcome: Outcome };

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
