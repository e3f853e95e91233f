// Renders the frame of the administrator's pages: links to each other, the result or refusal of an act, and a secret shown once.
// Invariant: a code or a key that is shown once is in this one answer and is kept nowhere.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { html, type Html, type Piece } from '../../privacy/papers/html.ts';
import type { Both } from '../../support/words.ts';
import { asked } from '../forms.ts';
import { sayTo, type Say } from '../layout.ts';
import { notice } from '../parts.ts';
import type { Refused } from '../refused.ts';
import { adminWords as words, exportWords } from '../words/admin.ts';
import { frame } from '../words/frame.ts';
import type { Desk } from './sign-in.ts';

const tabs: readonly (readonly [path: string, name: Both])[] = [
  ['/accounts', words.accounts],
  ['/api-keys', words.keys],
  ['/sign-ins', words.signIns],
  ['/authorisations', words.authorisations],
  ['/exports', exportWords.title],
];

interface AdminPage {
  readonly title: string;
  /** The tab that the page is or belongs to. */
  readonly tab: string;
  readonly refused?: Refused | undefined;
  readonly body: Piece;
}

export function adminPage(
  { show }: Pick<Desk, 'show'>,
  request: FastifyRequest,
  reply: FastifyReply,
  { title, tab, refused, body }: AdminPage,
): FastifyReply {
  const say = sayTo(request);
  return show(request, reply, {
    title,
    at: '/accounts',
    isBeside: true,
    refused,
    body: html`${asked(request, 'say') === 'done' && notice(say(frame.done), 'good')} ${tabsPart(tab, say)}
    ${body}`,
  });
}

const tabsPart = (tab: string, say: Say): Html =>
  html`<nav class="views" aria-label="${say(frame.accounts)}">
    <ul>
      ${tabs.map(
        ([path, name]) =>
          html`<li><a href="${path}" ${path === tab ? html` aria-current="true"` : ''}>${say(name)}</a></li>`,
      )}
    </ul>
  </nav>`;

/** A code or a key, only in this answer. */
export function onceShown(
  { show }: Pick<Desk, 'show'>,
  request: FastifyRequest,
  reply: FastifyReply,
  shown: { readonly title: Both; readonly text: Both; readonly secret: string; readonly back: string },
): FastifyReply {
  const say = sayTo(request);
  return show(request, reply, {
    title: say(shown.title),
    narrow: true,
    body: html`${notice(say(shown.text), 'warn')}
      <p class="card"><code>${shown.secret}</code></p>
      <p><a class="button" href="${shown.back}">${say(frame.back)}</a></p>`,
  });
}
