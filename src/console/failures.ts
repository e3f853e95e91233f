// Renders the pages of errors: not found, not permitted, not signed in, or a failure.
// Invariant: no stack and no words of a library; the input comes back escaped or not at all.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may } from '../access/permissions.ts';
import { catalogue, foreignCode, isRelaisError, type RelaisError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Written } from '../http/server.ts';
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import type { Both } from '../support/words.ts';
import { isOurs } from './forgery.ts';
import { holderOf, visitOf, type Refuse, type Visit } from './gate.ts';
import { nothingThere } from './nothing-there.ts';
import { wordsOfRefusal } from './refusals.ts';
import { isDatabaseTrouble } from '../support/database-trouble.ts';
import { sayTo, type Show } from './show.ts';
import { frame } from './words/frame.ts';
import { detailPart, sentenceOf } from './detail.ts';
import { refusalText, remedyText } from './words/refusals.ts';
import { signInWords } from './words/sign-in.ts';

/** Without a session: redirects to the sign-in page, and from there back to the requested page. */
export const refuseWith =
  (show: Show): Refuse =>
  (request, reply, status) => {
    if (status === 403) {
      const isForeign = request.method !== 'GET' && !isOurs(request);
      return plainPage(show, request, reply, {
        status,
        title: frame.forbidden,
        text: isForeign ? frame.foreign : frame.forbiddenText,
      });
    }
    const { token } = visitOf(request);
    const to = request.method === 'GET' && request.url !== '/' ? request.url : '';
    const parts = [
      ...(token === '' ? [] : ['say=ended']),
      ...(to === '' ? [] : [`to=${encodeURIComponent(to.slice(0, 1_000))}`]),
    ];
    return reply.redirect(`/sign-in${parts.length === 0 ? '' : `?${parts.join('&')}`}`, 303);
  };

const statuses: Readonly<Partial<Record<string, number>>> = {
  'FIND-001': 404,
  'USAGE-001': 400,
  'ACCESS-001': 422,
  'ACCESS-003': 403,
  'DB-001': 503,
  'REDIS-002': 503,
};
/** Error families whose refusal is an answer to the request: no fault of ours. */
const answers = /^(DEST|TASK|REPLAY|BULK|LEAD|REQUEST|ACCESS|USAGE|FIND|MAPPING|INSTRUCTION|CLIENT)-/;

export function failurePages(server: FastifyInstance, show: Show, log: Log): void {
  server.setNotFoundHandler((request, reply) =>
    plainPage(show, request, reply, {
      status: 404,
      title: frame.notFound,
      text: frame.notFoundText,
      ...nothingThere(request),
    }),
  );
  server.setErrorHandler((error, request, reply) => {
    if (isRelaisError(error)) {
      const status = statuses[error.code] ?? (answers.test(error.code) ? 422 : 500);
      if (status === 500) log.error('console.failed', { code: error.code });
      return plainPage(show, request, reply, {
        status,
        title: status === 404 ? frame.notFound : frame.wrong,
        text:
          status === 404
            ? frame.notFoundText
            : status === 503
              ? frame.away
              : (wordsOfRefusal(error) ?? refusalText(error.code)),
        more: detailOf(request, error),
        ...(status === 404 ? nothingThere(request, error) : undefined),
      });
    }
    const { statusCode = 500 } = error as { readonly statusCode?: number };
    if (statusCode >= 400 && statusCode < 500)
      return plainPage(show, request, reply, {
        status: statusCode,
        title: frame.wrong,
        text: statusCode === 429 ? frame.tooMany : frame.unreadable,
      });
    log.error('console.failed', { code: foreignCode(error) });
    return isDatabaseTrouble(error)
      ? plainPage(show, request, reply, { status: 503, title: frame.wrong, text: frame.takesNothing })
      : plainPage(show, request, reply, { status: 500, title: frame.wrong, text: frame.ours });
  });
}

/** A request that reaches no page and no hook: a minimal answer, without the request's text. */
export const unreadableRequest = (status: number): Written => ({
  headers: {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'content-type': 'text/plain; charset=utf-8',
  },
  body:
    status === 408
      ? 'La requête est arrivée trop lentement.\nThe request came too slowly.\n'
      : 'Adresse ou requête illisible.\nThis address or request cannot be read.\n',
});

/** The remedy, and the message itself where our words do not cover it. */
function detailOf(request: FastifyRequest, error: RelaisError): Html {
  const say = sayTo(request);
  const remedy = remedyText(error.code);
  const isOwn = wordsOfRefusal(error) !== undefined;
  const { french, english } = sentenceOf(error);
  // A remedy that only the catalogue has is in English; then the sentence before it is, too.
  const sentence =
    french !== undefined || remedy !== undefined
      ? { french, english }
      : { french, english: `${english} ${catalogue[error.code].remedy}` };
  return html`${remedy === undefined ? undefined : html`<p>${say(remedy)}</p>`}
    <p class="quiet">
      <code>${error.code}</code>
      ${isOwn ? undefined : detailPart(sentence, say)}
    </p>`;
}

function plainPage(
  show: Show,
  request: FastifyRequest,
  reply: FastifyReply,
  page: {
    readonly status: number;
    readonly title: Both;
    readonly text: Both | undefined;
    readonly more?: Piece;
  },
): FastifyReply {
  const say = sayTo(request);
  const onwards = wayOn(visitOf(request));
  // An error before the session was read (a malformed header) has its page all the same.
  return show(request, reply, {
    status: page.status,
    title: say(page.title),
    narrow: true,
    body: html`${page.text === undefined ? undefined : html`<p>${say(page.text)}</p>`}${page.more}
      <p><a class="button second" href="${onwards.path}">${say(onwards.name)}</a></p>`,
  });
}

/** Link onwards from an error page: to the task list, or to the sign-in. */
function wayOn({ session }: Visit): { readonly path: string; readonly name: Both } {
  if (session?.stage !== 'full') return { path: '/sign-in', name: signInWords.title };
  return may(holderOf(session), 'delivery.read')
    ? { path: '/', name: frame.home }
    : { path: '/account', name: frame.account };
}
