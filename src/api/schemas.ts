// Building blocks of the routes' schemas of input and answer.
// Invariant: an object answers the listed members and nothing else; a request with other members is refused.
import { namePatterns } from '../domain/delivery-filter.ts';
import { described, list, object, orNull, text, whole, type Schema } from '../support/reads/columns.ts';
import { typedLength } from '../support/typed-text.ts';

export * from '../support/reads/columns.ts';

/** A text that a person types for the hand-over log. */
export const typed = (description: string): Schema => ({
  type: 'string',
  minLength: typedLength.least,
  maxLength: typedLength.most,
  description: `${description}; it is written in the hand-over log, so it names no person`,
});
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

/** A body of which every field is optional. */
export const mayBeAbsent = ({ required = [] }: Schema): boolean =>
  (required as readonly string[]).length === 0;

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
  { items, next }: { readonly items: readonly T[]; readonly next: number | string | undefined },
  itemOf: (item: T) => unknown = (item) => item,
): unknown => asJson({ items: items.map(itemOf), next: next === undefined ? null : String(next) });

export const inWords = <T extends { readonly text: readonly [string, string] }>(item: T): object => ({
  ...item,
  text: words(item.text),
});
