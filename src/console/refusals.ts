// Makes refusals of a page itself, in both languages: the error keeps its code and English message, with the words beside it.
// Invariant: the words are ours; none are a library's or a recipient's.
import { RelaisError } from '../errors.ts';
import { inLanguage, type Both } from '../support/words.ts';

const said = new WeakMap<RelaisError, Both>();

/** @throws USAGE-001, which the page of failures shows in these words */
export function refuse(words: Both): never {
  const error = new RelaisError('USAGE-001', inLanguage(words, 'en'));
  said.set(error, words);
  throw error;
}

/** Undefined where no page refused it. */
export const wordsOfRefusal = (error: RelaisError): Both | undefined => said.get(error);
