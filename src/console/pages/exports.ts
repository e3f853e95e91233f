// Serves a list as a CSV file, for an administrator with a reason (C39).
// Invariant: POSTed; the entry of the log is committed before the first byte is sent.
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html } from '../../privacy/papers/html.ts';
import { exportedLists, exportList, type ExportedList } from '../../support/acts/export-list.ts';
import { readFilter } from '../../support/reads/filter.ts';
import { namesInScope } from '../../support/reads/names.ts';
import type { Both } from '../../support/words.ts';
import { askedFilter, filterBoxes } from '../filter.ts';
import { field } from '../forms.ts';
import { actingOf, personOf } from '../gate.ts';
import { input, select } from '../parts.ts';
import { reasonProblem } from '../reasons.ts';
import { refusal, refusedBy, type Refused } from '../refused.ts';
import { sayTo } from '../show.ts';
import { exportWords as words } from '../words/admin.ts';
import { frame } from '../words/frame.ts';
import { adminPage } from './admin-page.ts';
import type { Desk } from './sign-in.ts';

export function exportRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/exports', { config: { gate: 'list.export' } }, (request, reply) =>
    exportPage(desk, request, reply, request.query),
  );
  server.post('/exports', { config: { gate: 'list.export' } }, async (request, reply) => {
    const list = listNamed(field(request, 'list'));
    const reason = field(request, 'reason', 1_000).trim();
    const problem = list === undefined ? words.noList : reasonProblem(reason);
    if (list === undefined || problem !== undefined)
      return exportPage(desk, request, reply, request.body, refusal(problem ?? words.noList));
    let file: Readable | undefined;
    const refused = await refusedBy(async () => {
      const { lead: _, ...wanted } = askedFilter(request.body);
      file = await exportList(desk.place, actingOf(request), {
        list,
        filter: readFilter(wanted),
        reason,
        say: sayTo(request),
      });
    });
    if (refused !== undefined) return exportPage(desk, request, reply, request.body, refused);
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="relais-${list}.csv"`)
      .header('content-security-policy', "default-src 'none'; sandbox")
      .send(file);
  });
}

const listNamed = (name: string): ExportedList | undefined => exportedLists.find((list) => list === name);

const listWords: Readonly<Record<ExportedList, Both>> = {
  deliveries: frame.deliveries,
  requests: words.requests,
  log: words.log,
};

const conditions = ['client', 'destination', 'state', 'cause', 'run', 'from', 'to'] as const;

async function exportPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  fields: FastifyRequest['query'],
  refused?: Refused,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const names = await namesInScope(place, personOf(request).holder);
  const wanted = askedFilter(fields);
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
            say(words.list),
            exportedLists.map((value) => ({ value, text: say(listWords[value]) })),
            typeof list === 'string' ? list : '',
          )}
          ${filterBoxes(conditions, wanted, names, say)}
        </div>
        ${input('reason', say(frame.reason), { hint: say(frame.reasonHint), value: field(request, 'reason') })}
        <button>${say(words.submit)}</button>
      </form>`,
  });
}
