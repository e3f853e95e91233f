// Compiles the list of fields: each line becomes a function that writes its target.
// Invariant: a person's value is the lead's or absent, never a default or a constant (C13).
import mappingSchema from '../../mappings/schema/mapping.schema.json' with { type: 'json' };
import type { DataCategory } from '../domain/lead.ts';
import { isRecord } from './document.ts';
import { checkConstant } from './constants.ts';
import { sectionTitles } from './french.ts';
import { smellsOfOptIn } from './lints.ts';
import type { Path } from './problems.ts';
import { compileReading } from './reading.ts';
import type { Reading } from './reading.ts';
import { emptyPolicy } from './scope.ts';
import type { Scope } from './scope.ts';
import { slotProblems } from './slots.ts';
import { findSource, listPaths, nearestSource, readList } from './source.ts';
import type { Context } from './source.ts';
import { lastName, parseTarget } from './target.ts';
import type { Target } from './target.ts';
import { compileCondition } from './conditions.ts';
import type { Condition } from './conditions.ts';
import { suggest } from './suggest.ts';
import type { Cell, Entry, FieldProblem } from './values.ts';

export interface SheetLine {
  readonly section: string;
  readonly label: string;
  readonly value: string;
}

export interface CompiledField {
  readonly target: Target;
  readonly path: Path;
  readonly categories: ReadonlySet<DataCategory>;
  /** What it reads, for the preview. */
  readonly source: string;
  /** Always written, whatever the lead holds. */
  readonly constant: boolean;
  readonly write: (context: Context, out: Entry[], problems: FieldProblem[]) => void;
  readonly sheet: (context: Context, out: SheetLine[]) => void;
}

const knownKeys = new Set(Object.keys(mappingSchema.$defs.field.properties));

const always: Condition = () => true;

/** Compiles one line of `fields:`; undefined after reporting. */
export function compileField(
  raw: unknown,
  path: Path,
  scope: Scope,
  list?: string,
): CompiledField | undefined {
  if (!isRecord(raw)) return undefined;
  const { report } = scope;
  const to = raw['to'];
  if (typeof to !== 'string') return undefined;
  const target = parseTarget(to, scope.format, list !== undefined);
  if (typeof target === 'string') {
    report.error([...path, 'to'], 'MAP-217', target);
    return undefined;
  }
  const ways = ['from', 'value', 'template', 'each'].filter((key) => Object.hasOwn(raw, key));
  if (ways.length !== 1) {
    // `form` for `from` has been told already.
    if (ways.length === 0 && Object.keys(raw).some((key) => !knownKeys.has(key))) return undefined;
    const message =
      ways.length === 0
        ? `"${to}" has nothing to write: add from, value, template or each.`
        : `"${to}" has ${ways.join(' and ')}: keep one.`;
    report.error(path, 'MAP-106', message);
    return undefined;
  }
  if (smellsOfOptIn(lastName(target)) && !Object.hasOwn(raw, 'each')) {
    report.error(
      [...path, 'to'],
      'MAP-220',
      `"${to}" is an opt-in by its name: only the consent block may write it (C20).`,
    );
  }
  const categories = new Set<DataCategory>();
  const when = Object.hasOwn(raw, 'when')
    ? compileCondition(raw['when'], [...path, 'when'], {
        scope,
        categories,
        ...(list === undefined ? {} : { list }),
      })
    : always;
  const where: Where = {
    raw,
    path,
    scope,
    target,
    categories,
    when,
    ...(list === undefined ? {} : { list }),
  };
  return ways[0] === 'each' ? compileEach(where) : compileSingle(where);
}

interface Where {
  readonly raw: Record<string, unknown>;
  readonly path: Path;
  readonly scope: Scope;
  readonly target: Target;
  readonly categories: Set<DataCategory>;
  readonly when: Condition;
  readonly list?: string;
}

function compileSingle(where: Where): CompiledField | undefined {
  const { raw, path, scope, target, categories, when, list } = where;
  if (Object.hasOwn(raw, 'value')) checkConstant(raw['value'], path, scope, target);
  const shared = { scope, categories, target, ...(list === undefined ? {} : { list }) };
  const reading = compileReading(raw, path, { ...shared, mode: scope.format });
  if (reading === undefined) return undefined;
  const forPeople = scope.sheet
    ? (compileReading(raw, path, { ...shared, mode: 'sheet' }) ?? reading)
    : reading;
  const empty = emptyPolicy(raw['empty'], scope.empty);
  const required = raw['required'] === true;
  const field = target.text;
  const { section, label } = sheetPlace(raw, reading, target);
  return {
    target,
    path,
    categories,
    source: reading.source,
    constant: Object.hasOwn(raw, 'value') && when === always,
    write: (context, out, problems) => {
      if (!when(context)) return;
      const value = reading.read(context, field, problems);
      if (value !== undefined) {
        out.push(
          Array.isArray(value)
            ? { target, kind: 'cells', cells: value as readonly Cell[] }
            : { target, kind: 'cell', cell: value as Cell },
        );
      } else if (required) {
        problems.push({ field, code: 'REQUIRED' });
      } else if (empty !== 'omit') {
        out.push({ target, kind: 'cell', cell: empty === 'null' ? null : '' });
      }
    },
    sheet: (context, out) => {
      if (!when(context)) return;
      const value = forPeople.read(context, field, []);
      if (value !== undefined) out.push({ section, label, value: forPeople.show(value) });
    },
  };
}

function sheetPlace(
  raw: Record<string, unknown>,
  reading: Pick<Reading, 'category'>,
  target: Target,
): { section: string; label: string } {
  const { section, label } = raw;
  return {
    section: typeof section === 'string' ? section : sectionTitles[reading.category],
    label: typeof label === 'string' ? label : target.text,
  };
}

function compileEach(where: Where): CompiledField | undefined {
  const { raw, path, scope, target, categories, when } = where;
  const { report } = scope;
  const listPath = raw['each'];
  if (where.list !== undefined) {
    report.error([...path, 'each'], 'MAP-215', 'each inside each: the lead has no lists of lists.');
    return undefined;
  }
  if (scope.format === 'csv' || scope.format === 'form') {
    report.error(
      [...path, 'each'],
      'MAP-218',
      `${scope.format} has no repeated groups: use as: {join: ", "}.`,
    );
  }
  const source =
    typeof listPath === 'string' && listPaths.includes(listPath) ? findSource(listPath) : undefined;
  if (source === undefined) {
    const known = typeof listPath === 'string' && findSource(listPath) !== undefined;
    const name = typeof listPath === 'string' ? listPath : JSON.stringify(listPath);
    if (known)
      report.error(
        [...path, 'each'],
        'MAP-215',
        `"${name}" is no list: each takes ${listPaths.join(' or ')}.`,
      );
    else {
      report.error([...path, 'each'], 'MAP-201', `source "${name}" does not exist.`, {
        suggestion: suggest(name, listPaths) ?? nearestSource(name),
      });
    }
    return undefined;
  }
  const lines = Array.isArray(raw['fields']) ? (raw['fields'] as unknown[]) : [];
  if (lines.length === 0)
    report.error(path, 'MAP-215', `each of "${target.text}" needs fields for its elements.`);
  const inner = lines.flatMap(
    (line, index) => compileField(line, [...path, 'fields', index], scope, source.path) ?? [],
  );
  reportDuplicates(inner, scope);
  for (const field of inner) for (const category of field.categories) categories.add(category);
  const empty = emptyPolicy(raw['empty'], scope.empty);
  const section = typeof raw['section'] === 'string' ? raw['section'] : sectionTitles[source.category];
  const label = typeof raw['label'] === 'string' ? raw['label'] : target.text;
  return {
    target,
    path,
    categories,
    source: source.path,
    constant: false,
    write: (context, out, problems) => {
      if (!when(context)) return;
      const rows = readList(source, context).map((element) => {
        const row: Entry[] = [];
        for (const field of inner) field.write({ ...context, element }, row, problems);
        return row;
      });
      if (rows.length > 0) out.push({ target, kind: 'rows', rows });
      else if (raw['required'] === true) problems.push({ field: target.text, code: 'REQUIRED' });
      else if (empty === 'null') out.push({ target, kind: 'cell', cell: null });
      else if (empty === 'blank') out.push({ target, kind: 'rows', rows });
    },
    sheet: (context, out) => {
      if (!when(context)) return;
      for (const element of readList(source, context)) {
        const parts: SheetLine[] = [];
        for (const field of inner) field.sheet({ ...context, element }, parts);
        out.push({ section, label, value: parts.map((part) => part.value).join(' · ') });
      }
    },
  };
}

/** Two lines with one target, inside one group. */
export function reportDuplicates(
  fields: readonly { readonly target: Target; readonly path: Path }[],
  scope: Scope,
): void {
  for (const { path, message, code } of slotProblems(fields)) scope.report.error(path, code, message);
}
