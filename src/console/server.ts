// Serves the console: HTML pages for people, each behind its gate.
// Invariant: no page is cached by a browser or a proxy; no page runs a script or a style that is not a file of ours.
import formbody from '@fastify/formbody';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { createOidc } from '../access/oidc.ts';
import { perMinute } from '../http/request-counts.ts';
import { createHttpServer } from '../http/server.ts';
import { assetRoutes } from './assets.ts';
import { createCookies, guard } from './gate.ts';
import { failurePages, refuseWith, unreadableRequest } from './failures.ts';
import { createTrials } from '../support/mappings/trial-thread.ts';
import { accountRoutes, accountsRoutes, signInsRoutes, oneAccountRoutes } from './pages/accounts.ts';
import { anomalyRoutes } from './pages/anomalies.ts';
import { refusedRowRoutes } from './pages/refused-rows.ts';
import { apiKeyRoutes } from './pages/api-keys.ts';
import { auditPackRoutes, auditRoutes } from './pages/audit.ts';
import { authorisationRoutes } from './pages/authorisations.ts';
import { bulkRoutes, runsRoutes } from './pages/runs.ts';
import { deliveriesRoutes, viewRoutes } from './pages/deliveries.ts';
import { deliveryRoutes } from './pages/delivery.ts';
import { destinationsRoutes } from './pages/destinations.ts';
import { exportRoutes } from './pages/exports.ts';
import { firstAccessRoutes, oidcRoutes, signInRoutes, type Desk } from './pages/sign-in.ts';
import { homeRoutes, tasksRoutes } from './pages/tasks.ts';
import { leadRoutes } from './pages/lead.ts';
import { liveRoutes } from './pages/live.ts';
import { lookUpRoutes, searchRoutes } from './pages/search.ts';
import { proofRoutes } from './pages/proofs.ts';
import { requestActRoutes, requestFileRoutes } from './pages/request-acts.ts';
import { myRequestRoutes } from './pages/my-requests.ts';
import { requestsRoutes } from './pages/requests.ts';
import { requestRoutes } from './pages/request.ts';
import { retentionRoutes } from './pages/retention.ts';
import { mappingDocumentRoutes, mappingsRoutes } from './pages/mappings.ts';
import { mappingDraftRoutes, mappingVersionRoutes } from './pages/mapping-draft.ts';
import { mappingTryRoutes } from './pages/mapping-try.ts';
import { secretRoutes } from './pages/destination-acts.ts';
import { testLeadRoutes } from './pages/test-lead.ts';
import type { ConsoleOptions } from './place.ts';
import { showWith } from './layout.ts';

/** Enough for a filter, a reason and a note; files have routes of their own. */
const mostBytes = 64 * 1024;
/** From one address: an office behind one router. */
const mostPerMinute = 3_000;

export interface Console {
  readonly port: number;
  readonly close: () => Promise<void>;
  /** Every route with its gate, for the test that walks them all. */
  readonly routes: readonly { readonly method: string; readonly url: string; readonly gate: string }[];
}

export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const server = createHttpServer({
    bodyLimit: mostBytes,
    requestTimeoutMs: 30_000,
    proxies: options.proxies,
    exposeHeadRoutes: false,
    refusal: unreadableRequest,
    pem: options.pem,
  });
  server.removeAllContentTypeParsers();
  const routes: Console['routes'][number][] = [];
  server.addHook('onRoute', ({ method, url, config }) => {
    routes.push({ method: String(method), url, gate: config?.gate ?? '' });
  });
  await build(server, options);
  const address = await server.listen({ host: options.host, port: options.port });
  return { port: Number(new URL(address).port), close: () => server.close(), routes };
}

async function build(server: FastifyInstance, options: ConsoleOptions): Promise<void> {
  const { place, log, pem, proxies } = options;
  const secure = pem !== undefined || proxies.length > 0;
  await server.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
    // Same-origin, not none: a browser without Fetch Metadata names its Origin only where a referrer may be sent.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: secure ? { maxAge: 31_536_000, includeSubDomains: false } : false,
  });
  server.addHook('onSend', async (request, reply) => {
    void reply.header('x-request-id', request.id);
    void reply.header('permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=()');
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
  });
  await server.register(formbody, { bodyLimit: mostBytes });
  await server.register(rateLimit, perMinute(mostPerMinute));
  const cookies = createCookies(secure);
  const show = showWith(() => place.access.database.now());
  guard(server, place, cookies, refuseWith(show));
  failurePages(server, show, log);
  const oidc = options.oidc === undefined ? undefined : createOidc(options.oidc, place.access, log);
  const desk = { place, cookies, show, oidc };
  assetRoutes(server);
  signInRoutes(server, desk);
  oidcRoutes(server, desk);
  firstAccessRoutes(server, desk);
  accountRoutes(server, desk);
  homeRoutes(server, desk);
  deliveriesRoutes(server, desk);
  deliveryRoutes(server, desk);
  liveRoutes(server, desk);
  viewRoutes(server, desk);
  destinationsRoutes(server, desk);
  testLeadRoutes(server, desk);
  secretRoutes(server, desk);
  tasksRoutes(server, desk);
  bulkRoutes(server, desk);
  runsRoutes(server, desk);
  searchRoutes(server, desk);
  refusedRowRoutes(server, desk);
  leadRoutes(server, desk);
  officerRoutes(server, desk);
  mappingRoutes(server, desk);
  adminRoutes(server, desk);
}

/** Pages for administrators only, except those of a client about its own leads. */
function adminRoutes(server: FastifyInstance, desk: Desk): void {
  anomalyRoutes(server, desk);
  accountsRoutes(server, desk);
  oneAccountRoutes(server, desk);
  signInsRoutes(server, desk);
  apiKeyRoutes(server, desk);
  authorisationRoutes(server, desk);
  exportRoutes(server, desk);
}

/** Pages of the data protection officer. */
function officerRoutes(server: FastifyInstance, desk: Desk): void {
  requestsRoutes(server, desk);
  requestRoutes(server, desk);
  requestActRoutes(server, desk);
  myRequestRoutes(server, desk);
  requestFileRoutes(server, desk);
  proofRoutes(server, desk);
  retentionRoutes(server, desk);
  auditRoutes(server, desk);
  auditPackRoutes(server, desk);
  lookUpRoutes(server, desk);
}

function mappingRoutes(server: FastifyInstance, desk: Desk): void {
  const trials = createTrials();
  server.addHook('onClose', () => trials.close());
  mappingsRoutes(server, desk);
  mappingVersionRoutes(server, desk, trials);
  mappingDraftRoutes(server, desk, trials);
  mappingDocumentRoutes(server, desk);
  mappingTryRoutes(server, desk, trials);
}
