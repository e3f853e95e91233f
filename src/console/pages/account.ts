// One's own account: roles, second factor, and the sessions that are open, each of which one may end.
// Invariant: a number in the address names a session of the account's own, or none.
import type { FastifyInstance } from 'fastify';
import { roleWords } from '../../access/permissions.ts';
import { endOtherSessions, endOwnSession, ownSessions } from '../../access/sessions.ts';
import { html, type Piece } from '../../privacy/papers/html.ts';
import { asked, numberOf } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { facts, notice, table } from '../parts.ts';
import { sayTo } from '../show.ts';
import { timeOf } from '../times.ts';
import { signInWords as words } from '../words/sign-in.ts';
import type { Desk } from './sign-in.ts';

export function accountRoutes(server: FastifyInstance, { place, show }: Desk): void {
  const { access } = place;
  server.get('/account', { config: { gate: 'own' } }, async (request, reply) => {
    const { account, row: here } = personOf(request).session;
    const { language } = visitOf(request);
    const say = sayTo(request);
    const at = (time: Date): Piece => timeOf(time, language);
    const rows = await ownSessions(access, account.id);
    return show(request, reply, {
      title: account.login,
      body: html`${asked(request, 'say') === 'ended' ? notice(say(words.revoked), 'good') : undefined}
        <div class="card">
          ${facts([
            [say(words.roles), account.roles.map((role) => roleWords[role][language]).join(', ')],
            ...(account.clientId === undefined ? [] : [[say(words.client), account.clientId] as const]),
            [
              say(words.secondFactor),
              html`${say(account.hasFactor ? words.active : words.inactive)} —
                <a href="/sign-in/second-factor">${say(words.renew)}</a>`,
            ],
          ])}
        </div>
        ${table(
          say(words.sessions),
          [words.begun, words.seen, words.until, words.address, words.browser, ['', ''] as const].map(
            (name) => ({
              name: say(name),
            }),
          ),
          rows.map(({ id, createdAt, seenAt, endsAt, address, agent }) => [
            at(createdAt),
            at(seenAt),
            at(endsAt),
            address,
            agent,
            id === here.id
              ? say(words.here)
              : html`<form method="post" action="/account/sessions/${id}/end">
                  <button class="plain">${say(words.revoke)}</button>
                </form>`,
          ]),
        )}
        ${
          rows.length > 1
            ? html`<form method="post" action="/account/sessions/end-others">
                <button class="second">${say(words.revokeOthers)}</button>
              </form>`
            : undefined
        }`,
    });
  });
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
