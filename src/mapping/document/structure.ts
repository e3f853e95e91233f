// Checks the structure of a block against a JSON Schema and reports each mistake in plain words, at its line and column.
// Invariant: one mistake, one message; messages name keys and kinds, never a value that could be a secret.
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, Options, ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Path, Report } from './problems.ts';
import { structureProblem, type StructureProblem } from './structure-problem.ts';

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
export function validatorOf(schema: object): ValidateFunction {
  const found = compiled.get(schema);
  if (found !== undefined) return found;
  const ajv = new Ajv2020(options);
  (addFormats as unknown as (target: Ajv2020) => void)(ajv);
  const made = ajv.compile(schema);
  compiled.set(schema, made);
  return made;
}

/** Every mistake of structure, each once. */
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
    report.error([...prefix, ...path], code, message, { suggestion, ...(at === undefined ? {} : { at }) });
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
