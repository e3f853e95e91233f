// Authenticates a caller by the key in `Authorization: Bearer`, and checks its permission.
// Invariant: a route without a permission answers no caller, except where it is declared public.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { keyActor, type AccessPlace } from '../access/place.ts';
import { createKnownKeys, holderOfKey } from '../access/api-keys.ts';
import { may, type Holder, type Permission } from '../access/permissions.ts';
import { RefusedRequest, sendProblem, type Problem } from './problems.ts';

export interface ApiCaller {
  readonly holder: Holder;
  /** The actor's name in the log. */
  readonly actor: string;
  readonly keyId: number;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: ApiCaller | null;
  }
  interface FastifyContextConfig {
    readonly permission?: Permission | 'public';
    /** Another header for the key, for programs that cannot send `Authorization`. */
    readonly keyHeader?: 'x-api-key';
    /** The act proves in its transaction that the key is in force, or asks `proveCaller`: the key may be that of a moment ago. */
    readonly provesKey?: true;
    /** Time in ms after which the answer is that the database accepts nothing, where it is not the usual one. */
    readonly answerWithinMs?: number;
  }
}

export interface ApiRoute {
  readonly method: string;
  /** With `:name` for parameters. */
  readonly url: string;
  readonly permission: Permission | 'public';
}

/** Addresses that answer every caller. */
const publicAddresses: readonly string[] = ['/v1/openapi.json', '/v1/docs'];

const noKey: Problem = {
  status: 401,
  code: 'ACCESS-002',
  detail: 'No key in force came with the request, or not from an address it may come from.',
};

/** @returns a list that grows with every address declared afterwards */
export function requireCallers(server: FastifyInstance, place: AccessPlace): readonly ApiRoute[] {
  const routes: ApiRoute[] = [];
  server.decorateRequest('caller', null);
  const known = createKnownKeys(place);
  // The server does not start with an address without a permission.
  server.addHook('onRoute', ({ url, method, config }) => {
    const permission = config?.permission;
    if (permission === undefined || (permission === 'public' && !publicAddresses.includes(url)))
      throw new Error(`${String(method)} ${url} names no permission.`);
    for (const one of [method].flat()) routes.push({ method: one, url, permission });
  });
  server.addHook('onRequest', async (request, reply) => {
    const { permission, provesKey } = request.routeOptions.config;
    if (request.is404 || permission === 'public') return undefined;
    request.caller = (await callerOf(place, request, provesKey === true ? known : holderOfKey)) ?? null;
    if (request.caller === null) {
      void reply.header('www-authenticate', 'Bearer realm="Relais"');
      return sendProblem(request, reply, noKey);
    }
    if (permission === undefined || !may(request.caller.holder, permission))
      return sendProblem(request, reply, {
        status: 403,
        code: 'ACCESS-003',
        detail: permission === undefined ? 'Nobody may do this.' : `The key has no scope ${permission}.`,
      });
    return undefined;
  });
  return routes;
}

/** Reads the key again, for an act that could not prove it. @throws RefusedRequest (401) */
export async function proveCaller(place: AccessPlace, request: FastifyRequest): Promise<void> {
  if ((await callerOf(place, request, holderOfKey)) === undefined) throw new RefusedRequest(noKey);
}

async function callerOf(
  place: AccessPlace,
  request: FastifyRequest,
  holderOf: typeof holderOfKey,
): Promise<ApiCaller | undefined> {
  const { keyHeader } = request.routeOptions.config;
  const bare = keyHeader === undefined ? undefined : request.headers[keyHeader];
  const key =
    typeof bare === 'string'
      ? /^[\w-]{1,100}$/.exec(bare)?.[0]
      : /^Bearer ([\w-]{1,100})$/i.exec(request.headers.authorization ?? '')?.[1];
  if (key === undefined) return undefined;
  const found = await holderOf(place, key, request.ip);
  return found === undefined
    ? undefined
    : { holder: found.holder, actor: keyActor(found.id), keyId: found.id };
}

/** `requireCallers` guarantees one. */
export function callerFor(request: FastifyRequest): ApiCaller {
  if (request.caller === null) throw new Error('A route that asks for its caller is public.');
  return request.caller;
}
