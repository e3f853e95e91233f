// Lists of the pages: how a generated one is broken into lines, and what the entries of any say.
const width = 120;

/**
 * A page with each of its places written anew, all else as it is.
 * @param place matches a place; its groups are given to `write`
 * @throws where the page has no such place: it would stay as it was, and look written
 */
export function rewritten(
  page: string,
  place: RegExp,
  write: (...groups: readonly string[]) => string,
): string {
  if (!new RegExp(place.source, place.flags.replace('g', '')).test(page))
    throw new Error(`nothing to write: the page has no ${String(place)}`);
  return page.replace(place, (_, ...groups: string[]) => write(...groups));
}

/** Lines of a text, what stands between backticks kept on one of them. */
export function wrapped(text: string, first: string, indent: string): string {
  const lines: string[] = [];
  let line = first;
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    const longer = line.endsWith(' ') ? `${line}${word}` : `${line} ${word}`;
    if (longer.length <= width) line = longer;
    else {
      lines.push(line);
      line = `${indent}${word}`;
    }
  }
  return [...lines, line].join('\n');
}

/** Each entry of a list as one line of text. */
export const entriesOf = (section: string): readonly string[] =>
  section
    .split(/^- /m)
    .slice(1)
    .map((entry) =>
      entry
        .replace(/\n\n[\s\S]*/, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    );
