// Renders the frame of every page: head, navigation by the account's permissions, footer; sends a page or a file as the answer.
// Invariant: no style and no script is inside a page; every page works without the script.
import type { Readable } from 'node:stream';
import { may, type Permission } from '../access/permissions.ts';
import { html, written, type Html, type Piece } from '../privacy/papers/html.ts';
import type { Both, Language } from '../support/words.ts';
import { assets } from './assets.ts';
import { holderOf, sayIn, visitOf, type Say, type Visit } from './gate.ts';
import { zoneText } from './labels.ts';
import { frame } from './words/frame.ts';
import { refusedNotice, type Refused } from './refused.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';

export { sayIn, type Say } from './gate.ts';

export interface Page {
  readonly title: string;
  /** Why what was asked of it is refused: it stands before the body. */
  readonly refused?: Refused | undefined;
  readonly body: Piece;
  /** Its entry of the navigation: marked there, and linked from the pages below it. */
  readonly at?: string;
  /** Page between that entry and this page. */
  readonly under?: { readonly path: string; readonly name: string };
  /** A sibling of other pages of that entry, with links to them on the page. */
  readonly isBeside?: true;
  readonly narrow?: true;
  /** An additional script of this page. */
  readonly script?: 'live';
}

const places: readonly { readonly path: string; readonly name: Both; readonly needs: Permission }[] = [
  { path: '/', name: frame.home, needs: 'delivery.read' },
  { path: '/deliveries', name: frame.deliveries, needs: 'delivery.read' },
  { path: '/causes', name: frame.causes, needs: 'delivery.read' },
  { path: '/live', name: frame.live, needs: 'delivery.read' },
  { path: '/search', name: frame.search, needs: 'person.find' },
  { path: '/destinations', name: frame.destinations, needs: 'delivery.read' },
  { path: '/mappings', name: frame.mappings, needs: 'mapping.read' },
  { path: '/tasks', name: frame.tasks, needs: 'task.read' },
  { path: '/runs', name: frame.runs, needs: 'task.read' },
  { path: '/anomalies', name: frame.anomalies, needs: 'lead.read' },
  { path: '/requests', name: frame.requests, needs: 'request.read' },
  { path: '/my/requests', name: frame.requests, needs: 'request.own' },
  { path: '/retention', name: frame.retention, needs: 'retention.read' },
  { path: '/audit', name: frame.audit, needs: 'audit.read' },
  { path: '/accounts', name: frame.accounts, needs: 'account.manage' },
];

export type Here = ReturnType<typeof hereOf>;

/** @param now for the zone */
export function pageOf(page: Page, visit: Visit, here: Here, now: Date): string {
  const { language } = visit;
  const say = sayIn(language);
  const isBelow = page.at !== undefined && page.at !== here.path;
  return `<!doctype html>\n${written(
    html`<html lang="${language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="htmx-config" content='{"includeIndicatorCSS":false,"history":false}' />
        <title>${page.title} — Relais</title>
        <link rel="icon" href="${assets.icon}" type="image/svg+xml" />
        <link rel="stylesheet" href="${assets.style}" />
        <script src="${assets.script}" defer></script>
        ${page.script === undefined ? undefined : html`<script src="${assets[page.script]}" defer></script>`}
      </head>
      <body>
        <a class="skip" href="#content">${say(frame.skip)}</a>
        <header class="top">
          <div>
            <a class="brand" href="/"><img src="${assets.icon}" alt="" />Relais</a>
            ${mine(visit, here, say)} ${navigation(page, visit, { say, isBelow })}
          </div>
        </header>
        <main id="content" tabindex="-1" ${page.narrow === true ? html` class="narrow"` : ''}>
          ${isBelow && page.isBeside !== true ? upLink(page, visit, say) : undefined}
          <h1>${page.title}</h1>
          ${refusedNotice(page.refused, say)} ${page.body}
        </main>
        <footer>${say(frame.timesAre)} : ${zoneText(now, language)}</footer>
      </body>
    </html>`,
  )}\n`;
}

function navigation(
  { at }: Page,
  { session }: Visit,
  { say, isBelow }: { readonly say: Say; readonly isBelow: boolean },
): Html | undefined {
  if (session?.stage !== 'full') return undefined;
  const holder = holderOf(session);
  return html`<nav aria-label="${say(frame.navigation)}">
    <ul>
      ${places
        .filter(({ needs }) => may(holder, needs))
        .map(
          ({ path, name }) =>
            html`<li>
              <a href="${path}" ${path === at ? html` aria-current="${isBelow ? 'true' : 'page'}"` : ''}
                >${say(name)}</a
              >
            </li>`,
        )}
    </ul>
  </nav>`;
}

/** Links back to the list that a page belongs to, and to the page of that list which it is a part of. */
function upLink({ at, under }: Page, { session }: Visit, say: Say): Html | undefined {
  const place = places.find(({ path }) => path === at);
  if (place === undefined || session?.stage !== 'full' || !may(holderOf(session), place.needs))
    return undefined;
  return html`<p class="up">
    <a href="${place.path}"><span aria-hidden="true">← </span>${say(place.name)}</a
    >${under !== undefined && html` <span aria-hidden="true">›</span> <a href="${under.path}">${under.name}</a>`}
  </p>`;
}

function mine({ session, language }: Visit, here: Here, say: Say): Html {
  const other: Language = language === 'fr' ? 'en' : 'fr';
  return html`<div class="me">
    <form method="post" action="/language">
      <input type="hidden" name="to" value="${here.back}" />
      <button class="plain" name="language" value="${other}" lang="${other}">
        ${say(frame.otherLanguage)}
      </button>
    </form>
    ${
      session !== undefined &&
      html`${session.stage === 'full' && html`<a href="/account">${session.account.login}</a>`}
        <form method="post" action="/sign-out">
          <button class="plain">${say(frame.signOut)}</button>
        </form>`
    }
  </div>`;
}

// Answers with a page in its frame, with its status and the header against caching.

export interface Shown extends Page {
  /** 422 for a refusal, unless another is given. */
  readonly status?: number | undefined;
}

export type Show = (request: FastifyRequest, reply: FastifyReply, page: Shown) => FastifyReply;

export const showWith =
  (now: () => Date): Show =>
  (request, reply, page) =>
    reply
      .code(page.status ?? (page.refused === undefined ? 200 : 422))
      .type('text/html; charset=utf-8')
      .send(pageOf(page, visitOf(request), hereOf(request), now()));

/** The address of a sent form is no page to return to. */
const hereOf = ({ method, url }: FastifyRequest) => ({
  /** Path and query, to which a change of language returns. */
  back: method === 'GET' ? url : '/',
  path: url.split('?')[0] ?? url,
});

export const sayTo = (request: FastifyRequest): Say => visitOf(request).say;

/** Answers like an unknown address: a page without permission must not reveal that it exists. */
export function notFound(reply: FastifyReply): FastifyReply {
  reply.callNotFound();
  return reply;
}

// Answers with a file: saved by the browser, never shown by it.
// Invariant: an uploaded file is returned as bytes; its name can break neither the header nor a folder.

/** Bytes that no browser opens by itself; `text` for plain text of ours. */
export function download(
  reply: FastifyReply,
  {
    name,
    bytes,
    type = 'application/octet-stream',
  }: { name: string; bytes: Uint8Array | Readable | string; type?: string },
): FastifyReply {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '_')
    .replace(/^\.+/, '')
    .slice(-100);
  return reply
    .type(type)
    .header('content-disposition', `attachment; filename="${plain === '' ? 'document' : plain}"`)
    .header('content-security-policy', "default-src 'none'; sandbox")
    .send(bytes instanceof Uint8Array ? Buffer.from(bytes) : bytes);
}
