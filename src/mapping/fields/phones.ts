// Writes phone numbers as French CRMs want them, from the E.164 form of the lead.
// Invariant: the number dialled is the same, and a leading zero is never lost: the result is always a text.
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';

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
