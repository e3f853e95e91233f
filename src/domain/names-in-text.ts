// The name of a known person in a text that is kept: a reason, evidence, a note.
// Invariant: compared word by word without accents or letter case; a part of a word never counts.

export interface PersonName {
  readonly lastName: string | null;
  readonly firstName: string | null;
}

const words = (text: string): readonly string[] =>
  text.split(/[^\p{L}\p{M}]+/u).filter((word) => word !== '');
const folded = (word: string): string => word.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** Shorter names are also words: `An`, `Le`. */
const leastLetters = 3;

/** The words of a text that are the last or the first name of the person; undefined where none are. */
export function nameIn(text: string, { lastName, firstName }: PersonName): string | undefined {
  const written = words(text);
  const plain = written.map(folded);
  for (const name of [lastName, firstName]) {
    const wanted = words(name ?? '').map(folded);
    if (wanted.join('').length < leastLetters) continue;
    const at = plain.findIndex((_word, from) => wanted.every((part, index) => plain[from + index] === part));
    if (at >= 0) return written.slice(at, at + wanted.length).join(' ');
  }
  return undefined;
}
