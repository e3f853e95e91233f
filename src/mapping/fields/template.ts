// Templates: a text with `{{path}}` or `{{path | formatter}}` places.
// Invariant: strict; a typo is an error, and a template whose places are all empty writes nothing.
import type { DataCategory } from '../../domain/lead.ts';
import { compileFormat, writesPlus } from './formatters.ts';
import type { Path } from '../document/problems.ts';
import { defaultFormat, textOf } from './rendering.ts';
import { useSource } from '../scope.ts';
import type { Scope } from '../scope.ts';
import { nearestIn, sourceIn } from './scoped-source.ts';
import { isBlank } from './source.ts';
import type { Context } from './source.ts';
import type { Mode } from '../format.ts';

export interface Template {
  readonly write: (context: Context) => string | undefined;
  readonly sources: readonly string[];
  readonly person: boolean;
}

/** Compiles a template; undefined after reporting. */
export function compileTemplate(
  text: string,
  path: Path,
  where: {
    readonly scope: Scope;
    readonly categories: Set<DataCategory>;
    readonly list?: string;
    readonly mode: Mode;
  },
): Template | undefined {
  const { scope, categories, list, mode } = where;
  const parts: (string | ((context: Context) => string))[] = [];
  const sources: string[] = [];
  let person = false;
  let sound = true;
  const fail = (message: string): void => {
    sound = false;
    scope.report.error(path, 'MAP-214', message);
  };
  let from = 0;
  for (const match of text.matchAll(/\{\{([^{}]*)\}\}/g)) {
    parts.push(text.slice(from, match.index));
    from = match.index + match[0].length;
    const [name = '', formatter, ...more] = (match[1] ?? '').split('|').map((part) => part.trim());
    const source = sourceIn(name, scope, list);
    if (source === undefined) {
      sound = false;
      scope.report.error(path, 'MAP-201', `source "${name}" in the template does not exist.`, {
        suggestion: nearestIn(name, scope, list),
      });
      continue;
    }
    useSource(source, path, categories, scope);
    if (source.list || source.late !== undefined) {
      fail(`"${name}" is no single value of the lead: a template cannot hold it.`);
      continue;
    }
    const kind = { type: source.type, list: false };
    const formatted = formatter === undefined ? defaultFormat(source, mode) : compileFormat(formatter, kind);
    if ('code' in formatted || more.length > 0) {
      fail('code' in formatted ? formatted.message : 'a place holds one formatter at most.');
      continue;
    }
    // What stands before it may be empty for some lead: then the phone begins the cell.
    const begins = parts.every((part) => typeof part !== 'string' || part === '');
    if (begins && mode === 'csv' && scope.formulaGuard && writesPlus(formatter, source.type))
      scope.report.error(
        path,
        'MAP-701',
        `"${name}" begins the text with +33...: the formula guard would put ' before it.`,
      );
    sources.push(name);
    person ||= source.person;
    parts.push((context) => {
      const value = source.read(context);
      return isBlank(value) ? '' : textOf(formatted.apply(value));
    });
  }
  parts.push(text.slice(from));
  if (parts.some((part) => typeof part === 'string' && /[{}]{2}/.test(part))) fail('{{ and }} do not match.');
  else if (sources.length === 0 && sound)
    fail('the template reads nothing from the lead: use value for a constant.');
  if (!sound) return undefined;
  return {
    sources,
    person,
    write: (context) => {
      let result = '';
      let found = false;
      for (const part of parts) {
        const piece = typeof part === 'string' ? part : part(context);
        if (typeof part !== 'string' && piece !== '') found = true;
        result += piece;
      }
      return found ? result : undefined;
    },
  };
}
