// Serves an officer's acts on a request from its page, its letters, its documents, and the names on its leads.
// Invariant: an irreversible act is confirmed by the number of the request.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Selection } from '../../privacy/requests/selection.ts';
import type { Corrections } from '../../privacy/requests/deps.ts';
import { perform, type Asked } from '../../support/acts/act.ts';
import {
  acknowledgeRequest,
  applyRequest,
  closeRequest,
  extendTerm,
  liftRestriction,
  noteAnswered,
  noteInformed,
  prepareAnswer,
  showNames,
  addDemand,
  copyDocument,
  writeLetter,
} from '../../support/acts/requests.ts';
import { actRoutes, inputOf, offered, type Offered, type ShowPage } from '../act-form.ts';
import { field, numberOf, ticked, mostUploaded, uploadOf, withUploads, nameOf } from '../forms.ts';
import { actingOf } from '../gate.ts';
import type { ConsolePlace } from '../place.ts';
import { refuse, doneOrRefused } from '../refused.ts';
import { requestWords as words } from '../words/requests.ts';
import type { Desk, PageOf } from './sign-in.ts';
import { html } from '../../privacy/papers/html.ts';

import { download, notFound, sayTo } from '../layout.ts';
import { frame } from '../words/frame.ts';
import { requestPage } from './request.ts';
import { correctedAtOnce } from './request-forms.ts';
import { letterPath } from './request-papers.ts';

const acts: Readonly<Record<string, Offered>> = {
  apply: offered(applyRequest, undefined, applied),
  extend: offered(extendTerm),
  acknowledge: offered(acknowledgeRequest),
  informed: offered(noteInformed),
  answer: offered(prepareAnswer, undefined, (request) => ({ input: { selection: selectionOf(request) } })),
  answered: offered(noteAnswered),
  lift: offered(liftRestriction),
  close: offered(closeRequest, undefined, (request) => {
    refuseUnconfirmed(request);
    return {};
  }),
};

export function requestActRoutes(server: FastifyInstance, desk: Desk): void {
  actRoutes(server, desk.place, '/requests', acts, (request, reply, { refused }) =>
    requestPage(desk, request, reply, refused),
  );
  server.post('/requests/:id/names', { config: { gate: showNames.permission } }, async (request, reply) => {
    const asked = { to: [String(numberOf(request) ?? '')], input: inputOf(showNames, request) };
    const { done: names, refused } = await doneOrRefused(() =>
      perform(desk.place, showNames, actingOf(request), asked),
    );
    return requestPage(desk, request, reply, refused, names);
  });
}

const text = (request: FastifyRequest, name: string): string => field(request, name, 1_000).trim();

function refuseUnconfirmed(request: FastifyRequest): void {
  if (text(request, 'number') !== String(numberOf(request) ?? '')) refuse(words.wrongNumber);
}

/** A selection confirmed before continues where it stopped: the boxes are not read again. */
async function applied(request: FastifyRequest, { requests }: ConsolePlace): Promise<Partial<Asked>> {
  refuseUnconfirmed(request);
  const { request: held } = await requests.show(numberOf(request) ?? 0);
  const selection = held.confirmedAt === null ? selectionOf(request) : undefined;
  return { input: { selection, corrections: correctionsOf(request) } };
}

/** `lead:HZ-1` and `row:12`, as the boxes of the page name them. */
function selectionOf(request: FastifyRequest): Selection {
  const chosen = ticked(request, 'subject').map((value) => value.split(/:(.*)/s));
  const of = (kind: string): readonly string[] =>
    chosen.flatMap(([own, name]) => (own === kind && name !== undefined ? [name] : []));
  return { leads: of('lead'), rows: of('row').map(Number) };
}

function correctionsOf(request: FastifyRequest): Corrections {
  const lines = Array.from({ length: correctedAtOnce }, (_, index) => ({
    column: text(request, `field${index + 1}`),
    value: text(request, `value${index + 1}`),
  })).filter(({ column }) => column !== '');
  return {
    values: Object.fromEntries(
      lines.filter(({ value }) => value !== '').map(({ column, value }) => [column, value]),
    ),
    clear: lines.filter(({ value }) => value === '').map(({ column }) => column),
  };
}

// Serves letters and documents of a request, shown here or saved as files.
// Invariant: POSTed; copying a document has a reason; a paper with a person's data is in the log before a byte is sent.

export function requestFileRoutes(server: FastifyInstance, desk: Desk): void {
  server.post('/requests/:id/letters/:destination', { config: { gate: 'request.read' } }, (request, reply) =>
    letterPage(desk, request, reply, nameOf(request, 'destination')),
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
        const { refused } = await doneOrRefused(() =>
          perform(desk.place, addDemand, actingOf(request), asked),
        );
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
  server.post(
    `${path}/:id/documents/:document`,
    { config: { gate: copying.permission } },
    async (request, reply) => {
      const id = nameOf(request);
      const input = { ...inputOf(copying, request), document: numberOf(request, 'document') ?? 0 };
      const { done: demand, refused } = await doneOrRefused(
        () => perform(place, copying, actingOf(request), { to: [id], input }),
        /^USAGE-/,
      );
      return demand === undefined ? show(request, reply, { id, refused }) : download(reply, demand);
    },
  );
}

const letterPage: PageOf<[destinationId: string]> = async (
  { place, show },
  request,
  reply,
  destinationId,
) => {
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
};
