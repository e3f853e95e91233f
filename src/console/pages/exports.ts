// A list as a CSV file, for an administrator with a reason (C39).
// Invariant: POSTed; the entry of the log stands before the first byte is sent.
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { deliveryStates } from '../../domain/delivery.ts';
import { html } from '../../privacy/papers/html.ts';
import { exportedLists, exportList, type ExportedList } from '../../support/acts/export-list.ts';
import { stateWords, type Both } from '../../support/words.ts';
import { askedFilter, filterOf } from '../filter.ts';
import { field } from '../forms.ts';
import { actingOf } from '../gate.ts';
import { input, select } from '../parts.ts';
import { reasonProblem } from '../reasons.ts';
import { refusal, refusedBy, refusedNotice, type Refused } from '../refused.ts';
import { sayTo } from '../show.ts';
import { adminWords, exportWords as words } from '../words/admin.ts';
import { deskWords } from '../words/desk.ts';
import { frame } from '../words/frame.ts';
import { adminLinks } from './accounts.ts';
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
      file = await exportList(desk.place, actingOf(request), { list, filter: filterOf(wanted), reason });
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

function exportPage(
  { show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  fields: FastifyRequest['query'],
  refused?: Refused,
): FastifyReply {
  const say = sayTo(request);
  const wanted = askedFilter(fields);
  const { list } = (typeof fields === 'object' && fields !== null ? fields : {}) as {
    readonly list?: unknown;
  };
  const box = (name: 'client' | 'destination' | 'cause' | 'from' | 'to', label: Both, type = 'text') =>
    input(name, say(label), { optional: true, type, value: wanted[name] ?? '', most: 100 });
  return show(request, reply, {
    title: say(words.title),
    at: '/accounts',
    status: refused === undefined ? 200 : 422,
    body: html`${refusedNotice(refused, say)} ${adminLinks(say)}
      <p>${say(words.text)}</p>
      <form class="card stack" method="post" action="/exports">
        <div class="grid">
          ${select(
            'list',
            say(words.list),
            exportedLists.map((value) => ({ value, text: say(listWords[value]) })),
            typeof list === 'string' ? list : '',
          )}
          ${box('client', adminWords.client)} ${box('destination', deskWords.destination)}
          ${select(
            'state',
            say(frame.state),
            [
              { value: '', text: say(deskWords.any) },
              ...deliveryStates.map((value) => ({ value, text: say(stateWords[value]) })),
            ],
            wanted.state ?? '',
          )}
          ${box('cause', deskWords.cause)} ${box('from', deskWords.from, 'date')}
          ${box('to', deskWords.to, 'date')}
        </div>
        ${input('reason', say(frame.reason), { hint: say(frame.reasonHint), value: field(request, 'reason') })}
        <button>${say(words.submit)}</button>
      </form>`,
  });
}
