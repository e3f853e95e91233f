// Parses a sample request in JSON-RPC or XML-RPC and returns its parameters: name, path and one example value each.
// Invariant: every parameter is returned, in the order of the sample.
import { XMLValidator } from 'fast-xml-parser';
import { isRecord } from '../document/yaml.ts';
import { groupSlots } from './read-json.ts';
import { outermost, encodingOf, localName, namespacesOf, slotsOf } from './read-xml.ts';
import type { SampleElement, SampleField, SampleValue, Shape } from './shape.ts';

/** A call of a procedure in one of the protocols; undefined where the sample is none, or cannot be read. */
export function readProcedure(text: string): Shape | undefined {
  if (text.startsWith('{')) return readJsonRpc(text);
  if (!text.startsWith('<') || /<!DOCTYPE/i.test(text) || XMLValidator.validate(text) !== true)
    return undefined;
  const top = outermost(text);
  return top === undefined ? undefined : (readXmlRpc(top) ?? readSoap(top, text));
}

function readJsonRpc(text: string): Shape | undefined {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return undefined;
  }
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
