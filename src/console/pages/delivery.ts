// Serves one delivery on one page: its facts, its history in plain words, the sent content, and the acts on it.
// Invariant: each act has a reason and is an entry of the log; a person's data is nowhere on this page.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import { deliveryPage, type DeliveryPage } from '../../support/reads/deliveries.ts';
import { namesFor } from '../../support/named-text.ts';
import { consentPairWords, consentWords, type Both } from '../../support/words.ts';
import { actForm, actRoutes, offered, type OnPage, type Offered, type ShowPage } from '../act-form.ts';
import { adviceText } from '../alerts-part.ts';
import { isAskedByItself } from './runs.ts';
import { asked, field, nameOf } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { destinationLink, leadLink, stateTag, timeOf } from '../labels.ts';
import { sayTo, type Say } from '../layout.ts';
import { facts, notice, table, heads } from '../parts.ts';
import { deskWords as words, saidDone } from '../words/desk.ts';
import { frame } from '../words/frame.ts';
import type { Desk, PageOf } from './sign-in.ts';
import { may } from '../../access/permissions.ts';
import type { Seen } from '../../support/acts/act.ts';
import {
  cancelDelivery,
  deliveryNotReceived,
  deliveryReceived,
  replayDelivery,
  type ReplayHow,
} from '../../support/acts/deliveries.ts';
import { closeTasks } from '../../support/acts/tasks.ts';
import { isReplayRefusal } from '../../support/replay.ts';

export function deliveryRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/deliveries/:id', { config: { gate: 'delivery.read' } }, (request, reply) =>
    onePage(desk, request, reply, { id: nameOf(request) }),
  );
  deliveryActRoutes(server, desk, (request, reply, on) => onePage(desk, request, reply, on));
}

const onePage: PageOf<[OnPage]> = async ({ place, show }, request, reply, { id, refused }) => {
  const { say, holder } = personOf(request);
  const page = await deliveryPage(place, holder, id);
  const named = await namesFor(place, holder);
  const { story } = page;
  // Reloads the whole page when the delivery has stopped moving: its history and its acts have changed.
  if (isAskedByItself(request) && !isMoving(page)) reply.header('HX-Refresh', 'true');
  const done = saidDone(asked(request, 'say'));
  return show(request, reply, {
    title: `${say(words.delivery)} ${page.delivery.id}`,
    at: '/deliveries',
    refused,
    body: html`${done !== undefined && notice(say(done), 'good')}
      <div id="progress" ${isMoving(page) ? follow(page.delivery.id) : ''}>
        <div class="card">${factsOf(request, page)}</div>
        ${advicePart(request, page)}
      </div>
      ${deliveryActs(request, page)}
      <h2>${say(words.happened)}</h2>
      ${story.nothingLeft !== undefined && html`<p>${say(story.nothingLeft)}</p>`}
      ${timeline(request, page, named)} ${optInPart(page, say)}`,
  });
};

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
  const { say, holder } = personOf(request);
  return facts([
    [say(frame.client), delivery.client],
    [say(words.destination), destinationLink(delivery.destination)],
    [say(frame.lead), leadLink(holder, { clientId: delivery.client, reference: delivery.lead })],
    ...story.facts.map(
      ({ name, label, value, because }) =>
        [
          say(label),
          name === 'state'
            ? html`${stateTag(delivery.state, say)} ${because !== undefined && say(because)}`
            : name === 'key'
              ? html`<code>${say(value)}</code>`
              : say(value),
        ] as const,
    ),
    sentVersion !== null && [
      say(words.version),
      `${sentVersion}${versionInForce === sentVersion ? '' : ` (${say(words.nowInForce)} ${versionInForce ?? '–'})`}`,
    ],
  ]);
}

function advicePart(request: FastifyRequest, { story, delivery }: DeliveryPage): Html | undefined {
  const say = sayTo(request);
  if (story.advice.length === 0 && story.contact === undefined) return undefined;
  return html`<h2>${say(words.advice)}</h2>
    <ul>
      ${story.advice.map((line) => html`<li>${adviceText(request, line, delivery)}</li>`)}
      ${story.contact !== undefined && html`<li>${say(words.contact)} : ${story.contact}</li>`}
    </ul>`;
}

function timeline(request: FastifyRequest, { story }: DeliveryPage, named: (text: string) => string): Html {
  const { say, language } = visitOf(request);
  return html`<div class="card">
    <ol class="timeline">
      ${story.events.map(
        ({ at, words: text, details }) =>
          html`<li>
            <span class="quiet">${timeOf(at, language)}</span><br />${named(say(text))}
            ${
              details.length > 0 &&
              html`<ul>
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
      heads(say, words.theirField, words.theirValue, words.means),
      departed.consents.map(({ field: name, value, purpose, channel, state }) => [
        html`<code>${name}</code>`,
        html`<code>${value}</code>`,
        `${say(consentPairWords(purpose, channel) ?? [`${purpose}.${channel}`, `${purpose}.${channel}`])} (${say(consentWords[state as keyof typeof consentWords] ?? [state, state])})`,
      ]),
    )}`;
}

// Serves the acts on one delivery on its page: decide its outcome, replay, close, cancel.
// Invariant: each act has a reason or its evidence and is an entry of the log; a refused one is explained on the page;
// a form acts on the run and the attempt that its page showed, so that a second press does nothing.

/** A form acts on the run and the attempt that its page showed. */
function seenIn(request: FastifyRequest): { readonly seen?: Seen } {
  const [, run, attempt] = /^(\d{1,9})\.(\d{1,9})$/.exec(field(request, 'seen', 20)) ?? [];
  return run === undefined ? {} : { seen: { run: Number(run), attempt: Number(attempt) } };
}
/** An answer that names no attempt is refused like one about another attempt. */
const answered = (request: FastifyRequest): { readonly seen?: Seen } => ({
  seen: { run: 0, attempt: 0 },
  ...seenIn(request),
});

const acts: Readonly<Record<string, Offered>> = {
  received: offered(deliveryReceived, (done) => done, answered),
  'not-received': offered(deliveryNotReceived, (done) => done, answered),
  replay: offered(replayDelivery, undefined, seenIn),
  cancel: offered(cancelDelivery),
  close: offered(closeTasks, (closed) => (closed > 0 ? 'done' : words.alreadyClosed)),
};

const deliveryActRoutes = (server: FastifyInstance, { place }: Desk, show: ShowPage): void =>
  actRoutes(server, place, '/deliveries', acts, show);

function deliveryActs(request: FastifyRequest, page: DeliveryPage): Html | undefined {
  const { say, holder } = personOf(request);
  const { isCancellable, isClosable, isUndecided } = page;
  const form = formOf(request, page);
  const forms = [
    ...(may(holder, 'delivery.resolve') && isUndecided ? resolveForms(request, page, form) : []),
    ...(may(holder, 'delivery.replay') ? replayForms(request, page, form) : []),
    ...(may(holder, 'task.close') && isClosable ? [form('close', closeTasks, words.close, 'second')] : []),
    ...(may(holder, 'delivery.cancel') && isCancellable
      ? [form('cancel', cancelDelivery, words.cancel, 'danger')]
      : []),
  ];
  return forms.length === 0
    ? undefined
    : html`<h2>${say(words.act)}</h2>
        <div class="card">${forms}</div>`;
}

/** A form for each way of sending the delivery again; none where a replay would be refused. */
function replayForms(
  request: FastifyRequest,
  { replay, canBeAnew }: DeliveryPage,
  form: FormOf,
): readonly Html[] {
  const say = sayTo(request);
  const replayWith = (button: Both, tone: Tone, ...flags: readonly (keyof ReplayHow)[]): Html =>
    form('replay', replayDelivery, button, tone, ['reason', ...flags]);
  const anew = canBeAnew ? (['anew'] as const) : [];
  // A withheld delivery leaves by itself once its cause is repaired: it is judged again, not replayed.
  if (replay === 'looked_at_again') return [replayWith(words.lookAgain, 'second')];
  if (replay === 'undecided')
    return [
      html`<p>${say(words.sendAllTheSameText)}</p>`,
      replayWith(words.sendAllTheSame, 'danger', 'acceptDoubles'),
    ];
  if (replay === 'already_delivered' || replay === 'mapping_unchanged') {
    const text = replay === 'already_delivered' ? words.deliveredAgain : words.unchanged;
    return [html`<p>${say(text)}</p>`, replayWith(words.replay, 'second', ...anew, 'again')];
  }
  if (replay === 'unchanged')
    return [html`<p>${say(words.unchanged)}</p>`, replayWith(words.replay, 'second', ...anew)];
  return replay === null || isReplayRefusal(replay) ? [] : [replayWith(words.replay, '', ...anew)];
}

type Tone = '' | 'second' | 'danger';
type FormOf = (
  path: string,
  act: Parameters<typeof actForm>[1],
  button: Both,
  tone?: Tone,
  names?: readonly string[],
) => Html;

/** A form acts on the run and the try that its page showed. */
const formOf =
  (request: FastifyRequest, { delivery }: DeliveryPage): FormOf =>
  (path, act, button, tone, names) =>
    actForm(request, act, {
      action: `/deliveries/${delivery.id}/${path}`,
      button: sayTo(request)(button),
      tone,
      names,
      hidden: { seen: `${delivery.run}.${delivery.attempt}` },
    });

function resolveForms(request: FastifyRequest, { delivery }: DeliveryPage, form: FormOf): readonly Html[] {
  const absent = delivery.state === 'waiting' ? words.notReceived : words.notReceivedEnded;
  return [
    html`<p>${sayTo(request)(words.resolveText)}</p>`,
    form('received', deliveryReceived, words.received),
    form('not-received', deliveryNotReceived, absent, 'danger'),
  ];
}
