// Refuses changing requests that another site makes a browser send (CSRF).
// Invariant: a request without a known origin changes nothing.
import type { FastifyRequest } from 'fastify';

/** True where a form comes from this console. Fetch Metadata first; a browser that sends none still names its Origin. */
export function isOurs({ headers, host }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin } = headers;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}

/** A local path to continue at after signing in; anything else is the home page (open redirects). */
export function ownPage(to: string): string {
  if (!/^\/(?![/\\])[\x21-\x7e]{0,1000}$/.test(to) || to.includes('\\')) return '/';
  const base = 'https://console.invalid';
  const url = URL.canParse(to, base) ? new URL(to, base) : undefined;
  if (url === undefined || url.origin !== base || url.pathname.startsWith('/sign-')) return '/';
  // Dots are resolved by now: /.//boutique.example leaves two slashes, which are another host to a browser.
  return url.pathname.startsWith('//') ? '/' : url.pathname + url.search;
}
