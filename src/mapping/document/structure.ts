// Checks the shape of a block against a JSON Schema and says in plain words what is wrong, at its line and column.
// Invariant: one mistake, one message; messages name keys and kinds, never a value that could be a secret.
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, Options, ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { isRecord } from './yaml.ts';
import type { Path, ProblemCode, Report } from './problems.ts';
import { suggest } from './suggest.ts';

const compiled = new WeakMap<object, ValidateFunction>();

/**
 * Every process that reads a mapping compiles these first, and few files are checked by them: making them is what costs, so
 * their code is not optimised, and that the schemas themselves are sound is held by a test.
 */
const options: Options = {
  allErrors: true,
  strict: false,
  verbose: true,
  useDefaults: false,
  validateSchema: false,
  code: { optimize: false },
};

/** A validator of one of our own schemas, compiled once. */
export function validatorOf(schema: object): ValidateFunction {
  const found = compiled.get(schema);
  if (found !== undefined) return found;
  const ajv = new Ajv2020(options);
  (addFormats as unknown as (target: Ajv2020) => void)(ajv);
  const made = ajv.compile(schema);
  compiled.set(schema, made);
  return made;
}

export interface StructureProblem {
  readonly path: Path;
  readonly code: ProblemCode;
  readonly message: string;
  readonly suggestion?: string | undefined;
  readonly at?: 'key';
}

/** Every mistake of shape, each once. */
export function structureProblems(schema: object, value: unknown): readonly StructureProblem[] {
  const validate = validatorOf(schema);
  if (validate(value) === true) return [];
  return plainest(validate.errors ?? []).flatMap((error) => translate(error, value) ?? []);
}

export function reportStructure(schema: object, value: unknown, report: Report, prefix: Path = []): boolean {
  const problems = structureProblems(schema, value);
  for (const { path, code, message, suggestion, at } of problems) {
    report.error([...prefix, ...path], code, message, { suggestion, ...(at === undefined ? {} : { at }) });
  }
  return problems.length === 0;
}

/** Of the forms a value could have had, only the mistakes of the one it comes closest to. */
function plainest(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choices = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf');
  let rest = [...errors];
  // The inner choices first: an outer one then counts what is left of them.
  for (const choice of choices.toSorted((a, b) => b.schemaPath.length - a.schemaPath.length)) {
    const branches = new Map<string, ErrorObject[]>();
    for (const error of rest) {
      if (error === choice || !isInside(error, choice)) continue;
      const key = branchOf(error, choice);
      branches.set(key, [...(branches.get(key) ?? []), error]);
    }
    const inner = [...branches.values()];
    const likely = inner
      .filter(
        (branch) =>
          !branch.some((error) => error.keyword === 'type' && error.instancePath === choice.instancePath),
      )
      .toSorted((a, b) => a.length - b.length)[0];
    const dropped = new Set(inner.flat());
    for (const kept of likely ?? []) dropped.delete(kept);
    if (likely !== undefined) dropped.add(choice);
    rest = rest.filter((error) => !dropped.has(error));
  }
  return rest.filter((error) => error.keyword !== 'if' && error.keyword !== 'propertyNames');
}

// ajv follows $ref with schema paths that begin anew, so the place in the data decides too what is inside a choice.
const isInside = (error: ErrorObject, choice: ErrorObject): boolean =>
  error.schemaPath.startsWith(`${choice.schemaPath}/`) ||
  (error.schemaPath.startsWith('#/$defs/') &&
    error.instancePath.startsWith(choice.instancePath) &&
    !choice.schemaPath.startsWith(error.schemaPath));

const branchOf = (error: ErrorObject, choice: ErrorObject): string =>
  error.schemaPath.startsWith(`${choice.schemaPath}/`)
    ? (error.schemaPath.slice(choice.schemaPath.length + 1).split('/')[0] ?? '')
    : (error.schemaPath.split('/')[2] ?? '');

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'a block of keys',
  array: 'a list',
  null: 'null',
};

function nameOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  return typeof last === 'number'
    ? `entry ${last + 1} of "${String(path.at(-2) ?? 'the list')}"`
    : `"${last}"`;
}

function translate(error: ErrorObject, root: unknown): StructureProblem | undefined {
  const path = pathOf(error.instancePath, root);
  const name = nameOf(path);
  switch (error.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return unknownKey(error, path);
    case 'required':
    case 'dependentRequired':
      return missingKey(error, path);
    case 'type':
      return { path, code: 'MAP-103', message: `${name} needs ${kindsOf(error).join(' or ')}.` };
    case 'enum':
    case 'const':
      return notInList(error, path);
    case 'pattern': {
      const form: unknown = error.parentSchema?.['x-form'] ?? error.parentSchema?.['description'];
      return { path, code: 'MAP-105', message: wrongForm(name, form) };
    }
    case 'anyOf':
    case 'oneOf':
      return { path, code: 'MAP-103', message: wrongForm(name, error.parentSchema?.['description']) };
    case 'maxProperties':
      return { path, code: 'MAP-105', message: tooMany(name, error) };
    case 'minItems':
    case 'minLength':
    case 'minProperties':
      return { path, code: 'MAP-105', message: `${name} is empty or too short.` };
    default:
      return { path, code: 'MAP-105', message: `${name} ${error.message ?? 'is wrong'}.` };
  }
}

const paramsOf = (error: ErrorObject): Record<string, unknown> => error.params as Record<string, unknown>;

function unknownKey(error: ErrorObject, path: Path): StructureProblem {
  const params = paramsOf(error);
  const properties = isRecord(error.parentSchema?.['properties'])
    ? Object.keys(error.parentSchema['properties'])
    : [];
  const key = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
  const suggestion = suggest(key, properties);
  const known =
    suggestion === undefined && properties.length > 0 && properties.length <= 12
      ? ` Known here: ${properties.join(', ')}.`
      : '';
  const message = `key "${key}" does not exist here.${known}`;
  return { path: [...path, key], code: 'MAP-101', message, suggestion, at: 'key' };
}

function missingKey(error: ErrorObject, path: Path): StructureProblem {
  const params = paramsOf(error);
  const name = nameOf(path);
  const key = String(params['missingProperty']);
  if (error.keyword === 'dependentRequired') {
    const message = `key "${key}" is missing in ${name}: "${String(params['property'])}" needs it.`;
    return { path, code: 'MAP-102', message };
  }
  const inside = typeof path.at(-1) === 'number' || path.length === 0 ? '' : ` in ${name}`;
  return { path, code: 'MAP-102', message: `key "${key}" is missing${inside}.` };
}

function kindsOf(error: ErrorObject): readonly string[] {
  const type = paramsOf(error)['type'];
  const wanted = Array.isArray(type) ? (type as unknown[]) : [type];
  return wanted.map((kind) => kinds[String(kind)] ?? String(kind));
}

function notInList(error: ErrorObject, path: Path): StructureProblem {
  const params = paramsOf(error);
  const allowed =
    error.keyword === 'const' ? [params['allowedValue']] : (params['allowedValues'] as unknown[]);
  const texts = allowed.map(String);
  const suggestion = typeof error.data === 'string' ? suggest(error.data, texts) : undefined;
  const quoted =
    typeof error.data === 'number' && texts.includes(String(error.data))
      ? ` Write it between quotes: '${error.data}'.`
      : '';
  const message = `${nameOf(path)} is one of: ${texts.join(', ')}.${quoted}`;
  return { path, code: 'MAP-104', message, suggestion };
}

function tooMany(name: string, { params, parentSchema }: ErrorObject): string {
  const { limit } = params as { readonly limit: number };
  const known = isRecord(parentSchema?.['properties']) ? Object.keys(parentSchema['properties']) : [];
  return limit === 1 && known.length > 0
    ? `${name} holds only one of these: ${known.join(', ')}.`
    : `${name} holds at most ${limit} keys.`;
}

const wrongForm = (name: string, form: unknown): string =>
  `${name} does not have the right form${typeof form === 'string' ? `: ${form}` : '.'}`;

/** A JSON pointer to a path, indices as numbers. */
export function pathOf(pointer: string, root: unknown): Path {
  const path: (string | number)[] = [];
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const step = Array.isArray(value) ? Number(key) : key;
    path.push(step);
    value =
      typeof value === 'object' && value !== null
        ? (value as Record<string | number, unknown>)[step]
        : undefined;
  }
  return path;
}
