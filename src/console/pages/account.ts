// Serves the page of one's own account: roles, second factor, and the open sessions, each of which can be ended.
// Invariant: a number in the address names a session of the account's own, or none.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { roleWords } from '../../access/permissions.ts';
import { endOtherSessions, endOwnSession, ownSessions } from '../../access/sessions.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import { asked, numberOf } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { facts, notice, table, heads } from '../parts.ts';
import { sayTo } from '../layout.ts';
import { timeOf } from '../labels.ts';
import { frame } from '../words/frame.ts';
import { signInWords as words } from '../words/sign-in.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';

type Sessions = Awaited<ReturnType<typeof ownSessions>>;

export function accountRoutes(server: FastifyInstance, desk: Desk): void {
  const { access } = desk.place;
  pages(server, desk, { '/account': ['own', accountPage] });
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

const accountPage: PageOf = async ({ place, show }, request, reply) => {
  const { account } = personOf(request).session;
  const { language, say } = visitOf(request);
  const rows = await ownSessions(place.access, account.id);
  const others = html`<form method="post" action="/account/sessions/end-others">
    <button class="second">${say(words.revokeOthers)}</button>
  </form>`;
  return show(request, reply, {
    title: `${say(frame.account)} : ${account.login}`,
    body: html`${asked(request, 'say') === 'ended' && notice(say(words.revoked), 'good')}
      <div class="card">
        ${facts([
          [say(words.roles), account.roles.map((role) => roleWords[role][language]).join(', ')],
          account.clientId !== undefined && [say(words.client), account.clientId],
          [
            say(words.secondFactor),
            html`${say(account.hasFactor ? words.active : words.inactive)} —
              <a href="/sign-in/second-factor"
                >${say(account.hasFactor ? words.renew : words.enrolTitle)}</a
              >`,
          ],
        ])}
      </div>
      <h2>${say(words.sessions)}</h2>
      ${sessionsTable(request, rows)} ${rows.length > 1 && others}`,
  });
};

function sessionsTable(request: FastifyRequest, rows: Sessions): Html {
  const { language } = visitOf(request);
  const here = personOf(request).session.row.id;
  const say = sayTo(request);
  const at = (time: Date): Piece => timeOf(time, language);
  return table(
    say(words.sessions),
    heads(say, words.begun, words.seen, words.until, words.address, words.browser, words.revoke),
    rows.map(({ id, createdAt, seenAt, endsAt, address, agent }) => [
      at(createdAt),
      at(seenAt),
      at(endsAt),
      address,
      agent,
      id === here
        ? say(words.here)
        : html`<form method="post" action="/account/sessions/${id}/end">
            <button class="plain">${say(words.revoke)}</button>
          </form>`,
    ]),
  );
}
