// Compiles repeated groups (`each` over phones or interactions); holds the type of every compiled field.
// Invariant: an element reads its own values and the lead's; `empty` decides what a list without elements writes.
import type { DataCategory } from '../../domain/lead.ts';
import { compileCondition, type Condition } from './conditions.ts';
import {
  sectionTitles,
  findSource,
  listPaths,
  nearestSource,
  readList,
  type Context,
  type Source,
} from './source.ts';
import { joinLines, type LineOf } from './lines.ts';
import { hinting, type Path } from '../document/problems.ts';
import { checkEmpty, emptyPolicy, reportPerson, type Scope } from '../scope.ts';
import { noted } from './scoped-source.ts';
import { suggest } from '../document/suggest.ts';
import type { Entry, FieldProblem } from './values.ts';
import { type Target, containersOf, slotKey } from './target.ts';
import type { Both } from '../../../connectors/contract.ts';

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

export interface FieldWhere {
  readonly raw: Record<string, unknown>;
  readonly path: Path;
  readonly scope: Scope;
  readonly target: Target;
  readonly categories: Set<DataCategory>;
  /** Undefined: written for every lead. */
  readonly when: Condition | undefined;
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
  if (list !== undefined)
    return report.error(at, 'MAP-215', [
      'each dans each : le lead n’a pas de listes de listes.',
      'each inside each: the lead has no lists of lists.',
    ]);
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
  if (listPath === 'consents')
    return report.error(at, 'MAP-220', [
      'each: consents va dans le bloc consent : là seulement les quatre états sont écrits (C20).',
      'each: consents belongs into the consent block: only there the four states are written out (C20).',
    ]);
  const name = typeof listPath === 'string' ? listPath : JSON.stringify(listPath);
  if (named === undefined)
    hinting(report, suggest(name, listPaths) ?? nearestSource(name)).error(at, 'MAP-201', [
      `la source « ${name} » n’existe pas.`,
      `source "${name}" does not exist.`,
    ]);
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
      if (when?.(context) === false) return;
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
      if (when?.(context) === false) return;
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

// Finds targets that overwrite each other.
// Invariant: one slot, one writer; a value is never also a group.

interface SlotProblem {
  readonly path: Path;
  readonly code: 'MAP-208' | 'MAP-209';
  readonly message: Both;
}

/** A line with the target it writes; a text of several lines has several writers. */
interface TargetSlot {
  readonly target: Target;
  readonly path: Path;
  readonly line?: LineOf;
}

const otherWords: Readonly<Record<'value' | 'list' | 'group', Both>> = {
  value: ['une valeur', 'a value'],
  list: ['un groupe de noms', 'a group of names'],
  group: ['une liste', 'a list'],
};

/** Duplicates and value-and-group conflicts of a list of lines. */
export function slotProblems(lines: readonly TargetSlot[]): readonly SlotProblem[] {
  const problems: SlotProblem[] = [];
  const seen = new Map<string, 'list' | 'lines' | 'one'>();
  for (const { target, path, line } of lines) {
    const key = slotKey(target);
    const kind = target.steps.at(-1)?.append === true ? 'list' : line === undefined ? 'one' : 'lines';
    const before = seen.get(key);
    if (before !== undefined && (before !== kind || kind === 'one')) {
      problems.push({
        path: [...path, 'to'],
        code: 'MAP-208',
        message: [
          `le champ « ${target.text} » est écrit deux fois.`,
          `target "${target.text}" is written twice.`,
        ],
      });
    }
    seen.set(key, before ?? kind);
  }
  const lists = lines.filter(({ target }) => target.steps[0]?.name === '');
  const mixed = lists.length < lines.length ? lists[0] : undefined;
  if (mixed !== undefined)
    problems.push({
      path: [...mixed.path, 'to'],
      code: 'MAP-209',
      message: [
        `le champ « ${mixed.target.text} » fait de chaque élément une liste, et un autre lui donne un nom.`,
        `target "${mixed.target.text}" makes each element a list, and another field gives it a name.`,
      ],
    });
  const containers = new Map<string, 'group' | 'list'>();
  for (const { target, path } of lines) {
    const clash = containersOf(target).find(({ key, kind }) => {
      // `tags[]` is the list itself, under the key of its slot.
      const before = containers.get(key) ?? kind;
      containers.set(key, before);
      return before !== kind || (seen.has(key) && key !== slotKey(target));
    });
    if (clash === undefined) continue;
    const name = clash.key.replaceAll('\u0000', '.');
    const other = otherWords[seen.has(clash.key) ? 'value' : clash.kind];
    problems.push({
      path: [...path, 'to'],
      code: 'MAP-209',
      message: [
        `le champ « ${target.text} » est dans « ${name} », qui est lui-même ${other[0]}.`,
        `target "${target.text}" is inside "${name}", which is itself ${other[1]}.`,
      ],
    });
  }
  return problems;
}
