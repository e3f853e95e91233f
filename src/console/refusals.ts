// What a page itself refuses, said in both languages: the error keeps its code and its English message, its words go beside it.
// Invariant: words are ours; nothing that a library or a recipient said.
import { RelaisError } from '../errors.ts';
import { inLanguage, type Both } from '../support/words.ts';

const said = new WeakMap<RelaisError, Both>();

/** @throws USAGE-001, which the page of failures tells in these words */
export function refuse(words: Both): never {
  const error = new RelaisError('USAGE-001', inLanguage(words, 'en'));
  said.set(error, words);
  throw error;
}

/** Undefined where no page of ours refused it. */
export const wordsOfRefusal = (error: RelaisError): Both | undefined => said.get(error);
