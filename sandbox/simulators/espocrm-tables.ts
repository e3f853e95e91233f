// Stores the simulated EspoCRM: leads, and the addresses that carry the opt-out.
// Invariant: a deleted lead stays in its table, hidden from users; a flag belongs to the address, for every lead that has it.
import { randomBytes } from 'node:crypto';
import type { CrmRecord } from './simulator.ts';

export type Attributes = Record<string, unknown>;

export interface Lead {
  readonly id: string;
  attributes: Attributes;
  deleted: boolean;
}

export interface Tables {
  readonly leads: Map<string, Lead>;
  /** Opted-out e-mail addresses, in lower case, and numbers: the flag is the address's, not the lead's. */
  readonly optedOut: { readonly email: Set<string>; readonly phone: Set<string> };
}

/** Attributes of a lead, and what the presets' pages have the client create. Others are dropped in silence. */
export const stock = [
  'salutationName',
  'firstName',
  'lastName',
  'emailAddress',
  'phoneNumber',
  'description',
  'status',
  'source',
  'addressStreet',
  'addressPostalCode',
  'addressCity',
  'addressCountry',
  'website',
  'accountName',
  'doNotCall',
];
export const created = ['cRelaisReference', 'cRelaisOptIn', 'cRelaisSansEmail'];

/** How long a value may be; the reference as the presets' pages have the client create it. */
export const longest: Readonly<Record<string, number>> = {
  firstName: 100,
  lastName: 100,
  addressStreet: 255,
  addressPostalCode: 40,
  addressCity: 100,
  addressCountry: 100,
  accountName: 255,
  website: 255,
  cRelaisReference: 64,
};

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
export const fold = (value: unknown): string => (isText(value) ? value.toLowerCase() : '');

/** Leads with the same name or the same e-mail. */
export function duplicatesOf(tables: Tables, data: Attributes): readonly Lead[] {
  return [...tables.leads.values()].filter(({ deleted, attributes }) => {
    if (deleted) return false;
    const named = isText(data['firstName']) || isText(data['lastName']);
    const sameName = ['firstName', 'lastName'].every((name) => fold(attributes[name]) === fold(data[name]));
    const sameMail =
      isText(data['emailAddress']) && fold(attributes['emailAddress']) === fold(data['emailAddress']);
    return (named && sameName) || sameMail;
  });
}

export function keep(tables: Tables, data: Attributes): Lead {
  const lead: Lead = {
    id: randomBytes(9).toString('hex').slice(0, 17),
    attributes: { doNotCall: false },
    deleted: false,
  };
  tables.leads.set(lead.id, lead);
  apply(tables, lead, data);
  return lead;
}

export function apply({ optedOut }: Tables, lead: Lead, data: Attributes): void {
  const known = Object.entries(data).filter(([name]) => stock.includes(name) || created.includes(name));
  lead.attributes = { ...lead.attributes, ...Object.fromEntries(known) };
  const addresses = [
    ['email', 'emailAddress'],
    ['phone', 'phoneNumber'],
  ] as const;
  for (const [kind, attribute] of addresses) {
    const address = fold(lead.attributes[attribute]);
    const out = data[`${attribute}IsOptedOut`];
    if (address === '' || typeof out !== 'boolean') continue;
    if (out) optedOut[kind].add(address);
    else optedOut[kind].delete(address);
  }
}

/** Only the answer to a create has flags of addresses the lead lacks. */
export function valuesOf(
  { optedOut }: Tables,
  { id, deleted, attributes }: Lead,
  { asCreated = false } = {},
): Attributes {
  const [email, phone] = [fold(attributes['emailAddress']), fold(attributes['phoneNumber'])];
  return {
    id,
    deleted,
    ...Object.fromEntries([...stock, ...created].map((name) => [name, attributes[name] ?? null])),
    ...(email !== '' || asCreated ? { emailAddressIsOptedOut: optedOut.email.has(email) } : {}),
    ...(phone !== '' || asCreated ? { phoneNumberIsOptedOut: optedOut.phone.has(phone) } : {}),
  };
}

export function shown({ optedOut }: Tables, { id, attributes }: Lead): CrmRecord {
  const text = (name: string): string => (isText(attributes[name]) ? attributes[name] : '');
  const [email, phone] = [text('emailAddress'), text('phoneNumber')];
  return {
    id,
    reference: text('cRelaisReference'),
    lastName: text('lastName'),
    firstName: text('firstName'),
    email,
    phone,
    mayContact: {
      ...(email === '' ? {} : { email: !optedOut.email.has(email.toLowerCase()) }),
      // Either flag forbids a salesperson's call.
      ...(phone === '' ? {} : { phone: !optedOut.phone.has(phone) && attributes['doNotCall'] !== true }),
    },
  };
}
