// Serves letters and documents of a request, shown here or saved as files.
// Invariant: POSTed; copying a document has a reason; a paper with a person's data is in the log before a byte is sent.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html } from '../../privacy/papers/html.ts';
import type { Demand } from '../../privacy/requests/documents.ts';
import { perform } from '../../support/acts/act.ts';
import { addDemand, copyDocument, writeLetter } from '../../support/acts/requests.ts';
import { inputOf, type ShowPage } from '../act-form.ts';
import { download } from '../downloads.ts';
import { field, numberOf } from '../forms.ts';
import { actingOf } from '../gate.ts';
import { refusedBy } from '../refused.ts';
import { notFound, sayTo } from '../show.ts';
import { mostUploaded, uploadOf, withUploads } from '../uploads.ts';
import { frame } from '../words/frame.ts';
import { requestWords as words } from '../words/requests.ts';
import { requestPage } from './request.ts';
import { letterPath } from './request-papers.ts';
import type { Desk } from './sign-in.ts';

export function requestFileRoutes(server: FastifyInstance, desk: Desk): void {
  server.post<{ Params: { readonly destination: string } }>(
    '/requests/:id/letters/:destination',
    { config: { gate: 'request.read' } },
    (request, reply) => letterPage(desk, request, reply, request.params.destination),
  );
  documentRoute(server, desk, '/requests', copyDocument, (request, reply, { refused }) =>
    requestPage(desk, request, reply, refused),
  );
  withUploads(server, (inner) => {
    inner.post(
      '/requests/:id/documents',
      { config: { gate: 'request.work' }, bodyLimit: mostUploaded },
      async (request, reply) => {
        const id = numberOf(request);
        if (id === undefined) return notFound(reply);
        const demand = uploadOf(request, 'document') ?? { name: '', bytes: new Uint8Array() };
        const asked = { to: [String(id)], input: { demand } };
        const refused = await refusedBy(() => perform(desk.place, addDemand, actingOf(request), asked));
        if (refused !== undefined) return requestPage(desk, request, reply, refused);
        return reply.redirect(`/requests/${id}?say=done`, 303);
      },
    );
  });
}

/** A document of a request, as a file: for a reason that the page asks for. */
export function documentRoute(
  server: FastifyInstance,
  { place }: Desk,
  path: string,
  copying: typeof copyDocument,
  show: ShowPage,
): void {
  server.post<{ Params: { readonly id: string } }>(
    `${path}/:id/documents/:document`,
    { config: { gate: copying.permission } },
    async (request, reply) => {
      const { id } = request.params;
      const input = { ...inputOf(copying, request), document: numberOf(request, 'document') ?? 0 };
      let demand: Demand | undefined;
      const refused = await refusedBy(async () => {
        demand = await perform(place, copying, actingOf(request), { to: [id], input });
      }, /^USAGE-/);
      return demand === undefined ? show(request, reply, { id, refused }) : download(reply, demand);
    },
  );
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
  const asked = { to: [String(id)], input: { destination: destinationId } };
  const letter = await perform(place, writeLetter, actingOf(request), asked);
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
