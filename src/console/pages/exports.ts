// Serves a list as a CSV file, for an administrator with a reason (C39).
// Invariant: POSTed; the entry of the log is committed before the first byte is sent.
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { deliveryStates } from '../../domain/delivery.ts';
import { html } from '../../privacy/papers/html.ts';
import { exportedLists, exportList, type ExportedList } from '../../support/acts/export-list.ts';
import { namesInScope } from '../../support/reads/names.ts';
import { stateWords, type Both } from '../../support/words.ts';
import { causeChoice, nameChoice } from '../choices.ts';
import { dateBox } from '../dates.ts';
import { askedFilter, filterOf, runBox } from '../filter.ts';
import { field } from '../forms.ts';
import { actingOf, personOf } from '../gate.ts';
import { input, select } from '../parts.ts';
import { reasonProblem } from '../reasons.ts';
import { refusal, refusedBy, type Refused } from '../refused.ts';
import { sayTo } from '../show.ts';
import { adminWords, exportWords as words } from '../words/admin.ts';
import { deskWords } from '../words/desk.ts';
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
        filter: filterOf(wanted),
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
  const all = say(deskWords.any);
  const box = (name: 'from' | 'to', label: Both) =>
    dateBox(name, say(label), say, { optional: true, value: wanted[name] ?? '' });
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
          ${nameChoice('client', say(adminWords.client), names.clients, { value: wanted.client ?? '', none: all })}
          ${nameChoice('destination', say(deskWords.destination), names.destinations, {
            value: wanted.destination ?? '',
            none: say(deskWords.anyDestination),
          })}
          ${select(
            'state',
            say(frame.state),
            [
              { value: '', text: say(deskWords.any) },
              ...deliveryStates.map((value) => ({ value, text: say(stateWords[value]) })),
            ],
            wanted.state ?? '',
          )}
          ${causeChoice('cause', wanted.cause ?? '', say)} ${runBox(wanted, say)}
          ${box('from', deskWords.from)} ${box('to', deskWords.to)}
        </div>
        ${input('reason', say(frame.reason), { hint: say(frame.reasonHint), value: field(request, 'reason') })}
        <button>${say(words.submit)}</button>
      </form>`,
  });
}
