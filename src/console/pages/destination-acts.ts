// Serves the acts on a destination: suspend, resume, test, its file, and its signing secret.
// Invariant: each act has a reason and is an entry of the log, except a test, which changes nothing; a second press does
// nothing; a refusal is explained on the page.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import {
  discardFile,
  releaseFile,
  resumeDestination,
  sendFileNow,
  suspendDestination,
  tryDestination,
} from '../../support/acts/destinations.ts';
import type { TestedDestination } from '../../support/destination-test.ts';
import type { DestinationPage } from '../../support/reads/destinations.ts';
import type { Both, Language } from '../../support/words.ts';
import { actForm, actRoutes, offered, type OnPage } from '../act-form.ts';
import { field, asked, nameOf } from '../forms.ts';
import { personOf, visitOf, actingOf } from '../gate.ts';
import { sayTo, type Say } from '../layout.ts';
import { facts, notice } from '../parts.ts';
import { doneOrRefused, type Refused } from '../refused.ts';
import { countText, secondsText, timeOf, destinationPath } from '../labels.ts';
import { deskWords as words } from '../words/desk.ts';
import type { Desk, PageOf } from './sign-in.ts';
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
import { secretWords } from '../words/work.ts';

export interface ShownDestination extends OnPage {
  readonly tested?: TestedDestination | undefined;
}
type ShowDestination = (
  request: FastifyRequest,
  reply: FastifyReply,
  shown: ShownDestination,
) => Promise<FastifyReply>;

/** -1: the form says nothing. */
function shownIn(request: FastifyRequest): { readonly shown: number } {
  const text = field(request, 'seen', 20);
  return { shown: /^\d{1,15}$/.test(text) ? Number(text) : -1 };
}

const statusActs = { suspend: offered(suspendDestination), resume: offered(resumeDestination) };
const fileActs = {
  'release-file': offered(releaseFile, () => 'released', shownIn),
  'discard-file': offered(discardFile, undefined, shownIn),
  'send-file': offered(sendFileNow, () => 'asked', shownIn),
};

export function destinationActRoutes(server: FastifyInstance, { place }: Desk, show: ShowDestination): void {
  actRoutes(server, place, '/destinations', fileActs, show);
  actRoutes(server, place, '/destinations', statusActs, (request, reply, { id, refused }) => {
    const isSoAlready = refused?.error?.code === 'DEST-001';
    return show(request, reply, {
      id,
      refused: isSoAlready ? { ...refused, words: words.statusAlready } : refused,
    });
  });
  server.post('/destinations/:id/test', { config: { gate: 'destination.test' } }, async (request, reply) => {
    const id = nameOf(request);
    const { done: tested, refused } = await doneOrRefused(() =>
      tryDestination(place, personOf(request).holder, id),
    );
    return show(request, reply, { id, refused, tested });
  });
}

export function testedNotice(tested: TestedDestination, say: Say, language: Language): Html {
  const { isReached, outcome, reason, durationMs, tried, why, notes } = tested;
  const code = reason === '' ? outcome : `${outcome}:${reason}`;
  const text = isReached
    ? html`${say(words.reached)}${durationMs === null ? '' : ` (${secondsText(durationMs / 1_000, language)})`}
      ${say(tried)}`
    : html`${say(words.notReached)} ${say(why)} <span class="code">${code}</span>.`;
  return notice(
    html`${text} ${say(words.noLeadSent)}
    ${notes.map((note) => html`<br /><span class="quiet">${say(note)}</span>`)}`,
    isReached ? 'good' : 'bad',
  );
}

export function destinationActs(request: FastifyRequest, page: DestinationPage): Html | undefined {
  const { say, holder } = personOf(request);
  const { heldFile: held, newestFileAt } = page;
  const form = formOf(request, page);
  const isSlowed = page.sends !== 'all' && page.sends !== 'closed';
  const maySuspend = may(holder, 'destination.suspend');
  const forms = [
    ...(may(holder, 'file.send') && page.sendsFiles && held === null
      ? [form('send-file', sendFileNow, words.fileNow, { seen: newestFileAt?.getTime() ?? 0 })]
      : []),
    ...(may(holder, 'destination.test')
      ? [
          html`<form class="line" method="post" action="${pathOf(page)}/test">
            <button class="second">${say(words.testIt)}</button>
            <small class="quiet">${say(words.testText)}</small>
          </form>`,
        ]
      : []),
    ...(maySuspend && isSlowed ? [form('resume', resumeDestination, words.resume)] : []),
    ...(maySuspend && page.status === 'active'
      ? [form('suspend', suspendDestination, words.suspend, { tone: 'danger' })]
      : []),
  ];
  return html`${held !== null && may(holder, 'file.decide') && heldPart(request, page, held)}
  ${
    forms.length > 0 &&
    html`<h2>${say(words.act)}</h2>
      <div class="card">${forms}</div>`
  }`;
}

const pathOf = ({ destination }: DestinationPage): string =>
  `/destinations/${encodeURIComponent(destination)}`;

const formOf =
  (request: FastifyRequest, page: DestinationPage) =>
  (path: string, act: Parameters<typeof actForm>[1], button: Both, more: FormMore = {}): Html => {
    const { seen, ...rest } = more;
    return actForm(request, act, {
      ...rest,
      action: `${pathOf(page)}/${path}`,
      button: sayTo(request)(button),
      ...(seen === undefined ? {} : { hidden: { seen: String(seen) } }),
    });
  };
interface FormMore {
  readonly tone?: 'danger';
  readonly seen?: number;
  readonly hint?: Both;
}

/** The possible losses are shown before the two answers. */
function heldPart(
  request: FastifyRequest,
  page: DestinationPage,
  held: NonNullable<DestinationPage['heldFile']>,
): Html {
  const { say, language } = visitOf(request);
  const form = formOf(request, page);
  const seen = held.batchId;
  return html`<h2>${say(words.heldTitle)}</h2>
    <div class="card">
      ${facts([
        [say(words.heldSince), timeOf(held.at, language)],
        [say(words.heldRows), countText(held.rows, language)],
        [say(words.heldMissing), countText(held.missing, language)],
      ])}
      <p>${say(words.heldText)}</p>
      ${form('release-file', releaseFile, words.releaseFile, { tone: 'danger', seen, hint: words.releaseHint })}
      ${form('discard-file', discardFile, words.discardFile, { seen, hint: words.discardHint })}
    </div>`;
}

// Serves the secret that signs a destination's deliveries: its date, its renewal with an overlap, its withdrawal while both sign.
// Invariant: the secret is in one answer and nowhere else; nothing of another client's destination is shown.

interface Shown {
  readonly id: string;
  readonly refused?: Refused | undefined;
  readonly made?: RotatedSecret | undefined;
}

export function secretRoutes(server: FastifyInstance, desk: Desk): void {
  const gated = { config: { gate: rotateSecret.permission } };
  const path = '/destinations/:id/secret';
  server.get(path, gated, (request, reply) => secretPage(desk, request, reply, { id: nameOf(request) }));
  server.post(path, gated, async (request, reply) => {
    const id = nameOf(request);
    const { done: made, refused } = await doneOrRefused(() =>
      perform(desk.place, rotateSecret, actingOf(request), { to: [id], input: {} }),
    );
    return secretPage(desk, request, reply, { id, refused, made });
  });
  server.post(`${path}/take-back`, gated, async (request, reply) => {
    const id = nameOf(request);
    const asked = { to: [id], input: {} };
    const { refused } = await doneOrRefused(() =>
      perform(desk.place, takeBackSecret, actingOf(request), asked),
    );
    if (refused !== undefined) return secretPage(desk, request, reply, { id, refused });
    return reply.redirect(`/destinations/${encodeURIComponent(id)}/secret?say=taken-back`, 303);
  });
}

const problemWords: Readonly<Record<NotRotatable, Both>> = {
  not_signed: secretWords.notSigned,
  private_key: secretWords.privateKey,
  shared: secretWords.shared,
  missing: secretWords.missing,
};

const secretPage: PageOf<[Shown]> = async ({ place, show }, request, reply, { id, refused, made }) => {
  const say = sayTo(request);
  const standing = await secretStanding(place, personOf(request).holder, id);
  const { problem } = standing;
  return show(request, reply, {
    title: `${say(secretWords.title)} : ${id}`,
    at: '/destinations',
    under: { path: destinationPath(id), name: id },
    refused,
    body: html`${asked(request, 'say') === 'taken-back' && notice(say(secretWords.tookBack), 'good')}
      ${made !== undefined && madePart(request, made)}
      <p>${say(secretWords.text)}</p>
      ${problem === undefined ? standingPart(request, id, standing) : notice(say(problemWords[problem]), 'warn')}`,
  });
};

function madePart(request: FastifyRequest, { secret, overlapEndsAt, note }: RotatedSecret): Html {
  const say = sayTo(request);
  return html`${notice(say(secretWords.once), 'warn')}
    <div class="card">
      ${facts([
        [say(secretWords.secret), html`<code>${secret}</code>`],
        [say(secretWords.oldUntil), timeOf(overlapEndsAt, visitOf(request).language)],
        [say(secretWords.note), note],
      ])}
    </div>`;
}

function standingPart(
  request: FastifyRequest,
  id: string,
  { renewedAt, overlapEndsAt }: SecretStanding,
): Html {
  const { say, language } = visitOf(request);
  const path = `/destinations/${encodeURIComponent(id)}/secret`;
  return html`<div class="card">
      ${facts([
        [say(secretWords.signs), html`<code>webhook-signature</code> (Standard Webhooks, v1)`],
        [say(secretWords.renewed), timeOf(renewedAt, language) ?? say(secretWords.never)],
        overlapEndsAt !== undefined && [say(secretWords.oldUntil), timeOf(overlapEndsAt, language)],
      ])}
    </div>
    ${
      overlapEndsAt === undefined
        ? html`<form class="card" method="post" action="${path}">
            <p>${say(secretWords.renewText)} ${overlapDays}.</p>
            <button>${say(secretWords.renew)}</button>
          </form>`
        : html`<form class="card" method="post" action="${path}/take-back">
            <p>${say(secretWords.takeBackText)}</p>
            <button class="danger">${say(secretWords.takeBack)}</button>
          </form>`
    }`;
}
