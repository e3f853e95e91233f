// Second factors: one-time codes of an authenticator app (TOTP, RFC 6238), and recovery codes for a lost phone.
// Invariant: a code opens one sign-in; a recovery code is kept as a digest only.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

/** 160 bits, RFC 4226 section 4. */
const secretBytes = 20;
const period = 30;

export const newSecret = (): Buffer => randomBytes(secretBytes);

const totpOf = (secret: Buffer, login = ''): TOTP =>
  new TOTP({
    issuer: 'Relais',
    label: login,
    algorithm: 'SHA1',
    digits: 6,
    period,
    secret: Secret.fromHex(secret.toString('hex')),
  });

/** Shown to the app: an otpauth:// address, and the secret in base32 for typing. */
export function enrolment(
  secret: Buffer,
  login: string,
): { readonly address: string; readonly typed: string } {
  const totp = totpOf(secret, login);
  return { address: totp.toString(), typed: totp.secret.base32.replaceAll(/(.{4})(?=.)/g, '$1 ') };
}

/**
 * The time step a code belongs to, one before and after the present one allowed (RFC 6238 section 5.2). Undefined for a wrong code and
 * for a used step: a code read over a shoulder is worthless.
 */
export function stepOfCode(
  secret: Buffer,
  code: string,
  { now, lastStep }: { readonly now: number; readonly lastStep: number },
): number | undefined {
  const digits = code.replaceAll(/\s/g, '');
  if (!/^\d{6}$/.test(digits)) return undefined;
  const delta = totpOf(secret).validate({ token: digits, timestamp: now, window: 1 });
  if (delta === null) return undefined;
  const step = Math.floor(now / 1000 / period) + delta;
  return step > lastStep ? step : undefined;
}

/** Crockford's base32: no I, L, O, U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const codesAtOnce = 10;
const codeLength = 16;

/** Ten codes of 80 bits, to be printed and shown once. */
export const newRecoveryCodes = (): readonly string[] =>
  Array.from({ length: codesAtOnce }, () =>
    [...randomBytes(codeLength)]
      .map((byte) => alphabet[byte % alphabet.length] ?? '')
      .join('')
      .replaceAll(/(.{4})(?=.)/g, '$1-'),
  );

/** Long and random: a plain SHA-256 reveals nothing. As typed, with or without hyphens, in any case. */
export const recoveryDigest = (code: string): Buffer =>
  createHash('sha256')
    .update(code.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1'))
    .digest();

export const isSameDigest = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);
