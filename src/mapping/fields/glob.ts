// Compiles patterns in which only the star is special.
// Invariant: linear in the text; no regular expression is made from a file.

/** `HZ-*`: only the star is special, letter case does not count. */
export function compileGlob(pattern: string): (text: string) => boolean {
  const parts = pattern.toLowerCase().split('*');
  return (text) => {
    const lower = text.toLowerCase();
    const first = parts[0] ?? '';
    if (parts.length === 1) return lower === first;
    const last = parts.at(-1) ?? '';
    if (!lower.startsWith(first) || !lower.endsWith(last) || lower.length < first.length + last.length)
      return false;
    let from = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = lower.indexOf(part, from);
      if (found < 0) return false;
      from = found + part.length;
    }
    return from <= lower.length - last.length;
  };
}
