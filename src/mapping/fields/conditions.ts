// Compiles the conditions of `when:` and the filter of `accepts:`, from a small closed set.
// Invariant: a condition is compiled whole or refused; an absent value satisfies only `blank` and `not`.
import type { DataCategory, Lead } from '../../domain/lead.ts';
import { isRecord } from '../document/yaml.ts';
import { asText, isScalarValue } from './values.ts';
import { hinting, near, type Path } from '../document/problems.ts';
import { useSource, type Scope } from '../scope.ts';
import { absentSource, nearestIn, noted, sourceIn } from './scoped-source.ts';
import { findSource, isBlank, nearestSource, type Context, type Source } from './source.ts';
import { suggest } from '../document/suggest.ts';
import type { Both } from '../../../connectors/contract.ts';
import { departementCode } from '../../domain/lead-values.ts';

export type Condition = (context: Context) => boolean;

export const conditionNames: readonly string[] = [
  'present',
  'blank',
  'equals',
  'in',
  'greater',
  'less',
  'matches',
  'all',
  'any',
  'not',
];

interface Where {
  readonly scope: Scope;
  readonly categories: Set<DataCategory>;
  readonly list?: string;
}

const never: Condition = () => false;

/** Compiles a `when:`; several names in one block must all be true. */
export function compileCondition(raw: unknown, path: Path, where: Where): Condition {
  const { report } = where.scope;
  if (!isRecord(raw) || Object.keys(raw).length === 0) {
    report.error(path, 'MAP-212', [
      `une condition est un bloc avec l’un de : ${conditionNames.join(', ')}.`,
      `a condition is a block with one of: ${conditionNames.join(', ')}.`,
    ]);
    return never;
  }
  const parts = Object.entries(raw).map(([name, option]) =>
    compileNamed(name, option, [...path, name], where),
  );
  return (context) => parts.every((part) => part(context));
}

function compileNamed(name: string, option: unknown, path: Path, where: Where): Condition {
  const { report } = where.scope;
  switch (name) {
    case 'present':
    case 'blank': {
      const read = source(option, path, where)?.read;
      if (read === undefined) return never;
      return name === 'present' ? (context) => !isBlank(read(context)) : (context) => isBlank(read(context));
    }
    case 'all':
    case 'any': {
      if (!Array.isArray(option) || option.length === 0) {
        report.error(path, 'MAP-212', [
          `${name} a besoin d’une liste de conditions.`,
          `${name} needs a list of conditions.`,
        ]);
        return never;
      }
      const inner = option.map((item: unknown, index) => compileCondition(item, [...path, index], where));
      return name === 'all'
        ? (context) => inner.every((test) => test(context))
        : (context) => inner.some((test) => test(context));
    }
    case 'not': {
      const inner = compileCondition(option, path, where);
      return (context) => !inner(context);
    }
    case 'equals':
    case 'in':
    case 'greater':
    case 'less':
    case 'matches':
      return compare(name, option, path, where);
    default:
      near(report.atKey, name, conditionNames).error(path, 'MAP-212', [
        `la condition « ${name} » n’existe pas.`,
        `condition "${name}" does not exist.`,
      ]);
      return never;
  }
}

function source(option: unknown, path: Path, where: Where, at?: 'key'): Source | undefined {
  const { scope, categories, list } = where;
  const found = typeof option === 'string' ? sourceIn(option, scope, list) : undefined;
  if (found === undefined) {
    const name = typeof option === 'string' ? option : JSON.stringify(option);
    const suggestion = typeof option === 'string' ? nearestIn(option, scope, list) : undefined;
    scope.report.with({ suggestion, at }).error(path, 'MAP-201', absentSource(name));
    return undefined;
  }
  useSource(found, path, categories, scope);
  return found;
}

function compare(
  name: 'equals' | 'in' | 'greater' | 'less' | 'matches',
  option: unknown,
  path: Path,
  where: Where,
): Condition {
  const { report } = where.scope;
  if (!isRecord(option) || Object.keys(option).length === 0) {
    report.error(path, 'MAP-212', [
      `${name} a besoin d’une source et d’une valeur : {${name}: {channel: web_form}}.`,
      `${name} needs a source and a value: {${name}: {channel: web_form}}.`,
    ]);
    return never;
  }
  const parts = Object.entries(option).map(([key, value]): Condition => {
    const inner = [...path, key];
    const found = source(key, inner, where, 'key');
    if (found === undefined) return never;
    const read = found.read;
    if (name === 'greater' || name === 'less') {
      if (typeof value !== 'number' || (found.type !== 'integer' && found.type !== 'decimal')) {
        report.error(inner, 'MAP-212', [
          `${name} compare un nombre du lead à un nombre.`,
          `${name} compares a number of the lead with a number.`,
        ]);
        return never;
      }
      return (context) => {
        const actual = read(context);
        return typeof actual === 'number' && (name === 'greater' ? actual > value : actual < value);
      };
    }
    const wanted = name === 'in' ? value : [value];
    if (!Array.isArray(wanted) || wanted.length === 0 || !wanted.every(isScalarValue)) {
      report.error(inner, 'MAP-212', valuesNeeded(name));
      return never;
    }
    if (name === 'matches') {
      reportNeverMet(found, wanted.map(String), inner, false, where.scope);
      return glob(read, wanted.map(String));
    }
    checkValues(found, wanted, inner, where);
    const texts = new Set(wanted.map(String));
    return (context) => {
      const actual = read(context);
      return Array.isArray(actual)
        ? actual.some((held) => texts.has(asText(held)))
        : !isBlank(actual) && texts.has(asText(actual));
    };
  });
  return (context) => parts.every((part) => part(context));
}

function checkValues(found: Source, wanted: readonly unknown[], path: Path, where: Where): void {
  const values = found.values;
  if (values === undefined) return;
  for (const word of wanted.map(asText)) {
    if (values.includes(word)) continue;
    near(where.scope.report, word, values).error(path, 'MAP-213', neverOneOf(found.path, word, values));
  }
}

function glob(read: Source['read'], patterns: readonly string[]): Condition {
  const tests = patterns.map(compileGlob);
  return (context) => {
    const actual = asText(read(context));
    return actual !== '' && tests.some((test) => test(actual));
  };
}

/** Short names that `accepts` takes besides source paths. */
export const acceptNames: Readonly<Record<string, string>> = {
  programme: 'project.programme',
  channel: 'channel',
  operation: 'operation',
  media: 'origin.media',
  origin: 'origin.type',
  departement: 'origin.departement',
  housingType: 'project.housingType',
  use: 'project.use',
};

type Accepts = (lead: Lead) => { readonly yes: true } | { readonly yes: false; readonly because: string };

/** Compiles `accepts:`: every key must match one of its values; no key accepts every lead. */
export function compileAccepts(raw: unknown, scope: Scope): Accepts {
  const tests: { readonly key: string; readonly test: (lead: Lead) => boolean }[] = [];
  for (const [key, value] of Object.entries(isRecord(raw) ? raw : {})) {
    const path: Path = ['accepts', key];
    const name = Object.hasOwn(acceptNames, key) ? (acceptNames[key] ?? key) : key;
    const found = noted(findSource(name), scope);
    if (found === undefined || /^(delivery|batch|client)\./.test(found.path) || found.list) {
      hinting(scope.report.atKey, suggest(key, Object.keys(acceptNames)) ?? nearestSource(key)).error(
        path,
        'MAP-201',
        [`accepts ne peut pas lire « ${key} ».`, `accepts cannot read "${key}".`],
      );
      continue;
    }
    const list = (Array.isArray(value) ? (value as unknown[]) : [value]).map(asText);
    reportNeverMet(found, list, path, Array.isArray(value), scope);
    if (found.values !== undefined)
      checkValues(
        found,
        list.filter((word) => !word.includes('*')),
        path,
        { scope, categories: new Set() },
      );
    const globs = list.map(compileGlob);
    tests.push({
      key,
      test: (lead) => {
        const actual = asText(found.read({ lead } as Context));
        return actual !== '' && globs.some((matches) => matches(actual));
      },
    });
  }
  return (lead) => {
    const failing = tests.find((rule) => !rule.test(lead));
    return failing === undefined ? { yes: true } : { yes: false, because: failing.key };
  };
}

const valuesNeeded = (name: string): Both =>
  name === 'in'
    ? ['in a besoin d’une liste de valeurs.', 'in needs a list of values.']
    : [`${name} a besoin d’une valeur.`, `${name} needs one value.`];

const neverOneOf = (path: string, word: string, values: readonly string[]): Both => [
  `« ${path} » n’est jamais « ${word} » : c’est l’un de ${values.join(', ')}.`,
  `"${path}" is never "${word}": it is one of ${values.join(', ')}.`,
];

// Compiles patterns in which only the star is special.
// Invariant: linear in the text; no regular expression is made from a file.

/** `HZ-*`: only the star is special, letter case does not count. */
export function compileGlob(pattern: string): (text: string) => boolean {
  const parts = pattern.toLowerCase().split('*');
  return (text) => {
    const lower = text.toLowerCase();
    const first = parts[0] ?? '';
    if (parts.length === 1) return lower === first;
    const last = parts.at(-1) ?? '';
    if (!lower.startsWith(first) || !lower.endsWith(last) || lower.length < first.length + last.length)
      return false;
    let from = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = lower.indexOf(part, from);
      if (found < 0) return false;
      from = found + part.length;
    }
    return from <= lower.length - last.length;
  };
}

// Reports patterns of `accepts:` and `matches:` that no lead can match, whose rule would be false for every lead.
// Invariant: a reported pattern matches no lead; a pattern that can match one is never reported.

function reportNeverMet(
  { path: name, values: known }: Pick<Source, 'path' | 'values'>,
  values: readonly string[],
  path: Path,
  list: boolean,
  { report }: Scope,
): void {
  if (values.length === 0)
    report.error(path, 'MAP-213', [
      'accepts ne prend aucun lead : cette liste est vide.',
      'accepts takes no lead at all: this list is empty.',
    ]);
  for (const [index, value] of values.entries()) {
    const at = list ? [...path, index] : path;
    if (value !== value.trim())
      report.error(at, 'MAP-213', [
        `« ${value} » commence ou finit par une espace : aucun lead n’a cela.`,
        `"${value}" begins or ends with a space: no lead has that.`,
      ]);
    else if (/^%|%$/.test(value))
      report.error(at, 'MAP-213', [
        `« ${value} » est écrit comme en SQL : ici l’étoile représente un texte quelconque (HZ-*).`,
        `"${value}" is written as in SQL: here the star matches any text (HZ-*).`,
      ]);
    else if (/^\^|\.\*|\\[dw]|\[.+\]|\$$/.test(value))
      report.error(at, 'MAP-213', [
        `« ${value} » ressemble à une expression régulière : ici seule l’étoile compte, pour un texte quelconque (HZ-*).`,
        `"${value}" looks like a regular expression: here only the star is special, and matches any text (HZ-*).`,
      ]);
    else if (value.includes('*') && known?.some(compileGlob(value)) === false)
      report.error(at, 'MAP-213', neverOneOf(name, value, known));
    else if (
      name === 'origin.departement' &&
      !value.includes('*') &&
      !departementCode.test(value.toUpperCase())
    )
      hinting(report, /^\d$/.test(value) ? `0${value}` : undefined).error(at, 'MAP-213', [
        `« ${name} » n’est jamais « ${value} » : c’est un code, 01 à 95, 2A, 2B, 971 à 988.`,
        `"${name}" is never "${value}": it is a code, 01 to 95, 2A, 2B, 971 to 988.`,
      ]);
  }
}
