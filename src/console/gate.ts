// Authenticates a request and checks its permission before any page is made.
// Invariant: a route without a gate cannot be registered; the account is read at each request, so that a removed right is lost at once.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { accountActor } from '../access/actor.ts';
import { may, type Holder, type Permission } from '../access/permissions.ts';
import { sessionOfToken, type Caller, type Session } from '../access/sessions.ts';
import type { Language } from '../support/words.ts';
import { preferredLanguage, type Cookies } from './cookies.ts';
import { isOurs } from './forgery.ts';
import type { ConsolePlace } from './place.ts';

/** open: for everybody; halfway: the password was right, the second factor is missing; own: for every signed-in person. */
export type Gate = Permission | 'open' | 'halfway' | 'own';

export interface Visit {
  readonly language: Language;
  readonly session: Session | undefined;
  readonly token: string;
}

export interface Person {
  readonly session: Session;
  readonly token: string;
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
  clientId,
});

export function visitOf({ visit }: FastifyRequest): Visit {
  if (visit === null) throw new Error('A page is made before anybody was looked at.');
  return visit;
}

/** Every gate but `open` guarantees one. */
export function personOf(request: FastifyRequest): Person {
  const { session, token } = visitOf(request);
  if (session === undefined) throw new Error('A page that asks who it is stands open to everybody.');
  return { session, token, holder: holderOf(session), actor: accountActor(session.account.id) };
}

export const actingOf = (request: FastifyRequest): { readonly scope: Holder; readonly actor: string } => {
  const { holder, actor } = personOf(request);
  return { scope: holder, actor };
};

export const callerOf = ({ ip, headers }: FastifyRequest): Caller => ({
  address: ip,
  agent: headers['user-agent'] ?? '',
});
