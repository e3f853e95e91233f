// Declares an address: its input and answer, and its permission; an act by its declaration.
// Invariant: there is no address without a permission; a changing one runs once for its Idempotency-Key.
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify';
import type { Permission } from '../access/permissions.ts';
import type { AccessPlace } from '../access/place.ts';
import type { TestPlace } from '../support/destination-test.ts';
import { callerFor, type ApiCaller } from './callers.ts';
import { repeatable, type Answer, type Keep } from './repeatable.ts';
import { repeatableHeaders, request as requestSchema, request, type Schema } from './schemas.ts';
import { fieldsOf, perform, type Act, type Clocked } from '../support/acts/act.ts';

export interface RouteDeps {
  readonly access: AccessPlace;
  readonly support: TestPlace;
}

/** Part of a description. */
export const once = 'With an Idempotency-Key it is done once, however often the request is sent.';
export const pageByPage = 'A page at a time: give `next` back as `after` until it is null.';

interface Declared {
  readonly url: string;
  /** Clients generated from the document call it so: a published name never changes. */
  readonly id: string;
  readonly permission: Permission;
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly params?: Readonly<Record<string, Schema>>;
}

export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly caller: ApiCaller;
}

export interface AskedToRead extends Asked {
  readonly query: Readonly<Partial<Record<string, string>>>;
}

interface Reading extends Declared {
  readonly query?: Readonly<Record<string, Schema>>;
  readonly answer: Schema;
  readonly work: (asked: AskedToRead) => Promise<unknown>;
}

export function reads(server: FastifyInstance, route: Reading): void {
  server.get(
    route.url,
    {
      config: { permission: route.permission },
      schema: {
        ...schemaOf(route),
        querystring: requestSchema(route.query ?? {}),
        response: { 200: route.answer },
      },
    },
    (request, reply) =>
      route
        .work({ ...askedOf(request), query: request.query as AskedToRead['query'] })
        .then((answer) => reply.send(answer)),
  );
}

interface Posting extends Declared {
  readonly body: Schema;
  readonly answer: Schema;
}

export interface AskedWith<Body> extends Asked {
  readonly body: Body;
}

/** Declares a query by POST, because its contents must be in no address and no proxy's log. Changes nothing. */
export function asks<Body>(
  server: FastifyInstance,
  route: Posting & {
    readonly answerWithinMs?: number;
    readonly work: (asked: AskedWith<Body>) => Promise<unknown>;
  },
): void {
  const { permission, answerWithinMs } = route;
  server.post(
    route.url,
    {
      config: { permission, ...(answerWithinMs === undefined ? {} : { answerWithinMs }) },
      schema: { ...schemaOf(route), body: route.body, response: { 200: route.answer } },
    },
    (request, reply) =>
      route
        .work({ ...askedOf(request), body: request.body as Body })
        .then((answer) => reply.type('application/json; charset=utf-8').send(answer)),
  );
}

/** Declares a change: once for its key, with its answer kept in the transaction of the change where possible. */
export function acts<Body>(
  server: FastifyInstance,
  { access }: Pick<RouteDeps, 'access'>,
  route: Posting & {
    /** 200, or 202 for work that continues after the answer. */
    readonly status?: 200 | 202;
    /** Where it may come without a key: it then runs each time. */
    readonly isKeyOptional?: true;
    /** Made by `itemByItem`; the work asks `judgedItems`. */
    readonly eachItem?: Schema;
    readonly work: (
      asked: AskedWith<Body> & { readonly request: FastifyRequest },
      keep: Keep,
    ) => Promise<Answer>;
  },
): void {
  server.post(
    route.url,
    {
      config: { permission: route.permission, eachItem: route.eachItem },
      schema: {
        ...schemaOf(route),
        headers: {
          ...repeatableHeaders,
          ...(route.isKeyOptional === true ? {} : { required: ['idempotency-key'] }),
        },
        body: route.body,
        response: { [route.status ?? 200]: route.answer },
      },
    },
    (request, reply) =>
      repeatable(access, request, reply, (keep) =>
        route.work({ ...askedOf(request), request, body: request.body as Body }, keep),
      ),
  );
}

const askedOf = (request: FastifyRequest): Asked => ({
  params: request.params as Asked['params'],
  caller: callerFor(request),
});

const schemaOf = ({ id, summary, description, tag, params }: Declared): FastifySchema => ({
  operationId: id,
  summary,
  ...(description === undefined ? {} : { description }),
  tags: [tag],
  ...(params === undefined ? {} : { params: requestSchema(params, Object.keys(params)) }),
});

// Runs an act from a POST: checks the body by the fields that the act declares, and stores the answer, for a repeated request, in the
// transaction of its effects.
// Invariant: the route requires exactly the permission that the act declares.

/** Its `params`: the name in the address that says what it is done to. */
interface ActRoute<Done> extends Omit<Declared, 'permission'> {
  readonly answer: Schema;
  readonly status?: 200 | 202;
  readonly isKeyOptional?: true;
  /** @param to what the address names */
  readonly body: (done: Done, to: string) => object;
}

export function offers<Input extends object, Done, Place extends Clocked>(
  server: FastifyInstance,
  deps: { readonly access: AccessPlace; readonly support: Place },
  act: Act<Input, Done, Place>,
  { body, ...route }: ActRoute<Done>,
): void {
  const { params = {}, status = 200 } = route;
  acts<object>(server, deps, {
    ...route,
    permission: act.permission,
    body: bodyOf(act),
    work: async ({ params: named, body: input, caller }, keep) => {
      const to = Object.keys(params).map((name) => named[name] ?? '');
      const answerOf = (done: Done): Answer => ({ status, body: body(done, to[0] ?? '') });
      const by = { scope: caller.holder, actor: caller.actor };
      return answerOf(
        await perform(deps.support, act, by, { to, input }, (tx, done) => keep(tx, answerOf(done))),
      );
    },
  });
}

export function bodyOf<Input extends object>(
  act: Pick<Act<Input, never>, 'fields'>,
  names?: readonly string[],
): Schema {
  const fields = fieldsOf(act).filter(([name]) => names?.includes(name) !== false);
  return request(
    Object.fromEntries(fields.map(([name, { schema, help }]) => [name, { ...schema, description: help }])),
    fields.filter(([, { isOptional }]) => isOptional !== true).map(([name]) => name),
  );
}
