// Renders date fields: the browser draws the field in its own language and rejects invalid dates.
// Invariant: the expected form is shown beside it in the language of the page.
import type { Html } from '../privacy/papers/html.ts';
import type { Say } from './layout.ts';
import { input } from './parts.ts';
import { dateWords as words } from './words/dates.ts';

export interface DateOptions {
  readonly value: string;
  readonly optional?: true;
  /** A further hint. */
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
