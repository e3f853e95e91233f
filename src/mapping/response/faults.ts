// Reads the faults that SOAP, JSON-RPC and XML-RPC report inside an answer, whatever its status.
// Invariant: only the codes are read; an answer that is not of the protocol is no acceptance either (guarantee 5).
import type { FaultFormat } from '../contract.ts';
import { isRecord } from '../document/yaml.ts';

export type Said =
  | { readonly kind: 'fault'; readonly codes: readonly string[] }
  /** No fault: the rules decide its meaning. */
  | { readonly kind: 'answer' }
  /** Not of the protocol: a page, another format, cut off. */
  | { readonly kind: 'foreign' };

/** The protocol of faults in answers to leads, and in answers to look-ups, which may use another. */
export interface FaultsOf {
  readonly leads: FaultFormat | undefined;
  readonly questions: FaultFormat | undefined;
}

export interface Trees {
  readonly json: () => unknown;
  /** Prefixes are left out, attributes begin with `@`. */
  readonly xml: () => unknown;
}

export function readSaid(format: FaultFormat, trees: Trees): Said {
  switch (format) {
    case 'jsonRpc':
      return jsonRpcSaid(trees.json());
    case 'xmlRpc':
      return xmlRpcSaid(trees.xml());
    case 'soap':
      return soapSaid(trees.xml());
  }
}

const answer: Said = { kind: 'answer' };
const foreign: Said = { kind: 'foreign' };

/** The values by which servers write that there is no error. */
const noError: ReadonlySet<unknown> = new Set([undefined, null, false, '']);

function jsonRpcSaid(tree: unknown): Said {
  const answers: readonly unknown[] = Array.isArray(tree) ? tree : [tree];
  if (answers.length === 0 || !answers.every(isRecord)) return foreign;
  const faults = answers.filter(({ error }) => !noError.has(error));
  // Some servers leave out a null result, but none leaves out both marks of the protocol.
  const isOurs = answers.every((one) => Object.hasOwn(one, 'result') || Object.hasOwn(one, 'jsonrpc'));
  if (faults.length === 0) return isOurs ? answer : foreign;
  return {
    kind: 'fault',
    codes: faults.flatMap(({ error }) => codesOf(isRecord(error) ? error['code'] : [error].flat()[0])),
  };
}

function xmlRpcSaid(tree: unknown): Said {
  const response = isRecord(tree) ? tree['methodResponse'] : undefined;
  if (!isRecord(response)) return foreign;
  if (!Object.hasOwn(response, 'fault')) return Object.hasOwn(response, 'params') ? answer : foreign;
  const members = [at(response, 'fault', 'value', 'struct', 'member')].flat();
  const code = members.find((member) => textIn(at(member, 'name')) === 'faultCode');
  return { kind: 'fault', codes: codesOf(valueIn(at(code, 'value'))) };
}

function soapSaid(tree: unknown): Said {
  const envelope = isRecord(tree) ? tree['Envelope'] : undefined;
  if (!isRecord(envelope) || !Object.hasOwn(envelope, 'Body')) return foreign;
  const faults = [envelope['Body']].flat().filter((body) => isRecord(body) && Object.hasOwn(body, 'Fault'));
  if (faults.length === 0) return answer;
  return {
    kind: 'fault',
    codes: faults.flatMap((body) =>
      [at(body, 'Fault')].flat().flatMap((fault) => [...soap11(fault), ...soap12(at(fault, 'Code'))]),
    ),
  };
}

/** `soap:Client.Authentication` is a Client fault, too. */
function soap11(fault: unknown): readonly string[] {
  const code = localName(textIn(at(fault, 'faultcode')));
  if (code === undefined) return [];
  const parts = code.split('.');
  return parts.map((_part, index) => parts.slice(0, parts.length - index).join('.'));
}

/** The code and its subcodes. */
function soap12(code: unknown): readonly string[] {
  if (!isRecord(code)) return [];
  const value = localName(textIn(code['Value']));
  return [...(value === undefined ? [] : [value]), ...soap12(code['Subcode'])];
}

const localName = (text: string | undefined): string | undefined => text?.trim().split(':').at(-1);

const codesOf = (code: unknown): readonly string[] =>
  typeof code === 'string' || typeof code === 'number' ? [String(code)] : [];

function at(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const key of path) found = isRecord(found) ? found[key] : undefined;
  return found;
}

/** Text of an element, with or without attributes. */
function textIn(value: unknown): string | undefined {
  const text = isRecord(value) ? value['#text'] : value;
  return typeof text === 'string' ? text.trim() : undefined;
}

/** The content of an XML-RPC `value`, with or without its type. */
function valueIn(value: unknown): string | undefined {
  if (!isRecord(value)) return textIn(value);
  const inner = ['int', 'i4', 'string', 'i8'].find((type) => Object.hasOwn(value, type));
  return textIn(inner === undefined ? value : value[inner]);
}

/** Codes by which the protocol itself reports that the request was not understood. */
const ours: Readonly<Record<FaultFormat, ReadonlySet<string>>> = {
  jsonRpc: new Set(['-32700', '-32600', '-32601', '-32602']),
  xmlRpc: new Set(['-32700', '-32701', '-32702', '-32600', '-32601', '-32602']),
  soap: new Set(['VersionMismatch', 'MustUnderstand', 'DataEncodingUnknown']),
};

/** The recipient's own codes are not kept (guarantee 7). */
export const faultReason = 'FAULT';
export const notReadReason = 'FAULT_NOT_READ';
export const foreignReason = 'NOT_OF_THE_PROTOCOL';

/** True when the protocol reports that the request was not understood: our request is wrong. */
export const isNotRead = (format: FaultFormat, codes: readonly string[]): boolean =>
  codes.some((code) => ours[format].has(code));

/** True when a condition reads the place of a protocol's faults: `error` of JSON-RPC, the Fault of the others. */
export const asksForFault = (conditions: Readonly<Record<string, unknown>>): boolean =>
  ['json', 'xml', 'xpath'].some((form) => {
    const places = conditions[form];
    return (
      isRecord(places) &&
      Object.keys(places).some((place) => (form === 'json' ? /^(\$\.)?error\b/ : /fault/i).test(place))
    );
  });
