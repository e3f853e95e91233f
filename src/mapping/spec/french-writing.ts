// Describes in French how and when a field is written: formatters, codes, lengths, conditions.
// Invariant: a directive without words is shown as the file writes it, never left out.
import { isRecord } from '../document/yaml.ts';
import { readStep, stepsOf } from '../fields/format-pipeline.ts';
import { formatterOf } from '../fields/formatters.ts';
import { isoWords } from '../fields/time.ts';
import { asText, isScalarValue } from '../fields/values.ts';
import { frenchLabel } from '../fields/french.ts';
import { findSource } from '../fields/source.ts';
import { sourceLabel } from './french-sources.ts';

type Raw = Readonly<Record<string, unknown>>;

const quoted = (value: unknown): string => (value === null ? 'null' : `« ${asText(value)} »`);
const asWritten = (value: unknown): string => JSON.stringify(value) ?? '';

/** In the formatter's own words. */
function stepWords(written: unknown): string {
  const step = readStep(written);
  const french = step === undefined ? undefined : formatterOf(step.name)?.french;
  const words = typeof french === 'function' ? french(step?.option) : french;
  return words ?? (typeof written === 'string' ? written : asWritten(written));
}

const typeWords: Readonly<Record<string, string>> = {
  text: 'texte',
  integer: 'nombre entier',
  decimal: 'nombre',
  date: isoWords,
  boolean: 'oui ou non (true, false)',
  enum: 'code',
  phone: 'téléphone +33639980001',
  email: 'adresse e-mail',
  list: 'liste',
};

/** The form of the field's value. */
export function formatWords(raw: Raw, list?: string): string {
  const source = findSource(asText(raw['from']), list);
  const parts = [
    ...(Object.hasOwn(raw, 'value') ? ['toujours la même valeur'] : []),
    ...(Object.hasOwn(raw, 'map') ? ['code (voir « Codes »)'] : []),
    ...stepsOf(raw['as']).map(stepWords),
  ];
  if (parts.length === 0)
    parts.push(source === undefined ? 'texte' : (typeWords[source.type] ?? source.type));
  const { max, type } = raw;
  if (typeof type === 'string') parts.push(`type ${type} de XML-RPC`);
  const length = isRecord(max) ? max['length'] : max;
  if (typeof length === 'number') {
    const on = isRecord(max) ? max['on'] : 'error';
    const past =
      on === 'truncate'
        ? 'coupé au-delà'
        : on === 'omit'
          ? 'absent au-delà'
          : 'sinon le lead n’est pas transmis';
    parts.push(`${length} caractères au plus (${past})`);
  }
  return parts.join(', ');
}

/** The conditions under which the field is present. */
export function presenceWords(raw: Raw, fileEmpty: unknown): string {
  const parts: string[] = [];
  if (raw['required'] === true) parts.push('obligatoire : sans valeur, le lead n’est pas transmis');
  else if (Object.hasOwn(raw, 'default')) parts.push(`à défaut ${quoted(raw['default'])}`);
  else if (!Object.hasOwn(raw, 'value')) {
    const empty = Object.hasOwn(raw, 'empty') ? raw['empty'] : fileEmpty;
    parts.push(
      empty === null
        ? 'à défaut null'
        : empty === ''
          ? 'à défaut vide'
          : empty === 'keep'
            ? 'à défaut absent : votre valeur est conservée'
            : 'à défaut absent',
    );
  }
  if (Object.hasOwn(raw, 'when')) parts.push(`seulement si ${conditionWords(raw['when'])}`);
  if (Object.hasOwn(raw, 'only'))
    parts.push(`éléments retenus : ${conditionWords(raw['only'], asText(raw['each']))}`);
  return parts.join(' ; ');
}

/** A condition as a sentence. */
export function conditionWords(raw: unknown, list?: string): string {
  if (!isRecord(raw)) return asWritten(raw);
  const all = Object.entries(raw).map(([name, option]) => namedWords(name, option, list));
  return all.join(' et ');
}

const comparisons: Readonly<Record<string, string>> = {
  equals: 'est',
  in: 'est parmi',
  greater: 'est supérieur à',
  less: 'est inférieur à',
  matches: 'est de la forme',
};

function namedWords(name: string, option: unknown, list: string | undefined): string {
  const label = (path: unknown): string => `« ${sourceLabel(asText(path), list)} »`;
  const inner = (joined: string): string =>
    (Array.isArray(option) ? (option as unknown[]) : [])
      .map((condition) => conditionWords(condition, list))
      .join(joined);
  switch (name) {
    case 'present':
      return `${label(option)} est renseigné`;
    case 'blank':
      return `${label(option)} n’est pas renseigné`;
    case 'all':
      return inner(' et ');
    case 'any':
      return inner(' ou ');
    case 'not':
      return `non (${conditionWords(option, list)})`;
    default: {
      const verb = comparisons[name];
      if (verb === undefined || !isRecord(option)) return asWritten({ [name]: option });
      return Object.entries(option)
        .map(([path, value]) => `${label(path)} ${verb} ${valuesWords(path, value, list)}`)
        .join(' et ');
    }
  }
}

function valuesWords(path: string, value: unknown, list: string | undefined): string {
  const values = Array.isArray(value) ? (value as unknown[]) : [value];
  const named = list === undefined ? path : `${list}.${path}`;
  return values.map((item) => quoted(frenchLabel(named, item))).join(', ');
}

/** The effect of a map's `else`. */
export function elseWords(raw: unknown): string {
  if (raw === 'error') return 'le lead n’est pas transmis';
  if (raw === 'omit') return 'le champ est absent';
  if (raw === 'pass') return 'transmise telle quelle';
  return quoted(isRecord(raw) ? raw['value'] : isScalarValue(raw) || raw === null ? raw : asWritten(raw));
}
