// Serves the rows of `lead_intake` that were refused: each column and its reason in words, without the values.
// Invariant: reads only, newest first, page by page.
import type { FastifyInstance } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html } from '../../privacy/papers/html.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import { refusedRows } from '../../support/reads/people.ts';
import type { Both } from '../../support/words.ts';
import { nameChoice, listOf } from '../parts.ts';
import { asked } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { searchWords } from '../words/work.ts';
import { timeOf } from '../labels.ts';
import { foundOr, statusOfList } from '../refused.ts';
import { frame } from '../words/frame.ts';
import { problemsOfRow } from './search.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';

const size = 50;

const words = {
  text: [
    'Une ligne refusée n’est pas un lead : son expéditeur la corrige et l’envoie à nouveau. Une ligne mise de côté par Relais se reprend au terminal, par son numéro : relais lead retry. Celle d’une personne effacée depuis attend la délégation à la protection des données.',
    'A refused row is no lead: its sender corrects it and sends it again. A row that Relais set aside is taken in again at the terminal, by its number: relais lead retry. One of a person erased since waits for the data protection officer.',
  ],
  none: ['Aucune ligne refusée.', 'No refused row.'],
  number: ['Ligne', 'Row'],
  kind: ['Nature', 'Kind'],
  show: ['Montrer', 'Show'],
} as const satisfies Readonly<Record<string, Both>>;

const kinds: Readonly<Record<string, Both>> = {
  lead: ['Lead', 'Lead'],
  correction: ['Correction', 'Correction'],
  consent: ['Consentement', 'Consent'],
  interaction: ['Échange', 'Interaction'],
};

export function refusedRowRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, { '/refused-rows': ['task.read', refusedRowsPage] });
}

const refusedRowsPage: PageOf = async ({ place, show }, request, reply) => {
  const { say, holder } = personOf(request);
  const { language } = visitOf(request);
  const client = asked(request, 'client');
  const before = /^\d{1,20}$/.exec(asked(request, 'before'))?.[0];
  const { clients } = await namesInScope(place, holder);
  const { found, refused } = await foundOr([], () =>
    refusedRows(place, holder, client === '' ? {} : { client }, { size: size + 1, before }),
  );
  const rows = found.slice(0, size);
  const next = new URLSearchParams({ client, before: rows.at(-1)?.id ?? '' });
  return show(request, reply, {
    title: say(searchWords.refusedRows),
    at: '/tasks',
    status: statusOfList(refused),
    refused,
    body: html`<p>${say(words.text)}</p>
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
        ])
      }
      ${found.length > size && html`<p><a href="/refused-rows?${next.toString()}">${say(frame.next)}</a></p>`}`,
  });
};
