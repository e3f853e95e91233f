// Types of the credentials that are obtained first and used for a while: a token by OAuth2, a session by a login.
// Invariant: no secret in clear; the host of the token or login address is in clear, so that the contract can name it.

/** The header that carries the token. */
export interface SendAs {
  readonly header: string;
  /** Before the token, followed by a blank. */
  readonly prefix?: string;
}

export interface Assertion {
  readonly key: string;
  readonly algorithm?: string;
  readonly keyId?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly audience?: string;
  readonly claims?: Readonly<Record<string, string>>;
}

export interface OAuth2 {
  readonly grant: 'client_credentials' | 'refresh_token' | 'jwt_bearer';
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly clientAuth?: 'client_secret_post' | 'client_secret_basic';
  readonly requestAs?: 'form' | 'json';
  readonly scope?: string;
  readonly audience?: string;
  readonly resource?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly refreshToken?: string;
  readonly assertion?: Assertion;
  readonly sendAs?: SendAs;
}

export type LoginBody = string | number | boolean | null | readonly LoginBody[] | LoginObject;
export interface LoginObject {
  readonly [name: string]: LoginBody;
}

export interface Login {
  readonly url: string;
  readonly json?: LoginObject;
  readonly form?: Readonly<Record<string, string>>;
  readonly basic?: { readonly user: string; readonly password: string };
  readonly headers?: Readonly<Record<string, string>>;
  readonly token: { readonly json: string } | { readonly header: string } | { readonly cookie: string };
  readonly proof?: string;
  readonly accepted?: readonly number[];
  readonly lifetime?: string;
  readonly sendAs?: SendAs;
}

export type Access = { readonly oauth2: OAuth2 } | { readonly login: Login };

export const isAccess = (auth: object | undefined): auth is Access =>
  auth !== undefined && ('oauth2' in auth || 'login' in auth);

/** The address from which a token or a session is obtained. */
export const accessUrl = (access: Access): string =>
  'oauth2' in access ? access.oauth2.tokenUrl : access.login.url;

export function sentAs(access: Access): { readonly header: string; readonly before: string } {
  const own = 'oauth2' in access ? access.oauth2.sendAs : access.login.sendAs;
  if (own !== undefined)
    return { header: own.header, before: own.prefix === undefined ? '' : `${own.prefix} ` };
  if ('login' in access && 'cookie' in access.login.token) return { header: 'Cookie', before: '' };
  return { header: 'Authorization', before: 'Bearer ' };
}

/** All texts that may be `secret:NAME`. */
export function accessTexts(access: Access): readonly (string | undefined)[] {
  if ('oauth2' in access) {
    const { clientId, clientSecret, refreshToken, assertion } = access.oauth2;
    return [clientId, clientSecret, refreshToken, assertion?.key, assertion?.subject];
  }
  const { json, form = {}, basic, headers = {} } = access.login;
  return [
    ...textsIn(json ?? null),
    ...Object.values(form),
    basic?.user,
    basic?.password,
    ...Object.values(headers),
  ];
}

function textsIn(value: LoginBody): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((inner: LoginBody) => textsIn(inner));
}
