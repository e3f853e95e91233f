// Finds the recipient's field names in the one text in which the log lists them. Pure.
// Invariant: a name may contain a space; text that matches no name is left out.

/** The names that the log's text contains. A name may contain a space: the longest are matched first. */
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
