// Serves the document a client signs, on a page, and as a file that prints.
// Invariant: invented persons only; the file loads nothing and is sent as a download, never shown under this address.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import { documentFile, type DocumentBlock } from '../../support/mappings/document.ts';
import { mappingDocument } from '../../support/reads/mappings.ts';
import { asked, field } from '../forms.ts';
import { personOf } from '../gate.ts';
import { hidden, input, table } from '../parts.ts';
import { sayTo } from '../show.ts';
import { mappingWords as words } from '../words/mappings.ts';
import { mappingPath } from './mappings.ts';
import type { Desk } from './sign-in.ts';

type Params = { readonly id: string };

const someCentre = 'le centre de contact';

export function mappingDocumentRoutes(server: FastifyInstance, desk: Desk): void {
  server.get<{ Params: Params }>(
    '/mappings/:id/document',
    { config: { gate: 'mapping.read' } },
    (request, reply) => page(desk, request, reply, request.params.id),
  );
  server.post<{ Params: Params }>(
    '/mappings/:id/document',
    { config: { gate: 'mapping.read' } },
    async (request, reply) => {
      const { id: destination } = request.params;
      const given = (name: string): string | undefined => field(request, name).trim() || undefined;
      const version = versionIn(field(request, 'version', 12));
      const found = await mappingDocument(
        desk.place,
        personOf(request).holder,
        { destination, version },
        {
          centre: given('centre') ?? someCentre,
          rights: given('rights'),
          technical: given('technical'),
        },
      );
      const name = `${destination.replaceAll(/[^A-Za-z0-9._-]/g, '-')}-v${found.version}.html`;
      return reply
        .type('application/octet-stream')
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(Buffer.from(documentFile(found), 'utf8'));
    },
  );
}

const versionIn = (text: string): number | undefined =>
  /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;

async function page(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  destination: string,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const version = versionIn(asked(request, 'version', 12));
  const found = await mappingDocument(
    place,
    personOf(request).holder,
    { destination, version },
    {
      centre: someCentre,
    },
  );
  // The frame's heading is the document's own.
  const [, ...blocks] = found.blocks;
  return show(request, reply, {
    title: found.title,
    at: '/mappings',
    under: { path: mappingPath(destination), name: destination },
    body: html`<p>${say(words.documentText)}</p>
      <form class="card stack" method="post" action="${mappingPath(destination)}/document">
        ${hidden('version', String(found.version))}
        ${input('centre', say(words.centre), { optional: true, value: someCentre })}
        ${input('rights', say(words.centreRights), { optional: true })}
        ${input('technical', say(words.centreTechnical), { optional: true })}
        <button>${say(words.download)}</button>
      </form>
      <div class="card" lang="fr">${blocks.map(blockPart)}</div>`,
  });
}

function blockPart(block: DocumentBlock, index: number): Html {
  switch (block.kind) {
    case 'heading':
      return block.level < 3 ? html`<h2>${block.text}</h2>` : html`<h3>${block.text}</h3>`;
    case 'text':
      return html`<p>${block.text}</p>`;
    case 'list':
      return html`<ul>
        ${block.items.map((item) => html`<li>${item}</li>`)}
      </ul>`;
    case 'table':
      return table(
        `${index + 1} : ${block.head.filter((name) => name !== '').join(', ')}`,
        block.head.map((name) => ({ name: name === '' ? '–' : name })),
        block.rows.map((row) =>
          row.map((cell, column) =>
            block.exact?.includes(column) === true && cell !== '' ? html`<code>${cell}</code>` : cell,
          ),
        ),
      );
    case 'code':
      return html`<pre class="shown">${block.text}</pre>`;
    case 'signatures':
      return html`<ul>
        ${block.parties.map((party) => html`<li>${party}</li>`)}
      </ul>`;
  }
}
