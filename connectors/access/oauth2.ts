// Obtains a token by OAuth2 (RFC 6749, 7523): oauth4webapi writes the request and reads the answer, the guard opens the socket.
// Invariant: an outcome contains nothing of secret or token; an error of the endpoint becomes a code of a closed list.
import { createPrivateKey } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import type { Evidence, Got, Outcome, SendContext } from '../contract.ts';
import type { HttpAnswer } from '../guard/http/carrier.ts';
import type { HttpClient } from '../guard/http/exchange.ts';
import { ask, isToken, objectIn, reasonOf } from './ask.ts';
import type { OAuth2 } from './settings.ts';

type Resolved = (text: string) => string;

/** A refusal may end by itself (the recipient is being deployed), so it is retried, seldom. */
const refusedAgainMs = 300_000;
/** An answer that is not a token endpoint's (a CRM whose database is down, a page of maintenance) is retried soon, then less often. */
const unclearAgainMs = 5_000;

const againAfter = (isPlain: boolean, refusals: number): number =>
  isPlain ? refusedAgainMs : Math.min(unclearAgainMs * 2 ** Math.min(refusals, 10), refusedAgainMs);

/** The endpoint's answer when it is no token. */
interface Seen {
  failed?: Outcome;
  /** A refusal in the terms of RFC 6749, section 5.2, or with 401 or 403. */
  isPlain: boolean;
  evidence: Evidence;
}

/** State of the earlier attempts. */
interface Before {
  readonly refreshToken?: string;
  readonly refusals: number;
}

/** @param resolved value of a text or of the secret it names; all of them exist */
export async function getToken(
  client: HttpClient,
  settings: OAuth2,
  resolved: Resolved,
  context: SendContext,
  before: Before,
): Promise<Got> {
  const seen: Seen = { isPlain: false, evidence: {} };
  const notGot = (outcome: Outcome): Got => notGotFor(outcome, againAfter(seen.isPlain, before.refusals));
  const server = { issuer: settings.tokenUrl, token_endpoint: settings.tokenUrl };
  const application = { client_id: resolved(settings.clientId) };
  try {
    const [grant, parameters] = await grantOf(settings, resolved, context, before.refreshToken);
    const response = await oauth.genericTokenEndpointRequest(
      server,
      application,
      clientAuthOf(settings, resolved),
      grant,
      parameters,
      {
        [oauth.customFetch]: carriedBy(client, settings, context, seen),
        // The operator's policy has already decided if an address may be requested in clear.
        [oauth.allowInsecureRequests]: true,
        headers: { 'user-agent': 'Relais/1' },
      },
    );
    if (seen.failed !== undefined) return notGot(seen.failed);
    const answer = await oauth.processGenericTokenEndpointResponse(server, application, response);
    return gotOf(answer) ?? notGot(refused('TOKEN_MALFORMED', seen.evidence));
  } catch {
    // The library's error is dropped, since it quotes the answer.
    return notGot(seen.failed ?? refused('TOKEN_ANSWER_UNREADABLE', seen.evidence));
  }
}

/** The library's `fetch`, through the guard. The reason of a failure is kept in `seen`; the library gets a plain error. */
function carriedBy(
  client: HttpClient,
  { requestAs }: OAuth2,
  context: SendContext,
  seen: Seen,
): (url: string, options: oauth.CustomFetchOptions<'POST', URLSearchParams>) => Promise<Response> {
  return async (url, { headers, body }) => {
    const written =
      requestAs === 'json'
        ? {
            headers: { ...headers, 'content-type': 'application/json' },
            body: Buffer.from(JSON.stringify(Object.fromEntries(body))),
          }
        : { headers, body: Buffer.from(body.toString()) };
    const request = { url: new URL(url), method: 'POST', ...written };
    const asked = await ask(client, 'TOKEN_', request, context);
    if (asked.ok) {
      seen.evidence = asked.evidence;
      const read = readAnswer(asked.answer, asked.evidence);
      if (read.ok) return Response.json(read.content);
      seen.isPlain = read.isPlain;
      seen.failed = read.outcome;
    } else seen.failed = asked.outcome;
    return Response.error();
  };
}

const refused = (reason: string, evidence: Evidence): Outcome => ({ kind: 'unauthorized', reason, evidence });

const notGotFor = (outcome: Outcome, againAfterMs: number): Got =>
  outcome.kind === 'unauthorized' && outcome.evidence?.status !== undefined
    ? { ok: false, outcome, againAfterMs }
    : { ok: false, outcome };

function gotOf(answer: oauth.TokenEndpointResponse): Got | undefined {
  const { access_token: token, refresh_token: refreshToken, expires_in: seconds } = answer;
  if (!isToken(token)) return undefined;
  return {
    ok: true,
    token,
    ...(isToken(refreshToken) ? { refreshToken } : {}),
    // With zero or less, each delivery would request a token of its own.
    ...(seconds !== undefined && seconds > 0 ? { livesMs: Math.min(seconds, longestSeconds) * 1_000 } : {}),
  };
}

const longestSeconds = 366 * 24 * 3_600;

function clientAuthOf({ clientSecret, clientAuth, grant }: OAuth2, resolved: Resolved): oauth.ClientAuth {
  // The signed assertion identifies us.
  if (clientSecret === undefined) return grant === 'jwt_bearer' ? () => undefined : oauth.None();
  const secret = resolved(clientSecret);
  return clientAuth === 'client_secret_basic'
    ? oauth.ClientSecretBasic(secret)
    : oauth.ClientSecretPost(secret);
}

async function grantOf(
  settings: OAuth2,
  resolved: Resolved,
  context: SendContext,
  kept: string | undefined,
): Promise<readonly [grant: string, parameters: Record<string, string>]> {
  const { grant, scope, audience, resource, params, refreshToken = '' } = settings;
  const common = {
    ...params,
    ...(scope === undefined ? {} : { scope }),
    ...(audience === undefined ? {} : { audience }),
    ...(resource === undefined ? {} : { resource }),
  };
  switch (grant) {
    case 'client_credentials':
      return ['client_credentials', common];
    case 'refresh_token':
      return ['refresh_token', { ...common, refresh_token: kept ?? resolved(refreshToken) }];
    case 'jwt_bearer':
      return [
        'urn:ietf:params:oauth:grant-type:jwt-bearer',
        { ...common, assertion: await assertionOf(settings, resolved, context) },
      ];
  }
}

/** Salesforce takes no assertion that lives longer. */
const statementSeconds = 180;

async function assertionOf(
  { clientId, tokenUrl, assertion }: OAuth2,
  resolved: Resolved,
  { now }: SendContext,
): Promise<string> {
  const { key = '', algorithm = 'RS256', keyId, issuer, subject, audience, claims } = assertion ?? {};
  const own = resolved(clientId);
  const seconds = Math.floor(now() / 1_000);
  const { SignJWT } = await import('jose/jwt/sign');
  return await new SignJWT({ ...claims })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
    .setIssuer(issuer ?? own)
    .setSubject(subject === undefined ? own : resolved(subject))
    .setAudience(audience ?? tokenUrl)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + statementSeconds)
    .sign(createPrivateKey(resolved(key)));
}

/** True when a private key can be read; the endpoint reports any other mistake in it. */
export function isPrivateKey(text: string): boolean {
  try {
    createPrivateKey(text);
    return true;
  } catch {
    return false;
  }
}

const knownErrors = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'invalid_target',
  'unauthorized_client',
  'unsupported_grant_type',
  'access_denied',
]);
/** `unknown_error` is Salesforce's own: « retry your request ». */
const temporaryErrors = new Set(['temporarily_unavailable', 'server_error', 'slow_down', 'unknown_error']);

/** Zoho and Salesforce send it as a refusal, with 400; retried at once they would refuse again. */
const askedTooOften = /too many requests|rate exceeded/i;
const tooOftenAgainMs = 60_000;

/** The answer in the form the library reads: some CRMs answer 201, omit the token type, or report an error with status 200. */
function readAnswer(
  answer: HttpAnswer,
  evidence: Evidence,
):
  | { readonly ok: true; readonly content: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly outcome: Outcome; readonly isPlain: boolean } {
  const { status } = answer;
  const content = objectIn(answer);
  if (content !== undefined && status < 300 && content['access_token'] !== undefined) {
    const { access_token, refresh_token, expires_in } = content;
    const given = Object.entries({ access_token, refresh_token, expires_in }).filter(
      ([, value]) => value !== null && value !== undefined,
    );
    return { ok: true, content: { token_type: 'bearer', ...Object.fromEntries(given) } };
  }
  const error = content?.['error'];
  // An error code has no blanks; « Not Found » is a framework's answer for an address that is being deployed.
  const isPlain = (typeof error === 'string' && !/\s/.test(error)) || status === 401 || status === 403;
  return { ok: false, outcome: refusalIn(content, status, evidence), isPlain };
}

function refusalIn(
  content: Readonly<Record<string, unknown>> | undefined,
  status: number,
  evidence: Evidence,
): Outcome {
  const error = content?.['error'];
  const described = content?.['error_description'];
  if (typeof described === 'string' && askedTooOften.test(described))
    return { kind: 'throttled', reason: 'TOKEN_TOO_MANY_REQUESTS', afterMs: tooOftenAgainMs, evidence };
  if (typeof error !== 'string')
    return refused(status < 300 ? 'TOKEN_ANSWER_UNREADABLE' : reasonOf('TOKEN_', `HTTP_${status}`), evidence);
  const reason = reasonOf('TOKEN_', error.toUpperCase());
  if (temporaryErrors.has(error)) return { kind: 'unavailable', reason, maybeReceived: false, evidence };
  return refused(knownErrors.has(error) ? reason : 'TOKEN_REFUSED', evidence);
}
