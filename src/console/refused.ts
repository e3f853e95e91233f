// Renders a refused act on its own page: in words by the code, with the message beside them.
// Invariant: only a refusal that answers the request is shown so; any other error continues as a failure.
import { isRelaisError, RelaisError } from '../errors.ts';
import { html, type Html } from '../privacy/papers/html.ts';
import { inLanguage, type Both, type Sentence } from '../support/words.ts';
import type { Say } from './gate.ts';
import { notice } from './parts.ts';
import { refusalText, detail, inEnglish } from './words/refusals.ts';

/** Words for the page, and the error with the exact message; a page's own refusal has words only. */
export interface Refused {
  readonly words: Both;
  readonly error?: RelaisError;
}

export const refusal = (words: Both): Refused => ({ words });

/** @param codes those that the page itself shows; others are a page of their own */
export async function doneOrRefused<T>(
  work: () => Promise<T>,
  codes: RegExp = /./,
): Promise<
  | { readonly done: T; readonly refused?: undefined }
  | { readonly done?: undefined; readonly refused: Refused }
> {
  try {
    return { done: await work() };
  } catch (error) {
    const own = isRelaisError(error) ? wordsOfRefusal(error) : undefined;
    if (own !== undefined) return { refused: refusal(own) };
    const words = isRelaisError(error) && codes.test(error.code) ? refusalText(error.code) : undefined;
    if (!isRelaisError(error) || words === undefined) throw error;
    return { refused: { words, error } };
  }
}

/** A list by a filter that cannot be read or names what nobody knows: empty, with why, so that the filter stays to be put right. */
export async function foundOr<T>(
  none: T,
  work: () => Promise<T>,
): Promise<{ readonly found: T; readonly refused?: Refused }> {
  try {
    return { found: await work() };
  } catch (error) {
    const words =
      isRelaisError(error) && /^(?:FIND|USAGE)-001$/.test(error.code) ? refusalText(error.code) : undefined;
    if (!isRelaisError(error) || words === undefined) throw error;
    return { found: none, refused: { words, error } };
  }
}

/** HTTP status of a list by such a filter. */
export const statusOfList = (refused: Refused | undefined): number =>
  refused === undefined ? 200 : refused.error?.code === 'USAGE-001' ? 400 : 404;

export const refusedNotice = (refused: Refused | undefined, say: Say): Html | undefined =>
  refused === undefined
    ? undefined
    : notice(
        html`${say(refused.words)}${
          refused.error !== undefined &&
          html`<br /><span class="quiet"
              ><code>${refused.error.code}</code> ${detailPart(sentenceOf(refused.error), say)}</span
            >`
        }`,
        'bad',
      );

// Makes refusals of a page itself, in both languages: the error keeps its code and English message, with the words beside it.
// Invariant: the words are ours; none are a library's or a recipient's.

const said = new WeakMap<RelaisError, Both>();

/** @throws USAGE-001, which the page of failures shows in these words */
export function refuse(words: Both): never {
  const error = new RelaisError('USAGE-001', inLanguage(words, 'en'));
  said.set(error, words);
  throw error;
}

/** Undefined where no page refused it. */
export const wordsOfRefusal = (error: RelaisError): Both | undefined => said.get(error);

// Renders the exact message behind the words of a page: in the reader's language, or in English where only English exists.
// Invariant: an English sentence under a French heading is labelled English, and marked so for screen readers.

export const sentenceOf = ({ french, message }: RelaisError): Sentence => ({ french, english: message });

export const detailPart = ({ french, english }: Sentence, say: Say): Html =>
  french === undefined
    ? html`${say(inEnglish)} : <span lang="en">${english}</span>`
    : html`${say(detail)} : ${say([french, english])}`;
