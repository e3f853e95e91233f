// Reads a mail address or a phone that a person types or pastes. Pure.
// Invariant: an address with something around it is refused: no lead has it, and an objection to it would protect nobody.
import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js';

/** `mailto:`, brackets, quotation marks, the end of a sentence and invisible characters are no part of an address. */
const wholeAddress = /^[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_`{|}~-]+@[\p{L}\p{M}\p{N}._-]*[\p{L}\p{M}\p{N}]$/u;

/** Returns undefined unless it is one address, and nothing else. */
export function mailTyped(text: string): string | undefined {
  const mail = text.trim();
  return wholeAddress.test(mail) ? mail : undefined;
}

/**
 * As E.164; undefined for a text that is not one phone. The library knows dots, hyphens and brackets, and few of the blanks that
 * French typography and spreadsheets put between the digits.
 * @param country ISO 3166-1 alpha-2: its national numbers are read
 */
export function phoneTyped(
  text: string,
  country = 'FR',
): { readonly number: string; readonly hasExtension: boolean } | undefined {
  const found = parsePhoneNumberFromString(text.replaceAll(/[\s\p{Cf}]+/gu, ' '), country as CountryCode);
  return found?.isPossible() === true
    ? { number: found.number, hasExtension: found.ext !== undefined }
    : undefined;
}
