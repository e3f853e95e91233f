// Redirects to the OpenID Connect provider and handles the return.
// Invariant: a return counts only with the cookie set before the redirect, which is removed at once; the reason of a refusal is never
// shown.
import type { FastifyInstance } from 'fastify';
import { signInAs } from '../../access/identities.ts';
import { oidcBackPath } from '../../access/oidc.ts';
import { knownBrowser } from '../../access/sign-in.ts';
import { ownPage } from '../forgery.ts';
import { asked } from '../forms.ts';
import { callerOf, halfwayPage } from '../gate.ts';
import { leaveFormer, type Desk } from './sign-in.ts';

const refusedPage = '/sign-in?say=identity';

export function oidcRoutes(server: FastifyInstance, desk: Desk): void {
  const { place, cookies, oidc } = desk;
  if (oidc === undefined) return;
  const open = { config: { gate: 'open' } } as const;
  server.get('/sign-in/oidc', open, async (request, reply) => {
    const begun = await oidc.begin(ownPage(asked(request, 'to', 1_000)));
    if (begun === undefined) return reply.redirect('/sign-in?say=away', 303);
    cookies.giveKept(reply, begun.kept);
    return reply.redirect(begun.address, 303);
  });
  server.get(oidcBackPath, open, async (request, reply) => {
    const kept = cookies.keptOf(request);
    cookies.takeKept(reply);
    const search = request.url.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
    const proved = kept === undefined ? undefined : await oidc.finish(search, kept);
    if (proved === undefined) return reply.redirect(refusedPage, 303);
    const signed = await signInAs(place.access, proved.identity, callerOf(request));
    if (signed.kind === 'refused') return reply.redirect(refusedPage, 303);
    await leaveFormer(place, request);
    cookies.give(reply, signed.token);
    const to = ownPage(proved.to);
    if (signed.stage !== 'full')
      return reply.redirect(`${halfwayPage(signed)}?to=${encodeURIComponent(to)}`, 303);
    cookies.giveKnown(reply, knownBrowser(place.access, signed.login));
    return reply.redirect(to, 303);
  });
}
