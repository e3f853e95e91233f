// Compiles the conditions of `when:` and the filter of `accepts:`, from a small closed set.
// Invariant: a condition is compiled whole or refused; an absent value satisfies only `blank` and `not`.
import type { DataCategory, Lead } from '../../domain/lead.ts';
import { isRecord } from '../document/yaml.ts';
import { asText, isScalarValue } from './values.ts';
import type { Path } from '../document/problems.ts';
import { useSource } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { absentSource, nearestIn, noted, sourceIn } from './scoped-source.ts';
import { findSource, isBlank, nearestSource } from './source.ts';
import type { Context, Source } from './source.ts';
import { compileGlob } from './glob.ts';
import { reportNeverMet } from './never-met.ts';
import { suggest } from '../document/suggest.ts';
import * as says from './condition-words.ts';

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
    report.error(path, 'MAP-212', says.notABlock(conditionNames));
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
        report.error(path, 'MAP-212', says.listNeeded(name));
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
      report.error(path, 'MAP-212', says.noSuchCondition(name), {
        at: 'key',
        suggestion: suggest(name, conditionNames),
      });
      return never;
  }
}

function source(option: unknown, path: Path, where: Where, at?: 'key'): Source | undefined {
  const { scope, categories, list } = where;
  const found = typeof option === 'string' ? sourceIn(option, scope, list) : undefined;
  if (found === undefined) {
    const name = typeof option === 'string' ? option : JSON.stringify(option);
    scope.report.error(path, 'MAP-201', absentSource(name), {
      suggestion: typeof option === 'string' ? nearestIn(option, scope, list) : undefined,
      ...(at === undefined ? {} : { at }),
    });
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
    report.error(path, 'MAP-212', says.pairNeeded(name));
    return never;
  }
  const parts = Object.entries(option).map(([key, value]): Condition => {
    const inner = [...path, key];
    const found = source(key, inner, where, 'key');
    if (found === undefined) return never;
    const read = found.read;
    if (name === 'greater' || name === 'less') {
      if (typeof value !== 'number' || (found.type !== 'integer' && found.type !== 'decimal')) {
        report.error(inner, 'MAP-212', says.numbersNeeded(name));
        return never;
      }
      return (context) => {
        const actual = read(context);
        return typeof actual === 'number' && (name === 'greater' ? actual > value : actual < value);
      };
    }
    const wanted = name === 'in' ? value : [value];
    if (!Array.isArray(wanted) || wanted.length === 0 || !wanted.every(isScalarValue)) {
      report.error(inner, 'MAP-212', says.valuesNeeded(name));
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
    where.scope.report.error(path, 'MAP-213', says.neverOneOf(found.path, word, values), {
      suggestion: suggest(word, values),
    });
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
      scope.report.error(path, 'MAP-201', says.notInAccepts(key), {
        at: 'key',
        suggestion: suggest(key, Object.keys(acceptNames)) ?? nearestSource(key),
      });
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
