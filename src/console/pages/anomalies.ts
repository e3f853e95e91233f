// Serves the counts of non-conforming leads of a client, by form or agent, for the centre and for the client itself (C14, C16, C54).
// Invariant: counts and codes; another client is answered as if it did not exist.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { frenchDate } from '../../domain/civil-date.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import { anomalyWords, anomaliesWithin, type ListedAnomaly } from '../../support/anomalies.ts';
import { namesInScope } from '../../support/reads/filter.ts';
import type { Both, Language } from '../../support/words.ts';
import { nameChoice, notice, table, heads } from '../parts.ts';
import { asked } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { leadLink, countText } from '../labels.ts';
import { foundOr } from '../refused.ts';
import { frame } from '../words/frame.ts';
import { fieldWord } from '../words/work.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';

const days = 30;

const words = {
  text: [
    'Ce qui n’est pas conforme dans les leads des trente derniers jours ; les leads eux-mêmes ont été pris.',
    'Values that do not conform in the leads of the last thirty days; the leads themselves were taken in.',
  ],
  choose: ['Choisissez un client.', 'Choose a client.'],
  none: ['Rien d’anormal.', 'Nothing out of order.'],
  show: ['Montrer', 'Show'],
  leads: ['Leads', 'Leads'],
  kind: ['Constat', 'Finding'],
  code: ['Code', 'Code'],
  channel: ['Canal', 'Channel'],
  source: ['Formulaire ou agent', 'Form or agent'],
  days: ['Du – au', 'From – to'],
  examples: ['Exemples', 'Examples'],
  todo: ['Que faire', 'What to do'],
} as const satisfies Readonly<Record<string, Both>>;

export function anomalyRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, { '/anomalies': ['lead.read', anomalyPage] });
}

const anomalyPage: PageOf = async ({ place, show }, request, reply) => {
  const { say, holder } = personOf(request);
  // Without a name: the reader's own client, where the account belongs to one.
  const client = asked(request, 'client') || holder.clientId;
  const { clients } = await namesInScope(place, holder);
  const { found, refused } = await foundOr<readonly ListedAnomaly[] | undefined>(undefined, async () =>
    client === undefined ? undefined : anomaliesWithin(place, holder, { client, days }),
  );
  return show(request, reply, {
    title: say(frame.anomalies),
    at: '/anomalies',
    status: refused === undefined ? 200 : 404,
    refused,
    body: html`<p>${say(words.text)}</p>
      ${
        holder.clientId === undefined &&
        html`<form class="line card filters" method="get" action="/anomalies">
          ${nameChoice('client', say(frame.client), clients, {
            value: client ?? '',
            none: say(frame.choose),
            required: true,
          })}
          <button>${say(words.show)}</button>
        </form>`
      }
      ${
        refused !== undefined
          ? undefined
          : found === undefined || client === undefined
            ? notice(say(words.choose))
            : found.length === 0
              ? notice(say(words.none), 'good')
              : anomalyTable(request, client, found)
      }`,
  });
};

/** A text between backquotes is a name of the centre's own files. */
const withCode = (text: string): Piece =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));

function anomalyTable(request: FastifyRequest, clientId: string, found: readonly ListedAnomaly[]): Html {
  const { say, holder } = personOf(request);
  const language: Language = visitOf(request).language;
  // The remedies name the centre's own tools.
  const isCentre = holder.clientId === undefined;
  return table(
    say(frame.anomalies),
    [
      { name: say(words.leads), number: true },
      ...heads(say, words.kind, words.code, words.channel, words.source, words.days, words.examples),
      ...(isCentre ? [{ name: say(words.todo) }] : []),
    ],
    found.map(({ leads, kind, detail, channel, source, firstDay, lastDay, examples }) => [
      countText(leads, language),
      say(anomalyWords[kind].title),
      html`<code>${detail}</code>`,
      say(fieldWord('request', channel)),
      source,
      firstDay === lastDay ? frenchDate(firstDay) : `${frenchDate(firstDay)} – ${frenchDate(lastDay)}`,
      examples.map((reference) => html`<div>${leadLink(holder, { clientId, reference })}</div>`),
      ...(isCentre ? [withCode(say(anomalyWords[kind].whatToDo))] : []),
    ]),
  );
}
