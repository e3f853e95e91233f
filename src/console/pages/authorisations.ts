// Authorisations as they stand, and revoking one (C17 to C19).
// Invariant: revoking is an entry of the log and a note to the client; nothing departs under it from then on.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import { endAuthorisation } from '../../support/authorisations.ts';
import { authorisationsListed, type ListedAuthorisation } from '../../support/reads/authorisations.ts';
import type { Language } from '../../support/words.ts';
import { asked, field, numberOf } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { destinationLink } from '../labels.ts';
import type { Say } from '../layout.ts';
import { input, notice, state, table } from '../parts.ts';
import { reasonProblem } from '../reasons.ts';
import { refusal, refusedBy, refusedNotice, type Refused } from '../refused.ts';
import { notFound, sayTo } from '../show.ts';
import { timeOf } from '../times.ts';
import { adminWords as words } from '../words/admin.ts';
import { frame } from '../words/frame.ts';
import { adminLinks } from './accounts.ts';
import type { Desk } from './sign-in.ts';

export function authorisationRoutes(server: FastifyInstance, desk: Desk): void {
  const gated = { config: { gate: 'authorisation.manage' } } as const;
  server.get('/authorisations', gated, (request, reply) => listPage(desk, request, reply));
  server.post('/authorisations/:id/revoke', gated, async (request, reply) => {
    const { holder, actor } = personOf(request);
    const id = numberOf(request);
    const found = (await authorisationsListed(desk.place, holder)).find((one) => one.id === id);
    if (found === undefined) return notFound(reply);
    const reason = field(request, 'reason', 1_000).trim();
    const problem = reasonProblem(reason);
    const refused =
      problem === undefined
        ? await refusedBy(() => endAuthorisation(desk.place.database, found, { actor, reason }))
        : refusal(problem);
    if (refused !== undefined) return listPage(desk, request, reply, refused);
    return reply.redirect('/authorisations?say=done', 303);
  });
}

async function listPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  refused?: Refused,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const all = await authorisationsListed(place, personOf(request).holder);
  return show(request, reply, {
    title: say(words.authorisations),
    at: '/accounts',
    status: refused === undefined ? 200 : 422,
    body: html`${refusedNotice(refused, say)}
      ${asked(request, 'say') === 'done' ? notice(say(words.done), 'good') : undefined} ${adminLinks(say)}
      <p>${say(words.authorisationsText)}</p>
      ${
        all.length === 0
          ? notice(say(words.noAuthorisations))
          : authorisationsTable(all, say, visitOf(request).language)
      }`,
  });
}

const authorisationsTable = (all: readonly ListedAuthorisation[], say: Say, language: Language): Html =>
  table(
    say(words.authorisations),
    [
      words.destination,
      words.recipient,
      words.targets,
      words.categories,
      words.document,
      words.from,
      words.until,
      frame.state,
      words.revoke,
    ].map((name) => ({ name: say(name) })),
    all.map((one) => [
      destinationLink(one.destinationId),
      one.recipient,
      one.targets.join(' '),
      one.categories.join(' '),
      one.documentRef,
      timeOf(one.validFrom, language),
      timeOf(one.validUntil, language) ?? say(words.noEnd),
      stateOf(one, say, language),
      one.revokedAt === undefined ? revokeForm(one, say) : undefined,
    ]),
  );

const stateOf = ({ isLive, revokedAt }: ListedAuthorisation, say: Say, language: Language): Html =>
  revokedAt === undefined
    ? state(say(isLive ? words.inForce : words.expired), isLive ? 'good' : 'calm')
    : html`${state(say(words.revoked), 'calm')} ${timeOf(revokedAt, language)}`;

const revokeForm = ({ id }: ListedAuthorisation, say: Say): Html =>
  html`<details>
    <summary>${say(words.revoke)}</summary>
    <form class="stack" method="post" action="/authorisations/${id}/revoke">
      <p>${say(words.revokeText)}</p>
      ${input('reason', say(frame.reason), { hint: say(frame.reasonHint) })}
      <button class="danger">${say(words.revoke)}</button>
    </form>
  </details>`;
