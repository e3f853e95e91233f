// The account of ten years, once all is over: what the book says was promised, against what recipients got and what was alerted.
// Invariant: pure; what is judged as it happens stands in the check of its own matter.
import type { Book } from './book.ts';
import { checkClosed, checkErased, checkReceipts, checkTerms } from './check-demands.ts';
import { checkReceived } from './check-taken.ts';
import { checkYes } from './check-yes.ts';
import type { Finder } from './figures.ts';

export interface Lived {
  /** Alerts of requests, as `12:day_21`. */
  readonly alerts: ReadonlySet<string>;
  /** When the watch over requests ran. */
  readonly runs: readonly Date[];
  readonly end: Date;
}

export function checkBook(book: Book, find: Finder, lived: Lived): void {
  checkReceipts(book, find);
  checkClosed(book, find);
  checkErased(book, find, lived.end);
  checkTerms(book, find, lived);
  checkYes(book, find, lived.end);
  checkReceived(book, find, lived.end);
}
