// Types of a lead between reading and writing: an ordered list of targets with their cells.
// Invariant: a cell keeps its type ("0" is a text, 0 a number) and the list's order is the output's order.
import type { Body, BodySecrets } from '../../../connectors/contract.ts';
import type { ConsentChannel, ConsentPurpose } from '../../domain/lead.ts';
import type { Target } from './target.ts';

export type Scalar = string | number | boolean;

export const isScalarValue = (value: unknown): value is Scalar =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** `value: []`: a list that is written even when it has no element. */
export const isEmptyList = (value: unknown): value is readonly [] =>
  Array.isArray(value) && value.length === 0;

export const asText = (value: unknown): string => (isScalarValue(value) ? String(value) : '');

/** A value known only when the file is built: its sequence, its rows. */
export interface Late {
  readonly late: 'sequence' | 'rows';
  readonly finish: (value: number) => Scalar | undefined;
}

/** A secret of the operator, kept by name until the departure, so that no preview and no log holds its value. */
export interface SecretCell {
  readonly secret: string;
}

/** `null` is an explicit null. */
export type Cell = Scalar | Late | SecretCell | null;

/** Types of XML-RPC, as `type:` names them. */
export const rpcTypes = ['string', 'int', 'double', 'boolean', 'dateTime'] as const;
export type RpcType = (typeof rpcTypes)[number];

export type Entry =
  | { readonly target: Target; readonly kind: 'cell'; readonly cell: Cell; readonly type?: RpcType }
  | {
      readonly target: Target;
      readonly kind: 'cells';
      readonly cells: readonly Cell[];
      readonly type?: RpcType;
    }
  | { readonly target: Target; readonly kind: 'rows'; readonly rows: readonly (readonly Entry[])[] }
  /** One line of a text; joined before anything is written. */
  | { readonly target: Target; readonly kind: 'line'; readonly text: string };

export interface FieldProblem {
  readonly field: string;
  readonly code: string;
}

export interface ConsentNeed {
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
}

export const isLate = (cell: unknown): cell is Late =>
  typeof cell === 'object' && cell !== null && 'late' in cell;

export const isSecret = (cell: unknown): cell is SecretCell =>
  typeof cell === 'object' && cell !== null && 'secret' in cell;

/** The mask that previews and logs show in its place. */
export const maskOf = ({ secret }: SecretCell): string => `«secret:${secret}»`;

/** A cell once the file's sequence and row count are known; a late value outside a file is empty. */
export function fillLate(
  cell: Cell,
  batch: { readonly sequence: number; readonly rows: number } | undefined,
): Scalar | null {
  if (typeof cell !== 'object' || cell === null) return cell;
  if (isSecret(cell)) return maskOf(cell);
  return batch === undefined ? null : (cell.finish(batch[cell.late]) ?? null);
}

/** The value of an entry as data: a scalar, a list, or a list of groups. */
export function entryValue(entry: Entry): unknown {
  const first = { sequence: 1, rows: 1 };
  switch (entry.kind) {
    case 'cell':
      return fillLate(entry.cell, first);
    case 'line':
      return entry.text;
    case 'cells':
      return entry.cells.map((cell) => fillLate(cell, first));
    case 'rows':
      return entry.rows.map((row) =>
        Object.fromEntries(row.map((inner) => [inner.target.text, entryValue(inner)])),
      );
  }
}

/** Reports texts that no encoding can hold: half a character would arrive as another one. */
export function illFormed(entries: readonly Entry[]): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const entry of entries)
    if (entry.kind === 'rows') for (const row of entry.rows) problems.push(...illFormed(row));
    else {
      const texts: readonly unknown[] =
        entry.kind === 'cells' ? entry.cells : [entry.kind === 'line' ? entry.text : entry.cell];
      for (const text of texts)
        if (typeof text === 'string' && !text.isWellFormed()) {
          problems.push({ field: entry.target.text, code: 'ILL_FORMED' });
          break;
        }
    }
  return problems;
}

/** The same record with the secrets' values in their places. */
function writtenOut(entries: readonly Entry[], value: (name: string) => string): readonly Entry[] {
  const cellOf = (cell: Cell): Cell => (isSecret(cell) ? value(cell.secret) : cell);
  return entries.map((entry): Entry => {
    switch (entry.kind) {
      case 'cell':
        return isSecret(entry.cell) ? { ...entry, cell: cellOf(entry.cell) } : entry;
      case 'cells':
        return entry.cells.some(isSecret) ? { ...entry, cells: entry.cells.map(cellOf) } : entry;
      case 'rows':
        return { ...entry, rows: entry.rows.map((row) => writtenOut(row, value)) };
      case 'line':
        return entry;
    }
  });
}

/** A body whose secrets are masked, with the way to write them out; without any, the body alone. */
export function bodyWith(
  names: readonly string[],
  records: readonly (readonly Entry[])[],
  write: (records: readonly (readonly Entry[])[]) => Body,
): Body {
  const body = write(records);
  if (names.length === 0) return body;
  const written: BodySecrets['written'] = (value) =>
    write(records.map((entries) => writtenOut(entries, value))).bytes;
  return { ...body, secrets: { names, written } };
}
