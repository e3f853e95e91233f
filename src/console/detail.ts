// What exactly is meant, behind the words of a page: in the reader's language, or in English where it is said in English only.
// Invariant: an English sentence under a French heading is called English, and marked so for who has the page read aloud.
import type { RelaisError } from '../errors.ts';
import { html, type Html } from '../privacy/papers/html.ts';
import type { Sentence } from '../support/words.ts';
import type { Say } from './layout.ts';
import { detail, inEnglish } from './words/refusals.ts';

export const sentenceOf = ({ french, message }: RelaisError): Sentence => ({ french, english: message });

export const detailPart = ({ french, english }: Sentence, say: Say): Html =>
  french === undefined
    ? html`${say(inEnglish)} : <span lang="en">${english}</span>`
    : html`${say(detail)} : ${say([french, english])}`;
