// Reads the format that a mapping writes, and its dialect.
// Invariant: a destination has one format, and its connector can carry it.
import type { Body } from '../../../connectors/contract.ts';
import { checkCsv, checkEnvelope, checkSoap, checkXml, xmlScope } from './check-layout.ts';
import { blockAt, isRecord, textAt } from '../document/yaml.ts';
import {
  type ConnectorFacts,
  type BodyFormat,
  type FaultFormat,
  type Format,
  type RpcFormat,
  bodyBlocks,
  bodyFormats,
} from '../contract.ts';
import type { Entry, FieldProblem } from '../fields/values.ts';
import { createCsvWriter, readDialect, type CsvWriter } from './write-csv.ts';
import type { InParts } from './encoding.ts';
import {
  envelopeText,
  formText,
  readEnvelope,
  multipartBody,
  partsOf,
  type RecordEnvelope,
} from './write-form.ts';
import { jsonInParts, jsonWriter } from './write-json.ts';
import {
  jsonRpcBody,
  lostInRpc,
  xmlRpcBody,
  readSoapDialect,
  soapBody,
  splitHeader,
} from './write-envelope.ts';
import { readXmlDialect, xmlBody, xmlInParts, type XmlDialect } from './write-xml.ts';
import { type Path, type Report, reportAt } from '../document/problems.ts';
import type { Scope } from '../scope.ts';

// Reads the layout of an action or a call where it differs from the file's: another record, method or operation.
// Invariant: every request of a destination has the same format; only the names in it differ.

const blocks = ['json', 'xml', 'soap', 'jsonRpc', 'xmlRpc'] as const;

interface FileLayout {
  readonly mapping: Record<string, unknown>;
  readonly layout: Layout;
  readonly connector: ConnectorFacts | undefined;
  readonly report: Report;
}

/** `xml: {record: deal}` or `jsonRpc: {method: deal.create}` of a call, an update or an erase, over the file's own. */
export function ownLayout(
  raw: Readonly<Record<string, unknown>>,
  path: Path,
  { mapping, layout, connector, report }: FileLayout,
): Layout {
  const given = blocks.filter((block) => Object.hasOwn(raw, block));
  if (given.length === 0) return layout;
  const foreign = given.find(
    (block) => block !== layout.body && !(block === 'xml' && layout.xml !== undefined),
  );
  if (foreign !== undefined) {
    report.atKey.error([...path, foreign], 'MAP-106', [
      `cette destination écrit ${layout.body} dans chaque requête.`,
      `this destination writes ${layout.body} in every request.`,
    ]);
    return layout;
  }
  const placed = (inner: Path): Path =>
    given.some((block) => block === inner[0]) ? [...path, ...inner] : inner;
  const merged = Object.fromEntries(
    given.map((block) => [block, { ...blockAt(mapping, block), ...blockAt(raw, block) }]),
  );
  return readLayout({ ...mapping, ...merged }, connector, reportAt(report, placed));
}

/** The scope for the targets of such a layout. */
export function inLayout(scope: Scope, { format, xml, header, rpc, noNull }: Layout): Scope {
  return { ...scope, format, xml: xml && xmlScope(xml, header), rpc, noNull };
}

type Batch = { readonly sequence: number; readonly rows: number } | undefined;

export interface Layout {
  readonly format: Format;
  /** Name of the body in the file. */
  readonly body: BodyFormat;
  readonly csv?: CsvWriter;
  readonly xml?: XmlDialect;
  /** SOAP: the element of the header. */
  readonly header?: string;
  readonly rpc?: RpcFormat;
  /** Name of a format that has no null. */
  readonly noNull?: string;
  /** The protocol reports errors inside its answers. */
  readonly faults?: FaultFormat;
  /** Problems of a record that a reader of the format would not find again as written. */
  readonly lost?: (columns: readonly string[], entries: readonly Entry[]) => readonly FieldProblem[];
  /** XML: the bytes of a file with this one record, as the client's XSD sees it. */
  readonly document?: (entries: readonly Entry[]) => Uint8Array;
  /** @param key of the delivery, or of one of its calls; the same on every attempt */
  readonly write: (
    columns: readonly string[],
    records: readonly (readonly Entry[])[],
    batch: Batch,
    key: string,
  ) => Body;
  /** Absent where a file holds one record. */
  readonly inParts?: InParts;
}

/** Reads the format block; without one a webhook writes JSON and a mail only its sheet. */
export function readLayout(
  mapping: Record<string, unknown>,
  connector: ConnectorFacts | undefined,
  report: Report,
): Layout {
  const envelope = readEnvelope(mapping['form']) ?? readEnvelope(mapping['multipart']);
  // The block of an envelope's content describes that content, not another body.
  const inside = Object.hasOwn(mapping, 'soap') ? 'xml' : envelope?.holds;
  const given = bodyBlocks.filter((block) => Object.hasOwn(mapping, block) && block !== inside);
  if (given.length > 1)
    report.atKey.error([given[1] ?? ''], 'MAP-106', [
      `une destination écrit un seul format : ${given.join(' ou ')}.`,
      `a destination writes one format: ${given.join(' or ')}.`,
    ]);
  const attachment = textAt(mapping['send'], 'attachment');
  const attached = bodyBlocks.find((block) => block === attachment);
  const fallback: BodyFormat =
    connector === undefined
      ? 'json'
      : connector.sheet
        ? (attached ?? 'none')
        : (connector.formats[0] ?? 'json');
  const body = given[0] ?? fallback;
  if (connector !== undefined && !connector.formats.includes(body)) {
    const at: Path = given[0] === undefined ? ['connector'] : [given[0]];
    report.atKey.error(at, 'MAP-408', [
      `le connecteur ${connector.type} porte ${connector.formats.join(', ')}, pas ${body}.`,
      `connector ${connector.type} carries ${connector.formats.join(', ')}, not ${body}.`,
    ]);
  }
  if (connector?.sheet === true && given[0] !== undefined && attachment !== given[0]) {
    report.atKey.error([given[0]], 'MAP-106', [
      `le bloc ${given[0]} décrit une pièce jointe : ajoutez attachment: ${given[0]} à send.`,
      `the block ${given[0]} describes an attachment: add attachment: ${given[0]} to send.`,
    ]);
  }
  if (envelope !== undefined && bodyFormats[body] === 'form')
    return envelopeLayout(envelope, body, mapping, report);
  return layoutOf(body, mapping, connector, report);
}

/** JSON or XML inside one field of a form; the targets are those of the inner format. */
function envelopeLayout(
  envelope: RecordEnvelope,
  body: BodyFormat,
  mapping: Record<string, unknown>,
  report: Report,
): Layout {
  const inner = layoutOf(envelope.holds, mapping, undefined, report);
  checkEnvelope(envelope, body, inner.xml?.encoding, report);
  const { inParts: _, ...whole } = inner;
  return {
    ...whole,
    body,
    write: (columns, records, batch, key) => {
      const written = inner.write(columns, records, batch, key);
      const text = Buffer.from(written.bytes).toString('utf8');
      if (body !== 'multipart') return formBody(envelopeText(envelope, text));
      const { field, fileName, constants } = envelope;
      const part = {
        name: field,
        text,
        mediaType: written.mediaType,
        fileName,
      };
      return multipartBody([...constants.map(([name, value]) => ({ name, text: value })), part], key);
    },
  };
}

const formBody = (text: string): Body => ({
  bytes: Buffer.from(text, 'utf8'),
  mediaType: 'application/x-www-form-urlencoded',
  extension: 'txt',
});

function layoutOf(
  body: BodyFormat,
  mapping: Record<string, unknown>,
  connector: ConnectorFacts | undefined,
  report: Report,
): Layout {
  const many = connector !== undefined && connector.maxItems > 1;
  const shared = { format: bodyFormats[body], body };
  switch (body) {
    case 'csv': {
      const csv = createCsvWriter(readDialect(mapping['csv'], connector?.sheet === true));
      checkCsv(csv, mapping['csv'], report);
      return { ...shared, noNull: 'csv', csv, lost: csv.lost, write: csv.body, inParts: csv.inParts };
    }
    case 'xml': {
      const xml = readXmlDialect(mapping['xml']);
      checkXml(xml, many, report, isRecord(mapping['xml']));
      return {
        ...shared,
        xml,
        document: (entries) => xmlBody([entries], xml, { sequence: 1, rows: 1 }).bytes,
        write: (_columns, records, batch) => xmlBody(records, xml, batch),
        ...(xml.root === undefined ? {} : { inParts: xmlInParts(xml) }),
      };
    }
    case 'json': {
      const list = blockAt(mapping, 'json')['list'];
      const lines = list === 'lines';
      const listed = list === true || (many && list !== false && !lines);
      return {
        ...shared,
        write: jsonWriter(lines ? 'lines' : listed ? 'list' : 'one'),
        ...(lines || listed ? { inParts: jsonInParts(lines ? 'lines' : 'list') } : {}),
      };
    }
    case 'form':
      return {
        ...shared,
        noNull: 'form',
        write: (_columns, records) => formBody(formText(records[0] ?? [])),
      };
    case 'multipart':
      return {
        ...shared,
        noNull: 'multipart',
        write: (_columns, records, _batch, key) => multipartBody(partsOf(records[0] ?? []), key),
      };
    case 'soap':
    case 'jsonRpc':
    case 'xmlRpc':
      return { ...shared, faults: body, ...protocolLayout(body, mapping, report) };
    case 'none':
      return { ...shared, write: () => noBody };
  }
}

/** Bodies of a protocol, one record in each. */
function protocolLayout(
  body: FaultFormat,
  mapping: Record<string, unknown>,
  report: Report,
): Omit<Layout, 'format' | 'body' | 'faults'> {
  const block = blockAt(mapping, body);
  const method = textAt(block, 'method') ?? '';
  switch (body) {
    case 'jsonRpc':
      return {
        rpc: body,
        lost: (_columns, entries) => lostInRpc(entries),
        write: (_columns, records, _batch, key) => jsonRpcBody(records[0] ?? [], method, key),
      };
    case 'xmlRpc': {
      const nil = block['nil'] === true;
      return {
        rpc: body,
        ...(nil ? {} : { noNull: 'xmlRpc' }),
        lost: (_columns, entries) => lostInRpc(entries, { nil }),
        write: (_columns, records) => xmlRpcBody(records[0] ?? [], method),
      };
    }
    case 'soap': {
      const soap = readSoapDialect(block);
      const xml = readXmlDialect(mapping['xml']);
      checkXml(xml, false, report, isRecord(mapping['xml']));
      checkSoap(soap, xml, report);
      return {
        xml,
        header: soap.header,
        document: (entries) => xmlBody([splitHeader(entries, soap.header).record], xml).bytes,
        write: (_columns, records) => soapBody(records[0] ?? [], soap, xml),
      };
    }
  }
}

const noBody: Body = {
  bytes: new Uint8Array(0),
  mediaType: 'text/plain; charset=utf-8',
  extension: 'txt',
};
