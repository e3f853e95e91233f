// Checks passwords (argon2id, RFC 9106, kept as PHC strings) and second factors (TOTP, RFC 6238, and recovery codes).
// Invariant: a hash names its parameters, so that they may rise; a password is compared in constant time.
import type { BothSentences } from '../errors.ts';
import { argon2, randomBytes, timingSafeEqual, createHash, type Argon2Parameters } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';

/** OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane. Some 30 ms, so that two cores carry a morning's logins. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 };
const saltBytes = 16;
const hashBytes = 32;

/** NIST SP 800-63B-4: fifteen characters where a password is the only factor. No rules of composition, no expiry. */
const passwordLimits = { fewest: 15, most: 256 } as const;

/** One spelling for different keyboards (NIST SP 800-63B-4, section 3.1.1.2). */
const normalised = (password: string): Buffer => Buffer.from(password.normalize('NFKC'), 'utf8');

/** Reason to refuse the password; undefined: it is accepted. */
export function passwordProblem(password: string, login: string): BothSentences | undefined {
  const characters = Array.from(password.normalize('NFKC'));
  if (characters.length < passwordLimits.fewest)
    return [
      `Un mot de passe a au moins ${passwordLimits.fewest} caractères : une phrase convient bien.`,
      `A password has at least ${passwordLimits.fewest} characters: a sentence does well.`,
    ];
  if (characters.length > passwordLimits.most)
    return [
      `Un mot de passe a au plus ${passwordLimits.most} caractères.`,
      `A password has at most ${passwordLimits.most} characters.`,
    ];
  if (new Set(characters).size < 6)
    return [
      'Ce mot de passe répète trop souvent les mêmes caractères.',
      'A password repeats fewer characters than this one.',
    ];
  const folded = password.toLowerCase();
  const own = [login, login.split('@')[0] ?? '', 'relais'].filter((word) => word.length > 3);
  const rest = own.reduce((left, word) => left.replaceAll(word.toLowerCase(), ''), folded);
  if (rest.length < passwordLimits.fewest - 5)
    return [
      'Un mot de passe ne se réduit pas à l’identifiant et au nom du programme.',
      'A password is more than the login and the name of the program.',
    ];
  return undefined;
}

/** @returns a PHC string, `$argon2id$v=19$m=…,t=…,p=…$salt$hash` */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(saltBytes);
  const hash = await derive({ ...cost, nonce, message: normalised(password), tagLength: hashBytes });
  const { memory, passes, parallelism } = cost;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${text(nonce)}$${text(hash)}`;
}

const phc =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,64})\$([A-Za-z0-9+/]{22,128})$/;

/**
 * `kept` undefined: no such account. It takes as long all the same, so that the time does not reveal which logins exist.
 * @returns whether it is the password, and whether it should be hashed again with today's parameters
 */
export async function checkPassword(
  password: string,
  kept: string | undefined,
): Promise<{ readonly isRight: boolean; readonly isOutdated: boolean }> {
  const parts = phc.exec(kept ?? nobodys);
  if (parts === null) throw new Error('A kept password is no PHC string of argon2id.');
  const [, memory, passes, parallelism, salt = '', hash = ''] = parts;
  const expected = Buffer.from(hash, 'base64');
  const parameters = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  const got = await derive({
    ...parameters,
    nonce: Buffer.from(salt, 'base64'),
    message: normalised(password),
    tagLength: expected.length,
  });
  return {
    isRight: timingSafeEqual(got, expected) && kept !== undefined,
    isOutdated: Object.entries(cost).some(([name, value]) => parameters[name as keyof typeof cost] !== value),
  };
}

const text = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
const nobodys = `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${text(Buffer.alloc(saltBytes))}$${text(Buffer.alloc(hashBytes))}`;

const derive = (parameters: Argon2Parameters): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, key) => (error === null ? resolve(key) : reject(error)));
  });

// Second factors: one-time codes of an authenticator app (TOTP, RFC 6238), and recovery codes for a lost phone.
// Invariant: a code opens one sign-in; a recovery code is kept as a digest only.

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
