// Which fields of a recipient the log names in its one text. Pure.
// Invariant: a name may hold a space; what no name accounts for is left out.

/** The target names that stand in the log's text. A name may hold a space: the longest are found first. */
export function namesIn(fields: string, names: readonly string[]): readonly string[] {
  let left = ` ${fields.replaceAll(' ', '  ')} `;
  return names
    .toSorted((a, b) => b.length - a.length)
    .filter((name) => {
      const text = ` ${name.replaceAll(' ', '  ')} `;
      const isThere = left.includes(text);
      left = left.replaceAll(text, ' \n ');
      return isThere;
    });
}
