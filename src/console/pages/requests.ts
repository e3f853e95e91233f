// Serves the requests of persons with their clocks, and the form for a new one.
// Invariant: the details of a person are POSTed, and the look-up is in the log before anything is shown (C21, C39).
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { civilDate, frenchDate, isCivilDate, startOfDay } from '../../domain/civil-date.ts';
import { consentChannels } from '../../domain/lead.ts';
import { kindWords, requestKinds, takesBack, type RequestKind } from '../../domain/requests.ts';
import type { NewRequestOrder } from '../../privacy/requests/open.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import { perform, type Asked } from '../../support/acts/act.ts';
import { openRequest } from '../../support/acts/requests.ts';
import { leadQueryOf } from '../../support/find-person.ts';
import { requestsListed, type RequestHead } from '../../support/reads/requests.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import type { Both } from '../../support/words.ts';
import { nameChoice, dateBox, fileBox, input, notice, select, state, tableOf, tickBox } from '../parts.ts';
import { asked, field, ticked, uploadOf, withUploads, mostUploaded } from '../forms.ts';
import { actingOf, personOf } from '../gate.ts';
import { sayTo, type Say } from '../layout.ts';
import { refusal, doneOrRefused, type Refused } from '../refused.ts';
import { frame } from '../words/frame.ts';
import {
  channelWords,
  daysWords,
  missingWords,
  requestStateWords,
  requestWords as words,
} from '../words/requests.ts';
import { searchProblems } from '../words/work.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';

const mostShown = 200;

export function requestsRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, {
    '/requests': ['request.read', listPage],
    '/requests/new': ['request.work', newPage],
  });
  withUploads(server, (inner) => {
    inner.post(
      '/requests',
      { config: { gate: 'request.work' }, bodyLimit: mostUploaded },
      async (request, reply) => {
        const order = orderOf(desk, request);
        if (!('to' in order)) return newPage(desk, request, reply, order);
        const { done, refused } = await doneOrRefused(() =>
          perform(desk.place, openRequest, actingOf(request), order),
        );
        if (refused !== undefined) return newPage(desk, request, reply, refused);
        return reply.redirect(`/requests/${done.id}`, 303);
      },
    );
  });
}

export const kindText = (kind: RequestKind, say: Say): string =>
  say([kindWords[kind].fr, kindWords[kind].en]);
const kindNamed = (name: string): RequestKind | undefined => requestKinds.find((kind) => kind === name);

const listPage: PageOf = async ({ place, show }, request, reply) => {
  const say = sayTo(request);
  const [client, kindAsked, shown] = [
    asked(request, 'client'),
    asked(request, 'kind'),
    asked(request, 'shown'),
  ];
  const kind = kindNamed(kindAsked);
  const areClosed = shown === 'closed';
  const { items, isCut } = await requestsListed(
    place,
    personOf(request).holder,
    { areClosed, ...(client === '' ? {} : { clientId: client }), kind },
    mostShown,
  );
  const { holder } = personOf(request);
  const canWork = may(holder, 'request.work');
  const { clients } = await namesInScope(place, holder);
  return show(request, reply, {
    title: say(words.listTitle),
    at: '/requests',
    body: html`<p>${say(words.text)}</p>
      <form class="line card filters" method="get" action="/requests">
        ${nameChoice('client', say(frame.client), clients, { value: client, none: say(frame.all) })}
        ${select('kind', say(words.kind), kindOptions(say, true), kindAsked)}
        ${select(
          'shown',
          say(words.shown),
          [
            { value: '', text: say(words.open) },
            { value: 'closed', text: say(words.closed) },
          ],
          areClosed ? 'closed' : '',
        )}
        <button>${say(words.filter)}</button>
      </form>
      <p class="actions">
        ${canWork && html`<a class="button" href="/requests/new">${say(words.new)}</a>`}
        <a href="/proofs">${say(words.proofs)}</a>
      </p>
      ${isCut && notice(say(words.cut), 'warn')}
      ${items.length === 0 ? notice(say(words.noRequest)) : requestsTable(say, items)}`,
  });
};

const kindOptions = (
  say: Say,
  withAny: boolean,
): readonly { readonly value: string; readonly text: string }[] => [
  ...(withAny ? [{ value: '', text: say(frame.all) }] : []),
  ...requestKinds.map((value) => ({ value, text: kindText(value, say) })),
];

const requestsTable = (say: Say, items: readonly RequestHead[]): Html =>
  tableOf(say, say(words.listTitle), items, [
    [words.number, (row) => html`<a href="/requests/${row.id}">${row.id}</a>`],
    [frame.client, (row) => row.clientId],
    [words.kind, (row) => kindText(row.kind, say)],
    [frame.state, (row) => stateTag(row, say)],
    [words.received, (row) => frenchDate(civilDate(row.receivedAt))],
    [
      words.due,
      (row) => (row.state === 'closed' ? frenchDate(row.clock.lastDay) : clockPiece(row.clock, say)),
    ],
    [words.missing, (row) => row.missing.map((what) => html`<div>${say(missingWords[what])}</div>`)],
  ]);

export const stateTag = ({ state: at, outcome }: Pick<RequestHead, 'state' | 'outcome'>, say: Say): Html =>
  state(
    say(requestStateWords[outcome === 'refused' ? 'refused' : at] ?? [at, at]),
    at === 'closed' ? 'calm' : at === 'applied' ? 'good' : 'warn',
  );

/** The day and its distance; a term that ends within a week is highlighted. */
export const clockPiece = ({ lastDay, daysLeft }: RequestHead['clock'], say: Say): Piece =>
  html`${frenchDate(lastDay)}
  ${state(say(daysWords(daysLeft)), daysLeft < 0 ? 'bad' : daysLeft <= 7 ? 'warn' : 'calm')}`;

/** Values of the form for the act; or its mistake. */
function orderOf({ place }: Desk, request: FastifyRequest): Asked | Refused {
  const kind = kindNamed(field(request, 'kind'));
  const names = ['client', 'email', 'reference', 'lastName', 'firstName'];
  const [clientId, email, reference, lastName, firstName] = names.map((name) => field(request, name).trim());
  const typed = ['phone', 'secondPhone'].map((name) => field(request, name).trim()).filter(Boolean);
  const received = field(request, 'received').trim();
  const identity = field(request, 'identity', 1_000).trim();
  if (kind === undefined || clientId === undefined || clientId === '') return refusal(words.badClient);
  if ([email, reference, ...typed].every((text) => (text ?? '') === '')) return refusal(words.whoAsked);
  const phones: string[] = [];
  for (const phone of typed) {
    const query = leadQueryOf({ phone });
    if ('problem' in query) return refusal(searchProblems[query.problem]);
    if (query.query.phone !== undefined) phones.push(query.query.phone);
  }
  const mail = (email ?? '') === '' ? undefined : leadQueryOf({ email: email ?? '' });
  if (mail !== undefined && 'problem' in mail) return refusal(searchProblems[mail.problem]);
  if (received !== '' && !isCivilDate(received)) return refusal(words.badDate);
  const demand = uploadOf(request, 'document');
  const address = mail?.query.email;
  // Today means now: a later instant would be ahead of the database's clock.
  const isToday = received === '' || received === civilDate(place.database.now());
  const order = {
    kind,
    phones,
    references: (reference ?? '') === '' ? [] : [reference ?? ''],
    email: address,
    ...(isToday ? {} : { receivedAt: startOfDay(received) }),
    demand,
    ...((lastName ?? '') === '' ? {} : { name: { lastName, firstName } }),
    ...optInsOf(kind, request),
  };
  return { to: [clientId], input: { order, identity } };
}

function optInsOf(kind: RequestKind, request: FastifyRequest): Pick<NewRequestOrder, 'optIns'> {
  if (!takesBack(kind)) return {};
  const chosen = ticked(request, 'channel');
  return { optIns: { channels: consentChannels.filter((channel) => chosen.includes(channel)) } };
}

const newPage: PageOf<[refused?: Refused]> = async ({ place, show }, request, reply, refused) => {
  const say = sayTo(request);
  const { clients } = await namesInScope(place, personOf(request).holder);
  const box = (name: string, label: Both, more: Parameters<typeof input>[2] = {}): Html =>
    input(name, say(label), { optional: true, value: field(request, name), ...more });
  return show(request, reply, {
    title: say(words.newTitle),
    at: '/requests',
    refused,
    body: html`<p>${say(words.newText)}</p>
      <form class="stack card" method="post" action="/requests" enctype="multipart/form-data">
        <div class="grid">
          ${nameChoice('client', say(frame.client), clients, {
            value: field(request, 'client'),
            none: say(frame.choose),
            required: true,
          })}
          ${select('kind', say(words.kind), kindOptions(say, false), field(request, 'kind'))}
          ${box('lastName', words.lastName, { hint: say(words.nameHint) })}
          ${box('firstName', words.firstName)} ${box('email', words.email)} ${box('phone', words.phone)}
          ${box('secondPhone', words.secondPhone)} ${box('reference', words.reference)}
          ${dateBox('received', say(words.receivedOn), say, {
            optional: true,
            value: field(request, 'received'),
            hint: say(words.receivedHint),
          })}
          ${box('identity', words.identity, { hint: say(words.identityHint) })}
        </div>
        ${channelBoxes(request, say)}
        ${fileBox('document', say(words.document), say(words.documentHint), false)}
        <button>${say(words.save)}</button>
      </form>`,
  });
};

const channelBoxes = (request: FastifyRequest, say: Say): Html => {
  const chosen = ticked(request, 'channel');
  return html`<fieldset>
    <legend>${say(words.channels)}</legend>
    <p class="hint">${say(words.channelsHint)}</p>
    ${Object.entries(channelWords).map(([value, name]) => tickBox('channel', value, say(name), chosen.includes(value)))}
  </fieldset>`;
};
