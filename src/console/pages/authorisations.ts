// Serves the authorisations in force, and the form that revokes one (C17 to C19).
// Invariant: revoking is an entry of the log and a note to the client; nothing departs under it afterwards.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import { endAuthorisation } from '../../support/authorisations.ts';
import { authorisationsListed, type ListedAuthorisation } from '../../support/reads/requests.ts';
import type { Language } from '../../support/words.ts';
import { actRoutes, boxes, foldedForm, offered } from '../act-form.ts';
import { personOf, visitOf } from '../gate.ts';
import { categoryText, destinationLink, timeOf } from '../labels.ts';
import { notFound, sayTo, type Say } from '../layout.ts';
import { state, listOf } from '../parts.ts';
import type { Refused } from '../refused.ts';
import { adminWords as words } from '../words/admin.ts';
import { frame } from '../words/frame.ts';
import { adminPage } from './admin-page.ts';
import type { Desk, PageOf } from './sign-in.ts';

export function authorisationRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/authorisations', { config: { gate: endAuthorisation.permission } }, (request, reply) =>
    listPage(desk, request, reply),
  );
  const revoke = offered(endAuthorisation, () => '/authorisations?say=done');
  actRoutes(server, desk.place, '/authorisations', { revoke }, async (request, reply, { refused }) =>
    refused?.error?.code === 'FIND-001' ? notFound(reply) : listPage(desk, request, reply, refused),
  );
}

const listPage: PageOf<[refused?: Refused]> = async ({ place, show }, request, reply, refused) => {
  const say = sayTo(request);
  return adminPage({ show }, request, reply, {
    title: say(words.authorisations),
    tab: '/authorisations',
    refused,
    body: html`<p>${say(words.authorisationsText)}</p>
      ${authorisationsTable(request, await authorisationsListed(place, personOf(request).holder))}`,
  });
};

function authorisationsTable(request: FastifyRequest, all: readonly ListedAuthorisation[]): Html {
  const { say, language } = visitOf(request);
  return listOf(say, words.authorisations, words.noAuthorisations, all, [
    [words.destination, (one) => destinationLink(one.destinationId)],
    [words.recipient, (one) => one.recipient],
    [words.targets, (one) => one.targets.join(' ')],
    [words.categories, (one) => one.categories.map((name) => categoryText(name, say)).join(', ')],
    [words.document, (one) => one.documentRef],
    [words.from, (one) => timeOf(one.validFrom, language)],
    [words.until, (one) => timeOf(one.validUntil, language) ?? say(words.noEnd)],
    [frame.state, (one) => stateOf(one, say, language)],
    [words.revoke, (one) => (one.revokedAt === undefined ? revokeForm(request, one) : undefined)],
  ]);
}

const stateOf = ({ isLive, revokedAt }: ListedAuthorisation, say: Say, language: Language): Html =>
  revokedAt === undefined
    ? state(say(isLive ? words.inForce : words.expired), isLive ? 'good' : 'calm')
    : html`${state(say(words.revoked), 'calm')} ${timeOf(revokedAt, language)}`;

function revokeForm(request: FastifyRequest, { id }: ListedAuthorisation): Html {
  const say = sayTo(request);
  const action = `/authorisations/${id}/revoke`;
  return foldedForm(
    request,
    { title: say(words.revoke), action, tone: 'danger', isInRow: true },
    html`<p>${say(words.revokeText)}</p>
      ${boxes(request, endAuthorisation, action, ['reason'])}`,
  );
}
