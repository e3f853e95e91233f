// Mutual TLS: the certificate by which the recipient knows us.
// Invariant: certificate and key are secrets that fit together, or nothing is dialled; no connection is shared with another identity.
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Expiry, JsonSchema, NetworkPolicy, SendContext } from '../contract.ts';
import { secretName, secretSchema, type TlsIdentity } from '../guard.ts';

export interface Tls {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
}

export const tlsSchema: JsonSchema = {
  type: 'object',
  description: 'Mutual TLS: the certificate we show to the recipient, and to where a token is got.',
  additionalProperties: false,
  required: ['cert', 'key'],
  properties: {
    cert: secretSchema('secret:NAME of our certificate with its chain, PEM.'),
    key: secretSchema('secret:NAME of its private key, PEM.'),
    ca: secretSchema(
      "secret:NAME of the recipient's own authority, PEM, where its certificate is not a public one.",
    ),
  },
};

export type Identified =
  | { readonly ok: true; readonly context: SendContext }
  | { readonly ok: false; readonly reason: 'SECRET_MISSING' | 'SECRET_MALFORMED' };

/** The surroundings with our identity in them, which every connection made in them shows. */
export function identified(tls: Tls | undefined, context: SendContext): Identified {
  if (tls === undefined) return { ok: true, context };
  const valueOf = (text: string): string => context.secret(secretName(text) ?? '') ?? '';
  const [cert, key, ca] = [
    valueOf(tls.cert),
    valueOf(tls.key),
    tls.ca === undefined ? undefined : valueOf(tls.ca),
  ];
  if (cert === '' || key === '' || ca === '') return { ok: false, reason: 'SECRET_MISSING' };
  const identity = { cert, key, ...(ca === undefined ? {} : { ca }) };
  if (!isUsable(identity)) return { ok: false, reason: 'SECRET_MALFORMED' };
  const network: NetworkPolicy & { readonly identity: TlsIdentity } = { ...context.network, identity };
  return { ok: true, context: { ...context, network } };
}

// Parsing a key takes longer than a request: once for each, not once for each delivery. Bounded: rotated keys must not pile up.
const usable = new Map<string, boolean>();
const mostKept = 500;

function isUsable(identity: TlsIdentity): boolean {
  const name = JSON.stringify(identity);
  const known = usable.get(name);
  if (known !== undefined) return known;
  let fits = true;
  try {
    createSecureContext({
      cert: identity.cert,
      key: identity.key,
      ...(identity.ca === undefined ? {} : { ca: identity.ca }),
    });
  } catch {
    fits = false;
  }
  if (usable.size >= mostKept) usable.clear();
  usable.set(name, fits);
  return fits;
}

/** Until when our certificate is valid; nothing where it is missing or cannot be read. */
export function certificateExpiry(
  tls: Tls | undefined,
  secretOf: (name: string) => string | undefined,
): readonly Expiry[] {
  const name = secretName(tls?.cert);
  const text = name === undefined ? undefined : secretOf(name);
  if (name === undefined || text === undefined) return [];
  try {
    return [{ secret: name, at: new Date(new X509Certificate(text).validTo) }];
  } catch {
    return [];
  }
}
