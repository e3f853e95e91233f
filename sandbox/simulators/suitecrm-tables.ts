// Stores the simulated SuiteCRM: leads, e-mail addresses, and the links between them.
// Invariant: the opt-out belongs to the address, for every lead that has it; a deleted lead keeps its row, and its number.
import { randomUUID } from 'node:crypto';
import type { CrmRecord } from './simulator.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface Lead {
  readonly id: string;
  values: Row;
  deleted: boolean;
  /** Number of its primary address. */
  address: string | undefined;
}

export interface Address {
  readonly id: string;
  readonly address: string;
  optedOut: boolean;
  /** `opt-in` allows campaigns where the administrator requires an express opt-in. */
  confirmed: string;
}

export interface Tables {
  readonly leads: Map<string, Lead>;
  readonly addresses: Map<string, Address>;
}

/** Columns with their longest text; the last three are what the preset's page has the client create. */
const columns: Readonly<Record<string, number>> = {
  first_name: 100,
  last_name: 100,
  phone_mobile: 100,
  phone_home: 100,
  description: 65_535,
  lead_source: 100,
  status: 100,
  primary_address_street: 150,
  primary_address_city: 100,
  primary_address_postalcode: 20,
  lawful_basis: 100,
  lawful_basis_source: 100,
  relais_reference_c: 64,
  relais_optin_c: 65_535,
  relais_email_c: 150,
};
const flags = ['do_not_call'];
/** Read from the address, or written to it; no columns of a lead. */
const ofTheAddress = ['email1', 'email_opt_out'];

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
export const fold = (value: unknown): string => (isText(value) ? value.toLowerCase() : '');
export const isField = (name: string): boolean =>
  Object.hasOwn(columns, name) || flags.includes(name) || ofTheAddress.includes(name);
export const isColumn = (name: string): boolean => Object.hasOwn(columns, name);

/** MySQL without its strict mode cuts in silence; text that looks like HTML is removed before. */
const kept = (name: string, value: unknown): unknown =>
  typeof value === 'string'
    ? value
        .replaceAll(/<[^>]*>/g, '')
        .trim()
        .slice(0, columns[name])
    : value;
const isTrue = (value: unknown): boolean => value === true || value === 1 || value === '1';

export function write(lead: Lead, values: Row): void {
  const known = Object.entries(values).flatMap(([name, value]): readonly (readonly [string, unknown])[] =>
    isColumn(name) ? [[name, kept(name, value)]] : flags.includes(name) ? [[name, isTrue(value)]] : [],
  );
  lead.values = { ...lead.values, ...Object.fromEntries(known) };
}

/** Links the address, and sets its opt-out from this lead: none, where the lead has no value for it. */
export function create(tables: Tables, id: string, values: Row): Lead {
  const lead: Lead = { id, values: {}, deleted: false, address: undefined };
  tables.leads.set(id, lead);
  write(lead, values);
  const { email1 } = values;
  if (isText(email1) && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email1)) {
    const address = addressOf(tables, email1);
    address.optedOut = isTrue(values['email_opt_out']);
    lead.address = address.id;
  }
  return lead;
}

function addressOf({ addresses }: Tables, text: string): Address {
  const known = [...addresses.values()].find(({ address }) => address.toUpperCase() === text.toUpperCase());
  if (known !== undefined) return known;
  const address = { id: randomUUID(), address: text, optedOut: false, confirmed: 'not-opt-in' };
  addresses.set(address.id, address);
  return address;
}

export const primaryOf = ({ addresses }: Tables, { address }: Lead): Address | undefined =>
  addresses.get(address ?? '');

/** As an answer shows it: quotes are encoded. */
export function attributesOf(tables: Tables, lead: Lead): Row {
  const address = primaryOf(tables, lead);
  const shown = Object.entries(lead.values).map(([name, value]): readonly [string, unknown] => [
    name,
    typeof value === 'string' ? value.replaceAll("'", '&#039;').replaceAll('"', '&quot;') : value,
  ]);
  return {
    ...Object.fromEntries(shown),
    email1: address?.address ?? '',
    email_opt_out: address?.optedOut === true ? '1' : '0',
  };
}

/** Allows mails only with an express opt-in and no opt-out: valid whether the administrator requires the opt-in or not. */
export function shown(tables: Tables, lead: Lead): CrmRecord {
  const text = (name: string): string => (isText(lead.values[name]) ? lead.values[name] : '');
  const address = primaryOf(tables, lead);
  const [email, phone] = [address?.address ?? '', text('phone_mobile') || text('phone_home')];
  return {
    id: lead.id,
    reference: text('relais_reference_c'),
    lastName: text('last_name'),
    firstName: text('first_name'),
    email,
    phone,
    // A change names it in its body.
    place: `"${lead.id}"`,
    mayContact: {
      ...(address === undefined ? {} : { email: !address.optedOut && address.confirmed === 'opt-in' }),
      ...(phone === '' ? {} : { phone: lead.values['do_not_call'] !== true }),
    },
  };
}

/** Addresses of leads of the centre whose two marks disagree: a setting decides which one counts. */
export const contradictions = ({ leads, addresses }: Tables): readonly string[] =>
  [...leads.values()].flatMap(({ id, deleted, values, address }) => {
    const found = addresses.get(address ?? '');
    if (deleted || found === undefined || !isText(values['relais_reference_c'])) return [];
    return found.optedOut === (found.confirmed === 'opt-in')
      ? [`the address of the lead ${id} says one thing by its opt-out, and another by its opt-in`]
      : [];
  });
