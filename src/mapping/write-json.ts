// Writes a record as JSON, in the order of the fields.
// Invariant: "0" stays a text and 0 a number; the order of keys is the file's, whole-number keys included.
import type { BatchFacts } from '../../connectors/contract.ts';
import { settle } from './values.ts';
import type { Step } from './target.ts';
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
    case 'line':
      return entry.text;
  }
}

function place(root: Map<string, JsonNode>, entry: Entry, value: JsonNode): void {
  const { steps } = entry.target;
  let node = root;
  for (let index = 0; index < steps.length - 1; index += 1) {
    const step = steps[index];
    if (step !== undefined) node = descend(node, step);
  }
  const last = steps[steps.length - 1];
  if (last === undefined) return;
  if (last.index !== undefined) listIn(node, last.name)[last.index] = value;
  else if (!last.append) node.set(last.name, value);
  else if (entry.kind === 'cells' && Array.isArray(value)) listIn(node, last.name).push(...value);
  else listIn(node, last.name).push(value);
}

function listIn(node: Map<string, JsonNode>, name: string): JsonNode[] {
  const found = node.get(name);
  if (Array.isArray(found)) return found;
  const made: JsonNode[] = [];
  node.set(name, made);
  return made;
}

/** The group a step names; made when there is none. */
function descend(node: Map<string, JsonNode>, { name, index }: Step): Map<string, JsonNode> {
  const list = index === undefined ? undefined : listIn(node, name);
  const found = list === undefined || index === undefined ? node.get(name) : list[index];
  if (found instanceof Map) return found;
  const made = new Map<string, JsonNode>();
  if (list !== undefined && index !== undefined) list[index] = made;
  else node.set(name, made);
  return made;
}

/** A place nobody wrote is no place: the list closes up. */
const dense = (list: readonly JsonNode[]): readonly JsonNode[] =>
  list.filter((one) => (one as JsonNode | undefined) !== undefined);

export function jsonText(node: JsonNode): string {
  if (node instanceof Map)
    return `{${[...node].map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`).join(',')}}`;
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
