// Reads and sets the cookies: the session's token, the chosen language, and the mark of a browser that has signed in before.
// Invariant: `__Host-` and Secure wherever TLS is used before the browser; plain HTTP is for a loopback address alone.
import { parseCookie, stringifySetCookie, type SetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { knownBrowserSeconds } from '../access/limits.ts';
import { oidcKeptSeconds } from '../access/oidc.ts';
import type { Language } from '../support/words.ts';

export interface Cookies {
  readonly tokenOf: (request: FastifyRequest) => string | undefined;
  readonly give: (reply: FastifyReply, token: string) => void;
  readonly take: (reply: FastifyReply) => void;
  readonly languageOf: (request: FastifyRequest) => Language | undefined;
  /** Mark of a browser that has signed in here before: it opens nothing. */
  readonly knownOf: (request: FastifyRequest) => string | undefined;
  readonly giveKnown: (reply: FastifyReply, known: string) => void;
  readonly giveLanguage: (reply: FastifyReply, language: Language) => void;
  /** Sealed state that a browser keeps while it is at the OpenID Connect provider. */
  readonly keptOf: (request: FastifyRequest) => string | undefined;
  readonly giveKept: (reply: FastifyReply, kept: string) => void;
  readonly takeKept: (reply: FastifyReply) => void;
}

const aYearSeconds = 365 * 86_400;

export function createCookies(secure: boolean): Cookies {
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
    tokenOf: (request) => {
      const token = read(request, session);
      return token !== undefined && /^[\w-]{43}$/.test(token) ? token : undefined;
    },
    // A session cookie without an age: the browser drops it at its end, and MySQL decides how long it is valid.
    give: (reply, token) => set(reply, { name: session, value: token }),
    take: (reply) => set(reply, { name: session, value: '', maxAge: 0 }),
    knownOf: (request) => read(request, known)?.slice(0, 100),
    giveKnown: (reply, value) => set(reply, { name: known, value, maxAge: knownBrowserSeconds }),
    keptOf: (request) => read(request, kept),
    giveKept: (reply, value) => set(reply, { name: kept, value, maxAge: oidcKeptSeconds }),
    takeKept: (reply) => set(reply, { name: kept, value: '', maxAge: 0 }),
    languageOf: (request) => {
      const chosen = read(request, language);
      return languages.find((known) => known === chosen);
    },
    giveLanguage: (reply, chosen) => set(reply, { name: language, value: chosen, maxAge: aYearSeconds }),
  };
}

const languages: readonly Language[] = ['fr', 'en'];

/** French, unless the browser prefers English to it. */
export function preferredLanguage(header: string | undefined): Language {
  const asked = (header ?? '')
    .slice(0, 200)
    .split(',')
    .map((part) => part.trim().slice(0, 2).toLowerCase());
  return asked.find((tag): tag is Language => tag === 'fr' || tag === 'en') ?? 'fr';
}
