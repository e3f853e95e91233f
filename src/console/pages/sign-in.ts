// Serves signing in and out: password, then the second factor where the account has one or needs one.
// Invariant: a wrong login and a wrong password are answered alike; each step up has a new token, so that a planted one opens nothing.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { confirmFactor, knownBrowser, signIn, type SignedIn } from '../../access/sign-in.ts';
import type { Oidc } from '../../access/oidc.ts';
import { signOut } from '../../access/sessions.ts';
import { html } from '../../privacy/papers/html.ts';
import type { Both, Language } from '../../support/words.ts';
import type { Cookies } from '../cookies.ts';
import { ownPage } from '../forgery.ts';
import { asked, field } from '../forms.ts';
import { callerOf, halfwayPage, personOf, visitOf } from '../gate.ts';
import { hidden, input, notice } from '../parts.ts';
import type { ConsolePlace } from '../place.ts';
import { sayTo, type Show } from '../show.ts';
import { frame } from '../words/frame.ts';
import { signInWords as words, waitWords } from '../words/sign-in.ts';

export interface Desk {
  readonly place: ConsolePlace;
  readonly cookies: Cookies;
  readonly show: Show;
  /** The OpenID Connect provider for sign-ins. */
  readonly oidc?: Oidc | undefined;
}

/** Messages that an address may show on the sign-in page. */
const said: Readonly<Record<string, Both>> = {
  ended: words.ended,
  out: words.out,
  password: words.passwordSet,
  identity: words.identityRefused,
  away: words.providerAway,
};

export function signInRoutes(server: FastifyInstance, desk: Desk): void {
  const { place, cookies } = desk;
  server.get('/sign-in', { config: { gate: 'open' } }, (request, reply) => {
    const { session } = visitOf(request);
    if (session?.stage === 'full') return reply.redirect(ownPage(asked(request, 'to', 1_000)), 303);
    return signInPage(desk, request, reply, {
      to: asked(request, 'to', 1_000),
      says: said[asked(request, 'say')],
    });
  });
  server.post('/sign-in', { config: { gate: 'open' } }, async (request, reply) => {
    const to = field(request, 'to', 1_000);
    const login = field(request, 'login');
    const given = { login, password: field(request, 'password', 1_024), ...knownTo(desk, request) };
    const signed = await signIn(place.access, given, callerOf(request));
    if (signed.kind !== 'signed_in')
      return signInPage(desk, request, reply, { to, login, refused: refusalOf(signed, words.refused) });
    await leaveFormer(place, request);
    cookies.give(reply, signed.token);
    if (signed.stage === 'full') {
      cookies.giveKnown(reply, knownBrowser(place.access, login));
      return reply.redirect(ownPage(to), 303);
    }
    return reply.redirect(`${halfwayPage(signed)}?to=${encodeURIComponent(ownPage(to))}`, 303);
  });
  codeRoutes(server, desk);
  server.post('/sign-out', { config: { gate: 'halfway' } }, async (request, reply) => {
    const { session, token } = personOf(request);
    await signOut(place.access, session.account.id, token);
    cookies.take(reply);
    return reply.header('clear-site-data', '"cache"').redirect('/sign-in?say=out', 303);
  });
  server.post('/language', { config: { gate: 'open' } }, (request, reply) => {
    const language: Language = field(request, 'language') === 'en' ? 'en' : 'fr';
    cookies.giveLanguage(reply, language);
    return reply.redirect(backTo(field(request, 'to', 1_000)), 303);
  });
}

/** After signing in, the sign-in page itself is no page to return to; after a change of language it is. */
const backTo = (to: string): string => (/^\/sign-in(\/[a-z-]+)?$/.test(to) ? to : ownPage(to));

function codeRoutes(server: FastifyInstance, desk: Desk): void {
  const { place, cookies } = desk;
  server.get('/sign-in/code', { config: { gate: 'halfway' } }, (request, reply) => {
    const { session } = personOf(request);
    if (session.stage === 'full') return reply.redirect('/', 303);
    return codePage(desk, request, reply, { to: asked(request, 'to', 1_000) });
  });
  server.post('/sign-in/code', { config: { gate: 'halfway' } }, async (request, reply) => {
    const { session, token } = personOf(request);
    const to = field(request, 'to', 1_000);
    const given = { token, code: field(request, 'code', 60), ...knownTo(desk, request) };
    const signed = await confirmFactor(place.access, session, given, callerOf(request));
    if (signed.kind !== 'signed_in')
      return codePage(desk, request, reply, { to, refused: refusalOf(signed, words.codeRefused) });
    cookies.give(reply, signed.token);
    cookies.giveKnown(reply, knownBrowser(place.access, session.account.login));
    return reply.redirect(ownPage(to), 303);
  });
}

/** Strangers who guess at a login lock its person out only in a browser that is new to it. */
function knownTo({ cookies }: Desk, request: FastifyRequest): { readonly known?: string } {
  const known = cookies.knownOf(request);
  return known === undefined ? {} : { known };
}

interface Refused {
  readonly status: number;
  readonly text: Both;
}

const refusalOf = (signed: Exclude<SignedIn, { kind: 'signed_in' }>, refused: Both): Refused =>
  signed.kind === 'wait' ? { status: 429, text: waitWords(signed.waitMs) } : { status: 401, text: refused };

/** Signing in ends the browser's open session, so that two people at one screen have two sessions. */
export async function leaveFormer({ access }: ConsolePlace, request: FastifyRequest): Promise<void> {
  const { session, token } = visitOf(request);
  if (session !== undefined) await signOut(access, session.account.id, token);
}

function signInPage(
  { show, oidc }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  page: {
    readonly to: string;
    readonly login?: string;
    readonly says?: Both | undefined;
    readonly refused?: Refused;
  },
): FastifyReply {
  const say = sayTo(request);
  const { to, login = '', says, refused } = page;
  return show(request, reply, {
    title: say(words.title),
    narrow: true,
    status: refused?.status ?? 200,
    body: html`${refused === undefined ? undefined : notice(say(refused.text), 'bad')}
      ${says === undefined ? undefined : notice(say(says))}
      <form class="stack card" method="post" action="/sign-in">
        ${input('login', say(words.login), { value: login, autocomplete: 'username', most: 190, autofocus: true })}
        ${input('password', say(words.password), { type: 'password', autocomplete: 'current-password', most: 1_024 })}
        ${hidden('to', ownPage(to))}
        <button>${say(words.submit)}</button>
      </form>
      ${
        oidc === undefined
          ? undefined
          : html`<p class="card">
              <a class="button second" href="/sign-in/oidc?to=${encodeURIComponent(ownPage(to))}"
                >${say(words.byProvider)} ${new URL(oidc.issuer).host}</a
              >
            </p>`
      }
      <p>${say(words.haveCode)} <a href="/first-access">${say(words.firstAccess)}</a></p>`,
  });
}

function codePage(
  { show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  { to, refused }: { readonly to: string; readonly refused?: Refused },
): FastifyReply {
  const say = sayTo(request);
  return show(request, reply, {
    title: say(words.codeTitle),
    narrow: true,
    status: refused?.status ?? 200,
    body: html`${refused === undefined ? undefined : notice(say(refused.text), 'bad')}
      <form class="stack card" method="post" action="/sign-in/code">
        ${input('code', say(words.code), { hint: say(words.codeHint), autocomplete: 'one-time-code', most: 60, autofocus: true })}
        ${hidden('to', ownPage(to))}
        <button>${say(words.confirm)}</button>
      </form>
      <form method="post" action="/sign-out"><button class="plain">${say(frame.cancel)}</button></form>`,
  });
}
