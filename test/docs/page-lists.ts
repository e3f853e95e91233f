// Lists of the pages: how a generated one is broken into lines, and what the entries of any say.
const width = 120;

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
