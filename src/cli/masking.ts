// What of a person a support screen shows: enough to recognise, not enough to know (C39).
// Invariant: a mask's length says nothing of the value's, and no part of a name but its initial is shown.
import type { Lead } from '../domain/lead.ts';

export const maskName = (name: string | undefined): string =>
  name === undefined ? '-' : `${String.fromCodePoint(name.codePointAt(0) ?? 42)}***`;

export function maskMail(mail: string | undefined): string {
  if (mail === undefined) return '-';
  const [user = '', host = ''] = mail.split('@');
  const dot = host.lastIndexOf('.');
  return `${user.slice(0, 1)}***@${host.slice(0, 1)}***${dot < 1 ? '' : host.slice(dot)}`;
}

export const maskPhone = (phone: string | undefined): string =>
  phone === undefined ? '-' : `${phone.slice(0, 3)}******${phone.slice(-2)}`;

/** The form of a written value: capitals, digits and separators can be compared; words lose letters and length. */
export const maskForm = (text: string): string =>
  text
    .replaceAll(/[\p{L}\p{M}]+/gu, (word) =>
      word === word.toLocaleUpperCase('fr') ? 'X…' : /^\p{Lu}/u.test(word) ? 'Xx…' : 'x…',
    )
    .replaceAll(/\p{N}/gu, '9');

export interface PersonFact {
  readonly name: 'lastName' | 'firstName' | 'email' | 'mobile' | 'landline' | 'city';
  /** Masked, or as it is; `-` for none. */
  readonly value: string;
}

/** What is shown of a person; nothing of one who was erased. */
export function personFacts({ identity, erasedAt }: Lead, reveal: boolean): readonly PersonFact[] {
  if (erasedAt !== undefined) return [];
  const show = (value: string | undefined, mask: (text: string | undefined) => string): string =>
    reveal ? (value ?? '-') : mask(value);
  return [
    { name: 'lastName', value: show(identity.lastName, maskName) },
    { name: 'firstName', value: show(identity.firstName, maskName) },
    { name: 'email', value: show(identity.email, maskMail) },
    { name: 'mobile', value: show(identity.mobile, maskPhone) },
    { name: 'landline', value: show(identity.landline, maskPhone) },
    { name: 'city', value: show(identity.address?.city, maskName) },
  ];
}
