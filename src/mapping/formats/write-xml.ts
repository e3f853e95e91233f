// Writes records as XML, elements in the order of the fields: builders made from objects lose order, attributes and CDATA.
// Invariant: well-formed whatever a lead holds; characters that XML 1.0 forbids are left out, everything else arrives.
import type { BatchFacts, Body } from '../../../connectors/contract.ts';
import { isRecord } from '../document/yaml.ts';
import {
  charsetOf,
  encodeXml,
  encodingHolds,
  encodings,
  withoutMark,
  type Encoding,
  type InParts,
} from './encoding.ts';
import { textOf } from '../fields/source.ts';
import type { TargetStep, Target } from '../fields/target.ts';
import { fillLate, type Cell, type Entry } from '../fields/values.ts';

export interface XmlDialect {
  readonly root?: string;
  readonly record: string;
  readonly xmlns: readonly (readonly [string, string])[];
  readonly encoding: Encoding;
  readonly declaration: boolean;
  readonly rootAttributes: readonly (readonly [string, string])[];
  /** `target data` of each processing instruction. */
  readonly instructions: readonly string[];
  readonly indent: boolean;
}

/** Reads the `xml:` block; the schema has checked its kinds. */
export function readXmlDialect(raw: unknown): XmlDialect {
  const block = isRecord(raw) ? raw : {};
  const { root, record, xmlns, rootAttributes: attributes, instructions } = block;
  return {
    ...(typeof root === 'string' ? { root } : {}),
    record: typeof record === 'string' ? record : 'lead',
    xmlns: isRecord(xmlns)
      ? Object.entries(xmlns).map(([prefix, uri]) => [prefix, String(uri)] as const)
      : [],
    encoding: encodings.find((encoding) => encoding === block['encoding']) ?? 'utf-8',
    declaration: block['declaration'] !== false,
    rootAttributes: isRecord(attributes)
      ? Object.entries(attributes).map(([name, value]) => [name, textOf(value)] as const)
      : [],
    instructions: Array.isArray(instructions)
      ? instructions.filter((instruction): instruction is string => typeof instruction === 'string')
      : [],
    indent: block['indent'] !== false,
  };
}

export interface Element {
  readonly name: string;
  readonly attributes: [string, string][];
  readonly children: Element[];
  text?: { readonly value: string; readonly cdata: boolean };
}

type Batch = Pick<BatchFacts, 'sequence' | 'rows'> | undefined;

const element = (step: Pick<TargetStep, 'name' | 'fixed'>): Element => ({
  name: step.name,
  attributes: step.fixed.map((pair): [string, string] => [pair.name, pair.value]),
  children: [],
});

/** The last child element that the step names; made when there is none. */
function descend(parent: Element, step: TargetStep): Element {
  const fits = (sibling: Element): boolean =>
    sibling.name === step.name &&
    step.fixed.every((want) =>
      sibling.attributes.some(([name, value]) => name === want.name && value === want.value),
    );
  return parent.children.findLast(fits) ?? append(parent, step);
}

/** A new element, whatever its parent already has. */
function append(parent: Element, step: TargetStep): Element {
  const made = element(step);
  parent.children.push(made);
  return made;
}

function put(at: Element, target: Target, cell: Cell, batch: Batch): void {
  const value = fillLate(cell, batch);
  if (typeof target.end === 'object') {
    if (value !== null) at.attributes.push([target.end.attribute, textOf(value)]);
  } else if (value === null) {
    at.attributes.push(['xsi:nil', 'true']);
  } else {
    at.text = { value: textOf(value), cdata: target.end === 'cdata' };
  }
}

function fill(from: Element, entries: readonly Entry[], skip: number, batch: Batch): void {
  for (const entry of entries) {
    const steps = entry.target.steps.slice(skip);
    const parents = steps.slice(0, -1);
    const last = steps.at(-1);
    const parent = parents.reduce((at, step) => descend(at, step), from);
    switch (entry.kind) {
      case 'cell':
        put(last === undefined ? from : descend(parent, last), entry.target, entry.cell, batch);
        break;
      case 'line':
        put(last === undefined ? from : descend(parent, last), entry.target, entry.text, batch);
        break;
      case 'cells':
        for (const cell of entry.cells)
          if (last !== undefined) put(append(parent, last), entry.target, cell, batch);
        break;
      case 'rows':
        for (const row of entry.rows) if (last !== undefined) fill(append(parent, last), row, 0, batch);
        // An empty list that is written becomes an empty element.
        if (entry.rows.length === 0 && last !== undefined) descend(parent, last);
        break;
    }
  }
}

const forbidden =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
/** Texts with nothing to leave out or to escape: most of them. */
const plain = /^[\t\n\u0020\u0021\u0023-\u0025\u0027-\u003b\u003d\u003f-\ud7ff]*$/;
const clean = (text: string): string => text.replaceAll(forbidden, '');
export const escapeText = (text: string): string =>
  plain.test(text)
    ? text
    : clean(text)
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('\r', '&#13;');
const escapeAttribute = (text: string): string =>
  escapeText(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');

function cdata(text: string, encoding: Encoding): string {
  // A CDATA section cannot contain `]]>` nor a character reference: both are moved between two sections. A parser reads
  // a literal CR as LF (XML 1.0, 2.11).
  let result = '<![CDATA[';
  for (const character of clean(text).replaceAll(']]>', ']]\u0000>')) {
    if (character === '\u0000') result += ']]><![CDATA[';
    else if (character === '\r') result += ']]>&#13;<![CDATA[';
    else if (encodingHolds(character, encoding)) result += character;
    else result += `]]>${character}<![CDATA[`;
  }
  return `${result}]]>`;
}

function render(node: Element, dialect: XmlDialect, depth: number): string {
  const { indent, encoding } = dialect;
  const [before, end] = indent ? ['  '.repeat(depth), '\n'] : ['', ''];
  let open = `${before}<${node.name}`;
  for (const [name, value] of node.attributes) open += ` ${name}="${escapeAttribute(value)}"`;
  const text = node.text === undefined || node.text.value === '' ? '' : contentOf(node.text, encoding);
  if (node.children.length > 0) {
    let inner = '';
    for (const child of node.children) inner += render(child, dialect, depth + 1);
    return `${open}>${text}${end}${inner}${before}</${node.name}>${end}`;
  }
  return text === '' ? `${open}/>${end}` : `${open}>${text}</${node.name}>${end}`;
}

const contentOf = (text: NonNullable<Element['text']>, encoding: Encoding): string =>
  text.cdata ? cdata(text.value, encoding) : escapeText(text.value);

/** One element with its entries; their first step is the element itself. */
export function elementOf(name: string, entries: readonly Entry[], batch?: Batch): Element {
  const made = element({ name, fixed: [] });
  fill(made, entries, 1, batch);
  return made;
}

/** The outermost element as text, with its own attributes and the namespaces it and its content need. */
export function elementText(
  top: Element,
  dialect: XmlDialect,
  own: readonly [string, string][] = [],
): string {
  const spaces = namespaces(dialect, usesNil(top));
  return render({ ...top, attributes: [...spaces, ...own, ...top.attributes] }, dialect, 0);
}

function namespaces({ xmlns }: XmlDialect, nil: boolean): readonly [string, string][] {
  const spaces = xmlns.map(([prefix, uri]): [string, string] => [
    prefix === '' ? 'xmlns' : `xmlns:${prefix}`,
    uri,
  ]);
  return nil && !xmlns.some(([prefix]) => prefix === 'xsi')
    ? [...spaces, ['xmlns:xsi', 'http://www.w3.org/2001/XMLSchema-instance']]
    : spaces;
}

/** The lines before the outermost element. */
export function xmlDeclaration({ declaration, encoding, instructions }: XmlDialect): string {
  const first = declaration ? `<?xml version="1.0" encoding="${charsetOf(encoding).toUpperCase()}"?>\n` : '';
  return first + instructions.map((instruction) => `<?${instruction}?>\n`).join('');
}

export function xmlBody(records: readonly (readonly Entry[])[], dialect: XmlDialect, batch?: Batch): Body {
  const elements = records.map((entries) => elementOf(dialect.record, entries, batch));
  const single = elements[0];
  const top =
    dialect.root === undefined && single !== undefined
      ? single
      : element({ name: dialect.root ?? dialect.record, fixed: [] });
  if (top !== single) top.children.push(...elements);
  const text = elementText(top, dialect, rootAttributes(dialect, batch));
  return { bytes: encodeXml(xmlDeclaration(dialect) + text, dialect.encoding), ...xmlKind(dialect) };
}

/** The records of a file below its root, part by part. The namespace of nil is always declared, because a later part may use it. */
export function xmlInParts(dialect: XmlDialect): InParts {
  const { encoding, indent } = dialect;
  const root = dialect.root ?? dialect.record;
  const end = indent ? '\n' : '';
  return {
    part: (_columns, records, batch) => {
      const texts = records.map((entries) => render(elementOf(dialect.record, entries, batch), dialect, 1));
      return encodeXml(texts.join(''), withoutMark(encoding));
    },
    frame: (_columns, batch) => {
      const attributes = [...namespaces(dialect, true), ...rootAttributes(dialect, batch)]
        .map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`)
        .join('');
      return {
        open: encodeXml(`${xmlDeclaration(dialect)}<${root}${attributes}>${end}`, encoding),
        between: new Uint8Array(0),
        close: encodeXml(`</${root}>${end}`, withoutMark(encoding)),
        ...xmlKind(dialect),
      };
    },
  };
}

const rootAttributes = (dialect: XmlDialect, batch: Batch): [string, string][] =>
  dialect.rootAttributes.map(([name, value]): [string, string] => [name, withCounts(value, batch)]);

const xmlKind = ({ encoding }: XmlDialect): Pick<Body, 'mediaType' | 'extension'> => ({
  mediaType: `application/xml; charset=${charsetOf(encoding)}`,
  extension: 'xml',
});

const withCounts = (text: string, batch: Batch): string =>
  batch === undefined
    ? text
    : text.replaceAll('{rows}', String(batch.rows)).replaceAll('{sequence}', String(batch.sequence));

function usesNil(node: Element): boolean {
  return node.attributes.some(([name]) => name === 'xsi:nil') || node.children.some(usesNil);
}
