// Serves the acts on a destination on its page: suspend, resume, send its file now, settle a withheld file, test.
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
import { field } from '../forms.ts';
import { personOf, visitOf } from '../gate.ts';
import type { Say } from '../layout.ts';
import { facts, notice } from '../parts.ts';
import { refusedBy } from '../refused.ts';
import { sayTo } from '../show.ts';
import { countText, secondsText, timeOf } from '../times.ts';
import { deskWords as words } from '../words/desk.ts';
import type { Desk } from './sign-in.ts';

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
  server.post<{ Params: { readonly id: string } }>(
    '/destinations/:id/test',
    { config: { gate: 'destination.test' } },
    async (request, reply) => {
      const { id } = request.params;
      let tested: TestedDestination | undefined;
      const refused = await refusedBy(async () => {
        tested = await tryDestination(place, personOf(request).holder, id);
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
      ${form('release-file', releaseFile, words.releaseFile, { tone: 'danger', seen, hint: words.releaseHint })}
      ${form('discard-file', discardFile, words.discardFile, { seen, hint: words.discardHint })}
    </div>`;
}
