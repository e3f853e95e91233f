// Renders the page of an unknown thing: the typed name, and where it may be found instead.
// Invariant: a thing that never existed, is deleted or is another client's reads the same; the typed name comes back escaped.
import type { FastifyRequest } from 'fastify';
import { may, type Permission } from '../access/permissions.ts';
import type { RelaisError } from '../errors.ts';
import { html, type Html } from '../privacy/papers/html.ts';
import type { Both } from '../support/words.ts';
import { sentenceOf } from './detail.ts';
import { holderOf, visitOf } from './gate.ts';
import { queryOf } from './filter.ts';
import type { Say } from './layout.ts';
import { input } from './parts.ts';
import { sayTo } from './show.ts';
import { elsewhere as words, unknownThings } from './words/nothing-there.ts';

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

export interface NothingThere {
  readonly title: Both;
  readonly text: Both;
  readonly more: Html;
}

/** Undefined for an address that names no single thing with an error without French words, and without a session. */
export function nothingThere(request: FastifyRequest, error?: RelaisError): NothingThere | undefined {
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
      ? html`${maySee ? searchPart(request, typed) : undefined}
          <p><a href="/deliveries?${queryOf({ lead: typed })}">${say(words.deliveries)}</a></p>`
      : html`<p>${say(words.check)}</p>
          ${maySee ? html`<p><a href="${place.list}">${say(words.list)}</a></p>` : undefined}`;
  return { title, text, more };
}

function saidBy(error: RelaisError | undefined): Both | undefined {
  const { french, english } = error === undefined ? {} : sentenceOf(error);
  return french === undefined || english === undefined ? undefined : [french, english];
}

/** A plan for a filter with an unknown name links back to the list, which keeps that filter. */
const backToFilter = (path: string, query: string, say: Say): Html =>
  html`<p>${say(words.check)}</p>
    ${['/replay', '/cancel'].includes(path) ? html`<p><a href="/deliveries?${query}">${say(words.filter)}</a></p>` : undefined}`;

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
