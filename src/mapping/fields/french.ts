// Gives the French words for values on a lead sheet, from the definitions of the fields.
// Invariant: every value of every enum has one.
import { sourceModel, type SourceField } from '../../domain/lead.ts';

/** Words by every path of the model, and by the bare names of fields inside lists; undefined where values have no words. */
const wordsOf = new Map<string, SourceField['words']>(
  sourceModel.flatMap(
    ({ path, words, element = [] }): readonly (readonly [string, SourceField['words']])[] => [
      ...element.map((field) => [field.path, field.words] as const),
      ...element.map((field) => [`${path}.${field.path}`, field.words] as const),
      [path, words],
    ],
  ),
);

/** The French word for a value of a source; the value itself when it has none. */
export function frenchLabel(path: string, value: unknown): unknown {
  // Inside a list a field of the lead is named with the list before it.
  const words = wordsOf.get(wordsOf.has(path) ? path : path.slice(path.lastIndexOf('.') + 1));
  return typeof value === 'string' && words !== undefined && Object.hasOwn(words, value)
    ? words[value]
    : value;
}

/** Section of a lead sheet for each category of data. */
export const sectionTitles = {
  identity: 'Contact',
  project: 'Projet',
  statistical: 'Origine du contact',
  financial: 'Situation financière',
  technical: 'Réception',
} as const;

export const consentSection = 'Consentement (opt-in)';
