// Suggests the nearest known word by edit distance ("Did you mean").
// Invariant: a distant word is never suggested, nor one that differs by more than half; of equally near words the first in alphabetical
// order is.

/** Without the groups that both paths begin with: identity.tel is as far from identity.email as tel from email. */
function apart(written: string, word: string): readonly [string, string] {
  const [mine, theirs] = [written.split('.'), word.split('.')];
  while (mine.length > 1 && theirs.length > 1 && mine[0] === theirs[0]) {
    mine.shift();
    theirs.shift();
  }
  return [mine.join('.'), theirs.join('.')];
}

/** The known word nearest to the one written, or undefined when none is near enough. */
export function suggest(written: string, known: readonly string[]): string | undefined {
  const lower = written.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(written.length * 0.4)) + 1;
  for (const word of known.toSorted()) {
    const [own, other] = apart(lower, word.toLowerCase());
    const distance = editDistance(own, other);
    if (distance < bestDistance && distance * 2 <= Math.max(own.length, other.length)) {
      best = word;
      bestDistance = distance;
    }
  }
  return (
    best ?? known.toSorted().find((word) => lower.length >= 3 && word.toLowerCase().endsWith(`.${lower}`))
  );
}

/** The end of a message about an unknown word. */
export const didYouMean = (near: string | undefined): string =>
  near === undefined ? '' : ` Did you mean ${near}?`;

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
export function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (older[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    older = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
