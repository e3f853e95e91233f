// Records of systems that have no place for an opt-in: their people read it in a text, and change it by hand.
// Invariant: a yes is a line that says so; whatever else stands there allows nothing.
import type { CrmRecord, ChangeByHand } from './simulator.ts';

const yes = {
  email: /^accord e-?mail ?: ?oui$/im,
  phone: /^accord téléphone ?: ?oui$/im,
} as const;

/** Our reference, where it stands on a line of its own. */
export const referenceIn = (text: string): string => /^référence ?: ?(\S+)$/im.exec(text)?.[1] ?? '';

/** What somebody reads there, or noted later by hand. */
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

/** What stands in an object under a name, if it is a text. */
export const textIn = (values: Readonly<Record<string, unknown>>, name: string): string => {
  const value = values[name];
  return typeof value === 'string' ? value : '';
};

/** `+33...` of what a system keeps with or without its plus, or as it is dialled in France. */
export const dialled = (number: string): string =>
  number.startsWith('0') && !number.startsWith('00')
    ? `+33${number.slice(1)}`
    : /^\d/.test(number)
      ? `+${number.replace(/^00/, '')}`
      : number;
