// Serves the log's entries about accounts and keys, newest first: sign-ins, refusals, changes (C38).
// Invariant: an unknown login is not shown: it may be a mistyped password.
import type { FastifyInstance } from 'fastify';
import { accountWithId } from '../../access/accounts.ts';
import { accessEntries, type AccessEntries } from '../../access/entries.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import type { Language } from '../../support/words.ts';
import { asked } from '../forms.ts';
import { visitOf } from '../gate.ts';
import { actorText } from '../labels.ts';
import type { Say } from '../layout.ts';
import { state } from '../parts.ts';
import { sayTo } from '../show.ts';
import { timeOf } from '../times.ts';
import { accessEntryWords, accessReasonWords, adminWords as words } from '../words/admin.ts';
import { frame } from '../words/frame.ts';
import { adminList, adminPage } from './admin-page.ts';
import type { Desk } from './sign-in.ts';

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
      ...(before === undefined ? {} : { before }),
      ...(account === undefined ? {} : { accountId: account.id }),
    });
    const query = account === undefined ? '' : `account=${account.id}&`;
    return adminPage({ show }, request, reply, {
      title: account === undefined ? say(words.signIns) : `${say(words.signIns)} : ${account.login}`,
      tab: '/sign-ins',
      body: html`${entriesTable(entries, say, visitOf(request).language)}
      ${
        entries.next === undefined
          ? undefined
          : html`<p>
              <a class="button second" href="/sign-ins?${query}after=${entries.next}">${say(frame.next)}</a>
            </p>`
      }`,
    });
  });
}

export function entriesTable({ items, names }: AccessEntries, say: Say, language: Language): Html {
  const who = (actor: string): string => actorText(actor, names, say);
  return adminList(
    say,
    words.history,
    { columns: [words.at, words.what, words.detail, words.who, words.about], none: words.noEntries },
    items.map(({ at, entry, reason, actor, target }) => [
      timeOf(at, language),
      state(say(accessEntryWords[entry] ?? [entry, entry]), entry === 'sign_in_refused' ? 'bad' : 'calm'),
      reason === '' ? '' : say(accessReasonWords[reason] ?? [reason, reason]),
      who(actor),
      target === '' || target === actor ? '' : who(target),
    ]),
  );
}
