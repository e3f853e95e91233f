// Reads the OpenAPI document for the page: operations by tag, and the fields of a schema as rows of a table.
// Invariant: the page shows the document, field by field; nothing is repeated in other words.

export interface SchemaSaid {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaSaid>>;
  readonly additionalProperties?: boolean | SchemaSaid;
  readonly items?: SchemaSaid;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: SchemaSaid }>>;
}

export interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: SchemaSaid;
  }[];
  readonly requestBody?: Content;
  readonly responses?: Readonly<Record<string, Content & { readonly description?: string }>>;
  /** By scheme the scopes that a key needs. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

export interface Described {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Address extends Operation {
  readonly method: string;
  readonly path: string;
  /** `post-v1-leads`: its anchor on the page. */
  readonly mark: string;
}

/** Replaces every reference in the document by its target. No schema of ours contains itself. */
export function inlined(document: Described): Described {
  const valueAt = (reference: string): unknown =>
    reference
      .split('/')
      .slice(1)
      .reduce<unknown>((inner, key) => (inner as Readonly<Record<string, unknown>>)[key], document);
  const whole = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(whole);
    if (typeof value !== 'object' || value === null) return value;
    const { $ref: reference, ...rest } = value as { readonly $ref?: unknown };
    const own = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, whole(inner)]));
    return typeof reference === 'string' ? { ...(whole(valueAt(reference)) as object), ...own } : own;
  };
  return whole(document) as Described;
}

export const addressesOf = (document: Described): readonly Address[] =>
  Object.entries(inlined(document).paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([name, operation]) => ({
      ...operation,
      method: name.toUpperCase(),
      path,
      mark: `${name}${path.replaceAll(/[^a-z0-9]+/gi, '-')}`.replace(/-$/, ''),
    })),
  );

export const schemaIn = ({ content }: Content): SchemaSaid | undefined =>
  Object.values(content ?? {})[0]?.schema;

export const typeIn = ({ content }: Content): string | undefined => Object.keys(content ?? {})[0];

/** A field of a body: `items[].consents[].state`. */
interface FieldSaid {
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly description: string;
}

export function fieldsOf(schema: SchemaSaid | undefined, at = ''): readonly FieldSaid[] {
  if (schema === undefined) return [];
  if (schema.type === 'array') return fieldsOf(schema.items, `${at}[]`);
  const named = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const place = at === '' ? name : `${at}.${name}`;
    return [
      {
        name: place,
        type: typeText(field),
        isRequired: schema.required?.includes(name) === true,
        description: [field.description, field.items?.description].filter(Boolean).join(' '),
      },
      ...fieldsOf(field, place),
    ];
  });
  const others = schema.additionalProperties;
  return typeof others === 'object' ? [...named, ...fieldsOf(others, `${at}.*`)] : named;
}

/** `string (date-time)`, `array of objects`, `a | b | c`, `integer, 1 to 200`. */
export function typeText(schema: SchemaSaid | undefined): string {
  if (schema === undefined) return '';
  const { type = '', format, enum: values, items, pattern } = schema;
  if (typeof type !== 'string') return type.map((one) => typeText({ ...schema, type: one })).join(' | ');
  if (type === 'null') return type;
  if (values !== undefined) return values.map(String).join(' | ');
  if (type === 'array') return `array of ${typeText(items) || 'anything'}${rangeText(schema)}`;
  const known = format === undefined ? type : `${type} (${format})`;
  return `${known}${rangeText(schema)}${pattern === undefined ? '' : ` ${pattern}`}`;
}

function rangeText({ minimum, maximum, minItems, maxItems, maxLength }: SchemaSaid): string {
  const [from, to] = [minimum ?? minItems, maximum ?? maxItems];
  if (from !== undefined && to !== undefined) return `, ${from} to ${to}`;
  if (from !== undefined) return `, from ${from}`;
  if (to !== undefined) return `, up to ${to}`;
  return maxLength === undefined ? '' : `, up to ${maxLength} characters`;
}
