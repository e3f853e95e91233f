// Texts of others, as they may stand in a mail. Pure.
// Invariant: nothing in them ends a line of the head, or makes a text read as another.

// oxlint-disable-next-line no-control-regex -- control characters are what is removed
const unreadable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Without control characters, and without the direction marks that make a text read as another. */
export function readable(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(unreadable, '');
}

/** One line: for titles and headers. */
export function oneLine(text: string): string {
  return readable(text).replaceAll(/\s+/g, ' ').trim();
}
