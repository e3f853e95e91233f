// JSON Schemas, and the columns of a record: its type, its values and its schema over HTTP come from one declaration.
// Invariant: an object answers the listed members and nothing else; a request with other members is refused.

export type Schema = Readonly<Record<string, unknown>>;

export const text = (description?: string): Schema => described({ type: 'string' }, description);
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

export const described = (schema: Schema, description: string | undefined): Schema =>
  description === undefined ? schema : { ...schema, description };

export const bothWords: Schema = called('Words', object({ fr: text(), en: text() }));

interface Column<Row> {
  readonly schema: Schema;
  readonly of: (row: Row) => unknown;
}
type ColumnsOf<Row> = Readonly<Record<string, Column<Row>>>;

export type RecordOf<Columns extends ColumnsOf<never>> = {
  readonly [Name in keyof Columns]: ReturnType<Columns[Name]['of']>;
};

export const recordOf = <Row, Columns extends ColumnsOf<Row>>(
  columns: Columns,
  row: Row,
): RecordOf<Columns> =>
  Object.fromEntries(Object.entries(columns).map(([name, { of }]) => [name, of(row)])) as RecordOf<Columns>;

export const schemasOf = (columns: ColumnsOf<never>): Readonly<Record<string, Schema>> =>
  Object.fromEntries(Object.entries(columns).map(([name, { schema }]) => [name, schema]));
