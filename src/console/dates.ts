// A date that is typed or picked: the browser draws the field, in its own language, and says itself what is no date.
// Invariant: what it asks for stands beside it in the language of the page.
import type { Html } from '../privacy/papers/html.ts';
import type { Say } from './layout.ts';
import { input } from './parts.ts';
import { dateWords as words } from './words/dates.ts';

export interface DateOptions {
  readonly value: string;
  readonly optional?: true;
  /** What else there is to say about it. */
  readonly hint?: string;
}

/** A day. */
export const dateBox = (name: string, label: string, say: Say, { hint, ...options }: DateOptions): Html =>
  input(name, label, {
    ...options,
    type: 'date',
    most: 100,
    hint: hint === undefined ? say(words.day) : `${say(words.day)}. ${hint}`,
  });

/** A month. */
export const monthBox = (name: string, label: string, say: Say, options: DateOptions): Html =>
  input(name, label, { ...options, type: 'month', most: 7, hint: say(words.month) });
