// Stores the simulated EspoCRM: leads, and the addresses that carry the opt-out.
// Invariant: a deleted lead stays in its table, hidden from users; a flag belongs to the address, for every lead that has it, unless two
// creates at once made two entries of it: then a change reaches the first alone.
import { randomBytes } from 'node:crypto';
import type { CrmRecord } from './simulator.ts';

export type Attributes = Record<string, unknown>;

export interface Lead {
  readonly id: string;
  attributes: Attributes;
  deleted: boolean;
  /** Flags of an entry of its own: its create was beside the one that made the address. No later change reaches them. */
  readonly apart: { email?: boolean; phone?: boolean };
}

export interface Tables {
  readonly leads: Map<string, Lead>;
  /** Opted-out e-mail addresses, in lower case, and numbers: the flag is the address's, not the lead's. */
  readonly optedOut: { readonly email: Set<string>; readonly phone: Set<string> };
  /** Creates answered so far. */
  creates: number;
  /** The last create that was beside the one that made an address, by its count. */
  readonly made: Map<string, number>;
}

export const emptyTables = (): Tables => ({
  leads: new Map(),
  optedOut: { email: new Set(), phone: new Set() },
  creates: 0,
  made: new Map(),
});

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

const addresses = [
  ['email', 'emailAddress'],
  ['phone', 'phoneNumber'],
] as const;

/** @param beside creates that are under way at this moment */
export function keep(tables: Tables, data: Attributes, beside = 0): Lead {
  const lead: Lead = {
    id: randomBytes(9).toString('hex').slice(0, 17),
    attributes: { doNotCall: false },
    deleted: false,
    apart: {},
  };
  tables.leads.set(lead.id, lead);
  const shared = { ...data };
  for (const [kind, attribute] of addresses) {
    const address = fold(data[attribute]);
    const until = tables.made.get(address);
    if (until === undefined && address !== '') tables.made.set(address, tables.creates + beside);
    if (until === undefined || tables.creates > until) continue;
    lead.apart[kind] = data[`${attribute}IsOptedOut`] === true;
    delete shared[`${attribute}IsOptedOut`];
  }
  apply(tables, lead, shared);
  return lead;
}

export function apply({ optedOut }: Tables, lead: Lead, data: Attributes): void {
  const known = Object.entries(data).filter(([name]) => stock.includes(name) || created.includes(name));
  const before = lead.attributes;
  lead.attributes = { ...before, ...Object.fromEntries(known) };
  for (const [kind, attribute] of addresses) {
    const address = fold(lead.attributes[attribute]);
    if (isText(before[attribute]) && fold(before[attribute]) !== address) delete lead.apart[kind];
    const out = data[`${attribute}IsOptedOut`];
    if (address === '' || typeof out !== 'boolean') continue;
    if (out) optedOut[kind].add(address);
    else optedOut[kind].delete(address);
  }
}

const isOut = ({ optedOut }: Tables, { apart, attributes }: Lead, kind: 'email' | 'phone'): boolean =>
  apart[kind] ?? optedOut[kind].has(fold(attributes[kind === 'email' ? 'emailAddress' : 'phoneNumber']));

/** The answer to a change says of the flags what was asked. */
export const changedTo = (tables: Tables, lead: Lead, data: Attributes): Attributes => ({
  ...valuesOf(tables, lead),
  ...Object.fromEntries(
    Object.entries(data).filter(
      ([name]) =>
        (name === 'emailAddressIsOptedOut' && lead.apart.email !== undefined) ||
        (name === 'phoneNumberIsOptedOut' && lead.apart.phone !== undefined),
    ),
  ),
});

/** Only the answer to a create has flags of addresses the lead lacks. */
export function valuesOf(tables: Tables, lead: Lead, { asCreated = false } = {}): Attributes {
  const { id, deleted, attributes } = lead;
  const [email, phone] = [fold(attributes['emailAddress']), fold(attributes['phoneNumber'])];
  return {
    id,
    deleted,
    ...Object.fromEntries([...stock, ...created].map((name) => [name, attributes[name] ?? null])),
    ...(email !== '' || asCreated ? { emailAddressIsOptedOut: isOut(tables, lead, 'email') } : {}),
    ...(phone !== '' || asCreated ? { phoneNumberIsOptedOut: isOut(tables, lead, 'phone') } : {}),
  };
}

export function shown(tables: Tables, lead: Lead): CrmRecord {
  const { id, attributes } = lead;
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
      ...(email === '' ? {} : { email: !isOut(tables, lead, 'email') }),
      // Either flag forbids a salesperson's call.
      ...(phone === '' ? {} : { phone: !isOut(tables, lead, 'phone') && attributes['doNotCall'] !== true }),
    },
  };
}
