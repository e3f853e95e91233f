// The keys of the installation: 32 bytes in base64.
// Invariant: a value that is not a key is a problem of the configuration, and is never quoted.

export function keyReaders(
  read: (name: string) => string | undefined,
  needed: (name: string) => string,
  problems: string[],
): { readonly key: (name: string) => Buffer; readonly earlierKeys: (name: string) => readonly Buffer[] } {
  const keyOf = (text: string, must: string): Buffer => {
    const bytes = Buffer.from(text, 'base64');
    if (text !== '' && bytes.length !== 32)
      problems.push(`${must} 32 bytes in base64 (openssl rand -base64 32)`);
    return bytes;
  };
  return {
    key: (name) => keyOf(needed(name), `${name} must be`),
    /** A list, separated by spaces, commas or line ends. */
    earlierKeys: (name) =>
      (read(name) ?? '')
        .split(/[\s,]+/)
        .filter((word) => word !== '')
        .map((word) => keyOf(word, `${name} must hold keys of`)),
  };
}
