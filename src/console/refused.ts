// Renders a refused act on its own page: in words by the code, with the message beside them.
// Invariant: only a refusal that answers the request is shown so; any other error continues as a failure.
import { isRelaisError, type RelaisError } from '../errors.ts';
import { html, type Html } from '../privacy/papers/html.ts';
import type { Both } from '../support/words.ts';
import type { Say } from './layout.ts';
import { notice } from './parts.ts';
import { wordsOfRefusal } from './refusals.ts';
import { detailPart, sentenceOf } from './detail.ts';
import { refusalText } from './words/refusals.ts';

/** Words for the page, and the error with the exact message; a page's own refusal has words only. */
export interface Refused {
  readonly words: Both;
  readonly error?: RelaisError;
}

export const refusal = (words: Both): Refused => ({ words });

/** Undefined when it was done. @param codes those that the page itself shows; others are a page of their own */
export async function refusedBy(
  work: () => Promise<unknown>,
  codes: RegExp = /./,
): Promise<Refused | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const own = isRelaisError(error) ? wordsOfRefusal(error) : undefined;
    if (own !== undefined) return refusal(own);
    const words = isRelaisError(error) && codes.test(error.code) ? refusalText(error.code) : undefined;
    if (!isRelaisError(error) || words === undefined) throw error;
    return { words, error };
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
          refused.error === undefined
            ? undefined
            : html`<br /><span class="quiet"
                  ><code>${refused.error.code}</code> ${detailPart(sentenceOf(refused.error), say)}</span
                >`
        }`,
        'bad',
      );
