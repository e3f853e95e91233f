// Packs the columns of a row into one JSON array: the server describes every column of an answer each time, which for a wide row is more
// than its values.
// Invariant: a row that is unpacked is the row that the driver would give: instants are `Date`, NULL is null. No binary column is packed.

/** One expression for all of these. */
export const packed = (expressions: readonly string[]): string => `JSON_ARRAY(${expressions.join(', ')})`;

type Value = string | number | boolean | Date | null;

/** `2026-11-30 12:00:00.123`, with three digits more on MySQL. */
const instantOf = (text: string): Date =>
  new Date(`${text.slice(0, 10)}T${text.slice(11, 23) || '00:00:00'}Z`);

/** The array of a packed column: MySQL's driver has parsed it already. */
export const arrayOf = (value: unknown): readonly unknown[] =>
  (typeof value === 'string' ? JSON.parse(value) : (value ?? [])) as readonly unknown[];

/** @param names in the order of the packed expressions @param instants those that are instants */
export function unpacker<Row>(
  names: readonly (keyof Row & string)[],
  instants: ReadonlySet<string>,
): (value: unknown) => Row {
  const columns = names.map((name) => ({ name, isInstant: instants.has(name) }));
  return (value) => {
    const values = arrayOf(value) as readonly Value[];
    const row: Record<string, Value> = {};
    for (const [index, { name, isInstant }] of columns.entries()) {
      const given = values[index] ?? null;
      row[name] = isInstant && typeof given === 'string' ? instantOf(given) : given;
    }
    return row as Row;
  };
}
