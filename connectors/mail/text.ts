// Cleans texts of other parties for a mail. Pure.
// Invariant: no text can end a header line, or read as another text.

// oxlint-disable-next-line no-control-regex -- control characters are what is removed
const unreadable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text without control characters, and without direction marks that make it read as another. */
export function readable(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(unreadable, '');
}

/** One line, for titles and headers. */
export function oneLine(text: string): string {
  return readable(text).replaceAll(/\s+/g, ' ').trim();
}
