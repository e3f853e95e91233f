// Rewrites national phone numbers to E.164, where the sender states their country.
// Invariant: a text that is not a number of that country, or has an extension, stays unchanged, and the contract refuses it.
import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js';
import type { Values } from './as-row.ts';
import { fields } from './fields.ts';

const phones = fields.filter(({ schema }) => schema['format'] === 'e164').map(({ name }) => name as string);

/** @param country ISO 3166-1 alpha-2 */
export function international(values: Values, country: string): Values {
  const changed: Record<string, unknown> = { ...values };
  for (const name of phones) {
    const typed = values[name];
    if (typeof typed !== 'string') continue;
    const found = parsePhoneNumberFromString(typed, country as CountryCode);
    if (found?.isPossible() === true && found.ext === undefined) changed[name] = found.number;
  }
  return changed;
}
