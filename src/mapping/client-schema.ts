// The client's own JSON Schema: what they say a lead must look like, checked before anything is sent.
// Invariant: a lead that does not fit fails with the field and the rule, never with its value.
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import type { Report } from './problems.ts';
import type { Format } from './format.ts';
import type { Entry, FieldProblem } from './values.ts';
import { jsonTree, plainJson } from './write-json.ts';

export type SchemaCheck = (entries: readonly Entry[]) => readonly FieldProblem[];

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
  return (entries) => {
    if (validate(plainJson(jsonTree(entries)))) return [];
    return (validate.errors ?? []).flatMap((error) => (error.keyword === 'if' ? [] : [problemOf(error)]));
  };
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
