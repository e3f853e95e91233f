// Computes an HMAC by the recipient's own scheme: over the declared parts of the request, into the declared header. Pure.
// Invariant: the body is signed byte for byte as sent, and look-ups are signed like sends.
import { createHmac } from 'node:crypto';
import { secretName, secretOrText } from '../guard.ts';
import type { Headers } from './request.ts';
import type { HmacScheme } from './signature-settings.ts';

export interface Signable {
  readonly method: string;
  readonly url: URL;
  readonly key: string;
  readonly body: Uint8Array;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Headers, or undefined where a secret has no usable value. */
export function hmacHeaders(
  scheme: HmacScheme,
  request: Signable,
  secret: (name: string) => string | undefined,
): Headers | undefined {
  const { sign = '{body}', value = '{hex}', algorithm = 'sha256', header, timestampHeader } = scheme;
  const key = keyBytes(scheme, secret(secretName(scheme.secret) ?? ''));
  const keyId = scheme.keyId === undefined ? '' : valueOf(scheme.keyId, secret);
  if (key === undefined || keyId === undefined) return undefined;
  const timestamp = String(
    scheme.timestamp === 'milliseconds' ? request.now : Math.floor(request.now / 1_000),
  );
  const mac = createHmac(algorithm, key);
  for (const part of partsOf(sign)) mac.update(signedPart(part, scheme, request, timestamp));
  const digest = mac.digest();
  const bytes = Buffer.concat(
    partsOf(value).map((part) =>
      part === '{raw}'
        ? digest
        : Buffer.from(
            part === '{hex}'
              ? digest.toString('hex')
              : part === '{base64}'
                ? digest.toString('base64')
                : part === '{timestamp}'
                  ? timestamp
                  : part === '{keyId}'
                    ? keyId
                    : part,
          ),
    ),
  );
  return {
    ...(timestampHeader === undefined ? {} : { [timestampHeader.toLowerCase()]: timestamp }),
    [header.toLowerCase()]: scheme.encode === 'base64' ? bytes.toString('base64') : bytes.toString('latin1'),
  };
}

/** Splits `{timestamp}.{body}` into its pieces: `{timestamp}`, `.`, `{body}`. */
const partsOf = (text: string): readonly string[] =>
  text.split(/(\{[a-zA-Z0-9]+\})/).filter((part) => part !== '');

function signedPart(
  part: string,
  { pathFrom = '' }: HmacScheme,
  { method, url, key, body }: Signable,
  timestamp: string,
): string | Uint8Array {
  switch (part) {
    case '{body}':
      return body;
    case '{method}':
      return method;
    case '{path}':
      return pathBehind(url.pathname, pathFrom);
    case '{query}':
      return url.search.slice(1);
    case '{host}':
      return url.host;
    case '{timestamp}':
      return timestamp;
    case '{key}':
      return key;
    default:
      return part;
  }
}

function pathBehind(path: string, from: string): string {
  const base = from.replace(/\/$/, '');
  return path.startsWith(`${base}/`) ? path.slice(base.length) : path;
}

function valueOf(text: string, secret: (name: string) => string | undefined): string | undefined {
  const value = secretOrText(text, secret);
  return value === undefined || !/^[!-~]+$/.test(value) ? undefined : value;
}

function keyBytes({ secretAs = 'text' }: HmacScheme, value: string | undefined): Buffer | undefined {
  if (value === undefined || value === '') return undefined;
  if (secretAs === 'hex' && !/^([0-9a-f]{2})+$/i.test(value)) return undefined;
  if (secretAs === 'base64' && !/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) return undefined;
  return Buffer.from(value, secretAs === 'text' ? 'utf8' : secretAs);
}
