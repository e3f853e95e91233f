// Serves the HTTP interface for other systems: /v1, described at /v1/openapi.json and, for people, /v1/docs.
// Invariant: no request is logged with its content; every answer that is not a success is a problem of RFC 9457.
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import type { FastifyInstance, RouteOptions, FastifyRequest } from 'fastify';
import type { AccessPlace } from '../access/place.ts';
import { answersInTime, usualAnswerMs } from '../http/in-time.ts';
import { perMinute } from '../http/request-counts.ts';
import { createHttpServer, type HttpServerOptions } from '../http/server.ts';
import type { PostingDeps } from '../intake/posted.ts';
import type { Log } from '../log.ts';
import { finished, type Collected } from './docs/description.ts';
import { docsRoute } from './docs/page.ts';
import { requireCallers, type ApiRoute } from './callers.ts';
import { describedItems } from './each-item.ts';
import {
  mostMegabytes,
  problemOf,
  protocolProblem,
  sendProblem,
  takesNothing,
  RefusedRequest,
  type Problem,
} from './problems.ts';
import type { PullPlace } from '../support/acts/pull.ts';
import { bulkRoutes } from './routes/bulk.ts';
import { contactRoutes, pullRoutes } from './routes/pull.ts';
import { deliveryRoutes } from './routes/deliveries.ts';
import { destinationRoutes } from './routes/destinations.ts';
import { eventRoutes, workRoutes } from './routes/work.ts';
import { leadRoutes } from './routes/leads.ts';
import { rowRoutes } from './rows.ts';
import { mayBeAbsent, request as requestSchema, type Schema } from './schemas.ts';
import { jsonFaults, readJson, type JsonFault } from '../domain/json-text.ts';

interface ApiOptions extends Pick<HttpServerOptions, 'proxies' | 'pem'> {
  readonly access: AccessPlace;
  readonly posting: PostingDeps;
  readonly support: PullPlace;
  readonly log: Log;
  readonly version: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Requests a minute from one address. */
  readonly perMinute: number;
  /** From the first byte of a request to its last, ms. */
  readonly requestTimeoutMs?: number;
  /** Longest time from a request to its answer, its body not counted, ms; that of each address by default. */
  readonly answerWithinMs?: number;
}

const usualRequestMs = 30_000;

export interface Api {
  readonly port: number;
  /** Every address with its permission. */
  readonly routes: readonly ApiRoute[];
  readonly close: () => Promise<void>;
}

export async function startApi(options: ApiOptions): Promise<Api> {
  const server = createHttpServer({
    bodyLimit: mostMegabytes * 1024 * 1024,
    requestTimeoutMs: options.requestTimeoutMs ?? usualRequestMs,
    proxies: options.proxies,
    ajv: {
      customOptions: { verbose: true, removeAdditional: false, coerceTypes: false, useDefaults: false },
    },
    refusal: protocolProblem,
    pem: options.pem,
  });
  readsJsonBodies(server);
  takesAbsentBodies(server);
  const routes = await describe(server, options);
  const address = await server.listen({ host: options.host, port: options.port });
  return { port: Number(new URL(address).port), routes, close: () => server.close() };
}

/** An address without parameters accepts none: a mistyped name is refused, not ignored. */
function refuseUnknownQuery(route: RouteOptions): void {
  if (route.schema !== undefined && route.schema.hide !== true)
    route.schema.querystring ??= requestSchema({});
}

/** Methods of a requested address, whatever its parameters are. */
function methodsAt(routes: readonly ApiRoute[], url: string): readonly string[] {
  const [path = ''] = url.split('?');
  const asked = path.split('/');
  const isAt = (declared: readonly string[]): boolean =>
    declared.length === asked.length &&
    declared.every((part, at) => (part.startsWith(':') ? asked[at] !== '' : part === asked[at]));
  return [...new Set(routes.filter((route) => isAt(route.url.split('/'))).map(({ method }) => method))];
}

function failures(server: FastifyInstance, routes: readonly ApiRoute[], log: Log): void {
  server.addHook('onSend', (request, reply, _payload, done) => {
    void reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    done();
  });
  server.setErrorHandler((error, request, reply) => sendProblem(request, reply, problemOf(error, log)));
  server.setNotFoundHandler((request, reply) => {
    const methods = methodsAt(routes, request.url);
    if (methods.length === 0)
      return sendProblem(request, reply, { status: 404, detail: 'There is nothing at this address.' });
    void reply.header('allow', methods.join(', '));
    return sendProblem(request, reply, {
      status: 405,
      detail: 'This address is not asked by this method: Allow names those it takes.',
    });
  });
}

async function describe(server: FastifyInstance, options: ApiOptions): Promise<readonly ApiRoute[]> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Relais',
        version: options.version,
        description:
          'Hand in leads, read and act on their deliveries. Errors are problem details (RFC 9457).',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'the host that answered with this document' }],
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer' },
          header: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        },
      },
      security: [{ key: [] }],
    },
    // Puts the scope of an address where OpenAPI has a place for it, and the items of a list that are judged one by one.
    transform: ({ schema: checked, url, route }) => {
      const { permission, eachItem } = route.config ?? {};
      const schema = describedItems(checked, eachItem);
      if (permission === undefined || permission === 'public') return { schema, url };
      const schemes = (schema.security ?? [{ key: [] }]).flatMap((one) => Object.keys(one));
      return { schema: { ...schema, security: schemes.map((scheme) => ({ [scheme]: [permission] })) }, url };
    },
    transformObject: (document) =>
      finished(('openapiObject' in document ? document.openapiObject : {}) as Collected),
  });
  await server.register(rateLimit, perMinute(options.perMinute));
  answersInTime(
    server,
    ({ routeOptions: { config } }) => options.answerWithinMs ?? config.answerWithinMs ?? usualAnswerMs,
    (request, reply) => sendProblem(request, reply, takesNothing),
  );
  const routes = requireCallers(server, options.access);
  failures(server, routes, options.log);
  server.addHook('onRoute', refuseUnknownQuery);
  rowRoutes(server, options);
  deliveryRoutes(server, options);
  leadRoutes(server, options);
  destinationRoutes(server, options);
  workRoutes(server, options);
  bulkRoutes(server, options);
  eventRoutes(server, options);
  pullRoutes(server, options);
  contactRoutes(server, options);
  server.get(
    '/v1/openapi.json',
    { config: { permission: 'public' }, schema: { hide: true } },
    (_request, reply) => reply.send(server.swagger()),
  );
  docsRoute(server);
  return routes;
}

// Decodes, measures and parses JSON bodies for every route.
// Invariant: nothing is repaired or chosen for the sender: bytes that are not UTF-8, a repeated name, and a body that is too deep
// or too wide are refused before any route sees them.

const details: Readonly<Record<JsonFault, string>> = {
  not_json: 'The body cannot be read: it is not JSON.',
  too_deep: `The body is refused: ${jsonFaults.too_deep}.`,
  too_wide: `The body is refused: ${jsonFaults.too_wide}.`,
  name_twice: `The body is refused: ${jsonFaults.name_twice}, and nobody can say which value counts.`,
};

export function readsJsonBodies(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser<Buffer>(
    'application/json',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, bytes: Buffer) => bodyOf(request, bytes),
  );
}

/** A request that has to say nothing may come without a body: it is then the request with `{}`, also to its Idempotency-Key. */
function takesAbsentBodies(server: FastifyInstance): void {
  server.addHook('preValidation', (request, _reply, done) => {
    const { body: described } = request.routeOptions.schema ?? {};
    if (described === undefined || request.body !== undefined) return done();
    if (!mayBeAbsent(described as Schema)) return done(new RefusedRequest(noBody));
    request.body = {};
    return done();
  });
}

const noBody: Problem = {
  status: 400,
  code: 'USAGE-001',
  detail: 'The body is empty: it is JSON, `{}` at least.',
};

function bodyOf({ headers }: FastifyRequest, bytes: Buffer): unknown {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity')
    throw new RefusedRequest({ status: 415, detail: 'A body is sent without Content-Encoding.' });
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(charset))
    throw new RefusedRequest({
      status: 415,
      detail: 'A body of JSON is written in UTF-8, and in no other charset.',
    });
  if (bytes.byteLength === 0) return undefined;
  const read = readJson(textOf(bytes));
  if ('fault' in read) throw new RefusedRequest({ status: 400, detail: details[read.fault] });
  return read.value;
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RefusedRequest({ status: 400, detail: 'The body cannot be read: its bytes are not UTF-8.' });
  }
}
