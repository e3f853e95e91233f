// Applies the length limit of a field: a longer value is refused, cut or left out, as the file says.
// Invariant: a value is written whole, cut as the file says, or not at all; no character is cut in half.
import { isRecord } from '../document/yaml.ts';
import { textOf } from './rendering.ts';
import { isLate, isScalarValue, type Cell, type FieldProblem } from './values.ts';

export type Fit = (
  value: unknown,
  field: string,
  problems: FieldProblem[],
) => Cell | readonly Cell[] | undefined;

/**
 * `max: 80` is an error above it; `{length: 80, on: truncate | error | omit}`. Counts UTF-16 units, not bytes: an emoji
 * counts two, as in SQL Server and .NET; a recipient that counts it as one has room, too.
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

/** The first units of a text, without half a character at the end. */
function headOf(text: string, units: number): string {
  const head = text.slice(0, units);
  return head.isWellFormed() ? head : head.slice(0, -1);
}
