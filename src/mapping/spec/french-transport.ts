// Describes in French how the data travel, in which format, and which leads are sent.
// Invariant: the connector describes everything that depends on the kind of destination.
import { blockAt, isRecord, textAt } from '../document/yaml.ts';
import { asText } from '../fields/values.ts';
import { frenchLabel } from '../fields/source.ts';
import { acceptNames } from '../fields/conditions.ts';
import { type CompiledMapping, type BodyFormat, bodyFormats } from '../contract.ts';
import { sourceModel } from '../../domain/lead.ts';
import type { Raw } from './blocks.ts';

export function transportRows(whole: Raw, compiled: CompiledMapping): readonly (readonly string[])[] {
  return [...settingRows(whole, compiled), ...formatRows(whole)];
}

/** The connector's own rows for the settings; each of several calls may override some. */
function settingRows(whole: Raw, mapping: CompiledMapping): readonly (readonly string[])[] {
  const { settingsKey, words } = mapping.connectorFacts;
  const calls = (mapping.actions.create?.calls ?? []).map(({ name, settings }) => ({ name, settings }));
  return words
    .transport(blockAt(whole, settingsKey), calls)
    .map(({ point, agreed }) => [point[0], agreed[0]]);
}

/** The filter of the leads that are sent. */
export function acceptsItems(whole: Raw): readonly string[] {
  const accepts = blockAt(whole, 'accepts');
  const items = Object.entries(accepts).map(([key, value]) => {
    const path = acceptNames[key] ?? key;
    const list = (Array.isArray(value) ? (value as unknown[]) : [value]).map((item) =>
      asText(frenchLabel(path, item)),
    );
    return `${sourceLabel(path)} : ${list.join(', ')}`;
  });
  return items.length === 0 ? ['Tous les leads recueillis pour vous.'] : items;
}

/** How the recipient reports a later decision. */
export function callbackWords(whole: Raw, { callback, destinationId }: CompiledMapping): readonly string[] {
  if (callback === undefined) return [];
  const key = asText(blockAt(whole, 'callback')['key']);
  return [
    `Décision ultérieure : vous pouvez nous la communiquer vous-même, par POST /callbacks/${destinationId} à notre adresse, signé selon Standard Webhooks avec le secret convenu. La clé du lead (webhook-id) y est lue dans ${key} ; votre décision est lue comme une réponse à notre question. La première compte ; nous continuons de vous interroger.`,
  ];
}

// Describes the format of a body in French: its name, its dialect, the procedure it calls.
// Invariant: a setting without words is shown as the file writes it, never left out.

const names: Readonly<Record<Exclude<BodyFormat, 'none'>, string>> = {
  json: 'JSON',
  form: 'formulaire',
  multipart: 'formulaire multipart/form-data',
  jsonRpc: 'JSON-RPC 2.0',
  xmlRpc: 'XML-RPC',
  xml: 'XML',
  soap: 'SOAP',
  csv: 'CSV',
};

const dialectWords: Readonly<Record<string, string>> = {
  encoding: 'encodage',
  root: 'racine',
  record: 'élément',
  list: 'liste :',
  fileName: 'fichier',
};

const shown = (value: unknown): string => `« ${asText(value)} »`;

/** Settings whose value is a word of the file's language, or a sign that would be lost among commas. */
const settingWords: Readonly<
  Record<string, Readonly<Record<string, string>> | ((value: unknown) => string)>
> = {
  delimiter: (value) => (value === '\t' ? 'séparateur tabulation' : `séparateur ${shown(value)}`),
  quote: {
    all: 'toutes les valeurs entre guillemets',
    minimal: 'guillemets où il en faut',
    none: 'sans guillemets',
  },
  quoteInside: {
    double: 'guillemet doublé dans une valeur',
    apostrophe: 'guillemet remplacé par une apostrophe dans une valeur',
    backslash: 'guillemet précédé de « \\ » dans une valeur',
  },
  unmappable: {
    transliterate: 'caractères absents de l’encodage remplacés par les plus proches',
    replace: 'caractères absents de l’encodage remplacés par « ? »',
    error: 'lead non transmis si un caractère est absent de l’encodage',
  },
  eol: { crlf: 'fins de ligne CRLF', lf: 'fins de ligne LF' },
  header: { true: 'avec une ligne de titres', false: 'sans ligne de titres' },
  decimal: (value) => `décimales après ${shown(value)}`,
  formulaGuard: {
    true: 'apostrophe devant ce qu’un tableur prendrait pour une formule',
    false: 'rien devant ce qu’un tableur prendrait pour une formule',
  },
  lineBreak: (value) =>
    value === ' '
      ? 'saut de ligne remplacé par une espace'
      : value === ''
        ? 'saut de ligne supprimé'
        : `saut de ligne remplacé par ${shown(value)}`,
  trueFalse: (value) =>
    Array.isArray(value) ? `vrai et faux écrits ${(value as unknown[]).map(shown).join(' et ')}` : '',
};

function settingText(key: string, value: unknown): string {
  const words = settingWords[key];
  if (typeof words === 'function') return words(value);
  return words?.[asText(value)] ?? `${dialectWords[key] ?? key} ${asText(value)}`;
}

/** The row of the format; none where the connector has only one. */
function formatRows(whole: Raw): readonly (readonly string[])[] {
  const given = (Object.keys(names) as (keyof typeof names)[]).filter((known) => Object.hasOwn(whole, known));
  // The block of an envelope's content describes that content: the record of SOAP, or the one field of a form.
  const body = given.find((known) => known !== 'json' && known !== 'xml') ?? given[0];
  if (body === undefined) return [];
  const inside = given.filter((known) => known !== body);
  const version = body === 'soap' ? ` ${textAt(blockAt(whole, body), 'version') ?? '1.1'}` : '';
  const parts = [body, ...inside].flatMap((known) => dialectParts(known, blockAt(whole, known)));
  return [['Format', [`${names[body]}${version}`, ...parts].join(', ')]];
}

/** `méthode « lead.add »`: the procedure of this request; empty where its format has none. */
export const procedureWords = (block: Raw): string =>
  [
    ...procedureParts(blockAt(block, 'jsonRpc')),
    ...procedureParts(blockAt(block, 'xmlRpc')),
    ...procedureParts(blockAt(block, 'soap')),
  ]
    .map((part) => `, ${part}`)
    .join('');

function procedureParts({ method, action }: Raw): readonly string[] {
  return [
    ...(typeof method === 'string' ? [`méthode « ${method} »`] : []),
    ...(typeof action === 'string' ? [`opération « ${action} »`] : []),
  ];
}

function dialectParts(format: keyof typeof names, dialect: Raw): readonly string[] {
  if (bodyFormats[format] === 'form') {
    const { field, holds, fileName } = dialect;
    if (typeof field !== 'string') return [];
    const file = typeof fileName === 'string' ? [`fichier « ${fileName} »`] : [];
    return [`${holds === 'xml' ? 'XML' : 'JSON'} dans le champ « ${field} »`, ...file];
  }
  if (format === 'soap') {
    const { header } = dialect;
    return [...procedureParts(dialect), ...(typeof header === 'string' ? [`en-tête ${header}`] : [])];
  }
  if (format === 'jsonRpc' || format === 'xmlRpc')
    return [...procedureParts(dialect), ...(dialect['nil'] === true ? ['null écrit <nil/>'] : [])];
  return Object.entries(dialect).flatMap(([key, value]) =>
    isRecord(value) || (Array.isArray(value) && key !== 'trueFalse') ? [] : [settingText(key, value)],
  );
}

// Gives each source of a lead the words that a client's project manager reads.
// Invariant: every path has words, those of its definition.

const labels: ReadonlyMap<string, string> = new Map(
  sourceModel.flatMap(({ path, label, element = [] }) => [
    [path, label] as const,
    ...element.map((field) => [`${path}.${field.path}`, field.label] as const),
  ]),
);

/** The words for a path; inside a list, for a field of its elements. */
export function sourceLabel(path: string, list?: string): string {
  const captured = /^calls\.([^.]+)\.(.+)$/.exec(path);
  if (captured !== null)
    return `Identifiant « ${captured[2] ?? ''} » rendu par l’appel « ${captured[1] ?? ''} »`;
  return (list === undefined ? undefined : labels.get(`${list}.${path}`)) ?? labels.get(path) ?? path;
}
