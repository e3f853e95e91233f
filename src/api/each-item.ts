// Judges the `items` of a request one by one: one of the wrong shape is refused by itself, and the others are taken.
// Invariant: the document describes each item; only a wrong list refuses the whole request.
import type { FastifyRequest } from 'fastify';
import { itemRefusal, type Invalid, type ItemRefusal } from './problems.ts';
import type { Schema } from './schemas.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Schema of each item, where the route judges them one by one. */
    readonly eachItem?: Schema | undefined;
  }
}

type Members = Readonly<Record<string, Schema>>;

const withItems = (body: Schema, items: Schema): Schema => {
  const members = body['properties'] as Members;
  return { ...body, properties: { ...members, items: { ...members['items'], items } } };
};

/** The body as the server checks it, and the schema of its items for the route's `config`. */
export const itemByItem = (body: Schema) => ({
  body: withItems(body, {}),
  eachItem: (body['properties'] as Members)['items']?.['items'] as Schema,
});

/** The body as the document describes it. */
export const describedItems = <T extends { readonly body?: unknown }>(
  schema: T,
  eachItem: Schema | undefined,
): T => (eachItem === undefined ? schema : { ...schema, body: withItems(schema.body as Schema, eachItem) });

interface JudgedItems<Item> {
  readonly sound: readonly Item[];
  /** Answers to the sound items, with the refusals of the others in their places. */
  readonly inOrder: <Answer>(
    answers: readonly Answer[],
    refused: (refusal: ItemRefusal, item: unknown) => Answer,
  ) => readonly Answer[];
}

export function judgedItems<Item>(request: FastifyRequest, items: readonly unknown[]): JudgedItems<Item> {
  const isSound = request.compileValidationSchema(request.routeOptions.config.eachItem ?? {});
  const refusals = items.map((item, at) =>
    isSound(item) === true ? undefined : itemRefusal((isSound.errors ?? []) as readonly Invalid[], at),
  );
  return {
    sound: items.filter((_, at) => refusals[at] === undefined) as readonly Item[],
    inOrder: (answers, refused) => {
      let next = 0;
      return refusals.flatMap((refusal, at) =>
        refusal === undefined ? answers.slice(next, (next += 1)) : [refused(refusal, items[at])],
      );
    },
  };
}
