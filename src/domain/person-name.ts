// Whether two names are one person's, as an officer compares them: capitals, accents, hyphens and spaces do not count. Pure.
// Invariant: a first name that is not given on one side says nothing.
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

/** Of people found by one address, whether one is who is asked for: by the name that was given; where none was, all must bear one. */
export function bearsName(
  given: PersonName | undefined,
  found: readonly PersonName[],
): (name: PersonName) => boolean {
  if (given !== undefined) return (name) => isSameName(given, name);
  const [first] = found;
  const isOne = first === undefined || found.every((name) => isSameName(first, name));
  return (name) => isOne && (first === undefined || isSameName(first, name));
}
