// Compiles repeated groups (`each` over phones or interactions); holds the type of every compiled field.
// Invariant: an element reads its own values and the lead's; `empty` decides what a list without elements writes.
import type { DataCategory } from '../../domain/lead.ts';
import { compileCondition } from './conditions.ts';
import type { Condition } from './conditions.ts';
import { sectionTitles } from './french.ts';
import { joinLines } from './lines.ts';
import type { LineOf } from './lines.ts';
import type { Path } from '../document/problems.ts';
import { checkEmpty, emptyPolicy, reportPerson } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { slotProblems } from './overlaps.ts';
import type { TargetSlot } from './overlaps.ts';
import { noted } from './scoped-source.ts';
import { findSource, listPaths, nearestSource, readList } from './source.ts';
import type { Context, Source } from './source.ts';
import { suggest } from '../document/suggest.ts';
import type { Target } from './target.ts';
import type { Entry, FieldProblem } from './values.ts';

export interface SheetLine {
  readonly section: string;
  readonly label: string;
  readonly value: string;
}

export interface CompiledField extends TargetSlot {
  readonly categories: ReadonlySet<DataCategory>;
  /** The source it reads, for the preview. */
  readonly source: string;
  /** Secrets it writes, by name. */
  readonly secrets?: readonly string[];
  /** Always written, whatever the lead holds. */
  readonly constant: boolean;
  readonly line?: LineOf;
  /** True for a free text of the lead: neither constant, nor mapped, nor of a closed list. */
  readonly free: boolean;
  readonly write: (context: Context, out: Entry[], problems: FieldProblem[]) => void;
  readonly sheet: (context: Context, out: SheetLine[]) => void;
}

/** One line of `fields:` while it is compiled. */
export interface FieldWhere {
  readonly raw: Record<string, unknown>;
  readonly path: Path;
  readonly scope: Scope;
  readonly target: Target;
  readonly categories: Set<DataCategory>;
  readonly when: Condition;
  readonly list?: string;
}

type CompileInner = (raw: unknown, path: Path, scope: Scope, list: string) => CompiledField | undefined;

/** Compiles `each: list` with the fields of its elements; undefined after reporting. */
export function compileEach(where: FieldWhere, compileInner: CompileInner): CompiledField | undefined {
  const { raw, path, scope, target, categories } = where;
  const source = listOf(where);
  if (source === undefined) return undefined;
  const lines = Array.isArray(raw['fields']) ? (raw['fields'] as unknown[]) : [];
  if (lines.length === 0)
    scope.report.error(path, 'MAP-215', [
      `each de « ${target.text} » a besoin de champs pour ses éléments.`,
      `each of "${target.text}" needs fields for its elements.`,
    ]);
  const inner = lines.flatMap(
    (line, index) => compileInner(line, [...path, 'fields', index], scope, source.path) ?? [],
  );
  reportDuplicates(inner, scope);
  for (const field of inner) for (const category of field.categories) categories.add(category);
  const only = Object.hasOwn(raw, 'only')
    ? compileCondition(raw['only'], [...path, 'only'], { scope, categories, list: source.path })
    : undefined;
  const elements = (context: Context): readonly Context[] => {
    const all = readList(source, context).map((element) => ({ ...context, element }));
    return only === undefined ? all : all.filter(only);
  };
  checkEmpty(raw['empty'], [...path, 'empty'], scope);
  return groupOf(where, source, inner, elements);
}

/** The list that `each` iterates over; undefined after reporting. */
function listOf({ raw, path, scope, list }: FieldWhere): Source | undefined {
  const { report } = scope;
  const listPath = raw['each'];
  const at = [...path, 'each'];
  if (list !== undefined) {
    report.error(at, 'MAP-215', [
      'each dans each : le lead n’a pas de listes de listes.',
      'each inside each: the lead has no lists of lists.',
    ]);
    return undefined;
  }
  if (scope.format === 'csv' || scope.format === 'form')
    report.error(at, 'MAP-218', [
      `${scope.format} n’a pas de groupes répétés : utilisez as: {join: ", "}.`,
      `${scope.format} has no repeated groups: use as: {join: ", "}.`,
    ]);
  const named = typeof listPath === 'string' ? noted(findSource(listPath), scope) : undefined;
  if (named !== undefined && listPaths.includes(named.path)) {
    reportPerson(named, at, scope);
    return named;
  }
  if (listPath === 'consents') {
    report.error(at, 'MAP-220', [
      'each: consents va dans le bloc consent : là seulement les quatre états sont écrits (C20).',
      'each: consents belongs into the consent block: only there the four states are written out (C20).',
    ]);
    return undefined;
  }
  const name = typeof listPath === 'string' ? listPath : JSON.stringify(listPath);
  if (named === undefined)
    report.error(at, 'MAP-201', [`la source « ${name} » n’existe pas.`, `source "${name}" does not exist.`], {
      suggestion: suggest(name, listPaths) ?? nearestSource(name),
    });
  else
    report.error(at, 'MAP-215', [
      `« ${name} » n’est pas une liste : each prend ${listPaths.join(' ou ')}.`,
      `"${name}" is no list: each takes ${listPaths.join(' or ')}.`,
    ]);
  return undefined;
}

function groupOf(
  { raw, path, scope, target, categories, when }: FieldWhere,
  source: Source,
  inner: readonly CompiledField[],
  elements: (context: Context) => readonly Context[],
): CompiledField {
  const empty = emptyPolicy(raw['empty'], scope.empty);
  const section = typeof raw['section'] === 'string' ? raw['section'] : sectionTitles[source.category];
  const label = typeof raw['label'] === 'string' ? raw['label'] : target.text;
  return {
    target,
    path,
    categories,
    source: source.path,
    secrets: inner.flatMap((field) => field.secrets ?? []),
    constant: false,
    free: false,
    write: (context, out, problems) => {
      if (!when(context)) return;
      const rows = elements(context).map((element) => {
        const row: Entry[] = [];
        for (const field of inner) field.write(element, row, problems);
        return joinLines(row);
      });
      if (rows.length > 0) out.push({ target, kind: 'rows', rows });
      else if (raw['required'] === true) problems.push({ field: target.text, code: 'REQUIRED' });
      else if (empty === 'null') out.push({ target, kind: 'cell', cell: null });
      else if (empty === 'blank') out.push({ target, kind: 'rows', rows });
    },
    sheet: (context, out) => {
      if (!when(context)) return;
      for (const element of elements(context)) {
        const parts: SheetLine[] = [];
        for (const field of inner) field.sheet(element, parts);
        out.push({ section, label, value: parts.map((part) => part.value).join(' · ') });
      }
    },
  };
}

/** Reports two lines with one target inside one group. */
export function reportDuplicates(fields: readonly TargetSlot[], scope: Pick<Scope, 'report'>): void {
  for (const { path, message, code } of slotProblems(fields)) scope.report.error(path, code, message);
}
