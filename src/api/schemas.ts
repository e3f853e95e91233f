// Building blocks of the routes' schemas of input and answer.
// Invariant: an object answers the listed members and nothing else; a request with other members is refused.
import { namePatterns } from '../domain/delivery-filter.ts';
import { typedLength } from '../support/typed-text.ts';

export type Schema = Readonly<Record<string, unknown>>;

export const text = (description?: string): Schema => described({ type: 'string' }, description);
/** A text that a person types for the hand-over log. */
export const typed = (description: string): Schema => ({
  type: 'string',
  minLength: typedLength.least,
  maxLength: typedLength.most,
  description: `${description}; it is written in the hand-over log, so it names no person`,
});
export const whole = (description?: string): Schema => described({ type: 'integer' }, description);
export const flag = (description?: string): Schema => described({ type: 'boolean' }, description);
export const moment = (description?: string): Schema =>
  described({ type: 'string', format: 'date-time' }, description);
export const oneOf = (values: readonly string[], description?: string): Schema =>
  described({ type: 'string', enum: values }, description);
/** In OpenAPI 3.1 null is one of the types; `anyOf` with null stops generators of clients. */
export const orNull = (schema: Schema): Schema => ({
  ...schema,
  ...(typeof schema['title'] === 'string' ? { title: `${schema['title']}OrNull` } : {}),
  type: [schema['type'], 'null'],
});
/** A name of its own in the document, which clients use. */
export const called = (title: string, schema: Schema): Schema => ({ ...schema, title });
export const list = (items: Schema, description?: string): Schema =>
  described({ type: 'array', items }, description);
/** An object with arbitrary names. */
export const table = (values: Schema, description?: string): Schema =>
  described({ type: 'object', additionalProperties: values }, description);

/** All members are mandatory. */
export const object = (properties: Readonly<Record<string, Schema>>, description?: string): Schema =>
  described(
    { type: 'object', additionalProperties: false, required: Object.keys(properties), properties },
    description,
  );
/** Only the listed members are mandatory. */
export const request = (
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema => ({ type: 'object', additionalProperties: false, required, properties });

const described = (schema: Schema, description: string | undefined): Schema =>
  description === undefined ? schema : { ...schema, description };

/** Names in Relais's own form: any other is refused, and never repeated in an answer. */
const named =
  (pattern: string) =>
  (description?: string): Schema =>
    described({ type: 'string', pattern }, description);
export const clientName = named(namePatterns.client);
export const destinationName = clientName;
export const referenceName = named(namePatterns.reference);
export const deliveryName = named('^([0-9]{1,15}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$');
export const taskName = named('^A?[0-9]{1,15}$');

/** Words for people, in both languages. */
export const bothWords: Schema = called('Words', object({ fr: text(), en: text() }));

export const pageOf = (items: Schema): Schema =>
  object({
    items: list(items),
    next: orNull(text('to be given as `after` for the next page; null at the end')),
  });

/** A problem of RFC 9457. */
export const problem: Schema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'instance'],
  properties: {
    type: text('`urn:relais:error:CODE`, or `about:blank`'),
    title: text(),
    status: whole(),
    detail: text('what is wrong, and where'),
    code: text('of the catalogue of errors'),
    remedy: text('what to do'),
    instance: text('the request, by its id'),
    errors: list(
      { type: 'object', properties: { pointer: text(), detail: text() } },
      'places in what was sent',
    ),
  },
};

/** The header of a request that runs once for its key: every route with `repeatable` declares it. */
export const repeatableHeaders = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      pattern: String.raw`^[\x21-\x7e]+$`,
      description:
        'of this very request: sent again within a day it gets the same answer, and nothing is done twice',
    },
  },
} as const;

export const limitField: Schema = {
  type: 'string',
  pattern: '^([1-9]|[1-9][0-9]|1[0-9][0-9]|200)$',
  description: 'items of a page: 1 to 200, 50 where nothing is said',
};
export const afterField: Schema = {
  type: 'string',
  pattern: '^[0-9]{1,15}$',
  description: '`next` of the page before',
};

/** JSON of a support answer: both languages by name instead of by place, moments as text. */
export const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

export const words = ([fr, en]: readonly [fr: string, en: string]): {
  readonly fr: string;
  readonly en: string;
} => ({
  fr,
  en,
});

/** Parameters of a page. */
export const pageAsked = ({
  limit,
  after,
}: {
  readonly limit?: string;
  readonly after?: string;
}): { readonly limit: number; readonly after?: number } => ({
  limit: limit === undefined ? 50 : Number(limit),
  ...(after === undefined ? {} : { after: Number(after) }),
});

export const pageAnswer = <T>(
  { items, next }: { readonly items: readonly T[]; readonly next: number | undefined },
  itemOf: (item: T) => unknown = (item) => item,
): unknown => asJson({ items: items.map(itemOf), next: next === undefined ? null : String(next) });

/** The words of an item by their languages. */
export const inWords = <T extends { readonly text: readonly [string, string] }>(item: T): object => ({
  ...item,
  text: words(item.text),
});
