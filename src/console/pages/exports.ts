// Serves a list as a CSV file, for an administrator with a reason (C39).
// Invariant: POSTed; the entry of the log is committed before the first byte is sent.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { html } from '../../privacy/papers/html.ts';
import { perform } from '../../support/acts/act.ts';
import { exportList } from '../../support/acts/export-list.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import { boxes, inputOf } from '../act-form.ts';
import { askedFilter, filterBoxes } from '../filter.ts';
import { field } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { select } from '../parts.ts';
import { doneOrRefused, type Refused } from '../refused.ts';
import { download, sayTo } from '../layout.ts';
import { exportWords as words } from '../words/admin.ts';
import { adminPage } from './admin-page.ts';
import type { Desk, PageOf } from './sign-in.ts';

export function exportRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/exports', { config: { gate: 'list.export' } }, (request, reply) =>
    exportPage(desk, request, reply, request.query),
  );
  server.post('/exports', { config: { gate: 'list.export' } }, async (request, reply) => {
    const { lead: _, ...filter } = askedFilter(request.body);
    const { language } = visitOf(request);
    const input = { ...inputOf(exportList, request), filter, language };
    const { done: bytes, refused } = await doneOrRefused(() =>
      perform(desk.place, exportList, actingOf(request), { to: [], input }),
    );
    if (refused !== undefined) return exportPage(desk, request, reply, request.body, refused);
    const name = `relais-${field(request, 'list')}.csv`;
    return download(reply, { name, bytes, type: 'text/csv; charset=utf-8' });
  });
}

const conditions = ['client', 'destination', 'state', 'cause', 'run', 'from', 'to'] as const;

const exportPage: PageOf<[fields: FastifyRequest['query'], refused?: Refused]> = async (
  { place, show },
  request,
  reply,
  fields,
  refused,
) => {
  const say = sayTo(request);
  const names = await namesInScope(place, personOf(request).holder);
  const wanted = askedFilter(fields);
  const { list: choices } = exportList.fields;
  const { list } = (typeof fields === 'object' && fields !== null ? fields : {}) as {
    readonly list?: unknown;
  };
  return adminPage({ show }, request, reply, {
    title: say(words.title),
    tab: '/exports',
    refused,
    body: html`<p>${say(words.text)}</p>
      <form class="card stack" method="post" action="/exports">
        <div class="grid">
          ${select(
            'list',
            say(choices.words),
            Object.entries(choices.choices ?? {}).map(([value, name]) => ({ value, text: say(name) })),
            typeof list === 'string' ? list : '',
          )}
          ${filterBoxes(conditions, wanted, names, say)}
        </div>
        ${boxes(request, exportList, '/exports', ['reason'])}
        <button>${say(words.submit)}</button>
      </form>`,
  });
};
