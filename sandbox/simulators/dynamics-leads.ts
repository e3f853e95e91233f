// Stores the leads of the simulated Dynamics 365, checks written values, and finds duplicates.
// Invariant: the flags that forbid are false until they are written; one fault rejects the whole body.
import { randomUUID } from 'node:crypto';
import { json, type CrmAnswer, type CrmRecord, type CrmRequest } from './simulator.ts';

export type Row = Record<string, unknown>;
/** By their number. */
export type Leads = Map<string, Row>;

/** Longest texts of a lead; the last two columns are what the preset's page has the client create. */
const longest: Readonly<Record<string, number>> = {
  subject: 300,
  lastname: 50,
  firstname: 50,
  emailaddress1: 100,
  mobilephone: 20,
  telephone1: 50,
  address1_line1: 250,
  address1_postalcode: 20,
  address1_city: 80,
  description: 2_000,
  relais_reference: 100,
  relais_optin: 4_000,
};
const booleans = ['donotbulkemail', 'donotemail', 'donotphone', 'donotpostalmail'];
export const keyColumn = 'relais_reference';

export const fault = (status: number, code: string, message: string): CrmAnswer =>
  json(status, { error: { code, message } });
const inPayload = (what: string): CrmAnswer =>
  fault(
    400,
    '0x80048d19',
    `Error identified in Payload provided by the user for Entity :'leads', For more information on this error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : ${what}`,
  );

export function keep(leads: Leads, row: Row): string {
  const id = randomUUID();
  leads.set(id, { donotbulkemail: false, donotemail: false, donotphone: false, ...row });
  return id;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const fold = (value: unknown): string => (isText(value) ? value.toLowerCase() : '');

export function invalid(data: Row | undefined): CrmAnswer | undefined {
  if (data === undefined) return inPayload('System.ArgumentException: Stream was not readable.');
  for (const [name, value] of Object.entries(data)) {
    if (booleans.includes(name)) {
      if (typeof value === 'boolean') continue;
      return inPayload(
        'Microsoft.OData.ODataException: Cannot convert a primitive value to the expected type Edm.Boolean.',
      );
    }
    const most = longest[name];
    if (most === undefined)
      return inPayload(
        `Microsoft.Crm.CrmException: Invalid property '${name}' was found in entity 'Microsoft.Dynamics.CRM.lead'.`,
      );
    if (isText(value) && value.length > most)
      return fault(
        400,
        '0x80044331',
        `A validation error occurred. The length of the '${name}' attribute of the 'lead' entity exceeded the maximum allowed length of '${most}'.`,
      );
  }
  return undefined;
}

/** Duplicate rules compare the address, and only for a request that asks for it. The page shows 500, others saw 412. */
export function duplicate(leads: Leads, data: Row, request: CrmRequest, own?: string): CrmAnswer | undefined {
  if (request.headers['mscrm.suppressduplicatedetection'] !== 'false') return undefined;
  const address = fold(data['emailaddress1']);
  const known = [...leads].some(([id, row]) => id !== own && fold(row['emailaddress1']) === address);
  if (address === '' || !known) return undefined;
  return fault(
    412,
    '0x80040333',
    'A record was not created or updated because a duplicate of the current record already exists.',
  );
}

export function recordOf(id: string, row: Row): CrmRecord {
  const text = (name: string): string => (isText(row[name]) ? row[name] : '');
  const email = text('emailaddress1');
  const phone = text('mobilephone') || text('telephone1');
  return {
    id,
    reference: text(keyColumn),
    lastName: text('lastname'),
    firstName: text('firstname'),
    email,
    phone,
    mayContact: {
      ...(email === '' ? {} : { email: row['donotbulkemail'] !== true && row['donotemail'] !== true }),
      ...(phone === '' ? {} : { phone: row['donotphone'] !== true }),
    },
  };
}
