// Compiles how the value of a field is read, mapped, formatted and cut, for machine formats and the sheet for people.
// Invariant: the way of reading is fixed when compiled; for a given lead it gives one value or none.
import type { DataCategory } from '../../domain/lead.ts';
import { checkLiteral, reportSecret, secretIn, speaksOfSecret } from './lints.ts';
import { compileFormat, writesPlus } from './formatters.ts';
import { fieldMap, type Mapped } from './maps.ts';
import { hinting, type Path } from '../document/problems.ts';
import { checkWritable, useValue, type Scope } from '../scope.ts';
import { absentSource, nearestIn, sourceIn } from './scoped-source.ts';
import { findSource, isBlank, type Context, type Source, defaultFormat, textOf } from './source.ts';
import { compileTemplate } from './template.ts';
import type { Target } from './target.ts';
import { isRecord } from '../document/yaml.ts';
import type { Mode } from '../contract.ts';
import { isEmptyList, isScalarValue, isLate, type Cell, type FieldProblem, type Scalar } from './values.ts';

export interface FieldReading {
  readonly source: string;
  readonly category: DataCategory | 'technical';
  /** A free text of the lead. */
  readonly free: boolean;
  /** Gives undefined when no value is to be written. */
  readonly read: (
    context: Context,
    field: string,
    problems: FieldProblem[],
  ) => Cell | readonly Cell[] | undefined;
  readonly show: (value: Cell | readonly Cell[]) => string;
}

interface Where {
  readonly scope: Scope;
  readonly categories: Set<DataCategory>;
  readonly target: Target;
  readonly mode: Mode;
  readonly list?: string;
}

const show = (value: Cell | readonly Cell[]): string =>
  Array.isArray(value) ? value.map(textOf).join(', ') : textOf(value);

/** Compiles from, value or template with map, as, default and max. */
export function compileReading(
  raw: Record<string, unknown>,
  path: Path,
  where: Where,
): FieldReading | undefined {
  const fit = compileLength(raw['max']);
  if (Object.hasOwn(raw, 'value')) {
    const value = raw['value'];
    if (isEmptyList(value))
      return { source: '(constant)', category: 'technical', free: false, read: () => [], show };
    if (!isScalarValue(value) && value !== null) return undefined;
    const secret = secretIn(value);
    if (secret !== undefined)
      return { source: '(secret)', category: 'technical', free: false, read: () => ({ secret }), show };
    checkWritable(value, [...path, 'value'], where.scope);
    return { source: '(constant)', category: 'technical', free: false, read: () => value, show };
  }
  if (Object.hasOwn(raw, 'template')) {
    const text = raw['template'];
    if (typeof text !== 'string') return undefined;
    if (speaksOfSecret(text)) reportSecret(text, [...path, 'template'], where.scope);
    const template = compileTemplate(text, [...path, 'template'], where);
    if (template === undefined) return undefined;
    const format = textFormat(raw, path, where);
    if (format === undefined) return undefined;
    const category = findSource(template.sources[0] ?? '', where.list)?.category ?? 'technical';
    return {
      source: template.sources.join(', '),
      category,
      free: true,
      read: (context, field, problems) => fit(format(template.write(context)), field, problems),
      show,
    };
  }
  return compileFrom(raw, path, where, fit);
}

/** Compiles `as:` for the text of a template. */
function textFormat(
  raw: Record<string, unknown>,
  path: Path,
  { scope }: Where,
): ((text: string | undefined) => unknown) | undefined {
  if (!Object.hasOwn(raw, 'as')) return (text) => text;
  const formatted = compileFormat(raw['as'], { type: 'text', list: false });
  if ('code' in formatted)
    return hinting(scope.report, formatted.suggestion).error(
      [...path, 'as'],
      formatted.code,
      formatted.message,
    );
  if (formatted.kind.list || formatted.kind.type === 'list')
    return scope.report.error([...path, 'as'], 'MAP-216', [
      'un modèle de texte écrit un seul texte : ajoutez join, first ou last.',
      'a template writes one text: add join, first or last.',
    ]);
  return (text) => (text === undefined ? undefined : formatted.apply(text));
}

function compileFrom(
  raw: Record<string, unknown>,
  path: Path,
  where: Where,
  fit: Fit,
): FieldReading | undefined {
  const { scope, categories, list } = where;
  const from = raw['from'];
  if (typeof from !== 'string') return undefined;
  const source = sourceIn(from, scope, list);
  if (source === undefined)
    return hinting(scope.report, nearestIn(from, scope, list)).error(
      [...path, 'from'],
      'MAP-201',
      absentSource(from),
    );
  useValue(source, [...path, 'from'], categories, scope);
  checkSource(raw, path, where, source);
  const map = Object.hasOwn(raw, 'map') ? fieldMap(raw['map'], [...path, 'map'], scope, source) : undefined;
  if (Object.hasOwn(raw, 'map') && map === undefined) return undefined;
  const convert = compileConversion(raw, path, where, {
    source,
    mapped: map !== undefined,
  });
  if (convert === undefined) return undefined;
  const fallback = source.person ? undefined : raw['default'];
  const finish = (
    value: unknown,
    field: string,
    problems: FieldProblem[],
  ): Cell | readonly Cell[] | undefined => {
    const mapped = map === undefined ? value : applyMap(map, value, field, problems);
    return mapped === undefined ? undefined : fit(convert(mapped), field, problems);
  };
  const { late } = source;
  const read: FieldReading['read'] =
    late !== undefined
      ? () => ({ late, finish: (value) => finish(value, where.target.text, []) as Scalar | undefined })
      : (context, field, problems) => {
          const value = source.read(context);
          if (isBlank(value) || (Array.isArray(value) && value.length === 0))
            return isScalarValue(fallback) ? fallback : undefined;
          return finish(value, field, problems);
        };
  const entries = typeof raw['map'] === 'string' ? scope.maps[raw['map']] : raw['map'];
  const passes = map === undefined || (isRecord(entries) && entries['else'] === 'pass');
  const free = passes && source.type === 'text';
  return { source: from, category: source.category, free, read, show };
}

/** Reports keys that the source forbids. */
function checkSource(
  raw: Record<string, unknown>,
  path: Path,
  { scope, target }: Where,
  source: Source,
): void {
  if (Object.hasOwn(raw, 'default') && source.person) {
    scope.report.error([...path, 'default'], 'MAP-210', [
      `« ${source.path} » est une donnée de la personne : une valeur par défaut inventerait ce qu’elle n’a pas dit (C13).`,
      `"${source.path}" is a person's: a default would invent what was not said (C13).`,
    ]);
  }
  if (scope.formulaGuard && writesPlus(raw['as'], source.type)) {
    scope.report.error([...path, raw['as'] === undefined ? 'from' : 'as'], 'MAP-701', [
      `« ${target.text} » s’écrirait +33... : la garde contre les formules mettrait ' devant.`,
      `"${target.text}" would be written +33...: the formula guard would put ' before it.`,
    ]);
  }
  checkWritable(raw['default'], [...path, 'default'], scope);
  checkLiteral(raw['default'], [...path, 'default'], scope.report);
  checkCut(raw, path, scope, source);
}

function applyMap(
  map: (value: Scalar) => Mapped,
  value: unknown,
  field: string,
  problems: FieldProblem[],
): unknown {
  const renderItem = (item: unknown): unknown => {
    if (!isScalarValue(item)) return undefined;
    const mapped = map(item);
    if (mapped === 'omit') return undefined;
    if (mapped !== 'error') return mapped.value;
    problems.push({ field, code: 'NOT_IN_MAP' });
    return undefined;
  };
  return Array.isArray(value)
    ? value.map(renderItem).filter((item) => item !== undefined)
    : renderItem(value);
}

/** Compiles `as:` of the value, or the default of the format; a list must end in a form that the format can hold. */
function compileConversion(
  raw: Record<string, unknown>,
  path: Path,
  where: Where,
  { source, mapped }: { readonly source: Source; readonly mapped: boolean },
): ((value: unknown) => unknown) | undefined {
  const { scope, mode } = where;
  const kind = mapped
    ? { type: 'text' as const, list: source.list }
    : { type: source.type, list: source.list };
  const asIs = { kind, apply: (value: unknown) => value };
  const formatted = Object.hasOwn(raw, 'as')
    ? compileFormat(raw['as'], kind)
    : mapped
      ? asIs
      : defaultFormat(source, mode);
  if ('code' in formatted)
    return hinting(scope.report, formatted.suggestion).error(
      [...path, 'as'],
      formatted.code,
      formatted.message,
    );
  const dates = formatted.kind.type === 'date' && formatted !== asIs;
  if (
    formatted.kind.type === 'list' ||
    (formatted.kind.list && scope.format !== 'json' && scope.format !== 'xml')
  )
    return scope.report.error([...path, 'from'], 'MAP-216', [
      `« ${source.path} » est une liste : ajoutez as: {join: ", "}, first ou last, ou utilisez each.`,
      `"${source.path}" is a list: add as: {join: ", "}, first or last, or use each.`,
    ]);
  if (!dates) return formatted.apply;
  // `first` and `last` of dates keep a date: it is written like every date without a formatter.
  const rest = defaultFormat({ ...source, list: formatted.kind.list }, mode);
  return (value) => rest.apply(formatted.apply(value));
}

/** Reports a truncation of anything but a text: a phone, an address, a number or a code cut short is another one (C13). */
function checkCut(raw: Record<string, unknown>, path: Path, scope: Scope, source: Source): void {
  const { max } = raw;
  if (!isRecord(max) || max['on'] !== 'truncate' || source.type === 'text') return;
  scope.report.error([...path, 'max', 'on'], 'MAP-223', [
    `« ${source.path} » est de type ${source.type} : coupée, la valeur en serait une autre. Utilisez on: error ou on: omit.`,
    `"${source.path}" is of type ${source.type}: cut short it would be another value. Use on: error or on: omit.`,
  ]);
}

// Applies the length limit of a field: a longer value is refused, cut or left out, as the file says.
// Invariant: a value is written whole, cut as the file says, or not at all; no character is cut in half.

type Fit = (value: unknown, field: string, problems: FieldProblem[]) => Cell | readonly Cell[] | undefined;

/**
 * `max: 80` is an error above it; `{length: 80, on: truncate | error | omit}`. Counts UTF-16 units, not bytes: an emoji
 * counts two, as in SQL Server and .NET; a recipient that counts it as one has room, too.
 */
function compileLength(raw: unknown): Fit {
  const length =
    typeof raw === 'number'
      ? raw
      : isRecord(raw) && typeof raw['length'] === 'number'
        ? raw['length']
        : undefined;
  const on = isRecord(raw) ? raw['on'] : 'error';
  const renderValue = (value: unknown, field: string, problems: FieldProblem[]): Cell | undefined => {
    if (!isScalarValue(value)) return isLate(value) ? value : undefined;
    if (value === '') return undefined;
    if (length === undefined) return value;
    const text = textOf(value);
    if (text.length <= length) return value;
    if (on === 'truncate') return headOf(text, length).trimEnd();
    if (on !== 'omit') problems.push({ field, code: 'TOO_LONG' });
    return undefined;
  };
  return (value, field, problems) => {
    if (!Array.isArray(value)) return renderValue(value, field, problems);
    const cells = value.flatMap((item) => renderValue(item, field, problems) ?? []);
    return cells.length === 0 ? undefined : cells;
  };
}

/** The first units of a text, without half a character at the end. */
function headOf(text: string, units: number): string {
  const head = text.slice(0, units);
  return head.isWellFormed() ? head : head.slice(0, -1);
}
