// Length policy of a field: what becomes of a value that is longer than the recipient holds.
// Invariant: characters, not bytes; a value is written whole, cut as the file says, or not at all.
import { isRecord } from '../document/yaml.ts';
import { textOf } from './rendering.ts';
import { isLate, isScalarValue, type Cell, type FieldProblem } from './values.ts';

export type Fit = (
  value: unknown,
  field: string,
  problems: FieldProblem[],
) => Cell | readonly Cell[] | undefined;

/** `max: 80` is an error past it; `{length: 80, on: truncate | error | omit}`. Characters, not bytes. */
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
    const characters = Array.from(textOf(value));
    if (characters.length <= length) return value;
    if (on === 'truncate') return characters.slice(0, length).join('').trimEnd();
    if (on !== 'omit') problems.push({ field, code: 'TOO_LONG' });
    return undefined;
  };
  return (value, field, problems) => {
    if (!Array.isArray(value)) return renderValue(value, field, problems);
    const cells = value.flatMap((item) => renderValue(item, field, problems) ?? []);
    return cells.length === 0 ? undefined : cells;
  };
}
