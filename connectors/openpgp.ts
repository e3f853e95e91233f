// Finds the OpenPGP keys that encrypt and sign mails and files. openpgp.js does the cryptography.
// Invariant: with an expired or missing key the result is a reason, and nothing is sent; only a public key may be in the file itself.
import { blockOf, problemIf, type Expiry, type JsonSchema, type SettingsProblem } from './contract.ts';
import type { Key, PrivateKey, Subkey } from 'openpgp';
import { clearTextProblem, masked, secretName, secretOrText, secretSchema } from './guard.ts';

export interface OpenPgpSettings {
  /** A public key in ASCII armour, or secret:NAME of one; with several, each can decrypt. */
  readonly encryptTo: string | readonly string[];
  readonly sign?: { readonly key: string; readonly passphrase?: string };
}

export interface PgpKeys {
  readonly encryptTo: readonly Key[];
  readonly sign: PrivateKey | undefined;
  /** The end of each key that expires, ours included. */
  readonly ends: readonly Expiry[];
}

export type PgpReason =
  | 'SECRET_MISSING'
  | 'OPENPGP_KEY_UNREADABLE'
  | 'OPENPGP_KEY_EXPIRED'
  | 'OPENPGP_KEY_UNUSABLE'
  | 'OPENPGP_SIGN_KEY_UNUSABLE';

export type PgpResult =
  | { readonly ok: true; readonly keys: PgpKeys }
  | { readonly ok: false; readonly reason: PgpReason };

const no = (reason: PgpReason): PgpResult => ({ ok: false, reason });
const armour = '-----BEGIN PGP PUBLIC KEY BLOCK-----';

export const publicTexts = ({ encryptTo }: OpenPgpSettings): readonly string[] =>
  typeof encryptTo === 'string' ? [encryptTo] : encryptTo;

/** The keys of the settings that are usable at that moment. */
export async function pgpKeysOf(
  settings: OpenPgpSettings,
  secret: (name: string) => string | undefined,
  at: Date,
): Promise<PgpResult> {
  const { readKey } = await import('openpgp');
  const valueOf = (text: string): string | undefined => secretOrText(text, secret);
  const encryptTo: Key[] = [];
  const ends: Expiry[] = [];
  for (const text of publicTexts(settings)) {
    const armored = valueOf(text);
    if (armored === undefined) return no('SECRET_MISSING');
    const key = await readKey({ armoredKey: armored }).catch(() => undefined);
    if (key === undefined || key.isPrivate()) return no('OPENPGP_KEY_UNREADABLE');
    const usable = await usableUntil(key, at);
    if ('reason' in usable) return no(usable.reason);
    encryptTo.push(key);
    ends.push(...endsOf(text, usable.until));
  }
  if (settings.sign === undefined) return { ok: true, keys: { encryptTo, ends, sign: undefined } };
  const { key, passphrase } = settings.sign;
  const [armored, phrase] = [valueOf(key), passphrase === undefined ? undefined : valueOf(passphrase)];
  if (armored === undefined || (passphrase !== undefined && phrase === undefined))
    return no('SECRET_MISSING');
  const signing = await signingKey(armored, phrase, at);
  if (signing === undefined) return no('OPENPGP_SIGN_KEY_UNUSABLE');
  ends.push(...endsOf(key, signing.until));
  return { ok: true, keys: { encryptTo, ends, sign: signing.key } };
}

const endsOf = (text: string, at: Date | undefined): readonly Expiry[] =>
  at === undefined ? [] : [{ secret: secretName(text) ?? 'openpgp', at }];

/** Expiries are reported ahead, so that a new key is there in time. */
export async function pgpExpiry(
  settings: OpenPgpSettings | undefined,
  secret: (name: string) => string | undefined,
  now: Date,
): Promise<readonly Expiry[]> {
  if (settings === undefined) return [];
  const result = await pgpKeysOf(settings, secret, now);
  return result.ok ? result.keys.ends : [];
}

/** A key is expired when it, or its encrypting subkey, is. */
async function usableUntil(
  key: Key,
  at: Date,
): Promise<{ readonly until: Date | undefined } | { readonly reason: PgpReason }> {
  const whole = await key.getExpirationTime();
  if (whole instanceof Date && whole <= at) return { reason: 'OPENPGP_KEY_EXPIRED' };
  const part = await key.getEncryptionKey(undefined, at).catch(() => undefined);
  if (part === undefined) {
    // Usable when it was made: its encrypting part has expired since, or it was revoked.
    const once = await key
      .getEncryptionKey(undefined, new Date(key.getCreationTime().getTime() + 1_000))
      .catch(() => undefined);
    return { reason: once === undefined ? 'OPENPGP_KEY_UNUSABLE' : 'OPENPGP_KEY_EXPIRED' };
  }
  return { until: await endOf(key, part, at) };
}

/** The earlier end of the key and of the subkey in use. */
async function endOf(key: Key, part: Key | Subkey, at: Date): Promise<Date | undefined> {
  const all = [await key.getExpirationTime(), await part.getExpirationTime(at)];
  return all.filter((end) => end instanceof Date).sort((a, b) => a.getTime() - b.getTime())[0];
}

async function signingKey(
  armored: string,
  passphrase: string | undefined,
  at: Date,
): Promise<{ readonly key: PrivateKey; readonly until: Date | undefined } | undefined> {
  try {
    const key = await unlocked(armored, passphrase);
    const part = await key.getSigningKey(undefined, at);
    return key.isDecrypted() ? { key, until: await endOf(key, part, at) } : undefined;
  } catch {
    return undefined;
  }
}

// Decrypting a private key takes several times as long as the mail. Bounded: rotated keys must not accumulate.
const keys = new Map<string, PrivateKey>();
const mostKept = 100;

async function unlocked(armored: string, passphrase: string | undefined): Promise<PrivateKey> {
  const name = JSON.stringify([armored, passphrase]);
  const known = keys.get(name);
  if (known !== undefined) return known;
  const { decryptKey, readPrivateKey } = await import('openpgp');
  const read = await readPrivateKey({ armoredKey: armored });
  const key = passphrase === undefined ? read : await decryptKey({ privateKey: read, passphrase });
  if (keys.size >= mostKept) keys.clear();
  keys.set(name, key);
  return key;
}

export function pgpProblems(settings: OpenPgpSettings | undefined): readonly SettingsProblem[] {
  if (settings === undefined) return [];
  const isKey = (text: string): boolean =>
    secretName(text) !== undefined || text.trimStart().startsWith(armour);
  return [
    ...problemIf(!publicTexts(settings).every(isKey), '/openpgp/encryptTo', [
      `Écrivez la clé publique elle-même (${armour} …), ou secret:NOM.`,
      `Write the public key itself (${armour} …), or secret:NAME.`,
    ]),
    ...clearTextProblem('/openpgp/sign/key', settings.sign?.key),
    ...clearTextProblem('/openpgp/sign/passphrase', settings.sign?.passphrase),
  ];
}

/** Texts of the settings that may be `secret:NAME`. */
export const pgpTexts = (settings: OpenPgpSettings | undefined): readonly (string | undefined)[] =>
  settings === undefined ? [] : [...publicTexts(settings), settings.sign?.key, settings.sign?.passphrase];

/** A key in the file is public, the client's own, and too long for a line. */
export const shownKeys = (settings: OpenPgpSettings): string =>
  publicTexts(settings)
    .map((text) => (text.startsWith('secret:') ? masked(text) : 'the key of the file'))
    .join(', ');

/** @param what is encrypted: `each mail`, `the file` */
export const pgpSchema = (what: string): JsonSchema =>
  blockOf(`Encrypts ${what} with the client's key, and signs it where asked.`, ['encryptTo'], {
    encryptTo: {
      description: 'The public key in ASCII armour, or secret:NAME of it; a list where several may read.',
      'x-forme': 'la clé publique, ou secret:NOM ; une liste s’il y en a plusieurs.',
      anyOf: [
        { type: 'string', minLength: 8, description: 'A key.' },
        {
          type: 'array',
          minItems: 1,
          maxItems: 20,
          items: { type: 'string', minLength: 8, description: 'A key.' },
          description: 'Several keys.',
        },
      ],
    },
    sign: blockOf('Signs inside the encryption.', ['key'], {
      key: secretSchema('secret:NAME of our private key.'),
      passphrase: secretSchema('secret:NAME of its passphrase.'),
    }),
  });
