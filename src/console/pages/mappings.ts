// Serves mappings: each destination with its version in force; one with its versions, its go-live list, the document to sign.
// Invariant: a client sees its own versions; files on disk, and publisher and reason of a version, are for the centre.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { frenchDate } from '../../domain/civil-date.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import type { DraftState } from '../../support/mappings/files.ts';
import { namesFor } from '../../support/named-text.ts';
import {
  mappingHeads,
  mappingPage,
  mappingDocument,
  type VersionHead,
  type MappingPage,
} from '../../support/reads/mappings.ts';
import { asked, field, nameOf } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { goLiveMark, counted, timeOf } from '../labels.ts';
import { facts, notice, state, table, hidden, input, type Tone, heads } from '../parts.ts';
import { keepingWords } from '../plan-part.ts';
import { sayTo } from '../layout.ts';
import { deskWords } from '../words/desk.ts';
import { frame } from '../words/frame.ts';
import { goLiveWords, mappingCounts, draftWords, mappingWords as words } from '../words/mappings.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';
import { documentFile, type DocumentBlock } from '../../support/mappings/document.ts';

export const mappingPath = (destination: string): string => `/mappings/${encodeURIComponent(destination)}`;

export function mappingsRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, { '/mappings': ['mapping.read', listPage] });
  server.get('/mappings/:id', { config: { gate: 'mapping.read' } }, (request, reply) =>
    onePage(desk, request, reply, nameOf(request)),
  );
}

const draftTones: Readonly<Record<DraftState, Tone>> = {
  same: 'good',
  differs: 'warn',
  new: 'warn',
  none: 'calm',
  unreadable: 'bad',
};

const draftTag = (draft: DraftState | undefined, request: FastifyRequest): Html | undefined =>
  draft === undefined ? undefined : state(sayTo(request)(draftWords[draft]), draftTones[draft]);

const listPage: PageOf = async ({ place, show }, request, reply) => {
  const { say, holder } = personOf(request);
  const isCentre = holder.clientId === undefined;
  const heads = await mappingHeads(place, holder);
  const named = await namesFor(place, holder);
  const columns = [frame.client, deskWords.destination, words.version, words.published].map(say);
  const own = [frame.by, words.note, words.fileHere].map(say);
  return show(request, reply, {
    title: say(frame.mappings),
    at: '/mappings',
    body: html`${may(holder, 'mapping.try') && html`<p><a class="button second" href="/try">${say(words.tryIt)}</a></p>`}
    ${
      heads.length === 0
        ? html`<p>${say(words.none)}</p>`
        : table(
            say(frame.mappings),
            [...columns, ...(isCentre ? own : [])].map((name) => ({ name })),
            heads.map(({ client, destination, inForce, draft }) => [
              client,
              html`<a href="${mappingPath(destination)}">${destination}</a>`,
              inForce === undefined ? say(words.noVersion) : versionLink(destination, inForce.version),
              timeOf(inForce?.publishedAt, visitOf(request).language),
              ...(isCentre ? [named(inForce?.author ?? ''), inForce?.note, draftTag(draft, request)] : []),
            ]),
          )
    }`,
  });
};

const versionLink = (destination: string, version: number): Html =>
  html`<a href="${mappingPath(destination)}/versions/${version}">${version}</a>`;

const onePage: PageOf<[destination: string]> = async ({ place, show }, request, reply, destination) => {
  const { say, holder } = personOf(request);
  const page = await mappingPage(place, holder, destination);
  const named = await namesFor(place, holder);
  return show(request, reply, {
    title: `${say(words.mappingOf)} ${destination}`,
    at: '/mappings',
    body: html`${asked(request, 'say') === 'published' && notice(say(words.publishedNow), 'good')}
      <div class="card">${headFacts(request, page)}</div>
      ${keepingPart(request, page)}
      <h2>${say(words.versions)}</h2>
      ${versionsTable(request, page, named)} ${goLivePart(request, page)}`,
  });
};

function headFacts(request: FastifyRequest, page: MappingPage): Html {
  const { say, holder } = personOf(request);
  const path = mappingPath(page.destination);
  const inForce = page.versions.find(({ isInForce }) => isInForce);
  const rows: (readonly [Piece, Piece])[] = [
    [say(frame.client), page.client],
    [
      say(words.versionInForce),
      inForce === undefined ? say(words.noVersion) : versionLink(page.destination, inForce.version),
    ],
  ];
  if (page.draft !== undefined) rows.push([say(words.fileHere), draftTag(page.draft, request)]);
  const links = [
    ...(inForce === undefined ? [] : [html`<a href="${path}/document">${say(words.seeDocument)}</a>`]),
    ...(may(holder, 'mapping.try')
      ? [
          html`<a href="${path}/draft">${say(words.seeDraft)}</a>`,
          html`<a href="/try?${new URLSearchParams({ destination: page.destination }).toString()}"
            >${say(words.tryIt)}</a
          >`,
        ]
      : []),
  ];
  return html`${facts(rows)} ${links.length > 0 && html`<p class="actions">${links}</p>`}`;
}

function keepingPart(request: FastifyRequest, { destination, keeping }: MappingPage): Html | undefined {
  return keeping.length === 0 ? undefined : notice(keepingWords(request, destination, keeping), 'warn');
}

function versionsTable(
  request: FastifyRequest,
  { destination, versions }: MappingPage,
  named: (text: string) => string,
): Html {
  const say = sayTo(request);
  if (versions.length === 0) return html`<p>${say(words.noVersion)}</p>`;
  const isCentre = personOf(request).holder.clientId === undefined;
  const columns = [
    words.version,
    words.published,
    ...(isCentre ? [frame.by, words.note] : []),
    frame.state,
    words.document,
  ];
  return table(
    say(words.versions),
    columns.map((name) => ({ name: say(name) })),
    versions.map((version) => [
      versionLink(destination, version.version),
      timeOf(version.publishedAt, visitOf(request).language),
      ...(isCentre ? [named(version.author), version.note] : []),
      inForceTag(version, request),
      html`<a href="${mappingPath(destination)}/document?version=${version.version}"
        >${say(words.document)} ${version.version}</a
      >`,
    ]),
  );
}

export const inForceTag = ({ isInForce }: VersionHead, request: FastifyRequest): Html | undefined =>
  isInForce ? state(sayTo(request)(words.inForce), 'good') : undefined;

const itemTags = {
  there: [words.there, 'good'],
  missing: [words.absent, 'bad'],
  differs: [words.differs, 'bad'],
} as const;

function goLivePart(request: FastifyRequest, { goLive }: MappingPage): Html | undefined {
  if (goLive === undefined) return undefined;
  const { say, language } = visitOf(request);
  return html`<h2 id="${goLiveMark}">${say(words.goLive)}</h2>
    ${
      goLive.of === 'files'
        ? notice(say(words.ofFiles), 'warn')
        : notice(say(goLive.isLive ? words.live : words.notLive), goLive.isLive ? 'good' : 'warn')
    }
    ${goLive.liveBefore && !goLive.isLive && html`<p>${say(words.liveBefore)}</p>`}
    ${goLive.withheld !== 0 && html`<p>${counted(goLive.withheld, mappingCounts.waiting, language)}.</p>`}
    ${table(
      say(words.goLive),
      heads(say, words.item, frame.state, words.evidence, words.missing),
      goLive.items.map(({ item, state: found, evidence, date, problems }) => [
        say(goLiveWords[item].title),
        state(say(itemTags[found][0]), itemTags[found][1]),
        evidence === undefined ? undefined : `${date === undefined ? '' : frenchDate(date)} ${evidence}`,
        found === 'there'
          ? undefined
          : html`<ul>
                ${problems.map((problem) => html`<li>${say(problem)}</li>`)}
              </ul>
              ${say(goLiveWords[item].blocks)}`,
      ]),
    )}`;
}

// Serves the document a client signs, on a page, and as a file that prints.
// Invariant: invented persons only; the file loads nothing and is sent as a download, never shown under this address.

const someCentre = 'le centre de contact';

export function mappingDocumentRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/mappings/:id/document', { config: { gate: 'mapping.read' } }, (request, reply) =>
    page(desk, request, reply, nameOf(request)),
  );
  server.post('/mappings/:id/document', { config: { gate: 'mapping.read' } }, async (request, reply) => {
    const destination = nameOf(request);
    const given = (name: string): string | undefined => field(request, name).trim() || undefined;
    const version = versionIn(field(request, 'version', 12));
    const found = await mappingDocument(
      desk.place,
      personOf(request).holder,
      { destination, version },
      { centre: given('centre') ?? someCentre, rights: given('rights'), technical: given('technical') },
    );
    const name = `${destination.replaceAll(/[^A-Za-z0-9._-]/g, '-')}-v${found.version}.html`;
    return reply
      .type('application/octet-stream')
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(Buffer.from(documentFile(found), 'utf8'));
  });
}

const versionIn = (text: string): number | undefined =>
  /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;

const page: PageOf<[destination: string]> = async ({ place, show }, request, reply, destination) => {
  const say = sayTo(request);
  const version = versionIn(asked(request, 'version', 12));
  const found = await mappingDocument(
    place,
    personOf(request).holder,
    { destination, version },
    { centre: someCentre },
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
};

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
