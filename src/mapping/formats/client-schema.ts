// Checks a written lead against the client's own JSON Schema or XSD before anything is sent.
// Invariant: a lead that does not fit fails with the field and the rule, never with its value.
import { createContext, Script } from 'node:vm';
import { createHash } from 'node:crypto';
import { Ajv, MissingRefError, type ErrorObject, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Both } from '../../../connectors/contract.ts';
import { textAt, isRecord } from '../document/yaml.ts';
import { compilePattern, isPatternFault } from './pattern.ts';
import { reportAt, type Path, type Report } from '../document/problems.ts';
import type { Target } from '../fields/target.ts';
import type { Layout } from './layout.ts';
import type { Entry, FieldProblem } from '../fields/values.ts';
import { jsonTree, plainJson } from './write-json.ts';
import { RelaisError } from '../../errors.ts';
import { type XsdFault, type XmlAnswer, askXml as ask, tooSlow, xmlThreadRuns } from './xml-thread.ts';

// Finds the targets of a mapping that can never fit a JSON Schema, from the schema alone, before any lead is written.
// Invariant: a part of the schema that cannot be read here is not judged; the validator decides for each lead.

interface SchemaGap {
  readonly message: Both;
  /** The target at fault; undefined when one is missing. */
  readonly target?: Target;
}

/** Walks the plain part of a schema: properties, required, additionalProperties. Other keywords are ignored. */
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
        : [
            {
              message: [
                `le schéma demande « ${prefix}${key} », qu’aucun champ n’écrit.`,
                `the schema requires "${prefix}${key}", which no field writes.`,
              ],
            },
          ],
  );
  const closed = schema['additionalProperties'] === false && !Object.hasOwn(schema, 'patternProperties');
  const inner = [...under].flatMap(([key, own]): readonly SchemaGap[] => {
    if (key === undefined) return [];
    if (Object.hasOwn(known, key)) {
      const deeper = own.filter((target) => target.steps.length > depth + 1);
      return deeper.length === 0 ? [] : gapsIn(known[key], deeper, depth + 1, `${prefix}${key}.`);
    }
    return closed
      ? own.map((target) => ({
          target,
          message: [
            `le schéma ne connaît pas « ${prefix}${key} ».`,
            `the schema does not know "${prefix}${key}".`,
          ] as const,
        }))
      : [];
  });
  return [...missing, ...inner];
}

// Messages about a client's schema that cannot be used, French first; a library's own English follows.
// Invariant: names, patterns and references of the schema only; nothing of a lead.

/** @param why the end of the sentence */
const unusable = (name: string, [french, english]: Both): Both => [
  `le schéma « ${name} » ne peut pas servir : ${french}.`,
  `the schema "${name}" cannot be used: ${english}.`,
];

/** @param line where the schema has it, from 1 */
function inPattern(pattern: string, why: Both, line: number | undefined): Both {
  const [french, english] = line === undefined ? ['', ''] : [`ligne ${line}, `, `line ${line}, `];
  const quoted = JSON.stringify(pattern);
  return [`${french}le motif ${quoted} ${why[0]}`, `${english}the pattern ${quoted} ${why[1]}`];
}

const tooMuch = (seconds: number): Both => [
  `ses motifs et ses renvois sont plus que ce qui se lit en ${seconds} s`,
  `its patterns and references are more than can be read in ${seconds} s`,
];

/** @param english the message of libxml2 or ajv */
const inWordsOfReader = (english: string): Both => [
  `ce n’est pas un schéma que l’on puisse lire${quoted(english)}`,
  withoutStop(english),
];

const withoutStop = (english: string): string => english.trim().replace(/\.$/, '');

const quoted = (english: string): string =>
  english.trim() === '' ? '' : ` (en anglais : ${withoutStop(english)})`;

// Compiles a client's XSD and checks records with it, in the thread that runs libxml2.
// Invariant: a lead whose check takes too long does not fit; an unreadable document is an error, never a lead that passes.

interface Xsd {
  readonly check: (xml: Uint8Array) => readonly XsdFault[];
}

/** Compiles an XSD among the files it may include; a text gives the reason why it cannot be used. */
function compileXsd(main: string, files: Readonly<Record<string, string>>): Xsd | string {
  const key = createHash('sha256')
    .update(JSON.stringify([main, files]))
    .digest('hex')
    .slice(0, 32);
  const compile = (): XmlAnswer => ask({ ask: 'compile', key, main, files });
  const compiled = compile();
  if (compiled.kind === 'unusable') return compiled.message;
  return {
    check: (xml) => {
      // The check has its full time only when the thread runs and knows the schema.
      if (!xmlThreadRuns()) compile();
      let answer = checked(key, xml);
      // The thread was restarted or dropped the schema: it is compiled again.
      if (answer.kind === 'forgotten' && compile().kind === 'compiled') answer = checked(key, xml);
      if (answer.kind === 'checked') return answer.faults;
      throw new RelaisError('INTERNAL-001', 'The XSD validator cannot read what was written.');
    },
  };
}

/** The event loop waits: a lead needs some milliseconds; a slow one gets no more than this. */
const checkMs = 500;

function checked(key: string, xml: Uint8Array): XmlAnswer {
  try {
    return ask({ ask: 'check', key, xml }, checkMs);
  } catch (error) {
    if (error instanceof RelaisError && error.code === 'INTERNAL-001')
      return { kind: 'checked', faults: [tooSlow] };
    throw error;
  }
}

const overBudget: unique symbol = Symbol('over budget');

let room: { readonly context: { work?: () => unknown }; readonly script: Script } | undefined;

/**
 * Limits the time that code of a client's file may block the event loop. Returns the result of the work, or
 * `overBudget`. It may be stopped anywhere, and does not continue: its state must not be used afterwards.
 */
function withinTime<T>(ms: number, work: () => T): T | typeof overBudget {
  room ??= { context: createContext({}), script: new Script('work()') };
  const { context, script } = room;
  context.work = work;
  try {
    return script.runInContext(context, { timeout: ms }) as T;
  } catch (error) {
    // The error comes from another realm: `instanceof Error` is false.
    if ((error as { code?: unknown } | undefined)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return overBudget;
    throw error;
  } finally {
    delete context.work;
  }
}

export interface SchemaCheck {
  /** The problems of a written lead. */
  readonly check: (entries: readonly Entry[]) => readonly FieldProblem[];
  /** Targets that can never fit, reported before any lead: required and not written, or written and unknown. */
  readonly gaps: (targets: readonly Target[]) => readonly SchemaGap[];
}

/** Finds the schema that a block names, for the targets of that block; undefined when it names none, or after reporting. */
export type Schemas = (
  block: Readonly<Record<string, unknown>>,
  at: Path,
  layout: Pick<Layout, 'format' | 'xml' | 'document'>,
  targets: readonly { readonly target: Target; readonly path: Path }[],
) => SchemaCheck | undefined;

/** Schemas among the files of the client's folder. */
export const schemasIn =
  (files: Readonly<Record<string, string>>, report: Report): Schemas =>
  (block, at, layout, targets) => {
    const name = textAt(block, 'schema');
    if (name === undefined) return undefined;
    const here = reportAt(report, (path) => [...at, ...path]);
    const schema = compileClientSchema(files, name, layout, here);
    for (const gap of schema?.gaps(targets.map((written) => written.target)) ?? []) {
      const place = targets.find((written) => written.target === gap.target)?.path;
      if (place === undefined) here.error(['schema'], 'MAP-707', gap.message);
      else report.error([...place, 'to'], 'MAP-707', gap.message);
    }
    return schema;
  };

function compileClientSchema(
  files: Readonly<Record<string, string>>,
  name: string,
  layout: Pick<Layout, 'format' | 'xml' | 'document'>,
  report: Report,
): SchemaCheck | undefined {
  const text = files[name];
  const { format } = layout;
  if (text === undefined)
    return report.error(['schema'], 'MAP-007', [
      `le fichier de schéma « ${name} » n’existe pas dans le dossier du client.`,
      `the schema file "${name}" does not exist in the client's folder.`,
    ]);
  if (name.endsWith('.xsd')) return compileXmlSchema(files, name, layout, report);
  if (format !== 'json')
    return report.error(['schema'], 'MAP-705', [
      `un JSON Schema vérifie du JSON, un .xsd du XML ; cette destination écrit ${format}.`,
      `a JSON Schema checks JSON, an .xsd XML; this destination writes ${format}.`,
    ]);
  const validate = usableValidator(text, name, report);
  return validate === undefined ? undefined : checkerOf(text, validate);
}

/** Undefined after reporting. */
function usableValidator(text: string, name: string, report: Report): ValidateFunction | undefined {
  try {
    return validatorOf(text);
  } catch (error) {
    return report.error(['schema'], 'MAP-705', unusable(name, whyUnusable(error, text)));
  }
}

function checkerOf(text: string, compiled: ValidateFunction): SchemaCheck {
  let validate = compiled;
  const fits = (tree: unknown): typeof overBudget | boolean => {
    const fit = withinTime(leadMs, () => validate(tree));
    // A validator that was stopped may keep half-written caches: it is compiled anew.
    if (fit === overBudget) validate = validatorOf(text, { anew: true });
    return fit;
  };
  return {
    check: (entries) => {
      try {
        const tree = plainJson(jsonTree(entries));
        let fit = fits(tree);
        // Tries once more: the process may have been suspended.
        if (fit === overBudget) fit = fits(tree);
        if (fit === overBudget) return [{ field: '(lead)', code: 'SCHEMA_TOO_SLOW' }];
        if (fit) return [];
      } catch (error) {
        // A part of the schema refers to itself for this lead: only this lead is refused.
        if (error instanceof RangeError) return [{ field: '(lead)', code: 'SCHEMA_WITHOUT_END' }];
        throw error;
      }
      return (validate.errors ?? [])
        .slice(0, mostErrors)
        .flatMap((error) => (error.keyword === 'if' ? [] : [problemOf(error)]));
    },
    gaps: (targets) => gapsIn(validate.schema, targets, 0, ''),
  };
}

/** The line of a schema that holds a pattern; undefined where it is written otherwise there. */
function lineOf(pattern: string, text: string): number | undefined {
  const at = text.indexOf(JSON.stringify(pattern));
  return at < 0 ? undefined : text.slice(0, at).split('\n').length;
}

function whyUnusable(error: unknown, text: string): Both {
  if (error instanceof RangeError)
    return [
      'il est imbriqué trop profond, ou renvoie sans fin à lui-même',
      'it is nested too deep, or refers to itself without end',
    ];
  if (isPatternFault(error)) return inPattern(error.pattern, error.why, lineOf(error.pattern, text));
  if (error instanceof TooMuchToCompile) return tooMuch(compileMs / 1_000);
  const complaint = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
  // The validator repeats its complaint for each form that a part could have had.
  const [, start = '', rest = ''] = /^(schema is invalid: )?(.*)$/.exec(complaint) ?? [];
  const english = start + [...new Set(rest.split(', '))].join(', ');
  if (error instanceof SyntaxError)
    return [`ce n’est pas du JSON valable${quoted(english)}`, `it is no valid JSON: ${withoutStop(english)}`];
  if (error instanceof MissingRefError)
    return [`le renvoi « ${error.missingRef} » ne mène nulle part${quoted(english)}`, withoutStop(english)];
  return inWordsOfReader(english);
}

/** Patterns and references that exceed the time to compile. */
class TooMuchToCompile extends Error {}

/** The event loop waits: a lead needs less than a millisecond; a slow one gets this twice. */
const leadMs = 250;
const compileMs = 5_000;
const mostErrors = 100;

/** Compiling a schema costs more than checking the rest of a mapping: destinations with the same schema use one validator. */
const validators = new Map<string, ValidateFunction>();

function validatorOf(text: string, { anew = false } = {}): ValidateFunction {
  const known = anew ? undefined : validators.get(text);
  if (known !== undefined) return known;
  const schema = JSON.parse(text) as unknown;
  if (typeof schema !== 'object' || schema === null) throw new SyntaxError('no object');
  const dialect = (schema as Record<string, unknown>)['$schema'];
  const modern = typeof dialect !== 'string' || dialect.includes('2020-12');
  const ajv = modern ? new Ajv2020(options) : new Ajv(options);
  (addFormats as unknown as (target: unknown) => void)(ajv);
  const validate = withinTime(compileMs, () => {
    const compiled = ajv.compile(schema);
    // A schema that refers to itself without end fails here, not at the first lead.
    for (const probe of [{}, [], '']) compiled(probe);
    return compiled;
  });
  if (validate === overBudget) throw new TooMuchToCompile();
  if (validators.size >= 100) validators.clear();
  validators.set(text, validate);
  return validate;
}

/** Checks each lead as a file with this one lead. */
function compileXmlSchema(
  files: Readonly<Record<string, string>>,
  name: string,
  { document, format, xml }: Pick<Layout, 'format' | 'xml' | 'document'>,
  report: Report,
): SchemaCheck | undefined {
  if (document === undefined)
    return report.error(['schema'], 'MAP-705', [
      `un XSD vérifie du XML ; cette destination écrit ${format}.`,
      `an XSD checks XML; this destination writes ${format}.`,
    ]);
  const schemas = Object.fromEntries(Object.entries(files).filter(([path]) => path.endsWith('.xsd')));
  const compiled = compileXsd(name, schemas);
  if (typeof compiled === 'string')
    return report.error(['schema'], 'MAP-705', unusable(name, inWordsOfReader(compiled)));
  // Targets begin with the record, inside the root.
  const outer = xml?.root === undefined ? 0 : 1;
  return {
    check: (entries) =>
      withoutEchoes(compiled.check(document(entries)).map((fault) => faultOf(fault, outer))),
    gaps: () => [],
  };
}

function faultOf({ path, attribute, rule }: XsdFault, outer: number): FieldProblem {
  const names = path.slice(path.length > outer ? outer : 0).join('.');
  const field = names === '' ? '(lead)' : names;
  return { field: attribute === undefined ? field : `${names}@${attribute}`, code: `SCHEMA_${rule}` };
}

/** A broken facet is followed by "no valid value" of the same element. */
const withoutEchoes = (problems: readonly FieldProblem[]): readonly FieldProblem[] =>
  problems.filter(
    (problem) =>
      problem.code !== 'SCHEMA_TYPE' ||
      !problems.some((other) => other.field === problem.field && other.code !== 'SCHEMA_TYPE'),
  );

// `verbose` stays off: it would put values into the errors.
const options = {
  allErrors: true,
  strict: false,
  verbose: false,
  logger: false,
  code: { regExp: Object.assign((pattern: string) => compilePattern(pattern), { code: 'compilePattern' }) },
} as const;

function problemOf(error: ErrorObject): FieldProblem {
  const params = error.params as Record<string, unknown>;
  const extra = params['missingProperty'] ?? params['additionalProperty'];
  const path = error.instancePath.split('/').slice(1);
  const field = [...path, ...(typeof extra === 'string' ? [extra] : [])].join('.');
  return { field: field === '' ? '(lead)' : field, code: `SCHEMA_${error.keyword.toUpperCase()}` };
}
