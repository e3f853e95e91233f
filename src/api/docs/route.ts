// Serves GET /v1/docs, the page of this server's own document. Public, like the document: it contains no data.
// Invariant: made from the present document; nothing of the request is in the page but its language.
import type { FastifyInstance } from 'fastify';
import type { Language } from '../../support/words.ts';
import type { Described } from './document.ts';
import { docsPage } from './page.ts';
import { policy } from './style.ts';

const languages: readonly Language[] = ['fr', 'en'];

/** The requested language; else the browser's, of the two; else French. */
export function languageOf(query: unknown, header: string | undefined): Language {
  const { language } = (typeof query === 'object' && query !== null ? query : {}) as {
    readonly language?: unknown;
  };
  const asked = languages.find((one) => one === language);
  if (asked !== undefined) return asked;
  const preferred = (header ?? '')
    .slice(0, 200)
    .split(',')
    .map((part) => part.trim().slice(0, 2).toLowerCase());
  return preferred.find((tag): tag is Language => tag === 'fr' || tag === 'en') ?? 'fr';
}

export function docsRoute(server: FastifyInstance): void {
  const pages = new Map<Language, string>();
  server.get('/v1/docs', { config: { permission: 'public' }, schema: { hide: true } }, (request, reply) => {
    const language = languageOf(request.query, request.headers['accept-language']);
    // The addresses are fixed when the server listens: one page for each language, made once.
    const page = pages.get(language) ?? docsPage(server.swagger() as unknown as Described, language);
    pages.set(language, page);
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', policy)
      .header('referrer-policy', 'no-referrer')
      .header('x-frame-options', 'DENY')
      .header('vary', 'accept-language')
      .send(page);
  });
}
