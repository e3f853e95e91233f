// Compiles templates: a text with `{{path}}` or `{{path | formatter}}` places.
// Invariant: strict; a typo is an error, and a template whose places are all empty writes nothing.
import type { DataCategory } from '../../domain/lead.ts';
import { compileFormat, writesPlus } from './formatters.ts';
import { hinting, type Message, type Path } from '../document/problems.ts';
import { useValue, type Scope } from '../scope.ts';
import { nearestIn, sourceIn } from './scoped-source.ts';
import { isBlank, type Context, defaultFormat, textOf } from './source.ts';
import type { Mode } from '../contract.ts';
import type { Both } from '../../../connectors/contract.ts';

export interface Template {
  readonly write: (context: Context) => string | undefined;
  readonly sources: readonly string[];
  readonly person: boolean;
}

interface TemplateWhere {
  readonly scope: Scope;
  readonly categories: Set<DataCategory>;
  readonly list?: string;
  readonly mode: Mode;
}

type Part = string | Place;

interface Place {
  readonly name: string;
  readonly person: boolean;
  readonly write: (context: Context) => string;
}

/** Compiles a template; undefined after reporting. */
export function compileTemplate(text: string, path: Path, where: TemplateWhere): Template | undefined {
  const parts: Part[] = [];
  let sound = true;
  let from = 0;
  for (const match of text.matchAll(/\{\{([^{}]*)\}\}/g)) {
    parts.push(text.slice(from, match.index));
    from = match.index + match[0].length;
    // The places before it may be empty for some lead: then this place begins the cell.
    const begins = parts.every((part) => typeof part !== 'string' || part === '');
    const place = compilePlace(match[1] ?? '', begins, path, where);
    if (place === undefined) sound = false;
    else parts.push(place);
  }
  parts.push(text.slice(from));
  const fault = faultOf(parts, sound);
  if (fault !== undefined) where.scope.report.error(path, 'MAP-214', fault);
  if (fault !== undefined || !sound) return undefined;
  const places = parts.filter((part) => typeof part !== 'string');
  return {
    sources: places.map((place) => place.name),
    person: places.some((place) => place.person),
    write: (context) => writeParts(parts, context),
  };
}

function writeParts(parts: readonly Part[], context: Context): string | undefined {
  let result = '';
  let found = false;
  for (const part of parts) {
    const piece = typeof part === 'string' ? part : part.write(context);
    if (typeof part !== 'string' && piece !== '') found = true;
    result += piece;
  }
  return found ? result : undefined;
}

function faultOf(parts: readonly Part[], sound: boolean): Both | undefined {
  if (parts.some((part) => typeof part === 'string' && /[{}]{2}/.test(part)))
    return ['{{ et }} ne vont pas ensemble.', '{{ and }} do not match.'];
  const reads = parts.some((part) => typeof part !== 'string');
  return reads || !sound
    ? undefined
    : [
        'le modèle de texte ne lit rien du lead : utilisez value pour une constante.',
        'the template reads nothing from the lead: use value for a constant.',
      ];
}

/** `path`, or `path | formatter`; undefined after reporting. */
function compilePlace(
  written: string,
  begins: boolean,
  path: Path,
  { scope, categories, list, mode }: TemplateWhere,
): Place | undefined {
  const fail = (message: Message): undefined => {
    scope.report.error(path, 'MAP-214', message);
    return undefined;
  };
  const [name = '', formatter, ...more] = written.split('|').map((part) => part.trim());
  const source = sourceIn(name, scope, list);
  if (source === undefined)
    return hinting(scope.report, nearestIn(name, scope, list)).error(path, 'MAP-201', [
      `la source « ${name} » du modèle de texte n’existe pas.`,
      `source "${name}" in the template does not exist.`,
    ]);
  useValue(source, path, categories, scope);
  if (source.list || source.late !== undefined)
    return fail([
      `« ${name} » n’est pas une seule valeur du lead : un modèle de texte ne peut pas la contenir.`,
      `"${name}" is no single value of the lead: a template cannot hold it.`,
    ]);
  const kind = { type: source.type, list: false };
  const formatted = formatter === undefined ? defaultFormat(source, mode) : compileFormat(formatter, kind);
  if ('code' in formatted) return fail(formatted.message);
  if (more.length > 0)
    return fail([
      'une variable {{…}} contient au plus un formateur.',
      'a place holds one formatter at most.',
    ]);
  if (begins && mode === 'csv' && scope.formulaGuard && writesPlus(formatter, source.type))
    scope.report.error(path, 'MAP-701', [
      `« ${name} » commence le texte par +33... : la garde contre les formules mettrait ' devant.`,
      `"${name}" begins the text with +33...: the formula guard would put ' before it.`,
    ]);
  return {
    name,
    person: source.person,
    write: (context) => {
      const value = source.read(context);
      return isBlank(value) ? '' : textOf(formatted.apply(value));
    },
  };
}
