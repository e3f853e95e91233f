// Obtains a session by a login: sends its request, and finds the token in the answer.
// Invariant: a refused password is not tried again automatically; CRMs lock the account after five attempts.
import type { Evidence, Got, Outcome, SendContext } from '../contract.ts';
import type { CarriedRequest, HttpAnswer } from '../guard/http/carrier.ts';
import type { HttpClient } from '../guard/http/exchange.ts';
import { ask, isObject, isToken, objectIn, reasonOf } from './ask.ts';
import type { Login, LoginBody } from './settings.ts';

type Resolved = (text: string) => string;

/** An answer that is neither a session nor a plain refusal (a page of maintenance, say) is retried twice; then a person decides. */
const doubtfulAgainMs = [300_000, 1_800_000] as const;

export async function logIn(
  client: HttpClient,
  login: Login,
  resolved: Resolved,
  context: SendContext,
  refusals: number,
): Promise<Got> {
  const asked = await ask(client, 'LOGIN_', requestOf(login, resolved), context);
  if (!asked.ok) {
    const { outcome } = asked;
    return { ok: false, outcome };
  }
  const { answer, evidence } = asked;
  const { status } = answer;
  if (status >= 400 && status !== 404 && !isBareFailure(answer))
    return {
      ok: false,
      outcome: refused(reasonOf('LOGIN_', `HTTP_${status}`), evidence),
      againAfterMs: 'never',
    };
  const again = doubtfulAgainMs[refusals] ?? 'never';
  const accepted = login.accepted?.includes(status) ?? (status >= 200 && status < 300);
  if (!accepted)
    return {
      ok: false,
      outcome: refused(reasonOf('LOGIN_', `HTTP_${status}`), evidence),
      againAfterMs: again,
    };
  const content = objectIn(answer);
  if (login.proof !== undefined && !isFilled(valueAt(content, login.proof)))
    return { ok: false, outcome: refused('LOGIN_NOT_PROVED', evidence), againAfterMs: again };
  const token = tokenIn(login, answer, content);
  if (token === undefined)
    return { ok: false, outcome: refused('LOGIN_TOKEN_MISSING', evidence), againAfterMs: again };
  if (!isToken(token))
    return { ok: false, outcome: refused('LOGIN_TOKEN_MALFORMED', evidence), againAfterMs: again };
  const livesMs = lifetimeMs(login.lifetime);
  return { ok: true, token, livesMs };
}

/** The page of a framework that failed before it checked the password: the CRM's database is down, say. */
const isBareFailure = ({ status, headers }: HttpAnswer): boolean =>
  status === 400 && /^text\/html\b/i.test(headers['content-type'] ?? '');

const refused = (reason: string, evidence: Evidence): Outcome => ({ kind: 'unauthorized', reason, evidence });

function requestOf({ url, json, form, basic, headers = {} }: Login, resolved: Resolved): CarriedRequest {
  const own = Object.fromEntries(
    Object.entries(headers).map(([name, text]) => [name.toLowerCase(), resolved(text)]),
  );
  const mediaType: Readonly<Record<string, string>> =
    json !== undefined
      ? { 'content-type': 'application/json' }
      : form !== undefined
        ? { 'content-type': 'application/x-www-form-urlencoded' }
        : {};
  const authorization: Readonly<Record<string, string>> =
    basic === undefined
      ? {}
      : {
          authorization: `Basic ${Buffer.from(`${resolved(basic.user)}:${resolved(basic.password)}`).toString('base64')}`,
        };
  const text =
    json !== undefined
      ? JSON.stringify(filled(json, resolved))
      : form === undefined
        ? undefined
        : formOf(form, resolved);
  return {
    url: new URL(url),
    method: 'POST',
    headers: {
      accept: 'application/json, */*;q=0.8',
      'user-agent': 'Relais/1',
      ...mediaType,
      ...authorization,
      ...own,
    },
    ...(text === undefined ? {} : { body: new TextEncoder().encode(text) }),
  };
}

function formOf(form: Readonly<Record<string, string>>, resolved: Resolved): string {
  const written = new URLSearchParams();
  for (const [name, text] of Object.entries(form)) written.append(name, resolved(text));
  return written.toString();
}

function filled(value: LoginBody, resolved: Resolved): unknown {
  if (typeof value === 'string') return resolved(value);
  if (Array.isArray(value)) return value.map((inner: LoginBody) => filled(inner, resolved));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, LoginBody]) => [name, filled(inner, resolved)]),
  );
}

function tokenIn({ token }: Login, answer: HttpAnswer, content: unknown): string | undefined {
  if ('json' in token) {
    const found = valueAt(content, token.json);
    return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined;
  }
  if ('header' in token) return answer.headers[token.header.toLowerCase()];
  const value = cookieIn(answer.headers['set-cookie'] ?? '', token.cookie);
  return value === undefined ? undefined : `${token.cookie}=${value}`;
}

/** Several headers arrive joined by commas; the last one that gives a value counts, as in a browser. */
function cookieIn(setCookie: string, name: string): string | undefined {
  const start = `${name.toLowerCase()}=`;
  return setCookie
    .split(/,\s*/)
    .filter((part) => part.toLowerCase().startsWith(start))
    .map((part) => part.slice(start.length).split(';', 1)[0]?.trim() ?? '')
    .findLast((value) => value !== '' && value !== 'deleted');
}

function valueAt(content: unknown, path: string): unknown {
  let found = content;
  for (const name of path.slice('$.'.length).split('.')) {
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

const isFilled = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && value !== '' && value !== 0;

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

function lifetimeMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? 1_000);
}
