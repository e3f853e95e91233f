// Serves the rows of `lead_intake` that were refused: each column and its reason in words, without the values; a row that Relais set
// aside is taken in again from here.
// Invariant: newest first, page by page; a row that broke the contract has no act.
import type { FastifyInstance } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { mayRetryRows, retryRow } from '../../support/acts/set-aside.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import { refusedRows, type RefusedRow } from '../../support/reads/people.ts';
import type { Both } from '../../support/words.ts';
import { actRoutes, boxes, foldedForm, offered } from '../act-form.ts';
import { nameChoice, listOf, notice } from '../parts.ts';
import { asked } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { deskWords } from '../words/desk.ts';
import { searchWords } from '../words/work.ts';
import { timeOf } from '../labels.ts';
import { foundOr, statusOfList, type Refused } from '../refused.ts';
import { frame } from '../words/frame.ts';
import { problemsOfRow } from './search.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';

const words = {
  text: [
    'Une ligne refusée n’est pas un lead : son expéditeur la corrige et l’envoie à nouveau. Une ligne mise de côté par Relais se reprend ici, telle quelle, une fois la cause trouvée. Celle d’une personne effacée depuis attend la délégation à la protection des données.',
    'A refused row is no lead: its sender corrects it and sends it again. A row that Relais set aside is taken in again here, as it is, once the cause is known. One of a person erased since waits for the data protection officer.',
  ],
  none: ['Aucune ligne refusée.', 'No refused row.'],
  number: ['Ligne', 'Row'],
  kind: ['Nature', 'Kind'],
  show: ['Montrer', 'Show'],
  retry: ['Reprendre', 'Take in again'],
  retried: [
    'La ligne est reprise : le lead arrive dans les secondes qui suivent.',
    'The row is taken in again: the lead arrives within seconds.',
  ],
} as const satisfies Readonly<Record<string, Both>>;

const kinds: Readonly<Record<string, Both>> = {
  lead: ['Lead', 'Lead'],
  correction: ['Correction', 'Correction'],
  consent: ['Consentement', 'Consent'],
  interaction: ['Échange', 'Interaction'],
};

export function refusedRowRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, { '/refused-rows': ['task.read', refusedRowsPage] });
  const retry = offered(
    retryRow,
    ({ clientId }) => `/refused-rows?${new URLSearchParams({ client: clientId, say: 'done' }).toString()}`,
  );
  actRoutes(server, desk.place, '/refused-rows', { retry }, (request, reply, { refused }) =>
    refusedRowsPage(desk, request, reply, refused),
  );
}

const refusedRowsPage: PageOf<[notDone?: Refused]> = async ({ place, show }, request, reply, notDone) => {
  const { say, holder } = personOf(request);
  const { language } = visitOf(request);
  const client = asked(request, 'client');
  const after = /^\d{1,20}$/.exec(asked(request, 'after'))?.[0];
  const { clients } = await namesInScope(place, holder);
  const { found, refused } = await foundOr({ items: [], next: undefined }, () =>
    refusedRows(place, holder, client === '' ? {} : { client }, { limit: 50, after }),
  );
  const { items: rows, next } = found;
  const nextPage = new URLSearchParams({ client, after: next ?? '' });
  const mayRetry = await mayRetryRows(place.database, holder, rows);
  const retryForm = ({ id }: RefusedRow): Html | undefined =>
    mayRetry.has(id)
      ? foldedForm(
          request,
          { action: `/refused-rows/${id}/retry`, title: say(words.retry), isInRow: true },
          boxes(request, retryRow, `/refused-rows/${id}/retry`),
        )
      : undefined;
  return show(request, reply, {
    title: say(searchWords.refusedRows),
    at: '/tasks',
    status: refused && statusOfList(refused),
    refused: refused ?? notDone,
    body: html`${asked(request, 'say') === 'done' && notice(say(words.retried), 'good')}
      <p>${say(words.text)}</p>
      <form class="line card filters" method="get" action="/refused-rows">
        ${nameChoice('client', say(frame.client), clients, { value: client, none: say(frame.all) })}
        <button>${say(words.show)}</button>
      </form>
      ${
        refused === undefined &&
        listOf(say, searchWords.refusedRows, words.none, rows, [
          [words.number, (row) => row.id],
          [searchWords.received, (row) => timeOf(row.receivedAt, language)],
          [frame.client, (row) => row.clientId],
          [words.kind, (row) => say(kinds[row.kind] ?? [row.kind, row.kind])],
          [
            searchWords.reference,
            ({ reference }) =>
              reference === '' || !may(holder, 'person.find')
                ? reference
                : html`<a href="/search?${new URLSearchParams({ reference }).toString()}">${reference}</a>`,
          ],
          [frame.why, (row) => problemsOfRow(say, row.problems)],
          ...(mayRetry.size > 0 ? [[deskWords.act, retryForm] as const] : []),
        ])
      }
      ${next !== undefined && html`<p><a href="/refused-rows?${nextPage.toString()}">${say(frame.next)}</a></p>`}`,
  });
};
