// Serves the first password, by the administrator's code, and the second factor with its recovery codes.
// Invariant: a secret is shown once, in an answer that is kept nowhere.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { setPasswordWithCode } from '../../access/accounts.ts';
import {
  beginEnrolment,
  beginRenewal,
  finishEnrolment,
  knownBrowser,
  type Enrolment,
} from '../../access/sign-in.ts';
import { isRelaisError } from '../../errors.ts';
import { html } from '../../privacy/papers/html.ts';
import type { Both } from '../../support/words.ts';
import { field } from '../forms.ts';
import { callerOf, personOf } from '../gate.ts';
import { input, notice } from '../parts.ts';
import { sayTo } from '../show.ts';
import { frame } from '../words/frame.ts';
import { signInWords as words, waitWords } from '../words/sign-in.ts';
import { qrCode } from '../qr.ts';
import type { Desk } from './sign-in.ts';

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
      refusalOf,
    );
    if (refused !== undefined) return passwordPage(desk, request, reply, refused);
    return reply.redirect('/sign-in?say=password', 303);
  });
  server.get('/sign-in/second-factor', { config: { gate: 'halfway' } }, (request, reply) =>
    factorPage(desk, request, reply),
  );
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

function refusalOf(error: unknown): Both {
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
    status: refused === undefined ? 200 : 422,
    body: html`${refused === undefined ? undefined : notice(say(refused), 'bad')}
      <p>${say(words.firstAccessText)}</p>
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
async function factorPage(
  desk: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  refused?: Both,
): Promise<FastifyReply> {
  const { place, show } = desk;
  const { session, token } = personOf(request);
  if (session.stage === 'factor') return reply.redirect('/sign-in/code', 303);
  if (session.stage === 'enrol')
    return enrolPage(desk, request, reply, await beginEnrolment(place.access, session, token), refused);
  const say = sayTo(request);
  return show(request, reply, {
    title: say(words.renewTitle),
    narrow: true,
    status: refused === undefined ? 200 : 422,
    body: html`${refused === undefined ? undefined : notice(say(refused), 'bad')}
      <p>${say(words.renewText)}</p>
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
}

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
    status: refused === undefined ? 200 : 422,
    body: html`${refused === undefined ? undefined : notice(say(refused), 'bad')}
      <p>${say(words.enrolText)}</p>
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
