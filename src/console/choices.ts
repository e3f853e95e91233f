// Fields that name a client, a destination or a cause: chosen from what there is, since nobody new knows such names by heart.
// Invariant: whoever belongs to a client is offered that client's alone; what the address names stays chosen, known or not.
import { reasons } from '../domain/delivery.ts';
import type { Html } from '../privacy/papers/html.ts';
import { reasonWords } from '../support/words.ts';
import type { Say } from './layout.ts';
import { input, select, type Choice } from './parts.ts';
import { deskWords as words } from './words/desk.ts';
import { frame } from './words/frame.ts';

/** More than a person looks through, and than a page should weigh: then the name is typed. */
const mostOffered = 150;

export interface NameAsked {
  readonly value: string;
  /** What stands for no name. */
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

/** A cause in words; one with a code of the recipient behind it is kept as the list gave it. */
export function causeChoice(name: string, value: string, say: Say): Html {
  const known = Object.keys(reasons).filter((reason) => reason !== '');
  const all = value === '' || known.includes(value) ? known : [value, ...known];
  const options = all
    .map((reason): Choice => ({ value: reason, text: say(reasonWords(reason)) }))
    .toSorted((a, b) => a.text.localeCompare(b.text, 'fr'));
  return select(name, say(frame.cause), [{ value: '', text: say(words.allCauses) }, ...options], value);
}
