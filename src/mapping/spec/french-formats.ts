// The format of a body, in French: its name, its dialect, the procedure it calls.
// Invariant: a setting without words of its own is shown as the file writes it, never left out.
import { blockAt, isRecord, textAt } from '../document/yaml.ts';
import { asText } from '../fields/values.ts';
import { bodyFormats } from '../format-names.ts';
import type { BodyFormat } from '../format-names.ts';

type Raw = Readonly<Record<string, unknown>>;

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
  delimiter: 'séparateur',
  quote: 'guillemets',
  encoding: 'encodage',
  unmappable: 'caractères hors encodage :',
  eol: 'fin de ligne',
  header: 'ligne de titres :',
  decimal: 'décimale',
  lineBreak: 'saut de ligne remplacé par',
  root: 'racine',
  record: 'élément',
  list: 'liste :',
  fileName: 'fichier',
};

/** The row of the format; none where the connector's own goes without saying. */
export function formatRows(whole: Raw): readonly (readonly string[])[] {
  const given = (Object.keys(names) as (keyof typeof names)[]).filter((known) => Object.hasOwn(whole, known));
  // What an envelope holds describes its content: SOAP its record, a form the field with the whole of it.
  const body = given.find((known) => known !== 'json' && known !== 'xml') ?? given[0];
  if (body === undefined) return [];
  const inside = given.filter((known) => known !== body);
  const version = body === 'soap' ? ` ${textAt(blockAt(whole, body), 'version') ?? '1.1'}` : '';
  const parts = [body, ...inside].flatMap((known) => dialectParts(known, blockAt(whole, known)));
  return [['Format', [`${names[body]}${version}`, ...parts].join(', ')]];
}

/** `méthode « lead.add »`: what this request calls; empty where its format calls nothing. */
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
    isRecord(value) || Array.isArray(value) ? [] : [`${dialectWords[key] ?? key} ${asText(value)}`],
  );
}
