// Authenticates a request by its cookie, checks its origin and its permission before any page is made.
// Invariant: a route without a gate cannot be registered; the account is read at each request, so that a removed right is lost at once.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { accountActor } from '../access/place.ts';
import { may, reachOf, type Holder, type Permission } from '../access/permissions.ts';
import { sessionOfToken, type Caller, type Session } from '../access/sessions.ts';
import { inLanguage, preferredLanguage, type Both, type Language } from '../support/words.ts';
import type { ConsolePlace } from './place.ts';
import { parseCookie, stringifySetCookie, type SetCookie } from 'cookie';
import { knownBrowserSeconds } from '../access/limits.ts';
import { oidcKeptSeconds } from '../access/oidc.ts';

/** open: for everybody; halfway: the password was right, the second factor is missing; own: for every signed-in person. */
export type Gate = Permission | 'open' | 'halfway' | 'own';

export type Say = (both: Both) => string;
/** Words have many sources: on a page every French apostrophe is the typographic one. */
export const sayIn =
  (language: Language): Say =>
  (both) => {
    const text = inLanguage(both, language);
    return language === 'fr' ? text.replaceAll(/(?<=\p{L})'(?=\p{L})/gu, '’') : text;
  };

export interface Visit {
  readonly language: Language;
  readonly session: Session | undefined;
  readonly token: string;
}

interface Reader extends Visit {
  /** In the reader's language. */
  readonly say: Say;
}

export interface Person extends Reader {
  readonly session: Session;
  readonly holder: Holder;
  /** The actor's name in the log. */
  readonly actor: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    visit: Visit | null;
  }
  interface FastifyContextConfig {
    readonly gate?: Gate;
  }
}

export type Refuse = (request: FastifyRequest, reply: FastifyReply, status: 401 | 403) => FastifyReply;

export function guard(
  server: FastifyInstance,
  { access }: Pick<ConsolePlace, 'access'>,
  cookies: Cookies,
  refuse: Refuse,
): void {
  server.decorateRequest('visit', null);
  server.addHook('onRoute', ({ url, config }) => {
    if (config?.gate === undefined) throw new Error(`The route ${url} has no gate.`);
  });
  server.addHook('onRequest', async (request, reply) => {
    const language = cookies.languageOf(request) ?? preferredLanguage(request.headers['accept-language']);
    const token = cookies.tokenOf(request) ?? '';
    request.visit = { language, session: undefined, token };
    if (request.method !== 'GET' && !isOurs(request)) return refuse(request, reply, 403);
    const session =
      token === ''
        ? undefined
        : await sessionOfToken({ database: access.database }, token, { isActivity: !isByItself(request) });
    request.visit = { language, session, token };
    const { gate } = request.routeOptions.config;
    if (request.is404 || gate === 'open') return undefined;
    if (session === undefined) return refuse(request, reply, 401);
    if (gate === 'halfway') return undefined;
    if (session.stage !== 'full') return reply.redirect(halfwayPage(session), 303);
    if (gate === undefined || (gate !== 'own' && !may(holderOf(session), gate)))
      return refuse(request, reply, 403);
    return undefined;
  });
}

/** True for a page's own refreshes: they do not prolong an idle session (C38). */
const isByItself = ({ headers }: FastifyRequest): boolean => headers['x-relais-by-itself'] !== undefined;

export const halfwayPage = ({ stage }: Pick<Session, 'stage'>): string =>
  stage === 'factor' ? '/sign-in/code' : '/sign-in/second-factor';

export const holderOf = ({ account: { roles, clientId } }: Session): Holder => ({
  kind: 'account',
  roles,
  ...reachOf(clientId, roles),
});

export function visitOf({ visit }: FastifyRequest): Reader {
  if (visit === null) throw new Error('A page is made before anybody was looked at.');
  return { ...visit, say: sayIn(visit.language) };
}

/** Every gate but `open` guarantees one. */
export function personOf(request: FastifyRequest): Person {
  const { session, ...reader } = visitOf(request);
  if (session === undefined) throw new Error('A page that asks who it is stands open to everybody.');
  return { ...reader, session, holder: holderOf(session), actor: accountActor(session.account.id) };
}

export const actingOf = (request: FastifyRequest): { readonly scope: Holder; readonly actor: string } => {
  const { holder, actor } = personOf(request);
  return { scope: holder, actor };
};

export const callerOf = ({ ip, headers }: FastifyRequest): Caller => ({
  address: ip,
  agent: headers['user-agent'] ?? '',
});

// Reads and sets the cookies: the session's token, the chosen language, and the mark of a browser that has signed in before.
// Invariant: `__Host-` and Secure wherever TLS is used before the browser; plain HTTP is for a loopback address alone.

export type Cookies = ReturnType<typeof createCookies>;

const aYearSeconds = 365 * 86_400;

export function createCookies(secure: boolean) {
  const prefix = secure ? '__Host-' : '';
  const session = `${prefix}relais`;
  const language = `${prefix}relais-language`;
  const known = `${prefix}relais-known`;
  const kept = `${prefix}relais-oidc`;
  const read = ({ headers }: FastifyRequest, name: string): string | undefined =>
    parseCookie((headers.cookie ?? '').slice(0, 4_096))[name];
  const set = (reply: FastifyReply, cookie: Pick<SetCookie, 'name' | 'value' | 'maxAge'>): void =>
    // Lax, not Strict: a link in a ticket opens its page. Nothing is changed by a GET.
    void reply.header(
      'set-cookie',
      stringifySetCookie({ ...cookie, path: '/', httpOnly: true, secure, sameSite: 'lax' }),
    );
  return {
    tokenOf: (request: FastifyRequest) => {
      const token = read(request, session);
      return token !== undefined && /^[\w-]{43}$/.test(token) ? token : undefined;
    },
    // A session cookie without an age: the browser drops it at its end, and MySQL decides how long it is valid.
    give: (reply: FastifyReply, token: string) => set(reply, { name: session, value: token }),
    take: (reply: FastifyReply) => set(reply, { name: session, value: '', maxAge: 0 }),
    /** Mark of a browser that has signed in here before: it opens nothing. */
    knownOf: (request: FastifyRequest) => read(request, known)?.slice(0, 100),
    giveKnown: (reply: FastifyReply, value: string) =>
      set(reply, { name: known, value, maxAge: knownBrowserSeconds }),
    /** Sealed state that a browser keeps while it is at the OpenID Connect provider. */
    keptOf: (request: FastifyRequest) => read(request, kept),
    giveKept: (reply: FastifyReply, value: string) =>
      set(reply, { name: kept, value, maxAge: oidcKeptSeconds }),
    takeKept: (reply: FastifyReply) => set(reply, { name: kept, value: '', maxAge: 0 }),
    languageOf: (request: FastifyRequest) => {
      const chosen = read(request, language);
      return languages.find((known) => known === chosen);
    },
    giveLanguage: (reply: FastifyReply, chosen: Language) =>
      set(reply, { name: language, value: chosen, maxAge: aYearSeconds }),
  };
}

const languages: readonly Language[] = ['fr', 'en'];

// Refuses changing requests that another site makes a browser send (CSRF).
// Invariant: a request without a known origin changes nothing.

/** True where a form comes from this console. Fetch Metadata first; a browser that sends none still names its Origin. */
export function isOurs({ headers, host }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin } = headers;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}

/** A local path to continue at after signing in; anything else is the home page (open redirects). */
export function ownPage(to: string): string {
  if (!/^\/(?![/\\])[\x21-\x7e]{0,1000}$/.test(to) || to.includes('\\')) return '/';
  const base = 'https://console.invalid';
  const url = URL.canParse(to, base) ? new URL(to, base) : undefined;
  if (url === undefined || url.origin !== base || url.pathname.startsWith('/sign-')) return '/';
  // Dots are resolved by now: /.//boutique.example leaves two slashes, which are another host to a browser.
  return url.pathname.startsWith('//') ? '/' : url.pathname + url.search;
}
