// Changes the writing of a text: capitals, accents.
// Invariant: the order of letters and the number of words do not change; nothing is added.
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';

/** Latin letters that Unicode does not decompose, and the typography French texts use. */
const replacements: Readonly<Record<string, string>> = {
  œ: 'oe',
  Œ: 'OE',
  æ: 'ae',
  Æ: 'AE',
  ß: 'ss',
  ẞ: 'SS',
  ø: 'o',
  Ø: 'O',
  đ: 'd',
  Đ: 'D',
  ł: 'l',
  Ł: 'L',
  þ: 'th',
  Þ: 'Th',
  ı: 'i',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '«': '"',
  '»': '"',
  '‐': '-',
  '‑': '-',
  '–': '-',
  '—': '-',
  '…': '...',
  '€': 'EUR',
  '⁄': '/',
};

/**
 * One character in plainer letters, by Unicode's compatibility decomposition (UAX 15): `ﬁ` is `fi`, `²` is `2`. Invisible
 * format characters are the empty text. Undefined when it has none, or only a space would be left of a visible sign.
 */
export function plainer(character: string): string | undefined {
  const own = replacements[character];
  if (own !== undefined) return own;
  if (/\p{Cf}/u.test(character)) return '';
  const decomposed = character.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const base = Array.from(decomposed, (part) => replacements[part] ?? part).join('');
  const isSpace = /\s/.test(character);
  return base !== character && (isSpace || base.trim() !== '') ? base : undefined;
}

/** The text without accents or typography; a character without a plain form remains. */
export function ascii(text: string): string {
  let result = '';
  const characters = Array.from(text.normalize('NFC'));
  for (const [index, character] of characters.entries()) {
    if ((character.codePointAt(0) ?? 0) < 128) {
      result += character;
      continue;
    }
    const plain = plainer(character) ?? character;
    // `Œuvre` is `Oeuvre`, `ŒUVRE` is `OEUVRE`.
    const small = plain.length > 1 && /\p{Ll}/u.test(characters[index + 1] ?? '');
    result += small ? plain.slice(0, 1) + plain.slice(1).toLowerCase() : plain;
  }
  return result;
}

/** First letters of words in capitals, the rest small: `jean-pierre DUPONT` -> `Jean-Pierre Dupont`. */
export function titleCase(text: string): string {
  return text
    .toLocaleLowerCase('fr')
    .replaceAll(
      /(^|[\s'’-])(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toLocaleUpperCase('fr'),
    );
}

// Writes phone numbers as French CRMs want them, from the E.164 form of the lead.
// Invariant: the number dialled is the same, and a leading zero is never lost: the result is always a text.

export const phoneStyles: readonly string[] = ['e164', 'national', 'spaced', 'dotted', '0033', '33'];

/** Each style by an example, as the document a client signs shows it. */
export const phoneWords: Readonly<Partial<Record<string, string>>> = {
  e164: 'téléphone +33639980001',
  national: 'téléphone 0639980001',
  spaced: 'téléphone 06 39 98 00 01',
  dotted: 'téléphone 06.39.98.00.01',
  '0033': 'téléphone 0033639980001',
  '33': 'téléphone 33639980001',
};

/** France and the overseas départements share the ten-digit national form. */
const french = /^\+(33|262|590|594|596)(\d{9})$/;

/** A writer for one style. A foreign number has no French form: it is written 00 and its country. */
export function compilePhone(style: string): (e164: string) => string {
  const separated =
    (separator: string) =>
    (e164: string): string => {
      const match = french.exec(e164);
      if (match !== null) return (`0${match[2] ?? ''}`.match(/\d\d/g) ?? []).join(separator);
      const parsed = parsePhoneNumberFromString(e164);
      return (parsed === undefined ? e164 : parsed.formatInternational())
        .replace(/^\+/, '00')
        .replaceAll(' ', separator);
    };
  switch (style) {
    case 'national':
      return (e164) => {
        const match = french.exec(e164);
        return match === null ? e164.replace(/^\+/, '00') : `0${match[2] ?? ''}`;
      };
    case 'spaced':
      return separated(' ');
    case 'dotted':
      return separated('.');
    case '0033':
      return (e164) => e164.replace(/^\+/, '00');
    case '33':
      return (e164) => e164.replace(/^\+/, '');
    default:
      return (e164) => e164;
  }
}

/** True for E.164. A French number must exist by the numbering plan (the ranges kept for fiction do); any other be possible. */
export function isPhone(value: string): boolean {
  if (!/^\+[1-9]\d{6,14}$/.test(value)) return false;
  const parsed = parsePhoneNumberFromString(value);
  if (parsed === undefined || parsed.number !== value) return false;
  return value.startsWith('+33') ? parsed.isValid() : parsed.isPossible();
}
