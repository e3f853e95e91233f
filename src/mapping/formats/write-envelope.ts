// Writes a record as the parameters of a procedure, JSON-RPC 2.0 or XML-RPC, or in a SOAP envelope.
// Invariant: an argument has the position the mapping gives it, or the lead is not sent; types are those of the fields.
import type { Body } from '../../../connectors/contract.ts';
import {
  fillLate,
  type Cell,
  type Entry,
  type FieldProblem,
  type RpcType,
  type Scalar,
} from '../fields/values.ts';
import { jsonText, jsonTree, type JsonNode } from './write-json.ts';
import { escapeText, elementOf, elementText, xmlDeclaration, type XmlDialect } from './write-xml.ts';
import { isRecord } from '../document/yaml.ts';
import { charsetOf, encodeXml } from './encoding.ts';

const paramsOf = (tree: JsonNode): JsonNode | undefined =>
  tree instanceof Map ? tree.get('params') : undefined;

/** @param key identifies the request, as the answer repeats it */
export function jsonRpcBody(entries: readonly Entry[], method: string, key: string): Body {
  const request = new Map<string, JsonNode>([
    ['jsonrpc', '2.0'],
    ['id', key],
    ['method', method],
  ]);
  const params = paramsOf(jsonTree(entries));
  if (params !== undefined) request.set('params', params);
  return {
    bytes: Buffer.from(jsonText(request), 'utf8'),
    mediaType: 'application/json',
    extension: 'json',
  };
}

/** Positions of arguments that are not written: closed up, the next argument would be read in their place. */
export function emptyPlaces(entries: readonly Entry[]): readonly string[] {
  const found: string[] = [];
  const walk = (node: JsonNode | undefined, path: string): void => {
    if (node instanceof Map && !path.includes('['))
      for (const [name, inner] of node) walk(inner, `${path}.${name}`);
    if (!Array.isArray(node)) return;
    for (let place = 0; place < node.length; place += 1) {
      if (place in node) walk(node[place], `${path}[${place}]`);
      else found.push(`${path}[${place}]`);
    }
  };
  walk(paramsOf(jsonTree(entries)), 'params');
  return found;
}

/** Problems of a record that cannot be sent as the mapping says. */
export function lostInRpc(
  entries: readonly Entry[],
  xmlRpc?: { readonly nil: boolean },
): readonly FieldProblem[] {
  const empty = emptyPlaces(entries).map((field) => ({ field, code: 'PLACE_EMPTY' }));
  return xmlRpc === undefined ? empty : [...empty, ...entries.flatMap((entry) => misfits(entry, xmlRpc.nil))];
}

function misfits(entry: Entry, nil: boolean): readonly FieldProblem[] {
  const field = entry.target.text;
  switch (entry.kind) {
    case 'line':
      return [];
    case 'rows':
      return entry.rows.flatMap((row) => row.flatMap((inner) => misfits(inner, nil)));
    case 'cell':
    case 'cells': {
      const cells: readonly Cell[] = entry.kind === 'cell' ? [entry.cell] : entry.cells;
      return cells.flatMap((cell) => {
        const value = fillLate(cell, undefined);
        if (value === null) return nil ? [] : [{ field, code: 'NO_NULL' }];
        return typed(value, entry.type) === undefined ? [{ field, code: 'NOT_OF_TYPE' }] : [];
      });
    }
  }
}

const isInt = (value: number): boolean => Number.isInteger(value) && Math.abs(value) < 2 ** 31;

/** A value as an element of its type; undefined where it does not have that type. */
function typed(value: Scalar, type: RpcType | undefined): string | undefined {
  const text = String(value);
  switch (type ?? naturalType(value)) {
    case 'string':
      return `<string>${escapeText(text)}</string>`;
    case 'int':
      return /^-?\d+$/.test(text) && isInt(Number(text)) ? `<int>${Number(text)}</int>` : undefined;
    case 'double':
      return /^-?\d+(\.\d+)?$/.test(text) ? `<double>${text}</double>` : undefined;
    case 'boolean':
      return /^(true|1)$/.test(text)
        ? '<boolean>1</boolean>'
        : /^(false|0)$/.test(text)
          ? '<boolean>0</boolean>'
          : undefined;
    case 'dateTime': {
      const [, date = '', time = ''] =
        /^(\d{4}-?\d\d-?\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
      // XML-RPC has no zone: the time is written as the field gives it.
      const written = `${date.replaceAll('-', '')}T${time}`;
      return date === '' ? undefined : `<dateTime.iso8601>${written}</dateTime.iso8601>`;
    }
  }
}

/** A whole number beyond 32 bits is no int in XML-RPC. */
const naturalType = (value: Scalar): RpcType =>
  typeof value === 'boolean'
    ? 'boolean'
    : typeof value === 'string'
      ? 'string'
      : isInt(value)
        ? 'int'
        : 'double';

export function xmlRpcBody(entries: readonly Entry[], method: string): Body {
  const leaf = (cell: Scalar | null, type?: RpcType): string =>
    cell === null ? '<nil/>' : (typed(cell, type) ?? `<string>${escapeText(String(cell))}</string>`);
  const params = paramsOf(jsonTree(entries, undefined, leaf));
  const values = Array.isArray(params) ? params : [];
  const text = values.map((value) => `<param>${valueText(value)}</param>\n`).join('');
  return {
    bytes: Buffer.from(
      `<?xml version="1.0" encoding="UTF-8"?>\n<methodCall><methodName>${escapeText(method)}</methodName>\n<params>\n${text}</params>\n</methodCall>\n`,
      'utf8',
    ),
    mediaType: 'text/xml; charset=utf-8',
    extension: 'xml',
    headers: { accept: 'text/xml, application/xml;q=0.9' },
  };
}

function valueText(node: JsonNode): string {
  if (node instanceof Map) {
    const members = [...node].map(
      ([name, value]) => `<member><name>${escapeText(name)}</name>${valueText(value)}</member>\n`,
    );
    return `<value><struct>\n${members.join('')}</struct></value>`;
  }
  if (Array.isArray(node))
    return `<value><array><data>${node.map(valueText).join('')}</data></array></value>`;
  return `<value>${String(node)}</value>`;
}

// Writes a record into a SOAP envelope, 1.1 or 1.2: fields under the header's element in `soap:Header`, all others in `soap:Body`.
// Invariant: one record in one envelope; a prospect's text remains text in its element.

export interface SoapDialect {
  readonly version: '1.1' | '1.2';
  readonly action: string;
  readonly header?: string;
}

/** Prefix of the envelope itself; no namespace of the file may use it. */
export const soapPrefix = 'soap';

const namespaces: Readonly<Record<SoapDialect['version'], string>> = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
};

/** Reads the `soap:` block; the schema has checked its kinds. */
export function readSoapDialect(raw: unknown): SoapDialect {
  const { version, action, header } = isRecord(raw) ? raw : {};
  return {
    version: version === '1.2' ? '1.2' : '1.1',
    action: typeof action === 'string' ? action : '',
    ...(typeof header === 'string' ? { header } : {}),
  };
}

/** Entries of the header, and those of the record. */
export function splitHeader(
  entries: readonly Entry[],
  header: string | undefined,
): { readonly head: readonly Entry[]; readonly record: readonly Entry[] } {
  const isHead = (entry: Entry): boolean => header !== undefined && entry.target.steps[0]?.name === header;
  return { head: entries.filter(isHead), record: entries.filter((entry) => !isHead(entry)) };
}

export function soapBody(entries: readonly Entry[], soap: SoapDialect, xml: XmlDialect): Body {
  const { head, record } = splitHeader(entries, soap.header);
  const part = (name: string, content: readonly ReturnType<typeof elementOf>[]) => ({
    name: `${soapPrefix}:${name}`,
    attributes: [],
    children: [...content],
  });
  const headers = soap.header === undefined || head.length === 0 ? [] : [elementOf(soap.header, head)];
  const own = elementOf(xml.record, record);
  own.attributes.unshift(...xml.rootAttributes.map(([name, value]): [string, string] => [name, value]));
  const envelope = part('Envelope', [
    ...(headers.length === 0 ? [] : [part('Header', headers)]),
    part('Body', [own]),
  ]);
  const spaces = [[soapPrefix, namespaces[soap.version]] as const, ...xml.xmlns];
  const text = xmlDeclaration(xml) + elementText(envelope, { ...xml, xmlns: spaces });
  const charset = charsetOf(xml.encoding);
  return {
    bytes: encodeXml(text, xml.encoding),
    extension: 'xml',
    ...(soap.version === '1.1'
      ? {
          mediaType: `text/xml; charset=${charset}`,
          headers: { accept: 'text/xml, application/xml;q=0.9', soapaction: `"${soap.action}"` },
        }
      : {
          mediaType: `application/soap+xml; charset=${charset}${soap.action === '' ? '' : `; action="${soap.action}"`}`,
          headers: { accept: 'application/soap+xml, text/xml;q=0.9' },
        }),
  };
}
