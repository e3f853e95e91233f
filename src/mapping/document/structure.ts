// Checks the structure of a block against a JSON Schema and reports each mistake in plain words, at its line and column.
// Invariant: one mistake, one message; messages name keys and kinds, never a value that could be a secret.
import { Ajv2020, type ErrorObject, type Options, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Path, Report, Message, ProblemCode } from './problems.ts';
import type { Both } from '../../../connectors/contract.ts';
import { suggest } from './suggest.ts';
import { isRecord } from './yaml.ts';

// Turns one error of the schema validator into a code and a plain message, French first.
// Invariant: messages name keys and kinds, never a value that could be a secret.

interface StructureProblem {
  readonly path: Path;
  readonly code: ProblemCode;
  readonly message: Message;
  readonly suggestion?: string | undefined;
  readonly at?: 'key';
}

const kinds: Readonly<Record<string, Both>> = {
  string: ['un texte', 'a text'],
  number: ['un nombre', 'a number'],
  integer: ['un nombre entier', 'a whole number'],
  boolean: ['true ou false', 'true or false'],
  object: ['un bloc de clés', 'a block of keys'],
  array: ['une liste', 'a list'],
  null: ['null', 'null'],
};

function nameOf(path: Path): Both {
  const last = path.at(-1);
  if (last === undefined) return ['le fichier', 'the file'];
  if (typeof last !== 'number') return [`« ${last} »`, `"${last}"`];
  const list = path.at(-2);
  return [
    `l’élément ${last + 1} de ${list === undefined ? 'la liste' : `« ${String(list)} »`}`,
    `entry ${last + 1} of "${String(list ?? 'the list')}"`,
  ];
}

/** Undefined when another error already reports the mistake. */
function structureProblem(error: ErrorObject, path: Path): StructureProblem | undefined {
  const name = nameOf(path);
  switch (error.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return unknownKey(error, path);
    case 'required':
    case 'dependentRequired':
      return missingKey(error, path);
    case 'type':
      return { path, code: 'MAP-103', message: wrongKind(name, error) };
    case 'enum':
    case 'const':
      return notInList(error, path);
    case 'pattern':
    case 'format':
      return { path, code: 'MAP-105', message: wrongForm(name, error) };
    case 'anyOf':
    case 'oneOf':
      return { path, code: 'MAP-103', message: wrongForm(name, error) };
    case 'maxProperties':
      return { path, code: 'MAP-105', message: tooMany(name, error) };
    case 'minItems':
    case 'minLength':
    case 'minProperties':
      return {
        path,
        code: 'MAP-105',
        message: [`${name[0]} : vide ou trop court.`, `${name[1]} is empty or too short.`],
      };
    default:
      return { path, code: 'MAP-105', message: outOfBounds(name, error) };
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
  const known: Both =
    suggestion === undefined && properties.length > 0 && properties.length <= 12
      ? [` Connues ici : ${properties.join(', ')}.`, ` Known here: ${properties.join(', ')}.`]
      : ['', ''];
  const message: Both = [
    `la clé « ${key} » n’existe pas ici.${known[0]}`,
    `key "${key}" does not exist here.${known[1]}`,
  ];
  return { path: [...path, key], code: 'MAP-101', message, suggestion, at: 'key' };
}

function missingKey(error: ErrorObject, path: Path): StructureProblem {
  const params = paramsOf(error);
  const name = nameOf(path);
  const key = String(params['missingProperty']);
  if (error.keyword === 'dependentRequired') {
    const property = String(params['property']);
    const message: Both = [
      `la clé « ${key} » manque dans ${name[0]} : « ${property} » en a besoin.`,
      `key "${key}" is missing in ${name[1]}: "${property}" needs it.`,
    ];
    return { path, code: 'MAP-102', message };
  }
  const inside: Both =
    typeof path.at(-1) === 'number' || path.length === 0 ? ['', ''] : [` dans ${name[0]}`, ` in ${name[1]}`];
  return {
    path,
    code: 'MAP-102',
    message: [`la clé « ${key} » manque${inside[0]}.`, `key "${key}" is missing${inside[1]}.`],
  };
}

function wrongKind(name: Both, error: ErrorObject): Both {
  const type = paramsOf(error)['type'];
  const wanted = (Array.isArray(type) ? (type as unknown[]) : [type]).map(
    (kind): Both => kinds[String(kind)] ?? [String(kind), String(kind)],
  );
  return [
    `${name[0]} doit être ${wanted.map(([french]) => french).join(' ou ')}.`,
    `${name[1]} needs ${wanted.map(([, english]) => english).join(' or ')}.`,
  ];
}

function notInList(error: ErrorObject, path: Path): StructureProblem {
  const params = paramsOf(error);
  const allowed =
    error.keyword === 'const' ? [params['allowedValue']] : (params['allowedValues'] as unknown[]);
  const texts = allowed.map(String);
  const suggestion = typeof error.data === 'string' ? suggest(error.data, texts) : undefined;
  const quoted: Both =
    typeof error.data === 'number' && texts.includes(String(error.data))
      ? [` Mettez-le entre guillemets : '${error.data}'.`, ` Write it between quotes: '${error.data}'.`]
      : ['', ''];
  const name = nameOf(path);
  const message: Both = [
    `${name[0]} est l’un de : ${texts.join(', ')}.${quoted[0]}`,
    `${name[1]} is one of: ${texts.join(', ')}.${quoted[1]}`,
  ];
  return { path, code: 'MAP-104', message, suggestion };
}

function tooMany(name: Both, { params, parentSchema }: ErrorObject): Both {
  const { limit } = params as { readonly limit: number };
  const known = isRecord(parentSchema?.['properties']) ? Object.keys(parentSchema['properties']) : [];
  return limit === 1 && known.length > 0
    ? [
        `${name[0]} ne contient qu’une de ces clés : ${known.join(', ')}.`,
        `${name[1]} holds only one of these: ${known.join(', ')}.`,
      ]
    : [`${name[0]} contient au plus ${limit} clés.`, `${name[1]} holds at most ${limit} keys.`];
}

/** The form is described in the schema: `x-form` or the description, and `x-forme` in French. */
function wrongForm(name: Both, { parentSchema = {} }: ErrorObject): Both {
  const french: unknown = parentSchema['x-forme'];
  const english: unknown = parentSchema['x-form'] ?? parentSchema['description'];
  return [
    `${name[0]} n’a pas la forme voulue${typeof french === 'string' ? ` : ${french}` : '.'}`,
    `${name[1]} does not have the right form${typeof english === 'string' ? `: ${english}` : '.'}`,
  ];
}

function outOfBounds(name: Both, error: ErrorObject): Both {
  const { limit } = paramsOf(error);
  const bound = (french: string, english: string): Both => [
    `${name[0]} : ${french}.`,
    `${name[1]} ${english}.`,
  ];
  switch (error.keyword) {
    case 'minimum':
      return bound(`${String(limit)} au moins`, `must be ${String(limit)} at least`);
    case 'maximum':
      return bound(`${String(limit)} au plus`, `must be ${String(limit)} at most`);
    case 'maxLength':
      return bound(`${String(limit)} caractères au plus`, `has ${String(limit)} characters at most`);
    case 'maxItems':
      return bound(`${String(limit)} éléments au plus`, `has ${String(limit)} entries at most`);
    case 'uniqueItems':
      return bound('deux éléments sont les mêmes', 'holds the same entry twice');
    default:
      return bound(`ne convient pas (${error.keyword})`, `does not fit (${error.keyword})`);
  }
}

const compiled = new WeakMap<object, ValidateFunction>();

/**
 * Every process compiles these schemas first and checks few files with them: compiling is the cost, so the code is not
 * optimised; a test checks that the schemas are valid.
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
function validatorOf(schema: object): ValidateFunction {
  const found = compiled.get(schema);
  if (found !== undefined) return found;
  const ajv = new Ajv2020(options);
  (addFormats as unknown as (target: Ajv2020) => void)(ajv);
  const made = ajv.compile(schema);
  compiled.set(schema, made);
  return made;
}

export function structureProblems(schema: object, value: unknown): readonly StructureProblem[] {
  const validate = validatorOf(schema);
  if (validate(value) === true) return [];
  return plainest(validate.errors ?? []).flatMap(
    (error) => structureProblem(error, pathOf(error.instancePath, value)) ?? [],
  );
}

export function reportStructure(schema: object, value: unknown, report: Report, prefix: Path = []): boolean {
  const problems = structureProblems(schema, value);
  for (const { path, code, message, suggestion, at } of problems) {
    report.with({ suggestion, at }).error([...prefix, ...path], code, message);
  }
  return problems.length === 0;
}

/** Keeps only the mistakes of that alternative of a value which it is closest to. */
function plainest(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choices = errors.filter((error) => error.keyword === 'anyOf' || error.keyword === 'oneOf');
  let rest = [...errors];
  // The inner choices first: an outer one then counts their remaining errors.
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

// ajv's schema paths begin again at each $ref, so the path in the data decides too if an error is inside a choice.
const isInside = (error: ErrorObject, choice: ErrorObject): boolean =>
  error.schemaPath.startsWith(`${choice.schemaPath}/`) ||
  (error.schemaPath.startsWith('#/$defs/') &&
    error.instancePath.startsWith(choice.instancePath) &&
    !choice.schemaPath.startsWith(error.schemaPath));

const branchOf = (error: ErrorObject, choice: ErrorObject): string =>
  error.schemaPath.startsWith(`${choice.schemaPath}/`)
    ? (error.schemaPath.slice(choice.schemaPath.length + 1).split('/')[0] ?? '')
    : (error.schemaPath.split('/')[2] ?? '');

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
