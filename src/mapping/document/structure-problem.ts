// Turns one error of the schema validator into a code and a plain message, French first.
// Invariant: messages name keys and kinds, never a value that could be a secret.
import type { ErrorObject } from 'ajv/dist/2020.js';
import type { Both } from '../../../connectors/contract.ts';
import type { Message, Path, ProblemCode } from './problems.ts';
import { suggest } from './suggest.ts';
import { isRecord } from './yaml.ts';

export interface StructureProblem {
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
export function structureProblem(error: ErrorObject, path: Path): StructureProblem | undefined {
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

/** Limits of numbers, lengths and lists. */
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
