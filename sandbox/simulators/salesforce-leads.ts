// Stores the leads of the simulated Salesforce, checks written values, finds duplicates, and shows a record to its users.
// Invariant: one fault rejects the whole body; a deleted lead stays in the bin, hidden from users.
import { randomBytes } from 'node:crypto';
import { json, type CrmAnswer, type CrmRecord, type CrmRequest } from './simulator.ts';

export type Row = Record<string, unknown>;

export interface Lead {
  readonly id: string;
  row: Row;
  /** In the bin, for fifteen days. */
  binned: boolean;
}

export interface Tables {
  readonly leads: Map<string, Lead>;
  /** Leads whose owner the assignment rules set anew, because a change did not forbid it. */
  readonly reassigned: Set<string>;
}

/** Longest texts of a lead; the last two fields are what the preset's page has the client create. */
const longest: Readonly<Record<string, number>> = {
  LastName: 80,
  FirstName: 40,
  Company: 255,
  Email: 80,
  MobilePhone: 40,
  Phone: 40,
  Street: 255,
  PostalCode: 20,
  City: 40,
  LeadSource: 255,
  Description: 32_000,
  Relais_OptIn__c: 4_096,
  Relais_Reference__c: 191,
};
const booleans = ['HasOptedOutOfEmail', 'DoNotCall'];
export const keyField = 'Relais_Reference__c';

export const fault = (status: number, errorCode: string, message: string, more: object = {}): CrmAnswer =>
  json(status, [{ ...more, message, errorCode }]);

export const living = ({ leads }: Tables): readonly Lead[] =>
  [...leads.values()].filter(({ binned }) => !binned);

export function keep({ leads }: Tables, row: Row): Lead {
  const id = `00Q${randomBytes(8).toString('hex').slice(0, 12)}AAA`;
  const lead = { id, row: { HasOptedOutOfEmail: false, DoNotCall: false, ...row }, binned: false };
  leads.set(id, lead);
  return lead;
}

export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** One fault rejects the whole body. The message quotes what was sent. */
export function invalid(data: Row | undefined): CrmAnswer | undefined {
  if (data === undefined) return fault(400, 'JSON_PARSER_ERROR', 'Unexpected character');
  for (const [name, value] of Object.entries(data)) {
    if (booleans.includes(name)) {
      if (typeof value === 'boolean') continue;
      return fault(
        400,
        'JSON_PARSER_ERROR',
        `Cannot deserialize instance of boolean from VALUE_STRING value ${String(value)}`,
      );
    }
    const most = longest[name];
    if (most === undefined)
      return fault(400, 'INVALID_FIELD', `No such column '${name}' on sobject of type Lead`);
    if (!isText(value)) continue;
    if (value.length > most)
      return fault(400, 'STRING_TOO_LONG', `${name}: data value too large: ${value} (max length=${most})`, {
        fields: [name],
      });
    if (name === 'Email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value))
      return fault(400, 'INVALID_EMAIL_ADDRESS', `Email: invalid email address: ${value}`, {
        fields: ['Email'],
      });
  }
  return undefined;
}

const fold = (value: unknown): string => (isText(value) ? value.toLowerCase() : '');

/** The standard rule for leads: it refuses duplicates by the API unless a header allows saving them. */
export function duplicate(
  tables: Tables,
  data: Row,
  request: CrmRequest,
  own?: string,
): CrmAnswer | undefined {
  if (/allowsave\s*=\s*true/i.test(request.headers['sforce-duplicate-rule-header'] ?? '')) return undefined;
  const matches = living(tables).filter(({ id, row }) => {
    if (id === own) return false;
    const sameName =
      isText(data['FirstName']) &&
      ['FirstName', 'LastName'].every((name) => fold(row[name]) === fold(data[name]));
    return sameName || (isText(data['Email']) && fold(row['Email']) === fold(data['Email']));
  });
  if (matches.length === 0) return undefined;
  const matchRecords = matches.map(({ id }) => ({ matchConfidence: 100, record: { Id: id } }));
  return fault(400, 'DUPLICATES_DETECTED', 'Use one of these records?', {
    duplicateResut: {
      allowSave: true,
      duplicateRule: 'Standard_Lead_Duplicate_Rule',
      matchResults: [{ matchRecords }],
    },
  });
}

/** `SELECT Id FROM Lead WHERE Relais_Reference__c = 'X'`. */
export function search(tables: Tables, soql: string): CrmAnswer {
  const [, field, wanted] =
    /^SELECT Id(?:, ?\w+)* FROM Lead WHERE (\w+) ?= ?'([^']*)'(?: LIMIT \d+)?$/i.exec(soql) ?? [];
  if (field === undefined) return fault(400, 'MALFORMED_QUERY', 'unexpected token');
  if (longest[field] === undefined)
    return fault(400, 'INVALID_FIELD', `No such column '${field}' on entity 'Lead'.`);
  const found = living(tables).filter(({ row }) => row[field] === wanted);
  const records = found.map(({ id, row }) => ({
    attributes: { type: 'Lead' },
    Id: id,
    [keyField]: row[keyField],
  }));
  return json(200, { totalSize: records.length, done: true, records });
}

export function recordOf({ id, row }: Lead): CrmRecord {
  const text = (name: string): string => (isText(row[name]) ? row[name] : '');
  const email = text('Email');
  const phone = text('MobilePhone') || text('Phone');
  return {
    id,
    reference: text(keyField),
    lastName: text('LastName'),
    firstName: text('FirstName'),
    email,
    phone,
    mayContact: {
      ...(email === '' ? {} : { email: row['HasOptedOutOfEmail'] !== true }),
      ...(phone === '' ? {} : { phone: row['DoNotCall'] !== true }),
    },
  };
}
