// Writes a record as JSON, in the order of the fields.
// Invariant: "0" stays a text and 0 a number; the order of keys is the file's, whole-number keys included.
import type { BatchFacts, Body } from '../../../connectors/contract.ts';
import { fillLate, type Entry, type RpcType, type Scalar } from '../fields/values.ts';
import type { InParts } from './encoding.ts';

/** An ordered JSON value: a Map keeps keys like "10" where an object would move them first. */
export type JsonNode = Map<string, JsonNode> | JsonNode[] | Scalar | null;

type Batch = Pick<BatchFacts, 'sequence' | 'rows'> | undefined;

/** Gives the value that a cell has in the tree. */
type Leaf = (value: Scalar | null, type: RpcType | undefined) => Scalar | null;

/** The record as an ordered tree. */
/** @param leaf each cell as it is without it */
export function jsonTree(entries: readonly Entry[], batch?: Batch, leaf?: Leaf): JsonNode {
  const root = new Map<string, JsonNode>();
  for (const entry of entries) {
    const value = valueOf(entry, batch, leaf);
    // `#text` alone: the element is the value itself.
    if (entry.target.steps.length === 0) return value;
    place(root, entry, value);
  }
  // The element is itself a list.
  return root.get('') ?? root;
}

function valueOf(entry: Entry, batch: Batch, leaf: Leaf | undefined): JsonNode {
  switch (entry.kind) {
    case 'cell': {
      const value = fillLate(entry.cell, batch);
      return leaf === undefined ? value : leaf(value, entry.type);
    }
    case 'cells': {
      const values = entry.cells.map((cell) => fillLate(cell, batch));
      return leaf === undefined ? values : values.map((value) => leaf(value, entry.type));
    }
    case 'rows':
      return entry.rows.map((row) => jsonTree(row, batch, leaf));
    case 'line':
      return leaf === undefined ? entry.text : leaf(entry.text, 'string');
  }
}

type Container = Map<string, JsonNode> | JsonNode[];
type Key = string | number;

function place(root: Map<string, JsonNode>, entry: Entry, value: JsonNode): void {
  const { steps } = entry.target;
  let node: Container = root;
  for (const [index, step] of steps.entries()) {
    let key: Key = step.name;
    for (const at of step.places) {
      node = listAt(node, key);
      key = at;
    }
    if (index < steps.length - 1) node = groupAt(node, key);
    else if (!step.append) set(node, key, value);
    else if (entry.kind === 'cells' && Array.isArray(value)) listAt(node, key).push(...value);
    else listAt(node, key).push(value);
  }
}

function get(node: Container, key: Key): JsonNode | undefined {
  return node instanceof Map ? node.get(String(key)) : node[Number(key)];
}

function set(node: Container, key: Key, value: JsonNode): void {
  if (node instanceof Map) node.set(String(key), value);
  else node[Number(key)] = value;
}

/** The list at a key; made when there is none. */
function listAt(node: Container, key: Key): JsonNode[] {
  const found = get(node, key);
  if (Array.isArray(found)) return found;
  const made: JsonNode[] = [];
  set(node, key, made);
  return made;
}

/** The group at a key; made when there is none. */
function groupAt(node: Container, key: Key): Map<string, JsonNode> {
  const found = get(node, key);
  if (found instanceof Map) return found;
  const made = new Map<string, JsonNode>();
  set(node, key, made);
  return made;
}

/** A list without its unwritten indices: it closes up. */
const dense = (list: readonly JsonNode[]): readonly JsonNode[] =>
  list.filter((item) => (item as JsonNode | undefined) !== undefined);

export function jsonText(node: JsonNode): string {
  if (node instanceof Map) {
    const members: string[] = [];
    for (const [key, value] of node) members.push(`${JSON.stringify(key)}:${jsonText(value)}`);
    return `{${members.join(',')}}`;
  }
  if (Array.isArray(node)) return `[${dense(node).map(jsonText).join(',')}]`;
  return JSON.stringify(node);
}

/** As plain objects, for a schema validator. */
export function plainJson(node: JsonNode): unknown {
  if (node instanceof Map) {
    const plain = Object.create(null) as Record<string, unknown>;
    for (const [key, value] of node) plain[key] = plainJson(value);
    return plain;
  }
  return Array.isArray(node) ? dense(node).map(plainJson) : node;
}

/** The first record, a list of them, or one a line. */
type JsonShape = 'one' | 'list' | 'lines';

/** Writes records as a body. */
export const jsonWriter =
  (shape: JsonShape) =>
  (_columns: readonly string[], records: readonly (readonly Entry[])[], batch: Batch): Body => {
    const text = joined(records, batch, shape);
    return { bytes: Buffer.from(shape === 'list' ? `[${text}]` : text, 'utf8'), ...kinds[shape] };
  };

export function jsonInParts(shape: 'list' | 'lines'): InParts {
  const [open, between, close] = shape === 'list' ? ['[', ',', ']'] : ['', '', ''];
  return {
    part: (_columns, records, batch) => Buffer.from(joined(records, batch, shape), 'utf8'),
    frame: () => ({
      open: Buffer.from(open),
      between: Buffer.from(between),
      close: Buffer.from(close),
      ...kinds[shape],
    }),
  };
}

function joined(records: readonly (readonly Entry[])[], batch: Batch, shape: JsonShape): string {
  const texts: string[] = [];
  for (const entries of records) texts.push(jsonText(jsonTree(entries, batch)));
  if (shape === 'one') return texts[0] ?? '{}';
  return shape === 'list' ? texts.join(',') : texts.map((text) => `${text}\n`).join('');
}

const json = { mediaType: 'application/json', extension: 'json' };

const kinds: Readonly<Record<JsonShape, Pick<Body, 'mediaType' | 'extension'>>> = {
  one: json,
  list: json,
  lines: { mediaType: 'application/x-ndjson', extension: 'ndjson' },
};
