// Renders the pages of errors: not found, with where to go on; not permitted, not signed in, or a failure.
// Invariant: no stack and no words of a library; the input comes back escaped or not at all.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { may, type Permission } from '../access/permissions.ts';
import { foreignCode, isRelaisError, remedyOf, type RelaisError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Written } from '../http/server.ts';
import { html, type Html, type Piece } from '../privacy/papers/html.ts';
import type { Both } from '../support/words.ts';
import { isOurs, holderOf, ownPage, visitOf, type Refuse, type Visit } from './gate.ts';
import { wordsOfRefusal, detailPart, sentenceOf } from './refused.ts';
import { isDatabaseTrouble } from '../support/place.ts';
import { sayTo, type Show, type Say } from './layout.ts';
import { frame } from './words/frame.ts';
import { refusalText, remedyText, elsewhere as words, unknownThings } from './words/refusals.ts';
import { signInWords } from './words/sign-in.ts';
import { queryOf } from './filter.ts';
import { input } from './parts.ts';

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
    // A person whose button did nothing learns it, and comes back to the page of the form.
    const isUndone = request.method !== 'GET' && isOurs(request) && !request.url.startsWith('/sign-');
    const from = isUndone ? formPageOf(request) : request.method === 'GET' ? request.url : '/';
    const to = from === '/' ? '' : from;
    const parts = [
      ...(isUndone ? ['say=undone'] : token === '' ? [] : ['say=ended']),
      ...(to === '' ? [] : [`to=${encodeURIComponent(to.slice(0, 1_000))}`]),
    ];
    return reply.redirect(`/sign-in${parts.length === 0 ? '' : `?${parts.join('&')}`}`, 303);
  };

/** The page of this console that a form was sent from; the first one where the browser does not name it. */
function formPageOf({ headers: { referer = '' }, host }: FastifyRequest): string {
  const url = URL.canParse(referer) ? new URL(referer) : undefined;
  return url?.host === host ? ownPage(url.pathname + url.search) : '/';
}

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
      : { french, english: `${english} ${remedyOf(error.code)}` };
  return html`${remedy !== undefined && html`<p>${say(remedy)}</p>`}
    <p class="quiet">
      <code>${error.code}</code>
      ${!isOwn && detailPart(sentence, say)}
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
    body: html`${page.text !== undefined && html`<p>${say(page.text)}</p>`}${page.more}
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

// Renders the page of an unknown thing: the typed name, and where it may be found instead.
// Invariant: a thing that never existed, is deleted or is another client's reads the same; the typed name comes back escaped.

interface Place {
  readonly kind: keyof typeof unknownThings;
  /** Followed by the name or number of one thing. */
  readonly path: string;
  /** Index of the part behind the path that names it; the first by default. */
  readonly part?: number;
  readonly list: string;
  readonly needs: Permission;
}

/** Addresses of one thing each, the longer ones first. */
const places: readonly Place[] = [
  { kind: 'lead', path: '/leads/', part: 1, list: '/search', needs: 'person.find' },
  { kind: 'delivery', path: '/deliveries/', list: '/deliveries', needs: 'delivery.read' },
  { kind: 'destination', path: '/destinations/', list: '/destinations', needs: 'delivery.read' },
  { kind: 'mapping', path: '/mappings/', list: '/mappings', needs: 'mapping.read' },
  { kind: 'request', path: '/requests/', list: '/requests', needs: 'request.read' },
  { kind: 'request', path: '/my/requests/', list: '/my/requests', needs: 'request.own' },
  { kind: 'proof', path: '/proofs/', list: '/proofs', needs: 'request.read' },
  { kind: 'run', path: '/runs/', list: '/runs', needs: 'task.read' },
  { kind: 'alert', path: '/tasks/alerts/', list: '/tasks', needs: 'task.read' },
  { kind: 'account', path: '/accounts/', list: '/accounts', needs: 'account.manage' },
  { kind: 'verification', path: '/audit/verifications/', list: '/audit', needs: 'audit.read' },
];

/** Undefined for an address that names no single thing with an error without French words, and without a session. */
export function nothingThere(request: FastifyRequest, error?: RelaisError) {
  const { session } = visitOf(request);
  if (session?.stage !== 'full') return undefined;
  const [path = '', query = ''] = request.url.split('?');
  const place = places.find((one) => path.startsWith(one.path));
  const typed = decoded(path.slice(place?.path.length).split('/')[place?.part ?? 0] ?? '');
  const said = saidBy(error);
  const say = sayTo(request);
  if (place === undefined || typed === undefined || typed === '')
    return said === undefined
      ? undefined
      : { title: words.unknown, text: said, more: backToFilter(path, query, say) };
  const { title, sentence } = unknownThings[place.kind];
  const text = said ?? sentence(typed);
  const maySee = may(holderOf(session), place.needs);
  const more =
    place.kind === 'lead'
      ? html`${maySee && searchPart(request, typed)}
          <p><a href="/deliveries?${queryOf({ lead: typed })}">${say(words.deliveries)}</a></p>`
      : html`<p>${say(words.check)}</p>
          ${maySee && html`<p><a href="${place.list}">${say(words.list)}</a></p>`}`;
  return { title, text, more };
}

function saidBy(error: RelaisError | undefined): Both | undefined {
  const { french, english } = error === undefined ? {} : sentenceOf(error);
  return french === undefined || english === undefined ? undefined : [french, english];
}

/** A plan for a filter with an unknown name links back to the list, which keeps that filter. */
const backToFilter = (path: string, query: string, say: Say): Html =>
  html`<p>${say(words.check)}</p>
    ${['/replay', '/cancel'].includes(path) && html`<p><a href="/deliveries?${query}">${say(words.filter)}</a></p>`}`;

/** The typed reference, to be corrected or searched among refused rows. */
function searchPart(request: FastifyRequest, typed: string): Html {
  const say = sayTo(request);
  return html`<form class="card stack" method="get" action="/search">
    ${input('reference', say(words.reference), { value: typed, hint: say(words.refusedRows) })}
    <button>${say(words.search)}</button>
  </form>`;
}

/** Undefined for malformed percent-encoding. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
