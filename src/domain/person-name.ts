// Compares the names of two persons as an officer would: case, accents, hyphens and spaces are ignored. Pure.
// Invariant: a first name missing on one side does not distinguish.
export interface PersonName {
  readonly lastName?: string | undefined;
  readonly firstName?: string | undefined;
}

const letters = (text = ''): string =>
  text
    .normalize('NFD')
    .replaceAll(/[^\p{L}]/gu, '')
    .toLowerCase();

export function isSameName(one: PersonName, other: PersonName): boolean {
  const [first, second] = [letters(one.firstName), letters(other.firstName)];
  return (
    letters(one.lastName) === letters(other.lastName) && (first === '' || second === '' || first === second)
  );
}

/** True for a person found by an address whose name is the given one; without a given name, all found must have the same name. */
export function bearsName(
  given: PersonName | undefined,
  found: readonly PersonName[],
): (name: PersonName) => boolean {
  if (given !== undefined) return (name) => isSameName(given, name);
  const [first] = found;
  const isOne = first === undefined || found.every((name) => isSameName(first, name));
  return (name) => isOne && (first === undefined || isSameName(first, name));
}
