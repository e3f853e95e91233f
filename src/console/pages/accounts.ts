// Serves the accounts of people who work with Relais, the form that creates one, and the list of sign-ins (C38).
// Invariant: a code for setting a password is shown once, in an answer that is kept nowhere.
import type { FastifyInstance } from 'fastify';
import { accounts, accountWithId, type Account } from '../../access/accounts.ts';
import { roles, roleWords } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { perform } from '../../support/acts/act.ts';
import { makeAccount } from '../../support/acts/accounts.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import type { Language } from '../../support/words.ts';
import { nameChoice, input, state, tickBox, listOf } from '../parts.ts';
import { field, ticked, asked } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { sayTo, type Say } from '../layout.ts';
import { refusedBy, type Refused } from '../refused.ts';
import { timeOf } from '../times.ts';
import { adminWords as words, accessEntryWords, accessReasonWords } from '../words/admin.ts';
import { frame } from '../words/frame.ts';
import { adminPage, onceShown } from './admin-page.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';
import { accessEntries, type AccessEntries } from '../../access/place.ts';
import { actorText } from '../labels.ts';

export function accountsRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, { '/accounts': ['account.manage', listPage] });
  server.post('/accounts', { config: { gate: 'account.manage' } }, async (request, reply) => {
    const input = { roles: ticked(request, 'role'), client: field(request, 'client') };
    const asked = { to: [field(request, 'login')], input };
    let code = '';
    const refused = await refusedBy(async () => {
      code = (await perform(desk.place, makeAccount, actingOf(request), asked)).setupCode;
    });
    if (refused !== undefined) return listPage(desk, request, reply, refused);
    return onceShown(desk, request, reply, {
      title: words.code,
      text: words.codeText,
      secret: code,
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
        ${nameChoice('client', say(words.client), names.clients, {
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
  listOf(say, words.accounts, words.noEntries, all, [
    [words.login, (account) => html`<a href="/accounts/${account.id}">${account.login}</a>`],
    [words.client, (account) => account.clientId ?? '–'],
    [words.roles, (account) => rolesText(account, language)],
    [words.password, (account) => say(account.hasPassword ? words.set : words.unset)],
    [words.factor, (account) => say(account.hasFactor ? words.set : words.unset)],
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
  return listOf(say, words.history, words.noEntries, items, [
    [words.at, ({ at }) => timeOf(at, language)],
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
