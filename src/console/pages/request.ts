// Serves one request of a person: its clock, its leads, notified and pending recipients, its papers, the present acts.
// Invariant: the page shows no person; the fields of an act are on the page, and the act decides by itself.
import type { FastifyInstance } from 'fastify';
import { mayFor } from '../../access/permissions.ts';
import { frenchDate } from '../../domain/civil-date.ts';
import type { PersonName } from '../../domain/person-name.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import type { RequestStory } from '../../privacy/requests/show.ts';
import { clockOf, namesOfActors, proofsListed } from '../../support/reads/requests.ts';
import {
  changedColumns,
  changedTable,
  actorText,
  destinationLink,
  leadLink,
  optInText,
  reasonText,
  countText,
  timeOf,
} from '../labels.ts';
import { asked, numberOf } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { notFound, type Say } from '../layout.ts';
import { tableOf, facts, notice, state, table, type Tone, heads } from '../parts.ts';
import type { Refused } from '../refused.ts';
import { deskWords } from '../words/desk.ts';
import { frame } from '../words/frame.ts';
import {
  decisionWords,
  missingWords,
  recipientWords,
  toldWords,
  requestWords as words,
} from '../words/requests.ts';
import { clockPiece, kindText, stateTag } from './requests.ts';
import { pages, type Desk, type PageOf } from './sign-in.ts';
import { actsPart } from './request-forms.ts';
import { papersPart, type RequestView } from './request-papers.ts';

export function requestRoutes(server: FastifyInstance, desk: Desk): void {
  pages(server, desk, { '/requests/:id': ['request.read', requestPage] });
}

/** @param refused refusal of an act that was requested on this page */
export const requestPage: PageOf<[refused?: Refused, shown?: ReadonlyMap<number, PersonName>]> = async (
  { place, show },
  request,
  reply,
  refused,
  shown,
) => {
  const id = numberOf(request);
  if (id === undefined) return notFound(reply);
  const { say, holder } = personOf(request);
  const story = await place.requests.show(id);
  if (!mayFor(holder, 'request.read', story.request.clientId)) return notFound(reply);
  const names = await namesOfActors(place, holder, actorsOf(story));
  const view: RequestView = {
    request,
    story,
    say,
    proofs: await proofsListed(place, holder, { request: String(id) }, 50),
    nameOf: (actor) => actorText(actor, names, say),
    at: (time) => timeOf(time, visitOf(request).language),
    names: shown,
    now: place.database.now(),
  };
  return show(request, reply, {
    title: `${say(words.title)} ${id}`,
    at: '/requests',
    refused,
    body: html`${asked(request, 'say') === 'done' && notice(say(frame.done), 'good')} ${headPart(view)}
    ${subjectsPart(view)} ${recipientsPart(view)} ${effectsPart(view)} ${papersPart(view)}
    ${mayFor(holder, 'request.work', story.request.clientId) && actsPart(view)}`,
  });
};

const actorsOf = ({ request, recipients, demands }: RequestStory): readonly string[] => [
  request.openedBy,
  request.confirmedBy,
  request.appliedBy,
  request.identityCheckedBy,
  request.liftedBy,
  request.informedBy,
  request.closedBy,
  ...recipients.map(({ settledBy }) => settledBy),
  ...demands.map(({ addedBy }) => addedBy),
];

function headPart(view: RequestView): Html {
  const { story, say, now } = view;
  const { request, missing } = story;
  const clock = clockOf(request, now);
  return html`<div class="grid">
    <div class="card">
      ${facts([
        [say(frame.client), request.clientId],
        [say(words.kind), kindText(request.kind, say)],
        [say(frame.state), stateTag(request, say)],
        [say(words.received), view.at(request.receivedAt)],
        [say(words.due), request.state === 'closed' ? frenchDate(clock.lastDay) : clockPiece(clock, say)],
        request.optIns !== '' && [
          say(words.about),
          request.optIns.split(' ').map((pair) => html`<div>${optInText(pair, say)}</div>`),
        ],
        request.state !== 'closed' && [
          say(words.missing),
          missing.length === 0
            ? say(words.nothingMissing)
            : missing.map(
                ({ what, destinationId }) =>
                  html`<div>
                    ${say(missingWords[what])}${destinationId !== undefined && ` : ${destinationId}`}
                  </div>`,
              ),
        ],
      ])}
    </div>
    <div class="card">
      <h2>${say(words.life)}</h2>
      ${facts(lifeOf(view))}
    </div>
  </div>`;
}

/** Steps of a request's life, in order, each with actor and reason. */
function lifeOf({ story: { request }, say, at, nameOf }: RequestView): readonly (readonly [Piece, Piece])[] {
  const by = (time: Date | null, actor: string, more = ''): Piece =>
    html`${at(time)} ${actor !== '' && `— ${nameOf(actor)}`}${more !== '' && ` : ${more}`}`;
  const { logBefore, logAfter } = request;
  const lines: readonly (readonly [Piece, Date | null, Piece])[] = [
    [say(words.openedBy), request.openedAt, by(request.openedAt, request.openedBy)],
    [say(words.extended), request.extendedAt, by(request.extendedAt, '', request.extensionReason)],
    [
      say(words.identityChecked),
      request.identityCheckedAt,
      by(request.identityCheckedAt, request.identityCheckedBy, request.identityHow),
    ],
    [say(words.confirmed), request.confirmedAt, by(request.confirmedAt, request.confirmedBy)],
    [
      say(words.applied),
      request.appliedAt,
      by(request.appliedAt, request.appliedBy, `${say(words.logEntries)} ${logBefore}–${logAfter}`),
    ],
    [say(words.lifted), request.liftedAt, by(request.liftedAt, request.liftedBy)],
    [
      say(words.informed),
      request.informedAt,
      by(request.informedAt, request.informedBy, request.informedEvidence),
    ],
    [say(words.closedAt), request.closedAt, by(request.closedAt, request.closedBy, request.outcomeReason)],
  ];
  return lines.flatMap(([name, time, text]) => (time === null ? [] : [[name, text] as const]));
}

function subjectsPart({ story: { request, subjects }, say, at, ...view }: RequestView): Html {
  const { holder } = personOf(view.request);
  if (subjects.length === 0) return notice(say(words.nothingFound));
  return html`<h2>${say(words.leads)}</h2>
    ${table(
      say(words.leads),
      heads(say, frame.lead, words.collected, words.found, words.decision, words.applied),
      subjects.map(({ kind, subjectId, reference, collectedAt, found, decision, appliedAt }) => [
        kind === 'row'
          ? `${say(words.row)} ${subjectId}`
          : reference === null
            ? say(words.gone)
            : leadLink(holder, { clientId: request.clientId, reference }),
        at(collectedAt),
        html`${say(found === 'asked' ? words.byAsked : words.byShared)}${nameText(kind === 'lead' ? view.names?.get(subjectId) : undefined)}`,
        say(decisionWords[decision] ?? [decision, decision]),
        at(appliedAt),
      ]),
    )}`;
}

const nameText = (name: PersonName | undefined): string =>
  name === undefined ? '' : ` — ${[name.firstName, name.lastName].filter(Boolean).join(' ')}`;

const tones: Readonly<Record<string, Tone>> = {
  owed: 'calm',
  written: 'bad',
  told: 'warn',
  acknowledged: 'good',
  explained: 'good',
};

function recipientsPart({ story: { request, recipients }, say, at, nameOf }: RequestView): Html {
  if (recipients.length === 0)
    return html`${request.appliedAt !== null && html`<p>${say(words.noRecipients)}</p>`}`;
  return html`<h2>${say(words.recipients)}</h2>
    ${tableOf(say, say(words.recipients), recipients, [
      [deskWords.destination, (one) => destinationLink(one.destinationId)],
      [words.recipient, (one) => one.recipient],
      [frame.lead, (one) => one.reference],
      [
        words.told,
        (one) => html`<span class="tight">${say(toldWords[one.action] ?? [one.action, one.action])}</span>`,
      ],
      [
        frame.state,
        (one) =>
          html`${state(say(recipientWords[one.state]), tones[one.state] ?? 'calm')}
          ${one.state === 'written' && causeText(one.cause, say)}`,
      ],
      [words.since, (one) => at(one.settledAt ?? one.askedAt)],
      [
        words.evidence,
        (one) =>
          html`${evidencePiece(one.evidence, say)}${one.settledBy === '' ? '' : ` (${nameOf(one.settledBy)})`}`,
      ],
    ])}`;
}

/** Reason of a written notice: a restriction always needs one, any other right where its delivery failed. */
const causeText = (cause: string, say: Say): string =>
  cause === 'restriction' ? say(words.notByMachine) : reasonText(cause, say);

/** Evidence of the gateway's own is the notifying delivery. */
function evidencePiece(evidence: string, say: Say): Piece {
  const [, id] = /^delivery (\d{1,15})$/.exec(evidence) ?? [];
  return id === undefined ? evidence : html`<a href="/deliveries/${id}">${say(deskWords.delivery)} ${id}</a>`;
}

function effectsPart({ story: { effects }, say, ...view }: RequestView): Html | undefined {
  if (effects.length === 0) return undefined;
  const { language } = visitOf(view.request);
  return html`<details class="card">
    <summary>${say(words.effects)}</summary>
    ${tableOf(say, say(words.effects), effects, [
      [words.table, ({ table: name }) => changedTable(name, language)],
      [words.columns, ({ table: name, columns }) => changedColumns(name, columns, language)],
      [words.rows, ({ rows }) => countText(rows, language), 'number'],
    ])}
  </details>`;
}
