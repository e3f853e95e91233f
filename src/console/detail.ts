// Renders the exact message behind the words of a page: in the reader's language, or in English where only English exists.
// Invariant: an English sentence under a French heading is labelled English, and marked so for screen readers.
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
