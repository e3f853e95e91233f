// Finds the mail addresses and phones that a text names, in any spelling. Pure.
// Invariant: an address matches as a whole: ed@ is not found in fred@, nor a phone in a longer number. The time is linear in the text.
import type { Addresses } from './opposition.ts';

/** A number without its prefix: +33 6 39 98 00 01, 0033639980001 and 06.39.98.00.01 end alike. */
export const ending = (phone: string): string => phone.replaceAll(/\D/g, '').slice(-9);

/** Each mail in lower case, each phone as `+33639980001`. */
export function addressesIn(text: string): readonly Addresses[] {
  if (!mayNameOne.test(text)) return [];
  const texts = [...new Set([text, withoutEscapes(text)])];
  return [
    ...[...new Set(texts.flatMap((one) => [...mailsIn(one)]))].map((email) => ({ email })),
    ...[...new Set(texts.flatMap((one) => [...phonesIn(one)]))].map((mobile) => ({ mobile })),
  ];
}

/** An address has an @ or a digit, or an escape of one. */
const mayNameOne = /[@\d%&\\]/;

/** Escapes of JSON, whole or cut off, also within another JSON text; of links; of HTML. */
const escapes =
  /\\{1,7}(?:u([\da-f]{4})|["/bfnrt])|%([2-7][\da-f])|&(?:#(\d{1,5})|#x([\da-f]{1,4})|nbsp|quot|apos|amp|lt|gt);/gi;

/** Also without signs that nobody sees, with a typed apostrophe, and without a space beside the @. */
const withoutEscapes = (text: string): string =>
  text
    .replaceAll(escapes, (all, json?: string, link?: string, decimal?: string, hex?: string) => {
      const code = decimal === undefined ? Number.parseInt(json ?? link ?? hex ?? '', 16) : Number(decimal);
      return Number.isNaN(code) ? (letters[all.toLowerCase()] ?? ' ') : String.fromCharCode(code);
    })
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll('’', "'")
    .replaceAll(/\s{0,3}@\s{0,3}/g, '@');
const letters: Readonly<Record<string, string>> = { '&apos;': "'", '&amp;': '&' };

/** Runs of the signs of an address; a letter keeps its accent, and the n of `\n` its backslash. */
const words = /[\p{L}\p{M}\p{N}.!#$%&'’*+?^_`{}~@\\-]+/gu;
/** Signs around an address, and the end of its sentence; an address may begin with + or _. */
const around = /^[^\p{L}\p{N}_+\\]+|[^\p{L}\p{N}]+$/gu;
/** Longer than any address, RFC 5321 4.5.3.1. */
const mostSigns = 400;

function mailsIn(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [word] of text.matchAll(words))
    if (word.length <= mostSigns && word.includes('@'))
      // Also a value of a link's query.
      for (const mail of [word, ...word.split(/[?&]/)].flatMap((part) => [part, part.replaceAll(around, '')]))
        if (mail.includes('@')) found.add(mail.toLowerCase());
  return found;
}

/** Signs between two digits of a phone: `+33 (0)6 39 98`. */
const gap = String.raw`[^\p{L}\d]{0,3}`;
/** At the start of any group of digits, also within another match: a postcode before a phone hides none. */
const french = new RegExp(
  String.raw`(?<!\d)(?=(?:(?:00${gap})?33${gap}(?:0${gap})?|0${gap})?([1-9](?:${gap}\d){8})(?!\d))`,
  'gu',
);
/** ITU-T E.164: up to 15 digits, after + or 00. */
const foreign = new RegExp(String.raw`(?:\+|(?<!\d)00)${gap}(?=([1-9](?:${gap}\d){6,14})(?!\d))`, 'gu');

function phonesIn(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [, phone = ''] of text.matchAll(french)) found.add(`+33${phone.replaceAll(/\D/g, '')}`);
  for (const [, longest = ''] of text.matchAll(foreign)) {
    let digits = '';
    for (const group of longest.match(/\d+/g) ?? []) {
      digits += group;
      if (digits.length >= 7) found.add(`+${digits}`);
    }
  }
  return found;
}
