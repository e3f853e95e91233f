// Serves one delivery on one page: its facts, its history in plain words, the sent content, and the present acts.
// Invariant: each act has a reason and is an entry of the log; a person's data is nowhere on this page.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import { deliveryPage, type DeliveryPage } from '../../support/reads/delivery.ts';
import { namesFor } from '../../support/named-text.ts';
import { consentPairWords, consentWords } from '../../support/words.ts';
import type { OnPage } from '../act-form.ts';
import { adviceText } from '../advice-text.ts';
import { isAskedByItself } from '../followed-part.ts';
import { asked } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { destinationLink, leadLink, stateTag } from '../labels.ts';
import type { Say } from '../layout.ts';
import { facts, notice, table } from '../parts.ts';
import { refusedNotice } from '../refused.ts';
import { sayTo } from '../show.ts';
import { timeOf } from '../times.ts';
import { deskWords as words, saidDone } from '../words/desk.ts';
import { deliveryActRoutes, deliveryActs } from './delivery-acts.ts';
import type { Desk } from './sign-in.ts';

type Params = { readonly id: string };

export function deliveryRoutes(server: FastifyInstance, desk: Desk): void {
  server.get<{ Params: Params }>('/deliveries/:id', { config: { gate: 'delivery.read' } }, (request, reply) =>
    onePage(desk, request, reply, { id: request.params.id }),
  );
  deliveryActRoutes(server, desk, (request, reply, on) => onePage(desk, request, reply, on));
}

async function onePage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  { id, refused }: OnPage,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const { holder } = personOf(request);
  const page = await deliveryPage(place, holder, id);
  const named = await namesFor(place, holder);
  const { story } = page;
  // Reloads the whole page when the delivery has stopped moving: its history and its acts have changed.
  if (isAskedByItself(request) && !isMoving(page)) reply.header('HX-Refresh', 'true');
  const done = saidDone(asked(request, 'say'));
  return show(request, reply, {
    title: `${say(words.delivery)} ${page.delivery.id}`,
    at: '/deliveries',
    status: refused === undefined ? 200 : 422,
    body: html`${refusedNotice(refused, say)} ${done === undefined ? undefined : notice(say(done), 'good')}
      <div id="progress" ${isMoving(page) ? follow(page.delivery.id) : ''}>
        <div class="card">${factsOf(request, page)}</div>
        ${advicePart(request, page)}
      </div>
      ${deliveryActs(request, page)}
      <h2>${say(words.happened)}</h2>
      ${story.nothingLeft === undefined ? undefined : html`<p>${say(story.nothingLeft)}</p>`}
      ${timeline(request, page, named)} ${optInPart(page, say)}`,
  });
}

/** True on its way, as after a replay: the page refreshes until it has arrived, failed or waits. */
const isMoving = ({ delivery: { state } }: DeliveryPage): boolean =>
  state === 'planned' || state === 'queued' || state === 'sending';

const follow = (id: number): Html =>
  html` hx-get="/deliveries/${id}" hx-trigger="every 2s" hx-select="#progress" hx-swap="outerHTML"
  hx-headers='{"x-relais-by-itself":"run"}'`;

function factsOf(
  request: FastifyRequest,
  { delivery, story, sentVersion, versionInForce }: DeliveryPage,
): Html {
  const say = sayTo(request);
  const { holder } = personOf(request);
  return facts([
    [say(words.client), delivery.client],
    [say(words.destination), destinationLink(delivery.destination)],
    [say(words.lead), leadLink(holder, { clientId: delivery.client, reference: delivery.lead })],
    ...story.facts.map(
      ({ name, label, value, because }) =>
        [
          say(label),
          name === 'state'
            ? html`${stateTag(delivery.state, say)} ${because === undefined ? undefined : say(because)}`
            : name === 'key'
              ? html`<code>${say(value)}</code>`
              : say(value),
        ] as const,
    ),
    ...(sentVersion === null
      ? []
      : [
          [
            say(words.version),
            `${sentVersion}${versionInForce === sentVersion ? '' : ` (${say(words.nowInForce)} ${versionInForce ?? '–'})`}`,
          ] as const,
        ]),
  ]);
}

function advicePart(request: FastifyRequest, { story, delivery }: DeliveryPage): Html | undefined {
  const say = sayTo(request);
  if (story.advice.length === 0 && story.contact === undefined) return undefined;
  return html`<h2>${say(words.advice)}</h2>
    <ul>
      ${story.advice.map((line) => html`<li>${adviceText(request, line, delivery)}</li>`)}
      ${story.contact === undefined ? undefined : html`<li>${say(words.contact)} : ${story.contact}</li>`}
    </ul>`;
}

function timeline(request: FastifyRequest, { story }: DeliveryPage, named: (text: string) => string): Html {
  const say = sayTo(request);
  const { language } = visitOf(request);
  return html`<div class="card">
    <ol class="timeline">
      ${story.events.map(
        ({ at, words: text, details }) =>
          html`<li>
            <span class="quiet">${timeOf(at, language)}</span><br />${named(say(text))}
            ${
              details.length === 0
                ? undefined
                : html`<ul>
                    ${details.map((detail) => html`<li>${say(detail)}</li>`)}
                  </ul>`
            }
          </li>`,
      )}
    </ol>
  </div>`;
}

/** The opt-in of the last departure, under the client's own names and values. */
function optInPart({ entries }: DeliveryPage, say: Say): Html | undefined {
  const departed = entries.findLast(({ consents }) => consents.length > 0);
  if (departed === undefined) return undefined;
  return html`<h2>${say(words.optInSent)}</h2>
    ${table(
      say(words.optInSent),
      [words.theirField, words.theirValue, words.means].map((name) => ({ name: say(name) })),
      departed.consents.map(({ field: name, value, purpose, channel, state }) => [
        html`<code>${name}</code>`,
        html`<code>${value}</code>`,
        `${say(consentPairWords(purpose, channel) ?? [`${purpose}.${channel}`, `${purpose}.${channel}`])} (${say(consentWords[state as keyof typeof consentWords] ?? [state, state])})`,
      ]),
    )}`;
}
