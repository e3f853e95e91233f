// Applies the TLS settings of a file: the certificate that identifies us, and the recipient's own authority.
// Invariant: certificate and key are secrets that match, or no connection is opened; no connection is used with another identity.
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import {
  problemIf,
  type Expiry,
  type JsonSchema,
  type NetworkPolicy,
  type SendContext,
  type SettingsProblem,
} from '../contract.ts';
import { secretName, secretSchema, type TlsIdentity } from '../guard.ts';

export interface Tls {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

export const tlsSchema: JsonSchema = {
  type: 'object',
  description:
    "Mutual TLS: the certificate we show to the recipient, and to where a token is got; or the recipient's own authority alone.",
  additionalProperties: false,
  minProperties: 1,
  properties: {
    cert: secretSchema('secret:NAME of our certificate with its chain, PEM.'),
    key: secretSchema('secret:NAME of its private key, PEM.'),
    ca: secretSchema(
      "secret:NAME of the recipient's own authority, PEM, where its certificate is not a public one.",
    ),
  },
};

export function tlsProblems(path: string, tls: Tls | undefined): readonly SettingsProblem[] {
  return problemIf(tls !== undefined && (tls.cert === undefined) !== (tls.key === undefined), path, [
    'cert et key vont ensemble : le certificat et sa clé privée.',
    'cert and key go together: the certificate and its private key.',
  ]);
}

export const tlsTexts = (tls: Tls | undefined): readonly (string | undefined)[] => [
  tls?.cert,
  tls?.key,
  tls?.ca,
];

export type Identified =
  | { readonly ok: true; readonly context: SendContext }
  | { readonly ok: false; readonly reason: 'SECRET_MISSING' | 'SECRET_MALFORMED' };

/** The context with our identity in it, which every connection shows. */
export function identified(tls: Tls | undefined, context: SendContext): Identified {
  if (tls === undefined) return { ok: true, context };
  const identity: Record<string, string> = {};
  for (const [part, text] of Object.entries(tls) as readonly (readonly [string, string])[]) {
    const value = context.secret(secretName(text) ?? '') ?? '';
    if (value === '') return { ok: false, reason: 'SECRET_MISSING' };
    identity[part] = value;
  }
  if (!isUsable(identity)) return { ok: false, reason: 'SECRET_MALFORMED' };
  const network: NetworkPolicy & { readonly identity: TlsIdentity } = { ...context.network, identity };
  return { ok: true, context: { ...context, network } };
}

// Parsing a key takes longer than a request, so the result is cached. Bounded: rotated keys must not accumulate.
const usable = new Map<string, boolean>();
const mostKept = 500;

function isUsable(identity: TlsIdentity): boolean {
  const name = JSON.stringify(identity);
  const known = usable.get(name);
  if (known !== undefined) return known;
  let fits = true;
  try {
    createSecureContext({ ...identity });
  } catch {
    fits = false;
  }
  if (usable.size >= mostKept) usable.clear();
  usable.set(name, fits);
  return fits;
}

/** The expiry of our certificate; empty where it is missing or cannot be read. */
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
