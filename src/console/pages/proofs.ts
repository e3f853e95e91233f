// Serves signed proofs of acts on a person's data: listed, verified at each look, saved as file and page (C23).
// Invariant: a failed verification is shown before anything of the proof.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import { checkProof, type SignedProof, publishedKeys } from '../../privacy/proofs/proof.ts';
import { proofPage } from '../../privacy/proofs/proof-page.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import { proofsListed, proofWithNumber } from '../../support/reads/requests.ts';
import { changedColumn, changedTable, countText, timeOf } from '../labels.ts';
import { download, notFound, sayTo, type Say } from '../layout.ts';
import { nameChoice, facts, input, notice, table, listOf } from '../parts.ts';
import { asked, numberOf } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import type { Both, Language } from '../../support/words.ts';
import { proofActWords, requestWords as words } from '../words/requests.ts';
import { frame } from '../words/frame.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';

const mostShown = 200;

const own = {
  request: ['Demande de droits', 'Request of a person'],
  logEntries: ['Entrées du journal', 'Entries of the log'],
} as const satisfies Readonly<Record<string, Both>>;

export function proofRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, { '/proofs': ['request.read', listPage] });
  server.get('/proofs/keys', { config: { gate: 'request.read' } }, (_request, reply) =>
    download(reply, { name: 'relais-public.pem', bytes: pemOf(desk), type: 'application/x-pem-file' }),
  );
  pages(server, desk, { '/proofs/:id': ['request.read', onePage] });
  server.get('/proofs/:id/file', { config: { gate: 'request.read' } }, async (request, reply) => {
    const found = await documentOf(desk, request);
    if (found === undefined) return notFound(reply);
    return download(reply, {
      name: `preuve-${found.number}.json`,
      bytes: found.document,
      type: 'application/json',
    });
  });
  server.get('/proofs/:id/page', { config: { gate: 'request.read' } }, async (request, reply) => {
    const found = await documentOf(desk, request);
    const check = found === undefined ? undefined : checkProof(found.document, pemOf(desk));
    if (found === undefined || check?.ok !== true) return notFound(reply);
    return download(reply, {
      name: `preuve-${found.number}.html`,
      bytes: proofPage(check.proof),
      type: 'text/html; charset=utf-8',
    });
  });
}

const pemOf = ({ place }: Desk): string =>
  publishedKeys(place.keys.seal)
    .map(({ id, pem }) => `# ${id}\n${pem.trimEnd()}\n`)
    .join('');

async function documentOf(
  { place }: Desk,
  request: FastifyRequest,
): Promise<{ readonly number: number; readonly document: string } | undefined> {
  const number = numberOf(request);
  const found =
    number === undefined ? undefined : await proofWithNumber(place, personOf(request).holder, number);
  return found?.document === undefined ? undefined : { number: found.number, document: found.document };
}

const listPage: PageOf = async ({ place, show }, request, reply) => {
  const { say, language } = visitOf(request);
  const [client, of] = [asked(request, 'client'), asked(request, 'request', 20)];
  const rows = await proofsListed(
    place,
    personOf(request).holder,
    { ...(client === '' ? {} : { client }), ...(of === '' ? {} : { request: of }) },
    mostShown,
  );
  const { clients } = await namesInScope(place, personOf(request).holder);
  return show(request, reply, {
    title: say(words.proofs),
    at: '/requests',
    body: html`<form class="line card filters" method="get" action="/proofs">
        ${nameChoice('client', say(frame.client), clients, { value: client, none: say(frame.all) })}
        ${input('request', say(own.request), { value: of, optional: true, inputmode: 'numeric', most: 20 })}
        <button>${say(words.filter)}</button>
      </form>
      <p><a href="/proofs/keys">${say(words.publicKeys)}</a></p>
      ${listOf(say, words.proofs, words.noProofs, rows, [
        [words.number, (row) => html`<a href="/proofs/${row.number}">${row.number}</a>`],
        [frame.client, (row) => row.clientId],
        [words.act, (row) => say(proofActWords[row.act] ?? [row.act, row.act])],
        [
          own.request,
          (row) => (row.request === '' ? '' : html`<a href="/requests/${row.request}">${row.request}</a>`),
        ],
        [words.made, (row) => timeOf(row.madeAt, language)],
      ])}`,
  });
};

async function onePage(desk: Desk, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const number = numberOf(request);
  const found =
    number === undefined ? undefined : await proofWithNumber(desk.place, personOf(request).holder, number);
  if (found === undefined) return notFound(reply);
  const say = sayTo(request);
  const check = found.document === undefined ? undefined : checkProof(found.document, pemOf(desk));
  return desk.show(request, reply, {
    title: `${say(words.proof)} ${found.number}`,
    at: '/requests',
    under: { path: '/proofs', name: say(words.proofs) },
    body: html`${
        check === undefined
          ? notice(say(words.documentGone))
          : check.ok
            ? notice(say(words.verified), 'good')
            : notice(html`${say(words.broken)} <code>${check.problem}</code>`, 'bad')
      }
      <div class="card">
        ${facts([
          [say(frame.client), found.clientId],
          [say(words.act), say(proofActWords[found.act] ?? [found.act, found.act])],
          [
            say(own.request),
            found.request === '' ? '–' : html`<a href="/requests/${found.request}">${found.request}</a>`,
          ],
          [say(words.made), timeOf(found.madeAt, visitOf(request).language)],
          ...(check?.ok === true
            ? [
                [say(words.signedBy), html`<code>${check.proof.key}</code>`] as const,
                [
                  say(own.logEntries),
                  `${check.proof.log.before.entry} – ${check.proof.log.after.entry}`,
                ] as const,
              ]
            : []),
        ])}
      </div>
      ${check?.ok === true && html`<h2>${say(words.effects)}</h2>`}
      ${check?.ok === true && tablesPart(check.proof, say, visitOf(request).language)}
      ${
        found.document !== undefined &&
        html`<p class="actions">
          <a class="button second" href="/proofs/${found.number}/file">${say(words.signedFile)}</a>
          ${check?.ok === true && html`<a class="button second" href="/proofs/${found.number}/page">${say(words.page)}</a>`}
          <a href="/proofs/keys">${say(words.publicKeys)}</a>
        </p>`
      }`,
  });
}

const tablesPart = ({ tables }: SignedProof, say: Say, language: Language): Html =>
  table(
    say(words.effects),
    [
      { name: say(words.table) },
      { name: `${say(words.rows)} ${say(words.before)}`, number: true },
      { name: `${say(words.rows)} ${say(words.after)}`, number: true },
      { name: say(words.columns) },
    ],
    tables.map(({ table: name, rowsBefore, rowsAfter, columns }) => [
      changedTable(name, language),
      countText(rowsBefore, language),
      countText(rowsAfter, language),
      columns
        .filter(({ changed }) => changed > 0)
        .map(({ column }) => changedColumn(name, column, language))
        .join(', '),
    ]),
  );
