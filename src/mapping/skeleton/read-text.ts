// Reads a sample in JSON, as a form, in CSV or as the call of a procedure into its places.
// Invariant: names are kept letter for letter; a dot or bracket inside a name is escaped, as targets write it.
import { parse } from 'csv-parse/sync';
import { XMLValidator } from 'fast-xml-parser';
import { isRecord } from '../document/yaml.ts';
import {
  type SampleValue,
  type Shape,
  type SampleField,
  type Unreadable,
  type SampleElement,
} from './shape.ts';
import { outermost, encodingOf, localName, namespacesOf, slotsOf } from './read-xml.ts';

const step = (name: string): string => name.replaceAll(/[.[\]]/g, '\\$&');

/** The value of a JSON text; undefined where it is none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function readJsonSample(text: string): Shape | Unreadable {
  const value = jsonIn(text);
  if (value === undefined) return { unreadable: 'it begins like JSON and is none.' };
  const list = Array.isArray(value);
  const root: unknown = list ? (value as unknown[])[0] : value;
  if (!isRecord(root)) return { unreadable: 'the JSON holds no object.' };
  const notes: string[] = [];
  const slots = jsonSlots(root, { path: [], parents: [], wrapped: !list }, notes);
  return { format: 'json', layout: list ? { list: true } : {}, slots, notes };
}

/** The places of a record inside a target. */
const groupSlots = (group: Readonly<Record<string, unknown>>, target: string): readonly SampleField[] =>
  jsonSlots(group, { path: [target], parents: [], wrapped: false }, []);

interface Where {
  readonly path: readonly string[];
  readonly parents: readonly string[];
  /** True while only this group has been seen: its content is the lead itself. */
  readonly wrapped: boolean;
}

function jsonSlots(
  group: Readonly<Record<string, unknown>>,
  { path, parents, wrapped }: Where,
  notes: string[],
): readonly SampleField[] {
  const wraps = wrapped && Object.keys(group).length === 1;
  return Object.entries(group).flatMap(([name, value]): readonly SampleField[] => {
    const place = [...path, step(name)];
    const target = place.join('.');
    const around = [name, ...parents];
    if (isRecord(value)) return jsonSlots(value, { path: place, parents: around, wrapped: wraps }, notes);
    if (!Array.isArray(value)) return [{ target, name, parents, value: value as SampleValue }];
    const items = value as unknown[];
    const first = items[0];
    if (isRecord(first)) {
      if (wraps) {
        // {"leads": [{...}]}: a body for many leads, of which a call sends one.
        notes.push(
          `the lead is in the list "${name}"; each call sends one (the client may limit how many it takes).`,
        );
        return jsonSlots(
          first,
          { path: [...path, `${step(name)}[0]`], parents: around, wrapped: false },
          notes,
        );
      }
      const element = jsonSlots(first, { path: [], parents: around, wrapped: false }, notes);
      return [{ target, name, parents, value: undefined, element }];
    }
    const texts = items.flatMap((item) =>
      typeof item === 'string' || typeof item === 'number' ? [String(item)] : [],
    );
    return [{ target, name, parents, value: undefined, texts }];
  });
}

export function readFormSample(text: string): Shape {
  const slots = [...new URLSearchParams(text.trim())].map(([name, value]): SampleField => ({
    target: name,
    name,
    parents: [],
    value,
  }));
  return { format: 'form', layout: {}, slots, notes: [] };
}

// Reads a CSV sample, with or without rows: delimiter, quotes, encoding, line ends and decimal sign as the client writes them.
// Invariant: the first line names the columns; a file without names is refused, not guessed.

const delimiters = ['!#', ';', '\t', '|', ','] as const;

export function readCsvSample(bytes: Uint8Array): Shape | Unreadable {
  const { text, encoding } = decoded(bytes);
  const [head = ''] = text.split(/\r?\n/);
  const counted = delimiters
    .map((separator) => ({ separator, parts: head.split(separator).length }))
    .filter(({ parts }) => parts > 1);
  const delimiter =
    counted.find(({ separator }) => separator === '!#')?.separator ?? mostFrequent(counted) ?? ';';
  let rows: readonly (readonly string[])[];
  try {
    rows = parse(text, { delimiter, relax_column_count: true, relax_quotes: true, skip_empty_lines: true });
  } catch {
    return { unreadable: 'its lines cannot be read as CSV.' };
  }
  const [names = [], ...examples] = rows;
  const unnamed = names.filter((name) => name.trim() === '' || /^[\d\s.,+-]+$|@/.test(name));
  if (names.length < 2 || unnamed.length > 0)
    return { unreadable: 'its first line does not name the columns; add a header line.' };
  const decimal = examples.flat().some((cell) => /^\d+,\d+$/.test(cell)) ? { decimal: ',' } : {};
  return {
    format: 'csv',
    layout: {
      delimiter,
      quote: head.trim().startsWith('"') ? 'all' : 'minimal',
      encoding,
      eol: text.includes('\r\n') ? 'crlf' : 'lf',
      header: true,
      ...decimal,
    },
    slots: names.map((name, index) => {
      const cells = new Set(examples.map((row) => row[index]?.trim() ?? ''));
      cells.delete('');
      const [value, ...others] = cells;
      return { target: name.trim(), name: name.trim(), parents: [], value, others };
    }),
    notes:
      encoding === 'windows-1252'
        ? ['the sample is not UTF-8: it was read, and will be written, as windows-1252 (what Excel saves).']
        : [],
  };
}

const mostFrequent = (counted: readonly { readonly separator: string; readonly parts: number }[]) =>
  counted.toSorted((a, b) => b.parts - a.parts)[0]?.separator;

function decoded(bytes: Uint8Array): { readonly text: string; readonly encoding: string } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.startsWith('\uFEFF')
      ? { text: text.slice(1), encoding: 'utf-8-bom' }
      : { text, encoding: 'utf-8' };
  } catch {
    return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'windows-1252' };
  }
}

// Parses a sample request in JSON-RPC or XML-RPC and returns its parameters: name, path and one example value each.
// Invariant: every parameter is returned, in the order of the sample.

/** A call of a procedure in one of the protocols; undefined where the sample is none, or cannot be read. */
export function readProcedure(text: string): Shape | undefined {
  if (text.startsWith('{')) return readJsonRpc(text);
  if (!text.startsWith('<') || /<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true)
    return undefined;
  const top = outermost(text);
  return top === undefined ? undefined : (readXmlRpc(top) ?? readSoap(top, text));
}

function readJsonRpc(text: string): Shape | undefined {
  const root = jsonIn(text);
  if (!isRecord(root)) return undefined;
  const { jsonrpc, method, params } = root;
  if (jsonrpc === undefined || typeof method !== 'string' || typeof params !== 'object') return undefined;
  return shapeOf('jsonRpc', method, params);
}

/** Reads a methodCall; undefined for another element. */
function readXmlRpc(call: SampleElement): Shape | undefined {
  const method = childOf(call, 'methodName')?.text;
  if (call.name !== 'methodCall' || method === undefined) return undefined;
  const params = (childOf(call, 'params')?.children ?? []).map((param) => valueOf(childOf(param, 'value')));
  return shapeOf('xmlRpc', method, params);
}

function shapeOf(block: 'jsonRpc' | 'xmlRpc', method: string, params: unknown): Shape {
  return {
    format: 'json',
    layout: {},
    envelope: { [block]: { method } },
    slots: placesOf(params, 'params', []),
    notes: [],
  };
}

/** Lists hold arguments by position, down to the first group inside one: that is a record. */
function placesOf(value: unknown, target: string, parents: readonly string[]): readonly SampleField[] {
  if (Array.isArray(value))
    return (value as unknown[]).flatMap((item, place) => placesOf(item, `${target}[${place}]`, parents));
  if (!isRecord(value)) return [{ target, name: target, parents, value: value as SampleValue }];
  if (target.includes('[')) return groupSlots(value, target);
  return Object.entries(value).flatMap(([name, inner]) =>
    isRecord(inner) || Array.isArray(inner)
      ? placesOf(inner, `${target}.${name}`, [name, ...parents])
      : groupSlots({ [name]: inner }, target),
  );
}

const childOf = (element: SampleElement | undefined, name: string): SampleElement | undefined =>
  element?.children.find((child) => child.name === name);

/** The content of a `value`. */
function valueOf(value: SampleElement | undefined): unknown {
  const [typed] = value?.children ?? [];
  if (typed === undefined) return value?.text;
  switch (typed.name) {
    case 'struct':
      return Object.fromEntries(
        typed.children.map((member) => [
          childOf(member, 'name')?.text ?? '',
          valueOf(childOf(member, 'value')),
        ]),
      );
    case 'array':
      return (childOf(typed, 'data')?.children ?? []).map(valueOf);
    case 'int':
    case 'i4':
    case 'double':
      return Number(typed.text);
    case 'boolean':
      return typed.text === '1';
    default:
      return typed.text;
  }
}

/**
 * Reads a SOAP envelope as a sample: its record is the first element of the body; the header has places of its
 * own. The format writes the envelope; only the namespaces of the content are kept. Undefined for another element.
 */
function readSoap(top: SampleElement, text: string): Shape | undefined {
  if (localName(top) !== 'Envelope') return undefined;
  const named = (name: string): SampleElement | undefined =>
    top.children.find((child) => localName(child) === name);
  const record = named('Body')?.children[0];
  if (record === undefined) return undefined;
  const own = top.name.includes(':') ? top.name.slice(0, top.name.indexOf(':')) : '';
  const attributes = [...top.attributes, ...record.attributes];
  const version = attributes.some(([, value]) => value === 'http://www.w3.org/2003/05/soap-envelope');
  const header = named('Header')?.children[0];
  return {
    format: 'xml',
    layout: {
      record: record.name,
      ...namespacesOf(attributes.filter(([name]) => name !== (own === '' ? 'xmlns' : `xmlns:${own}`))),
      encoding: encodingOf(text),
    },
    envelope: {
      soap: {
        ...(version ? { version: '1.2' } : {}),
        ...(header === undefined ? {} : { header: header.name }),
      },
    },
    slots: [
      ...(header === undefined ? [] : slotsOf(header, header.name, [])),
      ...slotsOf(record, record.name, []),
    ],
    notes: ['the operation (SOAPAction) does not stand in a body: soap: { action: ... }'],
  };
}
