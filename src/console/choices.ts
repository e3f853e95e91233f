// Renders form fields that choose a client, a destination or a cause from the existing ones, since newcomers do not know the names.
// Invariant: an account of a client is offered only that client's; the value of the address stays chosen, known or not.
import { reasons } from '../domain/delivery.ts';
import type { Html } from '../privacy/papers/html.ts';
import { reasonWords } from '../support/words.ts';
import type { Say } from './layout.ts';
import { input, select, type Choice } from './parts.ts';
import { deskWords as words } from './words/desk.ts';
import { frame } from './words/frame.ts';

/** Above this number, more than a person reads and a page should carry, the name is typed. */
const mostOffered = 150;

export interface NameAsked {
  readonly value: string;
  /** Text of the empty choice. */
  readonly none: string;
  readonly hint?: string;
  readonly required?: true;
}

export function nameChoice(
  name: string,
  label: string,
  known: readonly string[],
  { value, none, hint, required }: NameAsked,
): Html {
  if (known.length > mostOffered)
    return input(name, label, {
      value,
      most: 100,
      ...(hint === undefined ? {} : { hint }),
      ...(required === true ? {} : { optional: true }),
    });
  const all = value === '' || known.includes(value) ? known : [value, ...known];
  const options = [{ value: '', text: none }, ...all.map((one): Choice => ({ value: one, text: one }))];
  return select(name, label, options, value, { required: required === true, hint });
}

/** A cause in words; one followed by a recipient's code is kept as the list gave it. */
export function causeChoice(name: string, value: string, say: Say): Html {
  const known = Object.keys(reasons).filter((reason) => reason !== '');
  const all = value === '' || known.includes(value) ? known : [value, ...known];
  const options = all
    .map((reason): Choice => ({ value: reason, text: say(reasonWords(reason)) }))
    .toSorted((a, b) => a.text.localeCompare(b.text, 'fr'));
  return select(name, say(frame.cause), [{ value: '', text: say(words.allCauses) }, ...options], value);
}
