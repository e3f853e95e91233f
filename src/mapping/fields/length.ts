// Length policy of a field: what becomes of a value that is longer than the recipient holds.
// Invariant: a value is written whole, cut as the file says, or not at all; no sign is cut in half.
import { isRecord } from '../document/yaml.ts';
import { textOf } from './rendering.ts';
import { isLate, isScalarValue, type Cell, type FieldProblem } from './values.ts';

export type Fit = (
  value: unknown,
  field: string,
  problems: FieldProblem[],
) => Cell | readonly Cell[] | undefined;

/**
 * `max: 80` is an error past it; `{length: 80, on: truncate | error | omit}`. Characters, not bytes, in units of UTF-16: an emoji
 * counts two, as SQL Server and .NET count it. What fits so also fits a recipient that counts it as one.
 */
export function compileLength(raw: unknown): Fit {
  const length =
    typeof raw === 'number'
      ? raw
      : isRecord(raw) && typeof raw['length'] === 'number'
        ? raw['length']
        : undefined;
  const on = isRecord(raw) ? raw['on'] : 'error';
  const renderValue = (value: unknown, field: string, problems: FieldProblem[]): Cell | undefined => {
    if (isLate(value)) return value;
    if (!isScalarValue(value) || value === '') return undefined;
    if (length === undefined) return value;
    const text = textOf(value);
    if (text.length <= length) return value;
    if (on === 'truncate') return headOf(text, length).trimEnd();
    if (on !== 'omit') problems.push({ field, code: 'TOO_LONG' });
    return undefined;
  };
  return (value, field, problems) => {
    if (!Array.isArray(value)) return renderValue(value, field, problems);
    const cells = value.flatMap((item) => renderValue(item, field, problems) ?? []);
    return cells.length === 0 ? undefined : cells;
  };
}

/** The first units of a text, without half a sign at the end. */
function headOf(text: string, units: number): string {
  const head = text.slice(0, units);
  return head.isWellFormed() ? head : head.slice(0, -1);
}
