// Completes the OpenAPI document that Fastify collects of the routes: names, operation ids and statuses.
// Invariant: each object has a name in components, each operation an id, and each status that an address may answer with is listed.
import { mayBeAbsent, problem, type Schema } from '../schemas.ts';
import { tagWords } from './words.ts';

interface Operation {
  readonly operationId?: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: Media;
  readonly responses?: Readonly<Record<string, Media>>;
}
interface Media {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}
export interface Collected {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: Readonly<Record<string, unknown>>;
}

const header = (description: string, schema: Schema = { type: 'string' }): object => ({
  description,
  schema,
});
const requestId = { 'x-request-id': header('names the request, for a question to support') };
const retryAfter = header('seconds to wait before the request is sent again', {
  type: 'integer',
  minimum: 0,
});

const unread: Readonly<Record<string, string>> = {
  400: 'not HTTP, not JSON in UTF-8, a name twice in one object, or not as described',
  401: 'no key in force, or not from an address it is bound to',
  403: 'the key has not the scope of this address',
  404: 'nothing of that name, or another client’s',
  408: 'the request did not arrive within its time',
  409: 'not in a state for this, or the request of this Idempotency-Key is under way',
  413: 'the body is larger than a request may be',
  414: 'a name in the address is too long',
  415: 'not JSON, in another charset than UTF-8, or with a Content-Encoding',
  417: 'an Expect other than 100-continue',
  422: 'this Idempotency-Key came with another request',
  429: 'more requests than one address may send in a minute',
  431: 'the headers are too large',
  500: 'a fault of ours; nothing is done twice',
  503: 'the database takes nothing now: send the request again',
};
const headersOf: Readonly<Record<string, object>> = {
  401: { 'www-authenticate': header('Bearer') },
  409: { 'retry-after': retryAfter },
  429: { 'retry-after': retryAfter },
  503: { 'retry-after': retryAfter },
};

const responses = Object.fromEntries(
  Object.entries(unread).map(([status, description]) => [
    `Problem${status}`,
    {
      description,
      headers: { ...requestId, ...headersOf[status] },
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]),
);

/** @throws for an operation without a name: the server does not start */
export function finished(collected: Collected): Readonly<Record<string, unknown>> {
  const schemas = new NamedSchemas();
  schemas.placed(problem, 'Problem');
  const paths = Object.fromEntries(
    Object.entries(collected.paths ?? {}).map(([path, byMethod]) => [
      path,
      Object.fromEntries(
        Object.entries(byMethod).map(([method, operation]) => [
          method,
          operationOf(`${method.toUpperCase()} ${path}`, operation, schemas),
        ]),
      ),
    ]),
  );
  return {
    ...collected,
    tags: Object.entries(tagWords).map(([name, [, english]]) => ({ name, description: english })),
    paths,
    components: { ...collected.components, schemas: schemas.all(), responses },
  };
}

function operationOf(name: string, operation: Operation, schemas: NamedSchemas): object {
  const { operationId: id, parameters = [], requestBody, responses: answers = {} } = operation;
  if (id === undefined) throw new Error(`${name} has no operationId.`);
  const base = `${id.charAt(0).toUpperCase()}${id.slice(1)}`;
  const isRepeatable = parameters.some(({ name: header }) => header.toLowerCase() === 'idempotency-key');
  const successes = Object.entries(answers).filter(([status]) => status.startsWith('2'));
  return {
    ...operation,
    ...(requestBody === undefined
      ? {}
      : {
          requestBody: {
            ...mediaOf(requestBody, `${base}Request`, schemas),
            required: !Object.values(requestBody.content ?? {}).some(({ schema = {} }) =>
              mayBeAbsent(schema),
            ),
          },
        }),
    responses: {
      ...Object.fromEntries(
        successes.map(([status, answer]) => [
          status,
          {
            ...mediaOf(answer, `${base}Answer`, schemas),
            description: status === '202' ? 'Taken; it continues after the answer.' : 'Done.',
            headers: {
              ...requestId,
              ...(isRepeatable
                ? { 'idempotent-replayed': header('true: the answer of the first request under this key') }
                : {}),
            },
          },
        ]),
      ),
      ...Object.fromEntries(
        refusalsOf(operation, isRepeatable).map((status) => [
          status,
          { $ref: `#/components/responses/Problem${status}` },
        ]),
      ),
    },
  };
}

/** Statuses of every address, and the further ones of addresses with a body or an Idempotency-Key. */
const refusalsOf = ({ requestBody }: Operation, isRepeatable: boolean): readonly number[] =>
  [400, 401, 403, 404, 408, 409, 414, 417, 429, 431, 500, 503]
    .concat(requestBody === undefined ? [] : [413, 415], isRepeatable ? [422] : [])
    .toSorted((one, other) => one - other);

function mediaOf({ content = {}, ...rest }: Media, name: string, schemas: NamedSchemas): Media {
  return {
    ...rest,
    content: Object.fromEntries(
      Object.entries(content).map(([type, media]) => [
        type,
        media.schema === undefined ? media : { ...media, schema: schemas.placed(media.schema, name) },
      ]),
    ),
  };
}

/** Names every object: by its `title`, else by its first place. Equal objects share one name. */
class NamedSchemas {
  readonly #byText = new Map<string, string>();
  readonly #schemas = new Map<string, Schema>();

  all(): Readonly<Record<string, Schema>> {
    return Object.fromEntries([...this.#schemas].toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }

  placed(schema: Schema, place: string): Schema {
    const { description, title, ...rest } = this.#within(schema, place);
    const said = description === undefined ? {} : { description };
    if (schema['properties'] === undefined) return { ...rest, ...said };
    const text = JSON.stringify(rest);
    const known = this.#byText.get(text);
    const name = known ?? this.#free(typeof title === 'string' ? title : place);
    this.#byText.set(text, name);
    this.#schemas.set(name, { ...rest, ...said, ...this.#schemas.get(name) });
    return { $ref: `#/components/schemas/${name}`, ...said };
  }

  #within(schema: Schema, place: string): Schema {
    const under = (one: unknown, name: string): unknown =>
      typeof one === 'object' && one !== null ? this.placed(one as Schema, name) : one;
    const title = typeof schema['title'] === 'string' ? schema['title'] : place;
    const { properties, items, additionalProperties } = schema;
    return {
      ...schema,
      ...(properties === undefined
        ? {}
        : {
            properties: Object.fromEntries(
              Object.entries(properties as object).map(([name, one]) => [
                name,
                under(one, `${title}${capital(name)}`),
              ]),
            ),
          }),
      ...(items === undefined ? {} : { items: under(items, singular(title)) }),
      ...(additionalProperties === undefined
        ? {}
        : { additionalProperties: under(additionalProperties, `${title}Value`) }),
    };
  }

  #free(name: string): string {
    let free = name;
    for (let number = 2; this.#schemas.has(free); number += 1) free = `${name}${number}`;
    return free;
  }
}

const capital = (name: string): string =>
  name.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const singular = (name: string): string =>
  name.endsWith('ies') ? `${name.slice(0, -3)}y` : /[^s]s$/.test(name) ? name.slice(0, -1) : `${name}Item`;
