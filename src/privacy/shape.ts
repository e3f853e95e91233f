// JSON Schemas that carry the type of what they describe, so that the type of a document is not written a second time.
// Invariant: an object is closed; at run time there is the schema alone.

export interface Shape<T> {
  readonly [keyword: string]: unknown;
  /** Never there: it carries the type. */
  readonly described?: T;
}
export type Described<S> = S extends Shape<infer T> ? T : never;
type Members = Readonly<Record<string, Shape<unknown>>>;

export const shape = <T>(schema: object): Shape<T> => ({ ...schema });

export const list = <T>(items: Shape<T>, more: object = {}): Shape<readonly T[]> => ({
  type: 'array',
  ...more,
  items,
});

export const closed = <Required extends Members, Optional extends Members = Record<never, never>>(
  required: Required,
  optional?: Optional,
): Shape<
  { readonly [Name in keyof Required]: Described<Required[Name]> } & {
    readonly [Name in keyof Optional]?: Described<Optional[Name]>;
  }
> => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(required),
  properties: { ...required, ...optional },
});
