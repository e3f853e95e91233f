// Turns the errors of a connection into a closed list of codes.
// Invariant: a failure raised here happened before any byte of a payload was sent.

export const connectFailureCodes = [
  'ADDRESS_NOT_ALLOWED',
  'TLS_CERTIFICATE',
  'CLIENT_CERTIFICATE',
  'DNS',
  'CONNECT_REFUSED',
  'CONNECT_RESET',
  'CONNECT_TIMEOUT',
  'UNREACHABLE',
  'TLS_FAILED',
  'CONNECT_ABORTED',
  'LEASE_LOST',
  'CONNECT_FAILED',
] as const;
export type ConnectFailureCode = (typeof connectFailureCodes)[number];

/** An error of the guard; `message` and `code` are the code, nothing else is kept. */
export type ConnectFailure = Error & { readonly connectFailure: ConnectFailureCode };

export function connectFailure(code: ConnectFailureCode): ConnectFailure {
  return Object.assign(new Error(code), { code, connectFailure: code });
}

/** The guard's code when `error`, or an error it wraps (axios, nodemailer), came from the guard. */
export function connectFailureOf(error: unknown): ConnectFailureCode | undefined {
  for (let depth = 0, at: unknown = error; depth < 4 && typeof at === 'object' && at !== null; depth += 1) {
    const { connectFailure: code, cause } = at as { connectFailure?: ConnectFailureCode; cause?: unknown };
    if (code !== undefined) return code;
    at = cause;
  }
  return undefined;
}

/** True for failures that a person must repair (the destination is paused). All others are tried again. */
export const needsRepair = (code: ConnectFailureCode): boolean =>
  code === 'ADDRESS_NOT_ALLOWED' || code === 'TLS_CERTIFICATE' || code === 'CLIENT_CERTIFICATE';

/**
 * True when the recipient's TLS refused our certificate, or lacked one. With TLS 1.3 it reports so after our side of the
 * handshake, when a request may already be sent: the request was never read.
 */
export function refusesClientCertificate(error: unknown): boolean {
  const { code, originalCode = code } = (error ?? {}) as { code?: unknown; originalCode?: unknown };
  return typeof originalCode === 'string' && clientCertificateAlerts.test(originalCode);
}

const clientCertificateAlerts =
  /^ERR_SSL_.*ALERT_(CERTIFICATE_REQUIRED|NO_CERTIFICATE|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN)|UNKNOWN_CA|ACCESS_DENIED)$/;

const certificateCodes = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_REJECTED',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_CHAIN_TOO_LONG',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
]);

/** Reads a socket's, resolver's or TLS error into a code. */
export function connectCodeOf(error: unknown): ConnectFailureCode {
  const known = connectFailureOf(error);
  if (known !== undefined) return known;
  const { code, originalCode } = (error ?? {}) as { code?: unknown; originalCode?: unknown };
  const name = typeof originalCode === 'string' ? originalCode : typeof code === 'string' ? code : '';
  if (certificateCodes.has(name)) return 'TLS_CERTIFICATE';
  if (refusesClientCertificate(error)) return 'CLIENT_CERTIFICATE';
  // Several addresses of one name failed, each in its own way: the first is reported.
  const inner = error instanceof AggregateError ? (error.errors as readonly unknown[])[0] : undefined;
  if (inner !== undefined) return connectCodeOf(inner);
  switch (name) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EDNS':
    case 'ENODATA':
      return 'DNS';
    case 'ECONNREFUSED':
      return 'CONNECT_REFUSED';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'CONNECT_RESET';
    case 'ETIMEDOUT':
      return 'CONNECT_TIMEOUT';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return 'UNREACHABLE';
    default:
      return /^(ERR_SSL|ERR_TLS|EPROTO)/.test(name) ? 'TLS_FAILED' : 'CONNECT_FAILED';
  }
}
