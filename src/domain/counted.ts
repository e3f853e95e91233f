// Writes a count with its noun, in both languages.
// Invariant: in French zero and fractions are singular, in English only one is.
import type { Both } from '../../connectors/contract.ts';

/** The noun, singular and plural. */
export type OneAndSeveral = readonly [one: Both, several: Both];

const locales = { fr: 'fr-FR', en: 'en-GB' } as const;

/** The noun for this count, without the number. */
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
