// Stores the simulated Brevo: contacts, and the events of each.
// Invariant: an address, a number in SMS and an ext_id each belong to one contact; a deleted contact's events are deleted.
import type { CrmRecord } from './simulator.ts';

export type Attributes = Record<string, unknown>;

export interface Contact {
  readonly id: number;
  /** It came from an import, before the first lead. */
  readonly imported: boolean;
  email: string;
  extId: string;
  emailBlacklisted: boolean;
  smsBlacklisted: boolean;
  attributes: Attributes;
}

export interface Happening {
  readonly contact: number;
  readonly name: string;
  readonly properties: Attributes;
}

export interface Tables {
  readonly contacts: Map<number, Contact>;
  readonly events: Happening[];
  lastId: number;
}

/** Attributes of the account and their types; those of RELAIS_ are what the preset's page has the client create. */
const types: Readonly<Record<string, 'string' | 'number'>> = {
  NOM: 'string',
  PRENOM: 'string',
  SMS: 'string',
  SCORE: 'number',
  RELAIS_TELEPHONE: 'string',
  RELAIS_APPEL: 'string',
  RELAIS_OPTIN: 'string',
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
export const folded = (value: unknown): string => textOf(value).toLowerCase();

export interface Wanted {
  readonly email?: unknown;
  readonly ext_id?: unknown;
  readonly emailBlacklisted?: unknown;
  readonly smsBlacklisted?: unknown;
  readonly updateEnabled?: unknown;
  readonly attributes?: Attributes;
}

/** The contact with each identifier; an identifier without contact is absent. */
export function holdersOf({ contacts }: Tables, wanted: Wanted): ReadonlyMap<string, Contact> {
  const identifiers = {
    email: folded(wanted.email ?? wanted.attributes?.['EMAIL']),
    SMS: textOf(wanted.attributes?.['SMS']),
    ext_id: textOf(wanted.ext_id),
  };
  const own = (contact: Contact): Readonly<Record<string, string>> => ({
    email: contact.email,
    SMS: textOf(contact.attributes['SMS']),
    ext_id: contact.extId,
  });
  const held = Object.entries(identifiers).flatMap(([name, value]) => {
    const holder = [...contacts.values()].find((contact) => value !== '' && own(contact)[name] === value);
    return holder === undefined ? [] : [[name, holder] as const];
  });
  return new Map(held);
}

export const byExtId = ({ contacts }: Tables, extId: string): Contact | undefined =>
  [...contacts.values()].find((contact) => contact.extId !== '' && contact.extId === extId);

export function add(tables: Tables, wanted: Wanted, imported = false): Contact {
  tables.lastId += 1;
  const contact: Contact = {
    id: tables.lastId,
    imported,
    email: folded(wanted.email),
    extId: textOf(wanted.ext_id),
    // Mails and text messages are allowed unless a list forbids them.
    emailBlacklisted: false,
    smsBlacklisted: false,
    attributes: {},
  };
  tables.contacts.set(contact.id, contact);
  write(contact, wanted);
  return contact;
}

/** An attribute the account has not, or a value of another type, is dropped in silence. */
export function write(contact: Contact, wanted: Wanted): void {
  for (const [name, value] of Object.entries(wanted.attributes ?? {}))
    if (types[name] !== undefined && typeof value === types[name]) contact.attributes[name] = value;
  const email = folded(wanted.attributes?.['EMAIL']);
  const moved = email !== '' && email !== contact.email;
  if (moved) contact.email = email;
  if (typeof wanted.emailBlacklisted === 'boolean') contact.emailBlacklisted = wanted.emailBlacklisted;
  if (typeof wanted.smsBlacklisted === 'boolean') contact.smsBlacklisted = wanted.smsBlacklisted;
  // A new address is subscribed again, even where the old one was not.
  if (moved) contact.emailBlacklisted = false;
}

export function remove(tables: Tables, id: number): void {
  tables.contacts.delete(id);
  const others = tables.events.filter(({ contact }) => contact !== id);
  tables.events.splice(0, tables.events.length, ...others);
}

function shown({ id, email, extId, emailBlacklisted, attributes }: Contact, reference: string): CrmRecord {
  const phone = textOf(attributes['RELAIS_TELEPHONE'] ?? attributes['SMS']);
  return {
    id: String(id),
    reference,
    lastName: textOf(attributes['NOM']),
    firstName: textOf(attributes['PRENOM']),
    email,
    phone,
    mayContact: {
      ...(email === '' ? {} : { email: !emailBlacklisted }),
      ...(phone === '' ? {} : { phone: attributes['RELAIS_APPEL'] === 'OUI' }),
    },
    ...(extId === '' ? {} : { place: `/contacts/${extId}` }),
  };
}

/** A request is an event of its contact; imported contacts without a request follow. */
export function recordsOf({ contacts, events }: Tables): readonly CrmRecord[] {
  const asked = new Set(events.map(({ contact }) => contact));
  const requests = events.flatMap(({ contact: id, properties }) => {
    const contact = contacts.get(id);
    return contact === undefined ? [] : [shown(contact, textOf(properties['reference']))];
  });
  const others = [...contacts.values()].filter(({ id, imported }) => imported && !asked.has(id));
  return [...requests, ...others.map((contact) => shown(contact, ''))];
}

/** Contacts of ours without a request. */
export function complaintsOf({ contacts, events }: Tables): readonly string[] {
  const asked = new Set(events.map(({ contact }) => contact));
  return [...contacts.values()]
    .filter(({ id, imported }) => !imported && !asked.has(id))
    .map(({ id }) => `the contact ${id} has no request`);
}
