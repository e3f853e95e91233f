// Writes a record as JSON, in the order of the fields.
// Invariant: "0" stays a text and 0 a number; the order of keys is the file's, whole-number keys included.
import type { BatchFacts } from '../../connectors/contract.ts';
import { settle } from './values.ts';
import type { Entry, Scalar } from './values.ts';

/** An ordered JSON value: a Map keeps keys like "10" where an object would move them first. */
export type JsonNode = Map<string, JsonNode> | JsonNode[] | Scalar | null;

type Batch = Pick<BatchFacts, 'sequence' | 'rows'> | undefined;

/** The record as an ordered tree. */
export function jsonTree(entries: readonly Entry[], batch?: Batch): JsonNode {
  const root = new Map<string, JsonNode>();
  for (const entry of entries) {
    const value = valueOf(entry, batch);
    // `#text` alone: the element is the value itself.
    if (entry.target.steps.length === 0) return value;
    place(root, entry, value);
  }
  return root;
}

function valueOf(entry: Entry, batch: Batch): JsonNode {
  switch (entry.kind) {
    case 'cell':
      return settle(entry.cell, batch);
    case 'cells':
      return entry.cells.map((cell) => settle(cell, batch));
    case 'rows':
      return entry.rows.map((row) => jsonTree(row, batch));
  }
}

function place(root: Map<string, JsonNode>, entry: Entry, value: JsonNode): void {
  const { steps } = entry.target;
  let node = root;
  for (const step of steps.slice(0, -1)) {
    const next = node.get(step.name);
    if (next instanceof Map) {
      node = next;
    } else {
      const made = new Map<string, JsonNode>();
      node.set(step.name, made);
      node = made;
    }
  }
  const last = steps.at(-1);
  if (last === undefined) return;
  const before = node.get(last.name);
  if (!last.append) node.set(last.name, value);
  else if (Array.isArray(before)) before.push(value);
  else node.set(last.name, [value]);
}

export function jsonText(node: JsonNode): string {
  if (node instanceof Map)
    return `{${[...node].map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`).join(',')}}`;
  if (Array.isArray(node)) return `[${node.map(jsonText).join(',')}]`;
  return JSON.stringify(node);
}

/** As plain objects, for a schema validator. */
export function plainJson(node: JsonNode): unknown {
  if (node instanceof Map) {
    const plain = Object.create(null) as Record<string, unknown>;
    for (const [key, value] of node) plain[key] = plainJson(value);
    return plain;
  }
  return Array.isArray(node) ? node.map(plainJson) : node;
}
