// Serves letters and documents of a request, shown here or saved as files.
// Invariant: POSTed; copying a document has a reason; a paper with a person's data is in the log before a byte is sent.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { mayFor } from '../../access/permissions.ts';
import { html } from '../../privacy/papers/html.ts';
import { download } from '../downloads.ts';
import { field, numberOf } from '../forms.ts';
import { personOf } from '../gate.ts';
import { reasonProblem } from '../reasons.ts';
import { refusal, refusedBy } from '../refused.ts';
import { notFound, sayTo } from '../show.ts';
import { mostUploaded, uploadOf, withUploads } from '../uploads.ts';
import { frame } from '../words/frame.ts';
import { requestWords as words } from '../words/requests.ts';
import { requestPage } from './request.ts';
import { letterPath } from './request-papers.ts';
import type { Desk } from './sign-in.ts';

export function requestFileRoutes(server: FastifyInstance, desk: Desk): void {
  const { requests } = desk.place;
  server.post<{ Params: { readonly destination: string } }>(
    '/requests/:id/letters/:destination',
    { config: { gate: 'request.read' } },
    (request, reply) => letterPage(desk, request, reply, request.params.destination),
  );
  server.post(
    '/requests/:id/documents/:document',
    { config: { gate: 'request.read' } },
    async (request, reply) => {
      const [id, document] = [numberOf(request), numberOf(request, 'document')];
      if (id === undefined || document === undefined) return notFound(reply);
      const reason = field(request, 'reason', 1_000).trim();
      const problem = reasonProblem(reason);
      if (problem !== undefined) return requestPage(desk, request, reply, refusal(problem));
      const { name, bytes } = await requests.copy(id, { document, actor: personOf(request).actor, reason });
      return download(reply, { name, bytes });
    },
  );
  withUploads(server, (inner) => {
    inner.post(
      '/requests/:id/documents',
      { config: { gate: 'request.work' }, bodyLimit: mostUploaded },
      async (request, reply) => {
        const id = numberOf(request);
        if (id === undefined) return notFound(reply);
        const demand = uploadOf(request, 'document') ?? { name: '', bytes: new Uint8Array() };
        const refused = await refusedBy(() =>
          requests.addDemand(id, { demand, actor: personOf(request).actor }),
        );
        if (refused !== undefined) return requestPage(desk, request, reply, refused);
        return reply.redirect(`/requests/${id}?say=done`, 303);
      },
    );
  });
}

async function letterPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  destinationId: string,
): Promise<FastifyReply> {
  const id = numberOf(request);
  if (id === undefined) return notFound(reply);
  const say = sayTo(request);
  const { holder, actor } = personOf(request);
  const { request: told } = await place.requests.show(id);
  if (!mayFor(holder, 'request.read', told.clientId)) return notFound(reply);
  const letter = await place.requests.letter(id, { destinationId, actor });
  const name = `lettre-${id}-${destinationId}`;
  const as = field(request, 'as');
  if (as === 'file')
    return download(reply, { name: `${name}.txt`, bytes: letter.text, type: 'text/plain; charset=utf-8' });
  if (as === 'page')
    return download(reply, { name: `${name}.html`, bytes: letter.page, type: 'text/html; charset=utf-8' });
  return show(request, reply, {
    title: `${say(words.letterTitle)} ${id}, ${destinationId}`,
    at: '/requests',
    body: html`<article class="card letter" lang="fr">
        ${letter.text.split('\n\n').map((text) => html`<p>${text}</p>`)}
      </article>
      <form class="actions" method="post" action="${letterPath(id, destinationId)}">
        <button name="as" value="page">${say(words.letterPage)}</button>
        <button class="second" name="as" value="file">${say(words.letterFile)}</button>
        <a href="/requests/${id}">${say(frame.back)}</a>
      </form>`,
  });
}
