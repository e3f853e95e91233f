// Reads a sample that calls a procedure, JSON-RPC or XML-RPC, into the places of its parameters.
// Invariant: names and places are kept, and one example value for each place, as with every sample.
import { XMLValidator } from 'fast-xml-parser';
import { isRecord } from '../document/yaml.ts';
import { groupSlots } from './read-json.ts';
import { readSoap } from './read-soap.ts';
import { outermost } from './read-xml.ts';
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
