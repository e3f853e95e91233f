// One delivery on one page: what it is, what happened in plain words, what was sent, and what can be done now.
// Invariant: each act is asked with a reason and is an entry of the log; a person is nowhere on this page.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { cancelOne, replayOne } from '../../support/acts/deliveries.ts';
import { closeTask } from '../../support/acts/tasks.ts';
import { deliveryPage, type DeliveryPage } from '../../support/reads/delivery.ts';
import { consentPairWords, consentWords, type Both } from '../../support/words.ts';
import { asked, field } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { destinationLink, leadLink, stateTag } from '../labels.ts';
import type { Say } from '../layout.ts';
import { facts, input, notice, table } from '../parts.ts';
import { closingProblem, reasonProblem } from '../reasons.ts';
import { sayTo } from '../show.ts';
import { timeOf } from '../times.ts';
import { frame } from '../words/frame.ts';
import { deskWords as words } from '../words/desk.ts';
import type { Desk } from './sign-in.ts';

type Params = { readonly id: string };
type Named = { readonly id: string; readonly problem?: Both };

export function deliveryRoutes(server: FastifyInstance, desk: Desk): void {
  const { place } = desk;
  server.get<{ Params: Params }>('/deliveries/:id', { config: { gate: 'delivery.read' } }, (request, reply) =>
    onePage(desk, request, reply, { id: request.params.id }),
  );
  for (const [act, gate, work] of [
    ['replay', 'delivery.replay', replayOne],
    ['cancel', 'delivery.cancel', cancelOne],
  ] as const)
    server.post<{ Params: Params }>(
      `/deliveries/:id/${act}`,
      { config: { gate } },
      async (request, reply) => {
        const { id } = request.params;
        const reason = field(request, 'reason', 1_000).trim();
        const problem = reasonProblem(reason);
        if (problem !== undefined) return onePage(desk, request, reply, { id, problem });
        await work(place, actingOf(request), id, { reason });
        return reply.redirect(`/deliveries/${encodeURIComponent(id)}?say=done`, 303);
      },
    );
  server.post<{ Params: Params }>(
    '/deliveries/:id/close',
    { config: { gate: 'task.close' } },
    async (request, reply) => {
      const { id } = request.params;
      const [reason, evidence] = [
        field(request, 'reason', 1_000).trim(),
        field(request, 'evidence', 1_000).trim(),
      ];
      const problem = closingProblem(reason, evidence);
      if (problem !== undefined) return onePage(desk, request, reply, { id, problem });
      const isNew = await closeTask(place, actingOf(request), id, { reason, evidence });
      if (!isNew) return onePage(desk, request, reply, { id, problem: words.alreadyClosed });
      return reply.redirect(`/deliveries/${encodeURIComponent(id)}?say=done`, 303);
    },
  );
}

async function onePage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  { id, problem }: Named,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const page = await deliveryPage(place, personOf(request).holder, id);
  const { story } = page;
  return show(request, reply, {
    title: `${say(words.delivery)} ${page.delivery.id}`,
    status: problem === undefined ? 200 : 422,
    body: html`${problem === undefined ? undefined : notice(say(problem), 'bad')}
      ${asked(request, 'say') === 'done' ? notice(say(words.done), 'good') : undefined}
      <div class="card">${factsOf(request, page)}</div>
      ${advicePart(page, say)} ${actsPart(request, page)}
      <h2>${say(words.happened)}</h2>
      ${story.nothingLeft === undefined ? undefined : html`<p>${say(story.nothingLeft)}</p>`}
      ${timeline(request, page)} ${optInPart(page, say)}`,
  });
}

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
            `${sentVersion}${versionInForce === sentVersion ? '' : ` → ${versionInForce ?? '–'}`}`,
          ] as const,
        ]),
  ]);
}

function advicePart({ story }: DeliveryPage, say: Say): Html | undefined {
  if (story.advice.length === 0 && story.contact === undefined) return undefined;
  return html`<h2>${say(words.advice)}</h2>
    <ul>
      ${story.advice.map((line) => html`<li>${inWords(say(line))}</li>`)}
      ${story.contact === undefined ? undefined : html`<li>${say(words.contact)} : ${story.contact}</li>`}
    </ul>`;
}

/** Whoever works here has buttons where the terminal has commands. */
const inWords = (line: string): string =>
  line
    .replaceAll(/ \((?:[^()]*\b)?relais [^()]*\)/g, '')
    .replaceAll(/ ?: relais [^;]*(?=;|$)/g, '')
    .trim();

function timeline(request: FastifyRequest, { story }: DeliveryPage): Html {
  const say = sayTo(request);
  const { language } = visitOf(request);
  return html`<div class="card">
    <ol class="timeline">
      ${story.events.map(
        ({ at, words: text, details }) =>
          html`<li>
            <span class="quiet">${timeOf(at, language)}</span><br />${say(text)}
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

const replayable = new Set(['new_run', 'brought_forward', 'looked_at_again']);

function actsPart(request: FastifyRequest, page: DeliveryPage): Html | undefined {
  const say = sayTo(request);
  const { holder } = personOf(request);
  const { delivery, replay, isCancellable } = page;
  const path = `/deliveries/${delivery.id}`;
  const reason = input('reason', say(frame.reason), { hint: say(frame.reasonHint) });
  const form = (act: string, more: Html, button: Html): Html =>
    html`<form class="line" method="post" action="${path}/${act}">${more}${button}</form>`;
  const evidence = input('evidence', say(words.evidence), { hint: say(words.evidenceHint) });
  const forms = [
    ...(may(holder, 'delivery.replay') && replayable.has(replay ?? '')
      ? [form('replay', reason, html`<button>${say(words.replay)}</button>`)]
      : []),
    ...(may(holder, 'task.close') && delivery.state === 'failed'
      ? [form('close', html`${reason}${evidence}`, html`<button class="second">${say(words.close)}</button>`)]
      : []),
    ...(may(holder, 'delivery.cancel') && isCancellable
      ? [form('cancel', reason, html`<button class="danger">${say(words.cancel)}</button>`)]
      : []),
  ];
  return forms.length === 0
    ? undefined
    : html`<h2>${say(words.act)}</h2>
        <div class="card">${forms}</div>`;
}
