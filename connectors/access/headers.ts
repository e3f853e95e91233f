// Builds the headers that authenticate us to the recipient, and their masked form for a preview. Pure.
// Invariant: a secret without a value stops the request; the masked form shows no secret.
import { masked } from '../guard.ts';
import { hostOf } from '../guard/addresses.ts';
import { resolveText } from '../guard/secrets.ts';
import type { Auth } from './auth.ts';
import { accessUrl, isAccess, sentAs } from './settings.ts';

type Headers = Readonly<Record<string, string>>;

export type AuthHeaders =
  | { readonly ok: true; readonly headers: Headers }
  | { readonly ok: false; readonly reason: string };

/** None for a token or a session, which is obtained before each send (obtain.ts). */
export function authHeaders(
  auth: Auth | undefined,
  secret: (name: string) => string | undefined,
): AuthHeaders {
  if (auth === undefined || isAccess(auth)) return { ok: true, headers: {} };
  if ('bearer' in auth) {
    const token = resolveText(auth.bearer, secret);
    return token.ok ? { ok: true, headers: { authorization: `Bearer ${token.value}` } } : token;
  }
  if ('basic' in auth) {
    const user = resolveText(auth.basic.user, secret);
    const password = resolveText(auth.basic.password, secret);
    if (!user.ok) return user;
    if (!password.ok) return password;
    const encoded = Buffer.from(`${user.value}:${password.value}`).toString('base64');
    return { ok: true, headers: { authorization: `Basic ${encoded}` } };
  }
  const value = resolveText(auth.header.value, secret);
  return value.ok ? { ok: true, headers: { [auth.header.name.toLowerCase()]: value.value } } : value;
}

/** Basic credentials are encoded in the request; encoding the mask would hide it. */
export function shownAuth(auth: Auth | undefined): Headers {
  if (auth === undefined) return {};
  if (isAccess(auth)) {
    const { header, before } = sentAs(auth);
    const what = 'oauth2' in auth ? 'token' : 'session';
    return { [header.toLowerCase()]: `${before}«${what} from ${hostOf(accessUrl(auth)) ?? ''}»` };
  }
  if ('bearer' in auth) return { authorization: `Bearer ${masked(auth.bearer)}` };
  if ('basic' in auth)
    return { authorization: `Basic ${masked(auth.basic.user)}:${masked(auth.basic.password)}` };
  return { [auth.header.name]: masked(auth.header.value) };
}
