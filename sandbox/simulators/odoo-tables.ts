// Stores the simulated Odoo below its protocols: leads with their external ids, and the blacklist of addresses.
// Invariant: an entry of the blacklist counts while it is active; an external id finds its lead until the lead is deleted.
import type { CrmRecord, Stranger } from './simulator.ts';

export type Row = Record<string, unknown>;

/** An exception of Odoo's; each protocol writes it in its own way. */
export interface OdooError {
  /** The class: `odoo.exceptions.AccessError`. */
  readonly name: string;
  readonly message: string;
}
export type Told = { readonly result: unknown } | { readonly error: OdooError };

export interface Tables {
  readonly leads: Map<number, Row>;
  /** `ir.model.data`: external ids of leads. */
  readonly externalIds: Map<string, number>;
  /** `mail.blacklist`. */
  readonly mails: Map<number, Row>;
  readonly complaints: string[];
  lastId: number;
}

/** The rights of our user at this moment, set by the administrator. */
export interface Rights {
  readonly leads: boolean;
  /** By default a user of the sales team has no right to the blacklist. */
  readonly blacklist: boolean;
}

/** The last three are what the preset's page has the client create. */
const columns = new Set([
  'name',
  'contact_name',
  'email_from',
  'phone',
  'street',
  'zip',
  'city',
  'expected_revenue',
  'description',
  'referred',
  'user_id',
  'active',
  'x_relais_reference',
  'x_relais_telephone',
  'x_relais_accord',
]);

export const refuse = (name: string, message: string): { readonly error: OdooError } => ({
  error: { name, message },
});
export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const textOf = (row: Row, name: string): string => (isText(row[name]) ? row[name] : '');

export function openTables(strangers: readonly Stranger[]): Tables {
  const tables: Tables = {
    leads: new Map(),
    externalIds: new Map(),
    mails: new Map(),
    complaints: [],
    lastId: 6_100,
  };
  for (const { lastName, firstName, email, phone } of strangers) {
    const contact_name = `${firstName} ${lastName}`;
    insert(tables, tables.leads, { name: contact_name, contact_name, email_from: email, phone });
  }
  return tables;
}

function insert(tables: Tables, table: Map<number, Row>, row: Row): number {
  tables.lastId += 1;
  table.set(tables.lastId, { active: true, ...row });
  return tables.lastId;
}

/**
 * The import: a row with a known external id changes its record, any other creates one. A refused row is a message beside false ids in an
 * ordinary answer, not an error.
 */
export function load(tables: Tables, rights: Rights, fields: unknown, data: unknown): Told {
  const names = fields as readonly string[];
  const rows = data as readonly (readonly unknown[])[];
  const unknown = names.find((name) => name !== 'id' && !columns.has(name));
  const complaint = (message: string, more: Row = {}): Told => ({
    result: {
      ids: false,
      messages: [{ rows: { from: 0, to: 0 }, record: 0, type: 'error', message, ...more }],
      nextrow: 0,
    },
  });
  if (unknown !== undefined) return refuse('builtins.ValueError', `Invalid field name '${unknown}'`);
  if (!rights.leads) return complaint(denied('Lead', 'crm.lead', 'create'));
  const ids: number[] = [];
  for (const row of rows) {
    const values = Object.fromEntries(names.map((name, index) => [name, imported(name, row[index])]));
    const amount = values['expected_revenue'];
    if (isText(amount) && Number.isNaN(Number(amount)))
      return complaint(`'${amount}' does not seem to be a number for field 'Expected Revenue'`, {
        field: 'expected_revenue',
        field_name: 'Expected Revenue',
      });
    if (!isText(values['name']))
      return complaint(
        "Missing required value for the field 'Opportunity' (name).\nModel: 'Lead' (crm.lead)\n- create/update: a mandatory field is not set\n- delete: another model requires the record being deleted, you can archive it instead\n",
      );
    ids.push(upsert(tables, values));
  }
  return { result: { ids, messages: [], nextrow: 0 } };
}

/** Creates one record for each: without an external id, a repeated row creates another. */
export const createLeads = (tables: Tables, given: unknown): Told => ({
  result: ([given].flat() as Row[]).map((row) => insert(tables, tables.leads, row)),
});

/** An import reads texts: an empty one becomes false, and 1, true or yes is a yes. */
const imported = (name: string, value: unknown): unknown =>
  name === 'x_relais_telephone' ? ['1', 'true', 'yes'].includes(String(value)) : value === '' ? false : value;

function upsert(tables: Tables, { id: externalId, ...values }: Row): number {
  if (textOf(values, 'contact_name') !== textOf(values, 'contact_name').trim())
    tables.complaints.push('a contact is in the list under a name that begins or ends with a blank');
  const known = isText(externalId) ? tables.externalIds.get(externalId) : undefined;
  const row = known === undefined ? undefined : tables.leads.get(known);
  if (known !== undefined && row !== undefined) {
    Object.assign(row, values);
    return known;
  }
  const made = insert(tables, tables.leads, values);
  if (isText(externalId)) tables.externalIds.set(externalId, made);
  return made;
}

export const denied = (label: string, model: string, operation: string): string =>
  `You are not allowed to ${operation} '${label}' (${model}) records.\n\nContact your administrator to request access if necessary.`;

/** An address that exists already is answered unchanged: one removed from the blacklist stays off it. */
export function createMail(tables: Tables, given: unknown): Told {
  const [values = {}] = [given].flat() as Row[];
  const email = textOf(values, 'email').toLowerCase();
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email))
    return refuse('odoo.exceptions.UserError', `Invalid email address “${textOf(values, 'email')}”`);
  const [known] = [...tables.mails].find(([, row]) => row['email'] === email) ?? [];
  return { result: known ?? insert(tables, tables.mails, { ...values, email }) };
}

export function write(table: Map<number, Row>, model: string, ids: readonly number[], values: Row): Told {
  for (const id of ids) {
    const row = table.get(id);
    if (row === undefined) return missing(model, id);
    if (model === 'crm.lead') {
      const unknown = Object.keys(values).find((name) => !columns.has(name));
      if (unknown !== undefined)
        return refuse('builtins.ValueError', `Invalid field '${unknown}' in 'crm.lead'`);
    }
    Object.assign(row, values);
    // Unlike the import, a write reads any text as a yes, « 0 » too.
    if ('x_relais_telephone' in values) row['x_relais_telephone'] = Boolean(values['x_relais_telephone']);
  }
  return { result: true };
}

export function unlink(tables: Tables, ids: readonly number[]): Told {
  const gone = ids.find((id) => !tables.leads.has(id));
  if (gone !== undefined) return missing('crm.lead', gone);
  for (const id of ids) remove(tables, id);
  return { result: true };
}

export function remove(tables: Tables, id: number): void {
  tables.leads.delete(id);
  for (const [externalId, lead] of tables.externalIds) if (lead === id) tables.externalIds.delete(externalId);
}

const missing = (model: string, id: number): Told =>
  refuse(
    'odoo.exceptions.MissingError',
    `Record does not exist or has been deleted.\n(Record: ${model}(${id},), User: 7)`,
  );

/** `[["field", "=", value]]`; archived records only where the context asks for them. */
export function search(tables: Tables, { domain, fields, context }: Row): Told {
  const activeTest = (context as Row | undefined)?.['active_test'] !== false;
  const conditions = domain as readonly (readonly [string, string, unknown])[];
  const unknown = conditions.find(([name]) => name !== 'id' && !columns.has(name));
  if (unknown !== undefined)
    return refuse(
      'builtins.ValueError',
      `Invalid field crm.lead.${unknown[0]} in condition ('${unknown[0]}', '${unknown[1]}', '${String(unknown[2])}')`,
    );
  const found = [...tables.leads].filter(
    ([, row]) =>
      (!activeTest || row['active'] !== false) &&
      conditions.every(([name, operator, value]) => operator === '=' && row[name] === value),
  );
  const names = fields as readonly string[];
  return {
    result: found.map(([id, row]) => ({
      id,
      ...Object.fromEntries(names.filter((name) => name !== 'id').map((name) => [name, row[name] ?? false])),
    })),
  };
}

export function recordsOf(tables: Tables): readonly CrmRecord[] {
  const listed = (address: string): boolean =>
    [...tables.mails.values()].some((row) => row['email'] === address && row['active'] === true);
  return [...tables.leads].map(([id, row]): CrmRecord => {
    const [email, phone] = [textOf(row, 'email_from'), textOf(row, 'phone')];
    const [first = '', ...rest] = textOf(row, 'contact_name').trim().split(' ');
    return {
      id: String(id),
      reference: textOf(row, 'x_relais_reference'),
      lastName: rest.length === 0 ? first : rest.join(' '),
      firstName: rest.length === 0 ? '' : first,
      email,
      phone,
      mayContact: {
        ...(email === '' ? {} : { email: !listed(email.toLowerCase()) }),
        ...(phone === '' ? {} : { phone: row['x_relais_telephone'] === true }),
      },
    };
  });
}
