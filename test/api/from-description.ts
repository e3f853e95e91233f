// Requests made from the OpenAPI document itself: as it describes them, or with one thing wrong; and what it says of their answers.
import { generateSync } from 'json-schema-faker';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {
  addressesOf,
  schemaIn,
  type Address,
  type Described,
  type SchemaSaid,
} from '../../src/api/docs/document.ts';

export interface Made {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** What is wrong with it; undefined: nothing. */
  readonly fault: string | undefined;
}

const make = (schema: SchemaSaid | undefined, seed: number): unknown =>
  generateSync((schema ?? {}) as never, { seed, alwaysFakeOptionals: true });

/** All that it must have, and some of what it may. */
function bodyOf(schema: SchemaSaid | undefined, seed: number): unknown {
  const whole = make(schema, seed);
  if (schema?.properties === undefined) return whole;
  return Object.fromEntries(
    Object.entries(whole as object).filter(
      ([name], at) => schema.required?.includes(name) === true || (seed >> at) % 2 === 0,
    ),
  );
}

/** Names that exist in the gateway of the test, so that more than 404 is met. */
export type Known = Readonly<Record<string, readonly string[]>>;

const ajv = new Ajv2020({ strict: false, allErrors: false });
(addFormats as unknown as (on: Ajv2020) => void)(ajv);
const fits = (schema: SchemaSaid | undefined, value: unknown): boolean =>
  ajv.validate((schema ?? {}) as object, value);

/** @param seed the same request for the same seed @param faulty which of the faults that fit the address; undefined: none */
export function requestOf(address: Address, known: Known, seed: number, faulty: number | undefined): Made {
  const { path, parameters = [], requestBody } = address;
  const schema = requestBody === undefined ? undefined : schemaIn(requestBody);
  const named = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const values = known[name] ?? [];
    return (
      values[seed % values.length] ?? String(make(parameters.find((one) => one.name === name)?.schema, seed))
    );
  });
  const query = new URLSearchParams(
    parameters
      .filter((one, at) => one.in === 'query' && (seed >> at) % 3 === 0)
      .map((one): [string, string] => [one.name, String(make(one.schema, seed))]),
  );
  const headers: Record<string, string> = {};
  for (const one of parameters.filter(({ in: place }) => place === 'header'))
    headers[one.name] = `f-${seed}-${faulty ?? 'none'}`;
  const sound = {
    path: `${named}${query.size === 0 ? '' : `?${query.toString()}`}`,
    headers,
    body: bodyOf(schema, seed),
    fault: undefined,
  };
  const wrong = faulty === undefined ? [] : faultsOf(address, sound, schema, seed);
  return faulty === undefined || wrong.length === 0 ? sound : (wrong[faulty % wrong.length] ?? sound);
}

function faultsOf(
  { parameters = [] }: Address,
  sound: Made,
  schema: SchemaSaid | undefined,
  seed: number,
): readonly Made[] {
  const [bare = ''] = sound.path.split('?');
  const withQuery = (fault: string, text: string): Made => ({ ...sound, fault, path: `${bare}?${text}` });
  const inQuery = parameters.filter((one) => one.in === 'query');
  const queries = inQuery
    .filter((one) => !fits(one.schema, '~') && !fits(one.schema, ''))
    .flatMap(({ name }) => [
      withQuery(`${name} of another form`, `${name}=~`),
      withQuery(`${name} empty`, `${name}=`),
    ]);
  return [
    withQuery('an unknown parameter', `x${seed}=1`),
    ...inQuery.map(({ name }) => withQuery(`${name} twice`, `${name}=1&${name}=1`)),
    ...queries,
    ...(schema === undefined ? [] : bodyFaults(sound, schema, seed)),
  ];
}

function bodyFaults(sound: Made, schema: SchemaSaid, seed: number): readonly Made[] {
  const body = sound.body as Readonly<Record<string, unknown>>;
  const others: readonly unknown[] = [null, 'x', 1, true, [], {}, 'x'.repeat(300), -1, '\u0000', '‮', [[[]]]];
  const changed = Object.entries(schema.properties ?? {}).flatMap(([name, field]) =>
    others
      // Items are judged one by one: only the list's own form refuses the whole request.
      .filter((value) => !fits(name === 'items' ? { ...field, items: {} } : field, value))
      .map((value, at): Made => ({
        ...sound,
        fault: `${name} of another kind (${at})`,
        body: { ...body, [name]: value },
      })),
  );
  const missing = (schema.required ?? []).map((name): Made => {
    const { [name]: _gone, ...rest } = body;
    return { ...sound, fault: `without ${name}`, body: rest };
  });
  return [
    ...changed,
    ...missing,
    { ...sound, fault: 'an unknown name', body: { ...body, [`x${seed}`]: 1 } },
    ...[null, [], 'text', 1].map((value): Made => ({ ...sound, fault: 'no object', body: value })),
    { ...sound, fault: 'no JSON', body: `{"x${seed}"` },
  ];
}

/** What is wrong with an answer by the document; undefined: nothing. */
export function unlike(
  { responses = {} }: Address,
  answer: { readonly status: number; readonly headers: Headers; readonly text: string },
): string | undefined {
  const said = responses[String(answer.status)];
  if (said === undefined) return `the status ${answer.status} is not described`;
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const schema = said.content?.[type]?.schema;
  if (schema === undefined) return `${answer.status} is not described as ${type}`;
  return fits(schema, JSON.parse(answer.text)) ? undefined : `${answer.status}: ${ajv.errorsText()}`;
}

export const addressesIn = (document: unknown): readonly Address[] => addressesOf(document as Described);
