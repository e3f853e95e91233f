// Destinations: whether and how they send, what waits; suspending and resuming one.
// Invariant: one of another client is answered as one that does not exist; why one is suspended is told to the centre alone.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import { destinationsSeen, type DestinationSeen } from '../../support/desk.ts';
import { setDestinationStatus } from '../../support/suspend.ts';
import type { Both } from '../../support/words.ts';
import { asked, field } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import { destinationLink, reasonText, stateTag } from '../labels.ts';
import { facts, input, notice, state, table, type Tone } from '../parts.ts';
import { reasonProblem } from '../reasons.ts';
import { notFound, sayTo } from '../show.ts';
import { countText, timeOf } from '../times.ts';
import { frame } from '../words/frame.ts';
import { deskWords as words } from '../words/desk.ts';
import type { Desk } from './sign-in.ts';

type Params = { readonly id: string };

export function destinationsRoutes(server: FastifyInstance, desk: Desk): void {
  server.get('/destinations', { config: { gate: 'delivery.read' } }, async (request, reply) => {
    const say = sayTo(request);
    const seen = await destinationsSeen(desk.place, personOf(request).holder.clientId);
    return desk.show(request, reply, {
      title: say(frame.destinations),
      at: '/destinations',
      body: seen.length === 0 ? html`<p>${say(frame.none)}</p>` : sendingTable(request, seen),
    });
  });
  server.get<{ Params: Params }>(
    '/destinations/:id',
    { config: { gate: 'delivery.read' } },
    (request, reply) => destinationPage(desk, request, reply, { id: request.params.id }),
  );
  for (const [act, status] of [
    ['suspend', 'suspended'],
    ['resume', 'active'],
  ] as const)
    server.post<{ Params: Params }>(
      `/destinations/:id/${act}`,
      { config: { gate: 'destination.suspend' } },
      async (request, reply) => {
        const { id } = request.params;
        const reason = field(request, 'reason', 1_000).trim();
        const problem = reasonProblem(reason);
        if (problem !== undefined) return destinationPage(desk, request, reply, { id, problem });
        await setDestinationStatus(desk.place.access.database, id, status, {
          actor: personOf(request).actor,
          reason,
        });
        return reply.redirect(`/destinations/${encodeURIComponent(id)}?say=done`, 303);
      },
    );
}

const sendsWords: Readonly<Record<string, readonly [Both, Tone]>> = {
  suspended: [words.stopped, 'bad'],
  closed: [words.closed, 'calm'],
  held: [words.held, 'bad'],
  quiet: [words.quiet, 'warn'],
  few: [words.few, 'warn'],
};

function sendsTag({ sending }: DestinationSeen, request: FastifyRequest): Html {
  const [text, tone] = sendsWords[sending?.sends ?? ''] ?? ([words.normal, 'good'] as const);
  return state(sayTo(request)(text), tone);
}

const waits = new Set(['planned', 'queued', 'sending', 'waiting', 'withheld', 'pending']);

export function sendingTable(request: FastifyRequest, seen: readonly DestinationSeen[]): Html {
  const say = sayTo(request);
  const { language } = visitOf(request);
  const { clientId } = personOf(request).holder;
  const count = (counts: DestinationSeen['counts'], states: ReadonlySet<string>): string =>
    countText(
      counts.filter((row) => states.has(row.state)).reduce((sum, row) => sum + row.count, 0),
      language,
    );
  return table(
    say(frame.destinations),
    [
      ...[words.destination, words.client, words.connector, frame.state].map((name) => ({ name: say(name) })),
      { name: language === 'fr' ? 'En cours' : 'Under way', number: true },
      { name: language === 'fr' ? 'Échecs' : 'Failed', number: true },
      { name: '…' },
    ],
    seen.map((row) => [
      destinationLink(row.destination.id),
      row.destination.clientId,
      html`<code>${row.destination.connector}</code>`,
      sendsTag(row, request),
      count(row.counts, waits),
      count(row.counts, new Set(['failed'])),
      clientId === undefined && row.sending !== undefined ? say(row.sending.words) : undefined,
    ]),
  );
}

async function destinationPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  { id, problem }: { readonly id: string; readonly problem?: Both },
): Promise<FastifyReply> {
  const say = sayTo(request);
  const { holder } = personOf(request);
  const seen = (await destinationsSeen(place, holder.clientId)).find((row) => row.destination.id === id);
  if (seen === undefined) return notFound(reply);
  const { destination, sending } = seen;
  return show(request, reply, {
    title: destination.id,
    status: problem === undefined ? 200 : 422,
    body: html`${problem === undefined ? undefined : notice(say(problem), 'bad')}
      ${asked(request, 'say') === 'done' ? notice(say(words.done), 'good') : undefined}
      <div class="card">
        ${facts([
          [say(words.client), destination.clientId],
          [say(words.connector), html`<code>${destination.connector}</code>`],
          [
            say(frame.state),
            html`${sendsTag(seen, request)}
            ${sending === undefined || holder.clientId !== undefined ? undefined : say(sending.words)}`,
          ],
        ])}
      </div>
      <h2>${say(words.deliveriesNow)}</h2>
      ${seen.counts.length === 0 ? html`<p>${say(frame.none)}</p>` : countsTable(request, seen)}
      <p>
        <a href="/deliveries?destination=${encodeURIComponent(destination.id)}"
          >${say(words.seeDeliveries)}</a
        >
      </p>
      ${may(holder, 'destination.suspend') ? statusForm(request, seen) : undefined}`,
  });
}

function countsTable(request: FastifyRequest, { destination, counts }: DestinationSeen): Html {
  const say = sayTo(request);
  const { language } = visitOf(request);
  return table(
    say(words.deliveriesNow),
    [
      ...[frame.state, frame.cause].map((name) => ({ name: say(name) })),
      { name: say(words.count), number: true },
      { name: say(words.oldest) },
    ],
    counts.map((row): readonly Piece[] => [
      stateTag(row.state as 'failed', say),
      reasonText(row.reason, say),
      html`<a
        href="/deliveries?${new URLSearchParams({
          destination: destination.id,
          state: row.state,
          ...(row.reason === '' ? {} : { cause: row.reason }),
        }).toString()}"
        >${countText(row.count, language)}</a
      >`,
      timeOf(row.oldest, language),
    ]),
  );
}

function statusForm(request: FastifyRequest, { destination, sending }: DestinationSeen): Html {
  const say = sayTo(request);
  const path = `/destinations/${encodeURIComponent(destination.id)}`;
  const form = (act: 'suspend' | 'resume', text: Both, kind: string): Html =>
    html`<form class="line" method="post" action="${path}/${act}">
      ${input('reason', say(frame.reason), { hint: say(frame.reasonHint) })}
      <button class="${kind}">${say(text)}</button>
    </form>`;
  return html`<h2>${say(words.act)}</h2>
    <div class="card">
      ${sending !== undefined && sending.sends !== 'closed' ? form('resume', words.resume, '') : undefined}
      ${destination.status === 'active' ? form('suspend', words.suspend, 'danger') : undefined}
    </div>`;
}
