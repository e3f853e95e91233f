// Invents persons, from a seed.
// Invariant: no person can be reached: phones only in the ranges kept for fiction (+33 1 99 00, +33 6 39 98), mail only at .example and
// .invalid.
import { firstNames, lastNames, mailHosts, streets } from './names.ts';
import { communes } from './places.ts';
import type { Commune } from './places.ts';
import type { Random } from './random.ts';

export interface Person {
  readonly civility?: 'mr' | 'ms';
  readonly firstName?: string;
  readonly lastName: string;
  readonly email?: string;
  readonly mobile?: string;
  readonly landline?: string;
  readonly addressLine1?: string;
  readonly addressLine2?: string;
  readonly commune: Commune;
  /** True when the person gave an address; the commune of origin is always known. */
  readonly hasAddress: boolean;
}

/** @param index makes phone numbers and addresses unique */
export function inventPerson(random: Random, index: number): Person {
  const civility = random.pick(['mr', 'ms'] as const);
  const firstName = random.pick(firstNames[civility]);
  const lastName = random.pick(lastNames);
  const digits = String(index % 10_000).padStart(4, '0');
  // Every person leaves one way of contact, few leave all.
  const left = random.weighted([
    ['mobile', 30],
    ['mobile email', 40],
    ['landline', 8],
    ['email', 10],
    ['mobile landline email', 12],
  ] as const);
  const hasAddress = random.oneIn(2);
  return {
    ...(random.oneIn(12) ? {} : { civility }),
    ...(random.oneIn(9) ? {} : { firstName }),
    lastName,
    ...(left.includes('email') ? { email: mailOf(firstName, lastName, index, random) } : {}),
    ...(left.includes('mobile') ? { mobile: `+3363998${digits}` } : {}),
    ...(left.includes('landline') ? { landline: `+3319900${digits}` } : {}),
    ...(hasAddress ? { addressLine1: `${random.whole(1, 199)} ${random.pick(streets)}` } : {}),
    ...(hasAddress && random.oneIn(4)
      ? { addressLine2: `Bâtiment ${random.pick(['A', 'B', 'Cèdre'])}, 3ᵉ étage` }
      : {}),
    commune: random.pick(communes()),
    hasAddress,
  };
}

function mailOf(firstName: string, lastName: string, index: number, random: Random): string {
  const plain = (text: string): string =>
    text
      .replaceAll('œ', 'oe')
      .replaceAll('Œ', 'Oe')
      .replaceAll('ß', 'ss')
      .normalize('NFD')
      .replaceAll(/\p{M}/gu, '')
      .replaceAll(/[^A-Za-z]+/g, '-')
      .replaceAll(/^-|-$/g, '');
  const name = `${plain(firstName)}.${plain(lastName)}`.slice(0, 50).replace(/[.-]+$/, '');
  // Some people type their address with capitals; some mapping must put it in lower case.
  return `${random.oneIn(6) ? name : name.toLowerCase()}.${index}@${random.pick(mailHosts)}`;
}
