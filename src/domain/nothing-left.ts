// Lists the codes after which no byte of a lead has left Relais, although its departure was recorded. Pure.
// Invariant: every code of a connection that was never made is listed; a unit test compares it with the guard's list.

const codes: ReadonlySet<string> = new Set([
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
  'CONNECT_FAILED',
  'LEASE_LOST',
  'SECRET_MISSING',
  'SECRET_MALFORMED',
  'DKIM_KEY_UNREADABLE',
  'DKIM_KEY_WEAK',
  'OPENPGP_KEY_UNREADABLE',
  'OPENPGP_KEY_EXPIRED',
  'OPENPGP_KEY_UNUSABLE',
  'OPENPGP_SIGN_KEY_UNUSABLE',
  'HOST_KEY_MISMATCH',
  'FILE_NOT_FINISHED',
]);

/** True when we stopped the sending, whatever the recipient does: its destination was suspended, or closed for the night. */
export const isOwnDoing = (code: string): boolean => code === 'FILE_NOT_FINISHED';

const accessOutcomes: ReadonlySet<string> = new Set(['unauthorized', 'throttled', 'unavailable']);

/** True when a token or a session, without which nothing is sent, could not be fetched. */
export const isAccessNotGot = (outcome: string, code: string): boolean =>
  accessOutcomes.has(outcome) && /^(TOKEN|LOGIN)_/.test(code);

/** True when an outcome proves that nothing left. @param code behind the outcome's reason */
export const saysNothingLeft = (outcome: string, code: string): boolean =>
  codes.has(code) || isAccessNotGot(outcome, code);
