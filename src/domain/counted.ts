// A count before what it counts, in the number and the language of the reader.
// Invariant: in French none and a part are singular, in English one alone is.
import type { Both } from '../../connectors/contract.ts';

/** What is counted: for one, and for several. */
export type OneAndSeveral = readonly [one: Both, several: Both];

const locales = { fr: 'fr-FR', en: 'en-GB' } as const;

/** The words for so many, without the number. */
export const numbered = (count: number, [one, several]: OneAndSeveral): Both => [
  (count < 2 ? one : several)[0],
  (count === 1 ? one : several)[1],
];

/** `1 livraison`, `1 200 livraisons`: in both languages. */
export function counted(count: number, words: OneAndSeveral): Both {
  const [french, english] = numbered(count, words);
  return [`${countText(count, 'fr')} ${french}`, `${countText(count, 'en')} ${english}`];
}

/** `1 200` in French, `1,200` in English. */
export const countText = (count: number, language: keyof typeof locales): string =>
  new Intl.NumberFormat(locales[language]).format(count);
