// Finds the name of a known person in a text to be stored: a reason, evidence, a note, a code.
// Invariant: compared word by word, without accents, ligatures, case or invisible signs; a part of a word never matches.
import type { Action } from '../../connectors/contract.ts';
import { safeCode } from './delivery.ts';

export interface PersonName {
  readonly lastName: string | null;
  readonly firstName: string | null;
}

const words = (text: string): readonly string[] =>
  text
    .replaceAll(/\p{Cf}/gu, '')
    .split(/[^\p{L}\p{M}]+/u)
    .filter((word) => word !== '');

/** By the primary weights of Unicode: `œ` is `oe`, `ß` is `ss`, `ø` is `o`. */
const { compare } = new Intl.Collator('fr', { sensitivity: 'base' });

/** Shorter names are also words: `An`, `Le`. */
const leastLetters = 3;

/** The words of a text that are the last or the first name of the person; undefined when there are none. */
export function nameIn(text: string, { lastName, firstName }: PersonName): string | undefined {
  const written = words(text);
  for (const name of [lastName, firstName]) {
    const wanted = words(name ?? '');
    const whole = wanted.join('');
    if (whole.length < leastLetters) continue;
    // A name of several words may be written in fewer.
    for (let count = 1; count <= wanted.length; count += 1)
      for (let from = 0; from + count <= written.length; from += 1) {
        const run = written.slice(from, from + count);
        if (compare(run.join(''), whole) === 0) return run.join(' ');
      }
  }
  return undefined;
}

/** A French number as dialled, anywhere in a code. */
const dialled = /(?<!\d)(?:0|(?:00)?33[_.-]?0?)[1-9](?:[_.-]?\d){8}(?!\d)/;

/** A code has no blanks: `ZoeLefevre`, `LEFEVREZOE`, `zlefevre`. */
function isBothInOne(code: string, { lastName, firstName }: PersonName): boolean {
  const [last, first] = [lastName, firstName].map((name) => words(name ?? '').join(''));
  if (last === undefined || first === undefined || last.length < leastLetters || first === '') return false;
  const [initial = ''] = first;
  const joined = [first + last, last + first, initial + last, last + initial];
  return words(code).some((word) => joined.some((name) => compare(word, name) === 0));
}

/**
 * The code that a recipient gave for a lead; `OTHER` when it may be or contain a phone or the name of the lead's person.
 * @param person undefined: the lead is erased, and there is no name to compare. A code with words that answers its create or
 *   update then becomes `OTHER`, because the content had the name; the answer to an erasure, whose content has none, is kept
 */
export function namelessCode(written: unknown, person: PersonName | undefined, action: Action): string {
  const code = safeCode(written);
  if (dialled.test(code)) return 'OTHER';
  if (person === undefined) return action === 'erase' || !/\p{L}{3}/u.test(code) ? code : 'OTHER';
  return nameIn(code, person) !== undefined || isBothInOne(code, person) ? 'OTHER' : code;
}
