// Serves signing in and out: password, second factor, first access with a code, OpenID Connect.
// Invariant: a wrong login and a wrong password are answered alike; each step up has a new token, so that a planted one opens nothing.
import { refusal } from '../refused.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  confirmFactor,
  knownBrowser,
  signIn,
  beginEnrolment,
  beginRenewal,
  finishEnrolment,
  type SignedIn,
  type Enrolment,
} from '../../access/sign-in.ts';
import { oidcBackPath, signInAs, type Oidc } from '../../access/oidc.ts';
import { signOut } from '../../access/sessions.ts';
import { html } from '../../privacy/papers/html.ts';
import type { Both, Language } from '../../support/words.ts';
import { ownPage, callerOf, halfwayPage, personOf, visitOf, type Cookies, type Gate } from '../gate.ts';
import { asked, field } from '../forms.ts';
import { hidden, input, notice, qrCode } from '../parts.ts';
import type { ConsolePlace } from '../place.ts';
import { sayTo, type Show } from '../layout.ts';
import { frame } from '../words/frame.ts';
import { signInWords as words, waitWords } from '../words/sign-in.ts';
import { setPasswordWithCode } from '../../access/accounts.ts';
import { isRelaisError } from '../../errors.ts';

export interface Desk {
  readonly place: ConsolePlace;
  readonly cookies: Cookies;
  readonly show: Show;
  /** The OpenID Connect provider for sign-ins. */
  readonly oidc?: Oidc | undefined;
}

/** A page: it is made and sent as the answer. */
export type PageOf<More extends readonly unknown[] = []> = (
  desk: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  ...more: More
) => Promise<FastifyReply>;

/** Registers pages at their addresses, each behind its gate. */
export function pages(
  server: FastifyInstance,
  desk: Desk,
  shown: Readonly<Record<string, readonly [gate: Gate, page: PageOf]>>,
): void {
  for (const [path, [gate, page]] of Object.entries(shown))
    server.get(path, { config: { gate } }, (request, reply) => page(desk, request, reply));
}

/** Messages that an address may show on the sign-in page. */
const said: Readonly<Record<string, Both>> = {
  ended: words.ended,
  undone: words.undone,
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
async function leaveFormer({ access }: ConsolePlace, request: FastifyRequest): Promise<void> {
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
    status: refused?.status,
    refused: refused && refusal(refused.text),
    body: html`${says !== undefined && notice(say(says))}
      <form class="stack card" method="post" action="/sign-in">
        ${input('login', say(words.login), { value: login, autocomplete: 'username', most: 190, autofocus: true })}
        ${input('password', say(words.password), { type: 'password', autocomplete: 'current-password', most: 1_024 })}
        ${hidden('to', ownPage(to))}
        <button>${say(words.submit)}</button>
      </form>
      ${
        oidc !== undefined &&
        html`<p class="card">
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
    status: refused?.status,
    refused: refused && refusal(refused.text),
    body: html`<form class="stack card" method="post" action="/sign-in/code">
        ${input('code', say(words.code), { hint: say(words.codeHint), autocomplete: 'one-time-code', most: 60, autofocus: true })}
        ${hidden('to', ownPage(to))}
        <button>${say(words.confirm)}</button>
      </form>
      <form method="post" action="/sign-out"><button class="plain">${say(frame.cancel)}</button></form>`,
  });
}

// Serves the first password, by the administrator's code, and the second factor with its recovery codes.
// Invariant: a secret is shown once, in an answer that is kept nowhere.

export function firstAccessRoutes(server: FastifyInstance, desk: Desk): void {
  const { place, cookies, show } = desk;
  server.get('/first-access', { config: { gate: 'open' } }, (request, reply) =>
    passwordPage(desk, request, reply),
  );
  server.post('/first-access', { config: { gate: 'open' } }, async (request, reply) => {
    const password = field(request, 'password', 1_024);
    if (password !== field(request, 'again', 1_024))
      return passwordPage(desk, request, reply, words.different);
    const refused = await setPasswordWithCode(place.access, field(request, 'code').trim(), password).then(
      () => undefined,
      codeRefusal,
    );
    if (refused !== undefined) return passwordPage(desk, request, reply, refused);
    return reply.redirect('/sign-in?say=password', 303);
  });
  pages(server, desk, { '/sign-in/second-factor': ['halfway', factorPage] });
  server.post('/sign-in/second-factor/renew', { config: { gate: 'halfway' } }, async (request, reply) => {
    const { session, token } = personOf(request);
    const given = { token, password: field(request, 'password', 1_024) };
    const begun = await beginRenewal(place.access, session, given, callerOf(request));
    if (begun.kind === 'begun') return enrolPage(desk, request, reply, begun);
    return factorPage(
      desk,
      request,
      reply,
      begun.kind === 'wait' ? waitWords(begun.waitMs) : words.wrongPassword,
    );
  });
  server.post('/sign-in/second-factor', { config: { gate: 'halfway' } }, async (request, reply) => {
    const { session, token } = personOf(request);
    const given = { token, code: field(request, 'code', 60) };
    const done = await finishEnrolment(place.access, session, given, callerOf(request));
    if (done === undefined) return factorPage(desk, request, reply, words.codeRefused);
    cookies.give(reply, done.token);
    cookies.giveKnown(reply, knownBrowser(place.access, session.account.login));
    const say = sayTo(request);
    return show(request, reply, {
      title: say(words.recoveryTitle),
      narrow: true,
      body: html`${notice(say(words.recoveryText), 'warn')}
        <ul class="codes card">
          ${done.recoveryCodes.map((code) => html`<li>${code}</li>`)}
        </ul>
        <p><a class="button" href="/">${say(words.goOn)}</a></p>`,
    });
  });
}

function codeRefusal(error: unknown): Both {
  if (!isRelaisError(error)) throw error;
  if (error.code === 'ACCESS-001') return words.badPassword;
  if (error.code === 'ACCESS-002') return words.badCode;
  throw error;
}

function passwordPage(
  { show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  refused?: Both,
): FastifyReply {
  const say = sayTo(request);
  const hint = say(words.passwordHint);
  const asPassword = { type: 'password', autocomplete: 'new-password', most: 1_024 };
  return show(request, reply, {
    title: say(words.firstAccess),
    narrow: true,
    refused: refused && refusal(refused),
    body: html`<p>${say(words.firstAccessText)}</p>
      <form class="stack card" method="post" action="/first-access">
        ${input('code', say(words.setupCode), { value: field(request, 'code'), autofocus: true })}
        ${input('password', say(words.newPassword), { ...asPassword, hint })}
        ${input('again', say(words.again), asPassword)}
        <button>${say(words.setPassword)}</button>
      </form>
      <p><a href="/sign-in">${say(words.title)}</a></p>`,
  });
}

/** A signed-in session gives its password again before a new phone; one that still owes its second factor may not replace it. */
const factorPage: PageOf<[refused?: Both]> = async (desk, request, reply, refused) => {
  const { place, show } = desk;
  const { session, token } = personOf(request);
  if (session.stage === 'factor') return reply.redirect('/sign-in/code', 303);
  if (session.stage === 'enrol')
    return enrolPage(desk, request, reply, await beginEnrolment(place.access, session, token), refused);
  const say = sayTo(request);
  return show(request, reply, {
    title: say(words.renewTitle),
    narrow: true,
    refused: refused && refusal(refused),
    body: html`<p>${say(words.renewText)}</p>
      <form class="stack card" method="post" action="/sign-in/second-factor/renew">
        ${input('password', say(words.password), {
          type: 'password',
          autocomplete: 'current-password',
          most: 1_024,
          autofocus: true,
        })}
        <button>${say(words.goOn)}</button>
      </form>
      <p><a href="/account">${say(frame.back)}</a></p>`,
  });
};

function enrolPage(
  { show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  { address, typed }: Enrolment,
  refused?: Both,
): FastifyReply {
  const say = sayTo(request);
  return show(request, reply, {
    title: say(words.enrolTitle),
    narrow: true,
    refused: refused && refusal(refused),
    body: html`<p>${say(words.enrolText)}</p>
      <div class="card">
        <div class="qr" role="img" aria-label="${say(words.enrolImage)}">${qrCode(address)}</div>
        <p>${say(words.key)} : <code>${typed}</code></p>
        <form class="stack" method="post" action="/sign-in/second-factor">
          ${input('code', say(words.code), { autocomplete: 'one-time-code', most: 10, inputmode: 'numeric' })}
          <button>${say(words.confirm)}</button>
        </form>
      </div>`,
  });
}

// Redirects to the OpenID Connect provider and handles the return.
// Invariant: a return counts only with the cookie set before the redirect, which is removed at once; the reason of a refusal is never
// shown.

const refusedPage = '/sign-in?say=identity';

export function oidcRoutes(server: FastifyInstance, desk: Desk): void {
  const { place, cookies, oidc } = desk;
  if (oidc === undefined) return;
  const open = { config: { gate: 'open' } } as const;
  server.get('/sign-in/oidc', open, async (request, reply) => {
    const begun = await oidc.begin(ownPage(asked(request, 'to', 1_000)));
    if (begun === undefined) return reply.redirect('/sign-in?say=away', 303);
    cookies.giveKept(reply, begun.kept);
    return reply.redirect(begun.address, 303);
  });
  server.get(oidcBackPath, open, async (request, reply) => {
    const kept = cookies.keptOf(request);
    cookies.takeKept(reply);
    const search = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
    const proved = kept === undefined ? undefined : await oidc.finish(search, kept);
    if (proved === undefined) return reply.redirect(refusedPage, 303);
    const signed = await signInAs(place.access, proved.identity, callerOf(request));
    if (signed.kind === 'refused') return reply.redirect(refusedPage, 303);
    await leaveFormer(place, request);
    cookies.give(reply, signed.token);
    const to = ownPage(proved.to);
    if (signed.stage !== 'full')
      return reply.redirect(`${halfwayPage(signed)}?to=${encodeURIComponent(to)}`, 303);
    cookies.giveKnown(reply, knownBrowser(place.access, signed.login));
    return reply.redirect(to, 303);
  });
}
