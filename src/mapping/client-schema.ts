// The client's own JSON Schema: what they say a lead must look like, checked before anything is sent.
// Invariant: a lead that does not fit fails with the field and the rule, never with its value.
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { isRecord } from './document.ts';
import type { Report } from './problems.ts';
import type { Target } from './target.ts';
import type { Format } from './format.ts';
import type { Entry, FieldProblem } from './values.ts';
import { jsonTree, plainJson } from './write-json.ts';

export interface SchemaCheck {
  /** What of a written lead does not fit. */
  readonly check: (entries: readonly Entry[]) => readonly FieldProblem[];
  /** What can never fit, told before any lead: required and never written, written and not known. */
  readonly gaps: (targets: readonly Target[]) => readonly SchemaGap[];
}

export interface SchemaGap {
  readonly message: string;
  /** The target at fault; undefined when one is missing. */
  readonly target?: Target;
}

/** Compiles the text of a schema; undefined after reporting. */
export function compileClientSchema(
  text: string | undefined,
  name: string,
  format: Format,
  report: Report,
): SchemaCheck | undefined {
  if (text === undefined) {
    report.error(['schema'], 'MAP-007', `the schema file "${name}" does not exist in the client's folder.`);
    return undefined;
  }
  if (format !== 'json') {
    report.error(['schema'], 'MAP-705', `a JSON Schema checks JSON; this destination writes ${format}.`);
    return undefined;
  }
  let validate: ValidateFunction;
  try {
    const schema = JSON.parse(text) as unknown;
    if (typeof schema !== 'object' || schema === null) throw new SyntaxError('no object');
    const dialect = (schema as Record<string, unknown>)['$schema'];
    const modern = typeof dialect !== 'string' || dialect.includes('2020-12');
    const ajv = modern ? new Ajv2020(options) : new Ajv(options);
    (addFormats as unknown as (target: unknown) => void)(ajv);
    validate = ajv.compile(schema);
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    report.error(['schema'], 'MAP-705', `the schema "${name}" cannot be used: ${reason}.`);
    return undefined;
  }
  return {
    check: (entries) => {
      if (validate(plainJson(jsonTree(entries)))) return [];
      return (validate.errors ?? []).flatMap((error) => (error.keyword === 'if' ? [] : [problemOf(error)]));
    },
    gaps: (targets) => gapsIn(validate.schema, targets, 0, ''),
  };
}

/** Walks the plain part of a schema: properties, required, additionalProperties. What it cannot read it does not judge. */
function gapsIn(
  schema: unknown,
  targets: readonly Target[],
  depth: number,
  prefix: string,
): readonly SchemaGap[] {
  if (!isRecord(schema)) return [];
  const { properties, required } = schema;
  const known = isRecord(properties) ? properties : {};
  const under = Map.groupBy(targets, (target) => target.steps[depth]?.name);
  const missing = (Array.isArray(required) ? (required as unknown[]) : []).flatMap(
    (key): readonly SchemaGap[] =>
      typeof key !== 'string' || under.has(key)
        ? []
        : [{ message: `the schema requires "${prefix}${key}", which no field writes.` }],
  );
  const closed = schema['additionalProperties'] === false && !Object.hasOwn(schema, 'patternProperties');
  const inner = [...under].flatMap(([key, own]): readonly SchemaGap[] => {
    if (key === undefined) return [];
    if (Object.hasOwn(known, key)) {
      const deeper = own.filter((target) => target.steps.length > depth + 1);
      return deeper.length === 0 ? [] : gapsIn(known[key], deeper, depth + 1, `${prefix}${key}.`);
    }
    return closed
      ? own.map((target) => ({ target, message: `the schema does not know "${prefix}${key}".` }))
      : [];
  });
  return [...missing, ...inner];
}

// `verbose` stays off: it would put values into the errors.
const options = { allErrors: true, strict: false, verbose: false, logger: false } as const;

function problemOf(error: ErrorObject): FieldProblem {
  const params = error.params as Record<string, unknown>;
  const extra = params['missingProperty'] ?? params['additionalProperty'];
  const path = error.instancePath.split('/').slice(1);
  const field = [...path, ...(typeof extra === 'string' ? [extra] : [])].join('.');
  return { field: field === '' ? '(lead)' : field, code: `SCHEMA_${error.keyword.toUpperCase()}` };
}
