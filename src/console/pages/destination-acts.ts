// Serves the acts on a destination on its page: suspend, resume, send its file now, settle a withheld file, test.
// Invariant: each act has a reason and is an entry of the log, except a test, which changes nothing; a second press does
// nothing; a refusal is explained on the page.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may, type Permission } from '../../access/permissions.ts';
import { html, type Html } from '../../privacy/papers/html.ts';
import { perform, type Act } from '../../support/acts/act.ts';
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
import { inputOf } from '../act-form.ts';
import { field, sentAgain } from '../forms.ts';
import { actingOf, personOf, visitOf } from '../gate.ts';
import type { Say } from '../layout.ts';
import { facts, hidden, input, notice } from '../parts.ts';
import { refusedBy, type Refused } from '../refused.ts';
import { sayTo } from '../show.ts';
import { countText, secondsText, timeOf } from '../times.ts';
import { frame } from '../words/frame.ts';
import { deskWords as words } from '../words/desk.ts';
import type { Desk } from './sign-in.ts';

type Params = { readonly id: string };
export interface ShownDestination {
  readonly id: string;
  readonly refused?: Refused | undefined;
  readonly tested?: TestedDestination | undefined;
}
type ShowDestination = (
  request: FastifyRequest,
  reply: FastifyReply,
  shown: ShownDestination,
) => Promise<FastifyReply>;

interface Offered {
  readonly permission: Permission;
  /** A word that `saidDone` knows. */
  readonly done: string;
  /** Refusal where the destination's state does not allow it. */
  readonly refused?: Both;
  readonly work: (desk: Desk, request: FastifyRequest, id: string) => Promise<unknown>;
}

const offered = <Input extends object, Done>(
  act: Act<Input, Done>,
  done: string,
  refused?: Both,
): Offered => ({
  permission: act.permission,
  done,
  ...(refused === undefined ? {} : { refused }),
  work: ({ place }, request, id) =>
    perform(place, act, actingOf(request), {
      to: [id],
      input: inputOf(act, request),
      shown: shownIn(request),
    }),
});

const acts: Readonly<Record<string, Offered>> = {
  suspend: offered(suspendDestination, 'done', words.statusAlready),
  resume: offered(resumeDestination, 'done', words.statusAlready),
  'release-file': offered(releaseFile, 'released'),
  'discard-file': offered(discardFile, 'done'),
  'send-file': offered(sendFileNow, 'asked'),
};

/** -1: the form says nothing. */
function shownIn(request: FastifyRequest): number {
  const text = field(request, 'seen', 20);
  return /^\d{1,15}$/.test(text) ? Number(text) : -1;
}

export function destinationActRoutes(server: FastifyInstance, desk: Desk, show: ShowDestination): void {
  for (const [path, { permission, done, refused: said, work }] of Object.entries(acts))
    server.post<{ Params: Params }>(
      `/destinations/:id/${path}`,
      { config: { gate: permission } },
      async (request, reply) => {
        const { id } = request.params;
        const refused = await refusedBy(() => work(desk, request, id));
        if (refused !== undefined)
          return show(request, reply, {
            id,
            refused:
              refused.error?.code === 'DEST-001' && said !== undefined
                ? { ...refused, words: said }
                : refused,
          });
        return reply.redirect(`/destinations/${encodeURIComponent(id)}?say=${done}`, 303);
      },
    );
  server.post<{ Params: Params }>(
    '/destinations/:id/test',
    { config: { gate: 'destination.test' } },
    async (request, reply) => {
      const { id } = request.params;
      let tested: TestedDestination | undefined;
      const refused = await refusedBy(async () => {
        tested = await tryDestination(desk.place, personOf(request).holder, id);
      });
      return show(request, reply, { id, refused, tested });
    },
  );
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
  const say = sayTo(request);
  const { holder } = personOf(request);
  const { heldFile: held, newestFileAt } = page;
  const form = formOf(request, page);
  const isSlowed = page.sends !== 'all' && page.sends !== 'closed';
  const maySuspend = may(holder, 'destination.suspend');
  const forms = [
    ...(may(holder, 'file.send') && page.sendsFiles && held === null
      ? [form('send-file', { text: words.fileNow, seen: newestFileAt?.getTime() ?? 0 })]
      : []),
    ...(may(holder, 'destination.test')
      ? [
          html`<form class="line" method="post" action="${pathOf(page)}/test">
            <button class="second">${say(words.testIt)}</button>
            <small class="quiet">${say(words.testText)}</small>
          </form>`,
        ]
      : []),
    ...(maySuspend && isSlowed ? [form('resume', { text: words.resume })] : []),
    ...(maySuspend && page.status === 'active'
      ? [form('suspend', { text: words.suspend, kind: 'danger' })]
      : []),
  ];
  return html`${held !== null && may(holder, 'file.decide') ? heldPart(request, page, held) : undefined}
  ${
    forms.length === 0
      ? undefined
      : html`<h2>${say(words.act)}</h2>
          <div class="card">${forms}</div>`
  }`;
}

const pathOf = ({ destination }: DestinationPage): string =>
  `/destinations/${encodeURIComponent(destination)}`;

interface FormAsked {
  readonly text: Both;
  readonly kind?: 'danger';
  readonly seen?: number;
  readonly hint?: Both;
}
const formOf =
  (request: FastifyRequest, page: DestinationPage) =>
  (act: string, { text, kind, seen, hint }: FormAsked): Html => {
    const say = sayTo(request);
    const action = `${pathOf(page)}/${act}`;
    return html`<form class="line" method="post" action="${action}">
      ${seen === undefined ? undefined : hidden('seen', String(seen))}
      ${input('reason', say(frame.reason), {
        value: sentAgain(request, action, 'reason'),
        hint: hint === undefined ? say(frame.reasonHint) : `${say(hint)} ${say(frame.reasonHint)}`,
      })}
      <button class="${kind ?? ''}">${say(text)}</button>
    </form>`;
  };

/** The possible losses are shown before the two answers. */
function heldPart(
  request: FastifyRequest,
  page: DestinationPage,
  held: NonNullable<DestinationPage['heldFile']>,
): Html {
  const say = sayTo(request);
  const { language } = visitOf(request);
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
      ${form('release-file', { text: words.releaseFile, kind: 'danger', seen, hint: words.releaseHint })}
      ${form('discard-file', { text: words.discardFile, seen, hint: words.discardHint })}
    </div>`;
}
