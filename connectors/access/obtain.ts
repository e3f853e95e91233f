// Sends with a token or session, which is obtained before, and once more after the recipient refused it.
// Invariant: a second refusal is the outcome; only after a plain refusal is a request sent again, so that nothing arrives twice.
import type { Credential, CredentialNeed, Credentials, Obtained, Outcome, SendContext } from '../contract.ts';
import { bareHost, secretOrText } from '../guard.ts';
import type { HttpClient } from '../guard/http/exchange.ts';
import { hasControl, isSendable } from '../guard/secrets.ts';
import { askingMs } from './ask.ts';
import { logIn } from './login.ts';
import { getToken, isPrivateKey } from './oauth2.ts';
import { accessTexts, accessUrl, isAccess, sentAs, type Access } from './settings.ts';

type AccessHeaders = Readonly<Record<string, string>>;
export type Needed =
  | { readonly ok: true; readonly need: CredentialNeed }
  | { readonly ok: false; readonly outcome: Outcome };

/** Prepares the token or session to obtain before sending, or gives the reason why it cannot. */
export function neededFor(access: Access, client: HttpClient, context: SendContext): Needed {
  const url = URL.parse(accessUrl(access));
  if (url === null) return held('URL_MALFORMED');
  if (url.protocol !== 'https:' && !context.network.allowPlaintext)
    return held('PLAINTEXT_NOT_ALLOWED', bareHost(url.hostname));
  const texts = accessTexts(access).filter((text) => text !== undefined);
  const values = texts.map((text) => secretOrText(text, context.secret));
  if (values.some((value) => value === undefined || value === '')) return held('SECRET_MISSING');
  const resolve = (text: string): string => secretOrText(text, context.secret) ?? '';
  if (!isUsable(access, resolve)) return held('SECRET_MALFORMED');
  return {
    ok: true,
    need: {
      gotWith: JSON.stringify([access, values]),
      longestMs: askingMs(context) + 1_000,
      get: (before) =>
        'oauth2' in access
          ? getToken(client, access.oauth2, resolve, context, before)
          : logIn(client, access.login, resolve, context, before.refusals),
    },
  };
}

const held = (reason: string, host?: string): Extract<Needed, { readonly ok: false }> => ({
  ok: false,
  outcome: { kind: 'unauthorized', reason, ...(host === undefined ? {} : { evidence: { host } }) },
});

/** Values that could not be sent would look like an outage of the endpoint. */
function isUsable(access: Access, resolve: (text: string) => string): boolean {
  if ('oauth2' in access) {
    const { assertion } = access.oauth2;
    return assertion === undefined || isPrivateKey(resolve(assertion.key));
  }
  return Object.values(access.login.headers ?? {})
    .map(resolve)
    .every((value) => isSendable(value) && !hasControl(value));
}

/** Credentials for a single send: in a trial nothing is kept and nothing is reused. */
function forOneSend(access: Access): Credentials {
  return {
    async obtain(need): Promise<Obtained> {
      // A server that gives a new refresh token with each use would invalidate production's.
      if ('oauth2' in access && access.oauth2.grant === 'refresh_token') return held('TOKEN_NOT_SHARED');
      const got = await need.get({ refusals: 0 });
      return got.ok ? { ok: true, credential: { token: got.token, version: 1 } } : got;
    },
  };
}

export const credentialsFor = (access: Access, context: SendContext): Credentials =>
  context.credentials ?? forOneSend(access);

export function accessHeaders(access: Access, { token }: Credential): AccessHeaders {
  const { header, before } = sentAs(access);
  return { [header.toLowerCase()]: `${before}${token}` };
}

/** @param attempt sends once, with these headers besides its own */
export async function withAccess(
  auth: object | undefined,
  client: HttpClient,
  context: SendContext,
  attempt: (headers: AccessHeaders) => Promise<Outcome>,
): Promise<Outcome> {
  if (!isAccess(auth)) return await attempt({});
  const needed = neededFor(auth, client, context);
  if (!needed.ok) return needed.outcome;
  const credentials = credentialsFor(auth, context);
  const first = await credentials.obtain(needed.need);
  if (!first.ok) return first.outcome;
  const outcome = await attempt(accessHeaders(auth, first.credential));
  // Without a status it was not the recipient that refused: a certificate, an address.
  if (outcome.kind !== 'unauthorized' || outcome.evidence?.status === undefined) return outcome;
  const second = await credentials.obtain({ ...needed.need, refused: first.credential });
  return second.ok ? await attempt(accessHeaders(auth, second.credential)) : notRenewed(second.outcome);
}

/** Distinguished from a failure before the departure: a request was sent, and refused. */
const notRenewed = (outcome: Outcome): Outcome =>
  'reason' in outcome ? { ...outcome, reason: `RENEWAL_${outcome.reason}`.slice(0, 64) } : outcome;
