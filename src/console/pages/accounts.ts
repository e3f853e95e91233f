// Serves the accounts of people who work with Relais, the form that creates one, and the list of sign-ins (C38).
// Invariant: a code for setting a password is shown once, in an answer that is kept nowhere.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { accounts, accountWithId, type Account } from '../../access/accounts.ts';
import { roles, roleWords } from '../../access/permissions.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import { perform, type Asked } from '../../support/acts/act.ts';
import {
  makeAccount,
  endAccount,
  giveRoles,
  linkSubject,
  resetAccess,
  signOutAll,
} from '../../support/acts/accounts.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import type { Both, Language } from '../../support/words.ts';
import {
  nameChoice,
  input,
  state,
  tickBox,
  listOf,
  facts,
  section,
  tableOf,
  notice,
  table,
  heads,
} from '../parts.ts';
import { field, ticked, asked, numberOf, sentAgain, wasSent } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { sayTo, type Say, notFound } from '../layout.ts';
import { doneOrRefused, type Refused, refuse } from '../refused.ts';
import { timeOf, actorText } from '../labels.ts';
import { adminWords as words, accessEntryWords, accessReasonWords } from '../words/admin.ts';
import { frame } from '../words/frame.ts';
import { adminPage, onceShown } from './admin-page.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';
import { accessEntries, type AccessEntries } from '../../access/place.ts';
import { identityOfAccount } from '../../access/oidc.ts';
import { ownSessions, endOtherSessions, endOwnSession } from '../../access/sessions.ts';
import { actRoutes, foldedForm, offered } from '../act-form.ts';
import { signInWords } from '../words/sign-in.ts';

export function accountsRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, { '/accounts': ['account.manage', listPage] });
  server.post('/accounts', { config: { gate: 'account.manage' } }, async (request, reply) => {
    const input = { roles: ticked(request, 'role'), client: field(request, 'client') };
    const asked = { to: [field(request, 'login')], input };
    const { done, refused } = await doneOrRefused(() =>
      perform(desk.place, makeAccount, actingOf(request), asked),
    );
    if (refused !== undefined) return listPage(desk, request, reply, refused);
    return onceShown(desk, request, reply, {
      title: words.code,
      text: words.codeText,
      secret: done.setupCode,
      back: '/accounts',
    });
  });
}

export const roleBoxes = (say: Say, chosen: readonly string[]): Html =>
  html`<fieldset>
    <legend>${say(words.roles)}</legend>
    ${roles.map((role) => tickBox('role', role, say([roleWords[role].fr, roleWords[role].en]), chosen.includes(role)))}
  </fieldset>`;

const listPage: PageOf<[refused?: Refused]> = async ({ place, show }, request, reply, refused) => {
  const say = sayTo(request);
  const names = await namesInScope(place, personOf(request).holder);
  return adminPage({ show }, request, reply, {
    title: say(words.accounts),
    tab: '/accounts',
    refused,
    body: html`${accountsTable(await accounts(place.access), say, visitOf(request).language)}
      <h2>${say(words.newAccount)}</h2>
      <form class="card stack" method="post" action="/accounts">
        ${input('login', say(words.login), { hint: say(words.loginHint), value: field(request, 'login'), most: 190 })}
        ${roleBoxes(say, ticked(request, 'role'))}
        ${nameChoice('client', say(frame.client), names.clients, {
          value: field(request, 'client'),
          none: say(words.noClient),
          hint: say(words.clientHint),
        })}
        <button>${say(words.make)}</button>
      </form>`,
  });
};

export const rolesText = (account: Pick<Account, 'roles'>, language: Language): string =>
  account.roles.map((role) => roleWords[role][language]).join(', ');

const accountsTable = (all: readonly Account[], say: Say, language: Language): Html =>
  listOf(say, words.accounts, frame.none, all, [
    [words.login, (account) => html`<a href="/accounts/${account.id}">${account.login}</a>`],
    [frame.client, (account) => account.clientId ?? '–'],
    [words.roles, (account) => rolesText(account, language)],
    [words.password, (account) => say(account.hasPassword ? words.set : words.unset)],
    [frame.factor, (account) => say(account.hasFactor ? words.set : words.unset)],
    [words.signedIn, (account) => timeOf(account.signedInAt, language) ?? '–'],
    [
      frame.state,
      (account) =>
        account.endedAt === undefined
          ? state(say(words.inForce), 'good')
          : html`${state(say(words.ended), 'calm')} ${timeOf(account.endedAt, language)}`,
    ],
  ]);

// Serves the log's entries about accounts and keys, newest first: sign-ins, refusals, changes (C38).
// Invariant: an unknown login is not shown: it may be a mistyped password.

const pageLength = 100;

export function signInsRoutes(server: FastifyInstance, { place, show }: Desk): void {
  server.get('/sign-ins', { config: { gate: 'account.manage' } }, async (request, reply) => {
    const say = sayTo(request);
    const number = (name: string): number | undefined =>
      Number(/^\d{1,15}$/.exec(asked(request, name))?.[0]) || undefined;
    const [accountId, before] = [number('account'), number('after')];
    const account =
      accountId === undefined ? undefined : await accountWithId(place.access.database, accountId);
    const entries = await accessEntries(place.access, {
      limit: pageLength,
      before,
      ...(account === undefined ? {} : { accountId: account.id }),
    });
    const query = account === undefined ? '' : `account=${account.id}&`;
    return adminPage({ show }, request, reply, {
      title: account === undefined ? say(words.signIns) : `${say(words.signIns)} : ${account.login}`,
      tab: '/sign-ins',
      body: html`${entriesTable(entries, say, visitOf(request).language)}
      ${
        entries.next !== undefined &&
        html`<p>
          <a class="button second" href="/sign-ins?${query}after=${entries.next}">${say(frame.next)}</a>
        </p>`
      }`,
    });
  });
}

export function entriesTable({ items, names }: AccessEntries, say: Say, language: Language): Html {
  const who = (actor: string): string => actorText(actor, names, say);
  return listOf(say, words.history, frame.none, items, [
    [frame.at, ({ at }) => timeOf(at, language)],
    [
      words.what,
      ({ entry }) =>
        state(say(accessEntryWords[entry] ?? [entry, entry]), entry === 'sign_in_refused' ? 'bad' : 'calm'),
    ],
    [words.detail, ({ reason }) => (reason === '' ? '' : say(accessReasonWords[reason] ?? [reason, reason]))],
    [words.who, ({ actor }) => who(actor)],
    [words.about, ({ actor, target }) => (target === '' || target === actor ? '' : who(target))],
  ]);
}

// Serves one account to its administrator: roles, sessions, acts; changed, reset, ended.
// Invariant: each change is an entry of the log, and ends the sessions of the account.

const mostEntries = 20;

export function oneAccountRoutes(server: FastifyInstance, desk: Desk): void {
  const gated = { config: { gate: 'account.manage' } } as const;
  server.get('/accounts/:id', gated, (request, reply) => accountPage(desk, request, reply));
  const asked = (request: FastifyRequest): Promise<Asked> => askedOf(desk, request);
  const confirmed = (request: FastifyRequest): Promise<Asked> => askedOf(desk, request, true);
  const acts = {
    roles: offered(giveRoles, undefined, asked),
    'end-sessions': offered(signOutAll, undefined, asked),
    identity: offered(linkSubject, undefined, asked),
    end: offered(endAccount, undefined, confirmed),
  };
  actRoutes(server, desk.place, '/accounts', acts, (request, reply, { refused }) =>
    accountPage(desk, request, reply, refused),
  );
  server.post('/accounts/:id/reset', gated, async (request, reply) => {
    const { done: secret, refused } = await doneOrRefused(async () =>
      perform(desk.place, resetAccess, actingOf(request), await confirmed(request)),
    );
    if (refused !== undefined) return accountPage(desk, request, reply, refused);
    const back = `/accounts/${numberOf(request) ?? ''}`;
    return onceShown(desk, request, reply, { title: words.code, text: words.codeText, secret, back });
  });
}

/** The account of the address by its login, which the form repeats where the act cannot be undone. */
async function askedOf(desk: Desk, request: FastifyRequest, isConfirmed = false): Promise<Asked> {
  const login = (await named(desk, request))?.login ?? '';
  if (isConfirmed && field(request, 'login').trim() !== login) refuse(words.wrongLogin);
  const subject = field(request, 'subject', 300);
  return { to: [login], input: { roles: ticked(request, 'role'), issuer: desk.oidc?.issuer, subject } };
}

async function named({ place }: Desk, request: FastifyRequest): Promise<Account | undefined> {
  const id = numberOf(request);
  return id === undefined ? undefined : accountWithId(place.access.database, id);
}

const accountPage: PageOf<[refused?: Refused]> = async (desk, request, reply, refused) => {
  const account = await named(desk, request);
  if (account === undefined) return notFound(reply);
  const { say, language } = visitOf(request);
  const { access } = desk.place;
  const entries = await accessEntries(access, { accountId: account.id, limit: mostEntries });
  const sessions = await ownSessions(access, account.id);
  const identity = desk.oidc === undefined ? undefined : await identityOfAccount(access, account.id);
  return adminPage(desk, request, reply, {
    title: `${say(words.account)} ${account.login}`,
    tab: '/accounts',
    refused,
    body: html`<div class="card">
        ${facts([
          [say(words.roles), rolesText(account, language)],
          [say(frame.client), account.clientId ?? '–'],
          [say(words.password), say(account.hasPassword ? words.set : words.unset)],
          [say(frame.factor), say(account.hasFactor ? words.set : words.unset)],
          [say(words.created), timeOf(account.createdAt, language)],
          [say(words.signedIn), timeOf(account.signedInAt, language) ?? '–'],
          [
            say(frame.state),
            account.endedAt === undefined
              ? state(say(words.inForce), 'good')
              : html`${state(say(words.ended), 'calm')} ${timeOf(account.endedAt, language)}`,
          ],
        ])}
      </div>
      ${account.endedAt === undefined && desk.oidc !== undefined && identityPart(request, account, { issuer: desk.oidc.issuer, subject: identity?.subject })}
      ${account.endedAt === undefined && changesPart(request, account)}
      ${sessionsPart(request, account, sessions)}
      <h2>${say(words.history)}</h2>
      ${entriesTable(entries, say, language)}
      <p><a href="/sign-ins?account=${account.id}">${say(words.wholeHistory)}</a></p>`,
  });
};

/** Its open sessions, and the button that ends them all. */
function sessionsPart(
  request: FastifyRequest,
  { id }: Account,
  sessions: Awaited<ReturnType<typeof ownSessions>>,
): Html | undefined {
  const { say, language } = visitOf(request);
  const { begun, seen, address: from, browser } = signInWords;
  return section(
    say(signInWords.sessions),
    sessions,
    (rows) =>
      html`${tableOf(say, say(signInWords.sessions), rows, [
          [begun, ({ createdAt }) => timeOf(createdAt, language)],
          [seen, ({ seenAt }) => timeOf(seenAt, language)],
          [from, ({ address }) => address],
          [browser, ({ agent }) => agent],
        ])}
        <form method="post" action="/accounts/${id}/end-sessions">
          <p><button class="second">${say(words.endSessions)}</button></p>
        </form>`,
  );
}

/** The provider's subject for this account, never a mail address. */
function identityPart(
  request: FastifyRequest,
  { id }: Account,
  { issuer, subject }: { readonly issuer: string; readonly subject: string | undefined },
): Html {
  const say = sayTo(request);
  const action = `/accounts/${id}/identity`;
  const value = wasSent(request, action) ? field(request, 'subject', 300) : (subject ?? '');
  return foldedForm(
    request,
    { action, title: `${say(words.identity)} : ${subject ?? say(words.notLinked)}`, button: say(words.link) },
    html`<p>${say(words.identityText)} <code>${issuer}</code></p>
      ${input('subject', say(words.subject), { hint: say(words.subjectHint), value, most: 255, optional: true })}`,
  );
}

function changesPart(request: FastifyRequest, { id, login, roles, clientId }: Account): Html {
  const say = sayTo(request);
  const address = (act: string): string => `/accounts/${id}/${act}`;
  const chosen = wasSent(request, address('roles')) ? ticked(request, 'role') : roles;
  const confirmed = (act: string, title: Both, text: Both): Html =>
    foldedForm(
      request,
      { action: address(act), title: say(title), tone: 'danger' },
      html`<p>${say(text)}</p>
        ${input('login', say(words.confirmLogin), {
          hint: login,
          value: sentAgain(request, address(act), 'login'),
          most: 190,
        })}`,
    );
  return html`${
    clientId === undefined &&
    foldedForm(request, { action: address('roles'), title: say(words.changeRoles) }, roleBoxes(say, chosen))
  }
  ${confirmed('reset', words.reset, words.resetText)} ${confirmed('end', words.end, words.endText)}`;
}

// Serves the page of one's own account: roles, second factor, and the open sessions, each of which can be ended.
// Invariant: a number in the address names a session of the account's own, or none.

type Sessions = Awaited<ReturnType<typeof ownSessions>>;

export function accountRoutes(server: FastifyInstance, desk: Desk): void {
  const { access } = desk.place;
  pages(server, desk, { '/account': ['own', ownPage] });
  server.post('/account/sessions/end-others', { config: { gate: 'own' } }, async (request, reply) => {
    const { session, token } = personOf(request);
    await endOtherSessions(access, session.account.id, token);
    return reply.redirect('/account?say=ended', 303);
  });
  server.post('/account/sessions/:id/end', { config: { gate: 'own' } }, async (request, reply) => {
    const id = numberOf(request);
    if (id !== undefined) await endOwnSession(access, personOf(request).session.account.id, id);
    return reply.redirect('/account?say=ended', 303);
  });
}

const ownPage: PageOf = async ({ place, show }, request, reply) => {
  const { account } = personOf(request).session;
  const { language, say } = visitOf(request);
  const rows = await ownSessions(place.access, account.id);
  const others = html`<form method="post" action="/account/sessions/end-others">
    <button class="second">${say(signInWords.revokeOthers)}</button>
  </form>`;
  return show(request, reply, {
    title: `${say(frame.account)} : ${account.login}`,
    body: html`${asked(request, 'say') === 'ended' && notice(say(signInWords.revoked), 'good')}
      <div class="card">
        ${facts([
          [say(signInWords.roles), account.roles.map((role) => roleWords[role][language]).join(', ')],
          account.clientId !== undefined && [say(frame.client), account.clientId],
          [
            say(frame.factor),
            html`${say(account.hasFactor ? signInWords.active : signInWords.inactive)} —
              <a href="/sign-in/second-factor"
                >${say(account.hasFactor ? signInWords.renew : signInWords.enrolTitle)}</a
              >`,
          ],
        ])}
      </div>
      <h2>${say(signInWords.sessions)}</h2>
      ${sessionsTable(request, rows)} ${rows.length > 1 && others}`,
  });
};

function sessionsTable(request: FastifyRequest, rows: Sessions): Html {
  const { language } = visitOf(request);
  const here = personOf(request).session.row.id;
  const say = sayTo(request);
  const at = (time: Date): Piece => timeOf(time, language);
  return table(
    say(signInWords.sessions),
    heads(
      say,
      signInWords.begun,
      signInWords.seen,
      signInWords.until,
      signInWords.address,
      signInWords.browser,
      signInWords.revoke,
    ),
    rows.map(({ id, createdAt, seenAt, endsAt, address, agent }) => [
      at(createdAt),
      at(seenAt),
      at(endsAt),
      address,
      agent,
      id === here
        ? say(signInWords.here)
        : html`<form method="post" action="/account/sessions/${id}/end">
            <button class="plain">${say(signInWords.revoke)}</button>
          </form>`,
    ]),
  );
}
