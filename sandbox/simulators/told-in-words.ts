// Reads opt-ins from a text, for systems that have no field for them: their people read it there, and change it by hand.
// Invariant: only a line with a yes is a yes; any other text allows nothing.
import type { CrmRecord, ChangeByHand } from './simulator.ts';

const yes = {
  email: /^accord e-?mail ?: ?oui$/im,
  phone: /^accord téléphone ?: ?oui$/im,
} as const;

/** Our reference, from a line of its own. */
export const referenceIn = (text: string): string => /^référence ?: ?(\S+)$/im.exec(text)?.[1] ?? '';

/** The record as people read it in the text; a later note by hand replaces the text. */
export function readByPeople(
  record: Omit<CrmRecord, 'mayContact' | 'place'>,
  text: string,
  noted: ChangeByHand | undefined,
): CrmRecord {
  const phone = noted?.phone ?? record.phone;
  const may = noted?.mayContact ?? { email: yes.email.test(text), phone: yes.phone.test(text) };
  return {
    ...record,
    phone,
    mayContact: {
      ...(record.email === '' ? {} : { email: may.email === true }),
      ...(phone === '' ? {} : { phone: may.phone === true }),
    },
  };
}

/** The text under a name in an object; '' when it is no text. */
export const textIn = (values: Readonly<Record<string, unknown>>, name: string): string => {
  const value = values[name];
  return typeof value === 'string' ? value : '';
};

/** `+33...` from a number with or without its plus, or as dialled in France. */
export const dialled = (number: string): string =>
  number.startsWith('0') && !number.startsWith('00')
    ? `+33${number.slice(1)}`
    : /^\d/.test(number)
      ? `+${number.replace(/^00/, '')}`
      : number;
