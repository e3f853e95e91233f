// Gives the JSON type of each value in French, since `true` is not `"true"` for a client's reader.
// Invariant: derived from the file alone; a type that depends on the lead is named with both.
import type { ConnectorFacts } from '../contract.ts';
import { isRecord } from '../document/yaml.ts';
import { readStep, stepsOf } from '../fields/format-pipeline.ts';
import { formatterOf } from '../fields/formatters.ts';
import { asText } from '../fields/values.ts';
import { findSource } from '../fields/source.ts';

type Raw = Readonly<Record<string, unknown>>;

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

/** The JSON type of a field. */
export function fieldType(raw: Raw, maps: Raw, list?: string): string {
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
