// Requests that another site makes a browser send (CSRF): what changes something comes from a page of ours.
// Invariant: a request that says nothing of where it comes from changes nothing.
import type { FastifyRequest } from 'fastify';

/** Whether a form may be heard. Fetch Metadata first; a browser that sends none still names its Origin. */
export function isOurs({ headers, host }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin } = headers;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}

/** A page of ours to go on to after signing in; anything else is the home page (open redirects). */
export function ownPage(to: string): string {
  if (!/^\/(?![/\\])[\x21-\x7e]{0,1000}$/.test(to) || to.includes('\\')) return '/';
  const base = 'https://console.invalid';
  const url = URL.canParse(to, base) ? new URL(to, base) : undefined;
  if (url === undefined || url.origin !== base || url.pathname.startsWith('/sign-')) return '/';
  // Dots have been taken out by now: of /.//boutique.example two slashes are left, which are another host to a browser.
  return url.pathname.startsWith('//') ? '/' : url.pathname + url.search;
}
