// Stores the simulated Tryton below its protocol: parties with their mechanisms and addresses, opportunities, notes, and the history.
// Invariant: a deleted party stays in the history with its name, unless the party was erased before.
import type { CrmRecord, Stranger } from './simulator.ts';

export type Row = Record<string, unknown>;

/** An outcome as the server returns it: `error` contains the exception's arguments. */
export type Told = { readonly result: unknown } | { readonly error: readonly unknown[] };

export const models = [
  'party.party',
  'party.contact_mechanism',
  'party.address',
  'sale.opportunity',
  'ir.note',
] as const;
export type Model = (typeof models)[number];

export interface Tables {
  readonly rows: Readonly<Record<Model, Map<number, Row>>>;
  /** Names of deleted parties in the history. */
  readonly history: Map<number, string>;
  readonly wizards: Set<number>;
  lastId: number;
}

const labels: Readonly<Record<Model, string>> = {
  'party.party': 'Party',
  'party.contact_mechanism': 'Contact Mechanism',
  'party.address': 'Address',
  'sale.opportunity': 'Sale Opportunity',
  'ir.note': 'Note',
};

/** The categories of the preset's example. */
export const agreed = { email: 1, phone: 2 } as const;

export const userError = (message: string, more = ''): Told => ({
  error: ['UserError', [message, more, null]],
});
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

export function openTables(strangers: readonly Stranger[]): Tables {
  const tables: Tables = {
    rows: {
      'party.party': new Map(),
      'party.contact_mechanism': new Map(),
      'party.address': new Map(),
      'sale.opportunity': new Map(),
      'ir.note': new Map(),
    },
    history: new Map(),
    wizards: new Set(),
    lastId: 3_400,
  };
  for (const { lastName, firstName, email, phone } of strangers) {
    const party = insert(tables, 'party.party', { name: `${firstName} ${lastName}` });
    insert(tables, 'party.contact_mechanism', { party, type: 'email', value: email });
    insert(tables, 'party.contact_mechanism', { party, type: 'mobile', value: phone });
  }
  return tables;
}

function insert(tables: Tables, model: Model, row: Row): number {
  tables.lastId += 1;
  tables.rows[model].set(tables.lastId, { active: true, ...row });
  return tables.lastId;
}

export function create(tables: Tables, model: Model, list: readonly Row[], context: Row): Told {
  const ids: number[] = [];
  for (const given of list) {
    const { categories, identifiers, contact_mechanisms: mechanisms, ...row } = given;
    if ('party' in row && !tables.rows['party.party'].has(Number(row['party'])))
      return userError(
        `The value "${String(row['party'])}" for field "Party" in "${labels[model]}" does not exist.`,
      );
    if (model === 'sale.opportunity' && (row['company'] ?? context['company'] ?? null) === null)
      return userError('A value is required for field "Company" in "Sale Opportunity".');
    if (model === 'party.party') {
      const unknown = Object.keys(row).find((name) => !['name', 'active'].includes(name));
      if (unknown !== undefined) return { error: [`'${unknown}'`, ''] };
      if (/[\t\n\r]/.test(String(row['name'])))
        return userError(
          `The value "${String(row['name'])}" for field "Name" in "${String(row['name'])}" of "Party" contains some invalid chars "'\\t','\\n','\\r'".`,
        );
    }
    const [identifier] = created(identifiers);
    const nested = created(mechanisms);
    for (const mechanism of model === 'party.contact_mechanism' ? [row] : nested) {
      const refused = refusedMechanism(mechanism, row['name'] ?? nameOf(tables, row['party']));
      if (refused !== undefined) return refused;
    }
    const id = insert(tables, model, {
      ...row,
      ...(model === 'party.party'
        ? { categories: commanded([], categories), reference: identifier?.['code'] ?? '' }
        : {}),
    });
    for (const mechanism of nested) insert(tables, 'party.contact_mechanism', { ...mechanism, party: id });
    ids.push(id);
  }
  return { result: ids };
}

const nameOf = ({ rows }: Tables, party: unknown): unknown =>
  rows['party.party'].get(Number(party))?.['name'];

/**
 * A dialled number is checked by a library, which refuses an empty one and the numbers reserved for fiction; an e-mail needs a domain
 * that exists.
 */
function refusedMechanism({ type, value }: Row, name: unknown): Told | undefined {
  const text = isText(value) ? value : '';
  const of = `for party "${isText(name) ? name : ''}" is not valid.`;
  const isKnown = /^\+[1-9]\d{7,14}$/.test(text) && !text.startsWith('+3363998');
  if (['phone', 'mobile', 'fax', 'sms'].includes(String(type)) && !isKnown)
    return userError(`The phone number "${text === '' ? 'None' : text}" ${of}`);
  if (type === 'email' && /\.(example|invalid|test)$/.test(text))
    return userError(
      `The email address "${text}" ${of}`,
      `The domain name ${text.slice(text.indexOf('@') + 1)} does not exist.`,
    );
  return undefined;
}

/** Rows of `[["create", [...]]]`. */
const created = (commands: unknown): readonly Row[] =>
  (Array.isArray(commands) ? (commands as unknown[][]) : []).flatMap(([command, rows]) =>
    command === 'create' ? (rows as Row[]) : [],
  );

/** `[["add", [1]], ["remove", [2]]]`. */
function commanded(had: readonly number[], commands: unknown): readonly number[] {
  let ids = [...had];
  for (const [command, named] of Array.isArray(commands) ? (commands as [string, number[]][]) : []) {
    ids = ids.filter((id) => !named.includes(id));
    if (command === 'add') ids.push(...named);
  }
  return ids;
}

/** Writes pairs of ids and values. */
export function write(tables: Tables, model: Model, pairs: readonly unknown[]): Told {
  for (let at = 0; at + 1 < pairs.length; at += 2)
    for (const id of pairs[at] as readonly number[]) {
      const row = tables.rows[model].get(id);
      if (row === undefined) return gone('write to', model, id);
      const { categories, ...values } = pairs[at + 1] as Row;
      const refused =
        model === 'party.contact_mechanism'
          ? refusedMechanism({ ...row, ...values }, nameOf(tables, row['party']))
          : undefined;
      if (refused !== undefined) return refused;
      Object.assign(row, values);
      if (categories !== undefined)
        row['categories'] = commanded((row['categories'] ?? []) as readonly number[], categories);
    }
  return { result: null };
}

const gone = (what: string, model: Model, id: number): Told =>
  userError(`You are trying to ${what} records "${id}" of "${labels[model]}" that don't exist.`);

/** Ignores missing rows, except an opportunity: Tryton reads it first, to cancel it. */
export function remove(tables: Tables, model: Model, ids: readonly unknown[]): Told {
  for (const id of ids.map(Number)) {
    const row = tables.rows[model].get(id);
    if (row === undefined) {
      if (model === 'sale.opportunity') return gone('read', model, id);
      continue;
    }
    tables.rows[model].delete(id);
    if (model !== 'party.party') continue;
    if (isText(row['name'])) tables.history.set(id, row['name']);
    for (const other of ['party.contact_mechanism', 'party.address'] as const)
      for (const [part, { party }] of tables.rows[other]) if (party === id) tables.rows[other].delete(part);
    for (const opportunity of tables.rows['sale.opportunity'].values())
      if (opportunity['party'] === id) opportunity['party'] = null;
  }
  return { result: null };
}

export const search = (tables: Tables, model: Model, domain: unknown, fields: unknown): Told =>
  searchIn([...tables.rows[model]], domain, fields);

/** Each party has one identifier, found with its party's columns. */
export const searchIdentifiers = (tables: Tables, domain: unknown, fields: unknown): Told =>
  searchIn(
    [...tables.rows['party.party']]
      .filter(([, { reference }]) => isText(reference))
      .map(([id, { reference, active }]) => [id, { code: reference, party: id, 'party.active': active }]),
    domain,
    fields,
  );

function searchIn(rows: readonly (readonly [number, Row])[], domain: unknown, fields: unknown): Told {
  if (!Array.isArray(domain)) return { error: ['search_read() missing 1 required positional argument', ''] };
  const conditions = domain as readonly (readonly [string, string, unknown])[];
  const shown = conditions.some(([name]) => name === 'active');
  const found = rows.filter(
    ([, row]) =>
      (shown || row['active'] !== false) &&
      conditions.every(([name, operator, value]) => {
        const kept = name === 'identifiers.code' ? row['reference'] : row[name];
        return operator === 'in' ? (value as unknown[]).includes(kept) : kept === value;
      }),
  );
  const names = fields as readonly string[];
  return {
    result: found.map(([id, row]) => ({
      ...Object.fromEntries(names.map((name) => [name, row[name] ?? null])),
      id,
    })),
  };
}

/** The wizard « Erase Party »: removes names and addresses, so that no history keeps them, and deletes the notes. */
export function erase(tables: Tables, session: number, party: number): Told {
  if (!tables.wizards.has(session))
    return userError(`You are trying to read records "${session}" of "Session Wizard" that don't exist.`);
  const row = tables.rows['party.party'].get(party);
  if (row === undefined) return gone('read', 'party.party', party);
  if (row['active'] !== false)
    return userError(`Party "${String(row['name'])}" cannot be erased because they are still active.`);
  Object.assign(row, { name: null, reference: '****' });
  for (const mechanism of tables.rows['party.contact_mechanism'].values())
    if (mechanism['party'] === party) Object.assign(mechanism, { value: null, comment: null });
  for (const [note, { resource }] of tables.rows['ir.note'])
    if (resource === `party.party,${party}`) tables.rows['ir.note'].delete(note);
  return { result: {} };
}

/**
 * Faults: a party of ours without exactly one opportunity, an opportunity without a party, a blank around a name, a name in the history.
 */
export function partsOf({ rows, history }: Tables): readonly string[] {
  const opportunities = [...rows['sale.opportunity'].values()];
  return [
    ...[...rows['party.party']]
      .filter(([, { reference }]) => isText(reference))
      .map(([id]) => [id, opportunities.filter(({ party }) => party === id).length] as const)
      .filter(([, count]) => count !== 1)
      .map(([id, count]) => `the party ${id} has ${count} opportunities`),
    ...[...rows['party.party']]
      .filter(([, { name }]) => isText(name) && name !== name.trim())
      .map(([id]) => `the name of the party ${id} begins or ends with a blank`),
    ...opportunities.filter(({ party }) => party === null).map(() => 'an opportunity has no party'),
    ...[...history.keys()].map(
      (id) => `the history still knows the name of the party ${id}, which was deleted`,
    ),
  ];
}

export function recordsOf({ rows }: Tables): readonly CrmRecord[] {
  return [...rows['party.party']]
    .filter(([, { name }]) => isText(name))
    .map(([id, row]): CrmRecord => {
      const values = [...rows['party.contact_mechanism'].values()]
        .filter(({ party, active }) => party === id && active === true)
        .flatMap(({ value }) => (isText(value) ? [value] : []));
      const email = values.find((value) => value.includes('@')) ?? '';
      const phone = values.find((value) => !value.includes('@')) ?? '';
      const [first = '', ...rest] = String(row['name']).trim().split(' ');
      const categories = (row['categories'] ?? []) as readonly number[];
      return {
        id: String(id),
        reference: isText(row['reference']) ? row['reference'] : '',
        lastName: rest.length === 0 ? first : rest.join(' '),
        firstName: rest.length === 0 ? '' : first,
        email,
        phone,
        mayContact: {
          ...(email === '' ? {} : { email: categories.includes(agreed.email) }),
          ...(phone === '' ? {} : { phone: categories.includes(agreed.phone) }),
        },
      };
    });
}
