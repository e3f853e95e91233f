// Masks a person's data for support screens: enough to recognise, not enough to know (C39).
// Invariant: a mask's length reveals nothing of the value's, and no part of a name but its initial is shown.
import type { Lead } from '../domain/lead.ts';
import type { RefusedPerson } from '../store/intake/refused-rows.ts';

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

/** The form of a rendered value: capitals, digits and separators can be compared; words lose letters and length. */
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

/** Facts of a person for a screen; none of an erased one. */
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

/** The shown part of a row that intake refused. */
export interface RefusedFacts extends Pick<
  RefusedPerson,
  'row' | 'clientId' | 'reference' | 'receivedAt' | 'problems'
> {
  readonly person: readonly PersonFact[];
}

export function refusedFacts(row: RefusedPerson, reveal: boolean): RefusedFacts {
  const show = (value: string | undefined, mask: (text: string | undefined) => string): string =>
    reveal ? (value ?? '-') : mask(value);
  return {
    row: row.row,
    clientId: nameOrMask(row.clientId, reveal),
    reference: nameOrMask(row.reference, reveal),
    receivedAt: row.receivedAt,
    person: [
      { name: 'lastName', value: show(row.lastName, maskName) },
      { name: 'firstName', value: show(row.firstName, maskName) },
      { name: 'email', value: show(row.email, maskMail) },
      { name: 'mobile', value: show(row.mobile, maskPhone) },
      { name: 'landline', value: show(row.landline, maskPhone) },
    ],
    problems: row.problems,
  };
}

/** Client and reference of a malformed row could contain a person's data: they are masked. */
const nameOrMask = (text: string, reveal: boolean): string =>
  reveal || (/^[A-Za-z0-9._-]{1,64}$/.test(text) && !/^[\d._-]{8,}$/.test(text)) ? text : '***';
