// Writes the table of fields and the codes they use, in the order of the output.
// Invariant: every line of the file has its row; examples are an invented person's.
import { secretIn } from '../fields/lints.ts';
import { blockAt, isRecord, listAt } from '../document/yaml.ts';
import { asText, isEmptyList, isScalarValue } from '../fields/values.ts';
import { frenchLabel, findSource } from '../fields/source.ts';
import { type Block, tableOf, type Raw } from './blocks.ts';
import { sourceLabel } from './french-transport.ts';
import { readStep, stepsOf, formatterOf } from '../fields/formatters.ts';
import { isoWords } from '../fields/time.ts';
import type { ConnectorFacts } from '../contract.ts';

interface FieldsInput {
  /** The whole file, for its maps and its default for absent values. */
  readonly whole: Raw;
  /** The block that holds `fields`. */
  readonly block: Raw;
  /** The fields are JSON: each has a type. */
  readonly json: boolean;
  /** Target -> value as written for the invented lead. */
  readonly examples: ReadonlyMap<string, string>;
}

export function fieldBlocks({ whole, block, json, examples }: FieldsInput): readonly Block[] {
  const lines = listAt(block, 'fields').filter(isRecord);
  const rows = lines.flatMap((raw) => rowsOf(raw, whole, examples)).map((row) => (json ? row : untyped(row)));
  const codes = codeRows(lines, whole);
  return [
    tableOf(json ? heads : untyped(heads), rows, json ? [0, 5] : [0, 4]),
    ...(codes.length === 0
      ? []
      : [
          { kind: 'heading', level: 3, text: 'Codes' } as const,
          tableOf(['Champ', 'Notre valeur', 'Votre code'], codes, [0, 2]),
        ]),
  ];
}

const heads = ['Champ', 'Type JSON', 'Contenu', 'Écriture', 'Présence', 'Exemple'];
const untyped = (row: readonly string[]): readonly string[] => row.filter((_, column) => column !== 1);

function rowsOf(
  raw: Raw,
  whole: Raw,
  examples: ReadonlyMap<string, string>,
  list?: string,
  parent = '',
): readonly (readonly string[])[] {
  if (Object.hasOwn(raw, 'consent')) {
    const which = asText(raw['consent']);
    return [
      [
        '',
        '',
        which === 'rest' ? 'Ici les champs de consentement' : `Ici le champ de consentement ${which}`,
        '',
        '',
        '',
      ],
    ];
  }
  const to = asText(raw['to']);
  const target = parent === '' ? to : /^[@#[]/.test(to) ? `${parent}${to}` : `${parent}.${to}`;
  const note = asText(raw['label']);
  const empty = Object.hasOwn(whole, 'empty') ? whole['empty'] : 'omit';
  const each = asText(raw['each']);
  if (each !== '') {
    const inner = listAt(raw, 'fields').filter(isRecord);
    return [
      [
        target,
        'liste (objets)',
        `${sourceLabel(each)} : un élément pour chacun`,
        'groupe répété',
        presenceWords(raw, empty),
        '',
      ],
      ...inner.flatMap((field) => rowsOf(field, whole, examples, each, to)),
    ];
  }
  const source = contentWords(raw, list);
  const content = note === '' || note === source ? source : `${note} (${source})`;
  const example = parent === '' ? (examples.get(to) ?? '') : '';
  const type = fieldType(raw, blockAt(whole, 'maps'), list);
  return [[target, type, content, formatWords(raw, list), presenceWords(raw, empty), example]];
}

function contentWords(raw: Raw, list: string | undefined): string {
  const secret = secretIn(raw['value']);
  if (secret !== undefined) return `Confidentiel (${secret})`;
  if (isEmptyList(raw['value'])) return 'Liste, vide si rien ne s’y ajoute';
  if (Object.hasOwn(raw, 'value'))
    return `Constante « ${raw['value'] === null ? 'null' : asText(raw['value'])} »`;
  const template = asText(raw['template']);
  if (template !== '')
    return `Texte : ${template.replaceAll(/\{\{\s*([^{}|]*?)\s*(?:\|[^{}]*)?\}\}/g, (_, path: string) => `« ${sourceLabel(path, list)} »`)}`;
  return sourceLabel(asText(raw['from']), list);
}

function codeRows(
  lines: readonly Raw[],
  whole: Raw,
  list?: string,
  parent = '',
): readonly (readonly string[])[] {
  const maps = isRecord(whole['maps']) ? whole['maps'] : {};
  return lines.flatMap((raw): readonly (readonly string[])[] => {
    const to = asText(raw['to']);
    if (Object.hasOwn(raw, 'each'))
      return codeRows(listAt(raw, 'fields').filter(isRecord), whole, asText(raw['each']), to);
    const named = raw['map'];
    const map = typeof named === 'string' ? maps[named] : named;
    if (!isRecord(map)) return [];
    const source = findSource(asText(raw['from']), list);
    const path = list === undefined ? (source?.path ?? '') : `${list}.${source?.path ?? ''}`;
    const target = parent === '' ? to : /^[@#]/.test(to) ? `${parent}${to}` : `${parent}.${to}`;
    return [
      ...Object.entries(map)
        .filter(([key]) => key !== 'else')
        .map(([key, code]) => [
          target,
          asText(frenchLabel(path, key)),
          code === null ? 'null' : asText(code),
        ]),
      // A closed list with an entry for each value has no other.
      ...((source?.values ?? ['']).every((value) => value !== '' && Object.hasOwn(map, value))
        ? []
        : [[target, `toute autre valeur : ${elseWords(map['else'])}`, '']]),
    ];
  });
}

// Describes in French how and when a field is written: formatters, codes, lengths, conditions.
// Invariant: a directive without words is shown as the file writes it, never left out.

const quoted = (value: unknown): string => (value === null ? 'null' : `« ${asText(value)} »`);
const asWritten = (value: unknown): string => JSON.stringify(value) ?? '';

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

function presenceWords(raw: Raw, fileEmpty: unknown): string {
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
function elseWords(raw: unknown): string {
  if (raw === 'error') return 'le lead n’est pas transmis';
  if (raw === 'omit') return 'le champ est absent';
  if (raw === 'pass') return 'transmise telle quelle';
  return quoted(isRecord(raw) ? raw['value'] : isScalarValue(raw) || raw === null ? raw : asWritten(raw));
}

// Gives the JSON type of each value in French, since `true` is not `"true"` for a client's reader.
// Invariant: derived from the file alone; a type that depends on the lead is named with both.

const words: Readonly<Record<string, string>> = {
  string: 'texte',
  number: 'nombre',
  boolean: 'booléen',
  object: 'null',
};

const typesOf = (values: readonly unknown[]): string =>
  [...new Set(values.map((value) => words[typeof value] ?? 'texte'))].join(' ou ');

const bySource: Readonly<Record<string, string>> = {
  integer: 'nombre',
  decimal: 'nombre',
  boolean: 'booléen',
};

/** The type after the formatters, set by the last one that changes it. */
function afterSteps(steps: readonly unknown[], before: string): string {
  return steps.reduce<string>((type, written) => {
    const step = readStep(written);
    const writes = step === undefined ? 'text' : (formatterOf(step.name)?.writes ?? 'text');
    switch (writes) {
      case 'same':
        return type;
      case 'text':
        return 'texte';
      case 'number':
        return 'nombre';
      default:
        return typesOf(writes(step?.option));
    }
  }, before);
}

const endsList = (written: unknown): boolean => formatterOf(readStep(written)?.name ?? '')?.endsList === true;

function fieldType(raw: Raw, maps: Raw, list?: string): string {
  if (Object.hasOwn(raw, 'value')) return typesOf([raw['value']]);
  const type =
    Object.hasOwn(raw, 'template') || Object.hasOwn(raw, 'line') ? 'texte' : readType(raw, maps, list);
  return raw['empty'] === null && raw['required'] !== true ? `${type} ou null` : type;
}

function readType(raw: Raw, maps: Raw, list: string | undefined): string {
  const source = findSource(asText(raw['from']), list);
  // An id of an earlier call is written with the type it had.
  const own = source === undefined ? 'texte ou nombre' : (bySource[source.type] ?? 'texte');
  const map = typeof raw['map'] === 'string' ? maps[raw['map']] : raw['map'];
  const mapped = isRecord(map)
    ? typesOf(
        Object.entries(map).flatMap(([key, value]) =>
          key !== 'else'
            ? [value]
            : value === 'error' || value === 'omit'
              ? []
              : [value === 'pass' ? '' : isRecord(value) ? value['value'] : value],
        ),
      )
    : own;
  const steps = stepsOf(raw['as']);
  const result = afterSteps(steps, mapped);
  const joined = steps.some(endsList);
  const listed = asText(raw['to']).endsWith('[]') || (source?.list === true && !joined);
  return listed ? `liste (${result})` : result;
}

/** The JSON types an opt-in takes in its four states. */
export function optInType(raw: Raw): string {
  const values = isRecord(raw['values']) ? Object.values(raw['values']) : [];
  const written = values.filter((value) => value !== 'omit' && value !== 'hold');
  const type = written.length === 0 ? '' : typesOf(written);
  return asText(raw['to']).endsWith('[]') ? `liste (${type})` : type;
}

/** True when the body, or the form field that holds it, is JSON. */
export function writesJson(whole: Raw, { formats }: Pick<ConnectorFacts, 'formats'>): boolean {
  const form = [whole['form'], whole['multipart']].find(isRecord);
  if (form !== undefined) return form['field'] !== undefined && form['holds'] !== 'xml';
  if (['xml', 'csv', 'xmlRpc'].some((format) => Object.hasOwn(whole, format))) return false;
  return Object.hasOwn(whole, 'json') || formats[0] === 'json';
}
