// Which format a mapping writes, and the dialect of it.
// Invariant: one format for one destination, one the connector can carry.
import type { Body } from '../../../connectors/contract.ts';
import type { ConnectorFacts } from '../contract.ts';
import { checkCsv } from './check-csv.ts';
import { checkXml } from './check-xml.ts';
import { checkKey, checkLiteral } from '../fields/constants.ts';
import { blockAt, isRecord, textAt } from '../document/yaml.ts';
import type { Path, Report } from '../document/problems.ts';
import type { Format } from '../format-names.ts';
import type { Entry, FieldProblem } from '../fields/values.ts';
import { createCsvWriter, readDialect } from './write-csv.ts';
import type { CsvWriter } from './write-csv.ts';
import { envelopeText, formText, readEnvelope } from './write-form.ts';
import type { FormEnvelope } from './write-form.ts';
import { jsonText, jsonTree } from './write-json.ts';
import { readXmlDialect, xmlBody } from './write-xml.ts';
import type { XmlDialect } from './write-xml.ts';

type Batch = { readonly sequence: number; readonly rows: number } | undefined;

export interface Layout {
  readonly format: Format;
  readonly csv?: CsvWriter;
  readonly xml?: XmlDialect;
  /** What a reader of the format would not find again of a record. */
  readonly lost?: (columns: readonly string[], entries: readonly Entry[]) => readonly FieldProblem[];
  /** XML: the bytes of a file with this one record, as the client's XSD sees it. */
  readonly document?: (entries: readonly Entry[]) => Uint8Array;
  readonly write: (columns: readonly string[], records: readonly (readonly Entry[])[], batch: Batch) => Body;
}

const blocks = ['json', 'form', 'xml', 'csv'] as const;

/** Reads the format block; without one a webhook writes JSON and a mail nothing but its sheet. */
export function readLayout(
  mapping: Record<string, unknown>,
  connector: ConnectorFacts | undefined,
  report: Report,
): Layout {
  const envelope = readEnvelope(mapping['form']);
  // The block of what an envelope holds describes its content, not another body.
  const given = blocks.filter((block) => Object.hasOwn(mapping, block) && block !== envelope?.holds);
  if (given.length > 1)
    report.error([given[1] ?? ''], 'MAP-106', `a destination writes one format: ${given.join(' or ')}.`, {
      at: 'key',
    });
  const attachment = textAt(mapping['send'], 'attachment');
  const attached = blocks.find((block) => block === attachment);
  const fallback: Format =
    connector === undefined
      ? 'json'
      : connector.sheet
        ? (attached ?? 'none')
        : (connector.formats[0] ?? 'json');
  const format: Format = given[0] ?? fallback;
  if (connector !== undefined && !connector.formats.includes(format)) {
    const at: Path = given[0] === undefined ? ['connector'] : [given[0]];
    report.error(
      at,
      'MAP-408',
      `connector ${connector.type} carries ${connector.formats.join(', ')}, not ${format}.`,
      { at: 'key' },
    );
  }
  if (connector?.sheet === true && given[0] !== undefined && attachment !== given[0]) {
    report.error(
      [given[0]],
      'MAP-106',
      `the block ${given[0]} describes an attachment: add attachment: ${given[0]} to send.`,
      { at: 'key' },
    );
  }
  if (envelope !== undefined && format === 'form') return envelopeLayout(envelope, mapping, report);
  return layoutOf(format, mapping, connector, report);
}

/** JSON or XML inside one field of a form: its targets are those of what the field holds. */
function envelopeLayout(envelope: FormEnvelope, mapping: Record<string, unknown>, report: Report): Layout {
  const inner = layoutOf(envelope.holds, mapping, undefined, report);
  for (const [name, value] of envelope.constants)
    if (!checkLiteral(value, ['form', 'with', name], report))
      checkKey(name, value, ['form', 'with', name], report);
  if (inner.xml !== undefined && inner.xml.encoding !== 'utf-8')
    report.error(
      ['xml', 'encoding'],
      'MAP-709',
      'what a form field holds is UTF-8, whatever its declaration says.',
    );
  return {
    ...inner,
    write: (columns, records, batch) => {
      const record = Buffer.from(inner.write(columns, records, batch).bytes).toString('utf8');
      return formBody(envelopeText(envelope, record));
    },
  };
}

const formBody = (text: string): Body => ({
  bytes: Buffer.from(text, 'utf8'),
  mediaType: 'application/x-www-form-urlencoded',
  extension: 'txt',
});

function layoutOf(
  format: Format,
  mapping: Record<string, unknown>,
  connector: ConnectorFacts | undefined,
  report: Report,
): Layout {
  const many = connector !== undefined && connector.maxItems > 1;
  switch (format) {
    case 'csv': {
      const csv = createCsvWriter(readDialect(mapping['csv'], connector?.sheet === true));
      checkCsv(csv, mapping['csv'], report);
      return { format, csv, lost: csv.lost, write: csv.body };
    }
    case 'xml': {
      const xml = readXmlDialect(mapping['xml']);
      checkXml(xml, many, report, isRecord(mapping['xml']));
      return {
        format,
        xml,
        document: (entries) => xmlBody([entries], xml, { sequence: 1, rows: 1 }).bytes,
        write: (_columns, records, batch) => xmlBody(records, xml, batch),
      };
    }
    case 'json': {
      const list = blockAt(mapping, 'json')['list'];
      const lines = list === 'lines';
      const listed = list === true || (many && list !== false && !lines);
      return {
        format,
        write: (_columns, records, batch) =>
          jsonBody(records, batch, lines ? 'lines' : listed ? 'list' : 'one'),
      };
    }
    case 'form':
      return {
        format,
        write: (_columns, records) => formBody(formText(records[0] ?? [])),
      };
    case 'none':
      return { format, write: () => noBody };
  }
}

export const noBody: Body = {
  bytes: new Uint8Array(0),
  mediaType: 'text/plain; charset=utf-8',
  extension: 'txt',
};

function jsonBody(
  records: readonly (readonly Entry[])[],
  batch: Batch,
  shape: 'one' | 'list' | 'lines',
): Body {
  const texts = records.map((entries) => jsonText(jsonTree(entries, batch)));
  const text =
    shape === 'one'
      ? (texts[0] ?? '{}')
      : shape === 'list'
        ? `[${texts.join(',')}]`
        : texts.map((part) => `${part}\n`).join('');
  return {
    bytes: Buffer.from(text, 'utf8'),
    mediaType: shape === 'lines' ? 'application/x-ndjson' : 'application/json',
    extension: shape === 'lines' ? 'ndjson' : 'json',
  };
}
