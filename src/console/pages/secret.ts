// Serves the secret that signs a destination's deliveries: its date, its renewal with an overlap, its withdrawal while both sign.
// Invariant: the secret is in one answer and nowhere else; nothing of another client's destination is shown.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html, type Html } from '../../privacy/papers/html.ts';
import { perform } from '../../support/acts/act.ts';
import {
  overlapDays,
  rotateSecret,
  secretStanding,
  takeBackSecret,
  type NotRotatable,
  type RotatedSecret,
  type SecretStanding,
} from '../../support/acts/rotate-secret.ts';
import type { Both } from '../../support/words.ts';
import { asked } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import { destinationPath } from '../labels.ts';
import { facts, notice } from '../parts.ts';
import { refusedBy, refusedNotice, type Refused } from '../refused.ts';
import { sayTo } from '../show.ts';
import { timeOf } from '../times.ts';
import { secretWords as words } from '../words/own.ts';
import type { Desk } from './sign-in.ts';

type Params = { readonly id: string };
interface Shown {
  readonly id: string;
  readonly refused?: Refused | undefined;
  readonly made?: RotatedSecret | undefined;
}

export function secretRoutes(server: FastifyInstance, desk: Desk): void {
  const gated = { config: { gate: rotateSecret.permission } };
  const path = '/destinations/:id/secret';
  server.get<{ Params: Params }>(path, gated, (request, reply) =>
    secretPage(desk, request, reply, request.params),
  );
  server.post<{ Params: Params }>(path, gated, async (request, reply) => {
    const { id } = request.params;
    let made: RotatedSecret | undefined;
    const refused = await refusedBy(async () => {
      made = await perform(desk.place, rotateSecret, actingOf(request), { to: [id], input: {} });
    });
    return secretPage(desk, request, reply, { id, refused, made });
  });
  server.post<{ Params: Params }>(`${path}/take-back`, gated, async (request, reply) => {
    const { id } = request.params;
    const asked = { to: [id], input: {} };
    const refused = await refusedBy(() => perform(desk.place, takeBackSecret, actingOf(request), asked));
    if (refused !== undefined) return secretPage(desk, request, reply, { id, refused });
    return reply.redirect(`/destinations/${encodeURIComponent(id)}/secret?say=taken-back`, 303);
  });
}

const problemWords: Readonly<Record<NotRotatable, Both>> = {
  not_signed: words.notSigned,
  private_key: words.privateKey,
  shared: words.shared,
  missing: words.missing,
};

async function secretPage(
  { place, show }: Desk,
  request: FastifyRequest,
  reply: FastifyReply,
  { id, refused, made }: Shown,
): Promise<FastifyReply> {
  const say = sayTo(request);
  const standing = await secretStanding(place, personOf(request).holder, id);
  const { problem } = standing;
  return show(request, reply, {
    title: `${say(words.title)} : ${id}`,
    at: '/destinations',
    under: { path: destinationPath(id), name: id },
    status: refused === undefined ? 200 : 422,
    body: html`${refusedNotice(refused, say)}
      ${asked(request, 'say') === 'taken-back' ? notice(say(words.tookBack), 'good') : undefined}
      ${made === undefined ? undefined : madePart(request, made)}
      <p>${say(words.text)}</p>
      ${problem === undefined ? standingPart(request, id, standing) : notice(say(problemWords[problem]), 'warn')}`,
  });
}

function madePart(request: FastifyRequest, { secret, overlapEndsAt, note }: RotatedSecret): Html {
  const say = sayTo(request);
  return html`${notice(say(words.once), 'warn')}
    <div class="card">
      ${facts([
        [say(words.secret), html`<code>${secret}</code>`],
        [say(words.oldUntil), timeOf(overlapEndsAt, visitOf(request).language)],
        [say(words.note), note],
      ])}
    </div>`;
}

function standingPart(
  request: FastifyRequest,
  id: string,
  { renewedAt, overlapEndsAt }: SecretStanding,
): Html {
  const say = sayTo(request);
  const { language } = visitOf(request);
  const path = `/destinations/${encodeURIComponent(id)}/secret`;
  return html`<div class="card">
      ${facts([
        [say(words.signs), html`<code>webhook-signature</code> (Standard Webhooks, v1)`],
        [say(words.renewed), timeOf(renewedAt, language) ?? say(words.never)],
        ...(overlapEndsAt === undefined
          ? []
          : [[say(words.oldUntil), timeOf(overlapEndsAt, language)] as const]),
      ])}
    </div>
    ${
      overlapEndsAt === undefined
        ? html`<form class="card" method="post" action="${path}">
            <p>${say(words.renewText)} ${overlapDays}.</p>
            <button>${say(words.renew)}</button>
          </form>`
        : html`<form class="card" method="post" action="${path}/take-back">
            <p>${say(words.takeBackText)}</p>
            <button class="danger">${say(words.takeBack)}</button>
          </form>`
    }`;
}
