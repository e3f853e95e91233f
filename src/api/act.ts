// Runs an act from a POST: checks the body by the fields that the act declares, and stores the answer, for a repeated request, in the
// transaction of its effects.
// Invariant: the route requires exactly the permission that the act declares.
import type { FastifyInstance } from 'fastify';
import type { AccessPlace } from '../access/place.ts';
import { fieldsOf, perform, type Act, type Clocked } from '../support/acts/act.ts';
import type { Answer } from './repeatable.ts';
import { acts } from './route.ts';
import { request, type Schema } from './schemas.ts';

interface ActRoute<Done> {
  readonly url: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** The name in the address that says what it is done to. */
  readonly params?: Readonly<Record<string, Schema>>;
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

/** The fields of an act, or those that are named. */
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
