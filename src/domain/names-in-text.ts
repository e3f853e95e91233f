// Finds in a text to be stored the name of a known person, a mail address or a phone number.
// Invariant: compared word by word, without accents, ligatures, case or invisible signs; a part of a word never matches.
import type { Action } from '../../connectors/contract.ts';
import { safeCode } from './delivery.ts';

// Finds or masks mail addresses and phone numbers in free text that is stored or sent where no person may be named.
// Invariant: a text that may be an address or a phone number counts as one; a date does not.

const date =
  /(?<!\d)(?:(?:19|20)\d\d-[01]\d-[0-3]\d|[0-3]?\d([-/.])[01]?\d\1(?:19|20)\d\d)(?:[T ]+\d\d[:hH]\d\d(?::\d\d)?)?(?!\d)/g;
/** A run of digits as people write numbers, from its + or first digit on; after a word for a phone also without a blank. */
const dialledNumber =
  /(?:(?<!\w)|(?<=t[eé]l|phone|mobile|portable|port|gsm|fixe|mob|num[eé]ro))\+?\(?\d[\d\s().\-/]{6,}\d/gi;

// Full-width signs and other digits are letters to a regular expression, and a phone number to a reader.
const plainOf = (text: string): string =>
  text.normalize('NFKC').replaceAll(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660));

/** Nine or more digits that start as a dialled number does; ticket numbers do not start with 0, 33 or +. */
const isDialled = (run: string): boolean =>
  run.replaceAll(/\D/g, '').length >= 9 && /^\(?(?:\+|0|\(0|33)/.test(run);

export function namesSomebody(text: string): boolean {
  const plain = plainOf(text);
  if (plain.includes('@')) return true;
  return [...plain.replaceAll(date, ' · ').matchAll(dialledNumber)].some(([run]) => isDialled(run));
}

/** `lead.optin@canal=email`, a field of an XML file: an attribute follows the @, where a mail address has a domain with a dot. */
const xmlField = /^[\p{L}_][\p{L}\p{N}_.-]*@[\p{L}_][\p{L}\p{N}_-]*(=[^.]*)?$/u;

/**
 * The text with every mail address and phone number masked.
 * @param known mailboxes of no person: those that the client's contract names, in lower case
 */
export function impersonalText(text: string, known: ReadonlySet<string> = new Set()): string {
  if (!namesSomebody(text)) return text;
  const dates: string[] = [];
  const kept = plainOf(text)
    .replaceAll(/[^\s<>()[\],;:"«»]*@[^\s<>()[\],;:"«»]*/g, (address) => {
      const bare = address.replace(/[.!?]+$/, '');
      return known.has(bare.toLowerCase()) || xmlField.test(bare) ? address : '[adresse masquée]';
    })
    .replaceAll(date, (found) => `\uE000${dates.push(found) - 1}\uE001`);
  return kept
    .replaceAll(dialledNumber, (run) => {
      if (!isDialled(run)) return run;
      return `${run.startsWith('(') && !run.includes(')') ? '(' : ''}[numéro masqué]`;
    })
    .replaceAll(/\uE000(\d+)\uE001/g, (_, index: string) => dates[Number(index)] ?? '');
}

/** Reasons in our own words, in the log beside typed ones. They name nobody: a person may be called Page, List or Lead. */
export const ownReasons = {
  leadPage: 'lead page',
  leadByReference: 'lead by reference',
  leadFind: 'lead find by reference',
  leadShow: 'lead show by reference',
  oppositionList: 'opposition list',
} as const;
const own: ReadonlySet<string> = new Set(Object.values(ownReasons));

/** The part of a text of the log that a person typed: behind our own citation, whose number may read like one that is dialled. */
export const typedPart = (text: string): string =>
  own.has(text) ? '' : text.replace(/^(?:request|note) [1-9]\d*(?:: letter$)?/, '');

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
  const written = words(typedPart(text));
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
