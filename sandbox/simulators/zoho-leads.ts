// Stores the leads of the simulated Zoho CRM: defines their fields, checks written values, and shows a record to its users.
// Invariant: unknown names are dropped in silence; an unwritten check box is empty.
import { randomInt } from 'node:crypto';
import type { CrmRecord } from './simulator.ts';

export type Row = Record<string, unknown>;
/** By their number. */
export type Leads = Map<string, Row>;

/** Longest texts of a lead; the last two fields are what the preset's page has the client create, beside a check box. */
const longest: Readonly<Record<string, number>> = {
  Last_Name: 80,
  First_Name: 40,
  Company: 200,
  Email: 100,
  Mobile: 30,
  Phone: 30,
  Street: 250,
  Zip_Code: 30,
  City: 100,
  Lead_Source: 120,
  Description: 32_000,
  Relais_Preuve: 2_000,
  Relais_Reference: 191,
};
const booleans = ['Email_Opt_Out', 'Relais_Appel'];
export const keyField = 'Relais_Reference';
export const names: readonly string[] = [...Object.keys(longest), ...booleans];

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The record that has this value, whatever its letter case. */
export const findBy = (leads: Leads, field: string, value: string): string | undefined =>
  [...leads].find(([, row]) => isText(row[field]) && row[field].toLowerCase() === value.toLowerCase())?.[0];

export function keep(leads: Leads, row: Row, id?: string): string {
  const number = id ?? `415086800${String(randomInt(10_000_000)).padStart(7, '0')}`;
  leads.set(number, { Email_Opt_Out: false, Relais_Appel: false, ...leads.get(number), ...row });
  return number;
}

export interface Wrong {
  readonly code: string;
  readonly message: string;
  readonly details: Row;
}

export function invalid(data: Row | undefined, isNew: boolean): Wrong | undefined {
  const at = (name: string, more: Row = {}): Row => ({
    ...more,
    api_name: name,
    json_path: `$.data[0].${name}`,
  });
  if (isNew && !isText(data?.['Last_Name']))
    return { code: 'MANDATORY_NOT_FOUND', message: 'required field not found', details: at('Last_Name') };
  for (const [name, value] of Object.entries(data ?? {})) {
    const wrong = (details: Row): Wrong => ({ code: 'INVALID_DATA', message: 'invalid data', details });
    if (booleans.includes(name) && typeof value !== 'boolean')
      return wrong(at(name, { expected_data_type: 'boolean' }));
    const most = longest[name];
    if (most === undefined || !isText(value)) continue;
    if (value.length > most) return wrong(at(name, { maximum_length: most }));
    if (name === 'Email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value))
      return wrong(at(name, { expected_data_type: 'email' }));
  }
  return undefined;
}

export function recordOf(id: string, row: Row): CrmRecord {
  const text = (name: string): string => (isText(row[name]) ? row[name] : '');
  const email = text('Email');
  const phone = text('Mobile') || text('Phone');
  return {
    id,
    reference: text(keyField),
    lastName: text('Last_Name'),
    firstName: text('First_Name'),
    email,
    phone,
    mayContact: {
      ...(email === '' ? {} : { email: row['Email_Opt_Out'] !== true }),
      ...(phone === '' ? {} : { phone: row['Relais_Appel'] === true }),
    },
  };
}
