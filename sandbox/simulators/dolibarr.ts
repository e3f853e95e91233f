// Simulates Dolibarr's REST API: modelled on 23.0.0-beta as installed and fed in November 2026.
// Invariant: third parties and contacts are tables of their own; the refusal of mails belongs to the address, in a third one.
import { columns, longest, mandatory, named } from './dolibarr-tables.ts';
import type { Kind, Row, Tables } from './dolibarr-tables.ts';
import { json, page } from './simulator.ts';
import type {
  CrmAnswer,
  CrmRecord,
  CrmRequest,
  SimulatedCrm,
  Simulator,
  SimulatorOptions,
} from './simulator.ts';

export const dolibarr: Simulator = {
  preset: 'dolibarr',
  modelled: 'Dolibarr 23.0.0-beta, installed November 2026',
  secretNames: ['DOLIBARR_KEY'],
  open: openDolibarr,
};

const fault = (status: number, message: string): CrmAnswer =>
  json(status, { error: { code: status, message } });

function openDolibarr({ secrets, strangers }: SimulatorOptions): SimulatedCrm {
  const tables: Tables = {
    thirdparties: new Map(),
    contacts: new Map(),
    unsubscribed: new Set(),
    complaints: [],
    lastId: 1_000,
  };
  for (const { lastName, firstName, email, phone } of strangers) {
    const socid = keep(tables, 'thirdparties', { name: `${firstName} ${lastName}` });
    keep(tables, 'contacts', { lastname: lastName, firstname: firstName, email, phone_mobile: phone, socid });
  }
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [
      {
        status: 202,
        headers: { 'content-type': 'text/html' },
        body: 'This website or feature is currently temporarily not available or failed after a technical error.<br>',
      },
      fault(401, 'Unauthorized'),
      fault(503, 'Service Unavailable'),
    ],
    whenBusy: page(429, 'Too Many Requests'),
    answer: (request) => {
      if (!good || request.headers['dolapikey'] !== secrets['DOLIBARR_KEY']) {
        wrongKeys += 1;
        return fault(401, 'Unauthorized: Error user not valid (not found with api key or bad status)');
      }
      return route(tables, request);
    },
    records: () => recordsOf(tables),
    complaints: () => [...tables.complaints, ...partsOf(tables)],
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => remove(tables, 'thirdparties', Number(id)),
    unsubscribes: (id) => {
      for (const contact of contactsOf(tables, Number(id)))
        write(tables, contact, 'contacts', { no_email: 1 });
    },
    keyIsGood: (isGood) => {
      good = isGood;
    },
  };
}

function route(tables: Tables, request: CrmRequest): CrmAnswer {
  const [, kind = '', id] =
    /^\/api\/index\.php\/(thirdparties|contacts)(?:\/(\d+))?$/.exec(request.path) ?? [];
  if (kind !== 'thirdparties' && kind !== 'contacts') return fault(404, 'Not Found');
  if (id === undefined)
    return request.method === 'POST' ? create(tables, kind, request) : search(tables, kind, request.query);
  const row = tables[kind].get(Number(id));
  if (row === undefined) return fault(404, `Not Found: ${named[kind]} not found`);
  switch (request.method) {
    case 'PUT': {
      const data = parsed(request);
      if (data === undefined) return fault(400, 'Bad Request');
      if (unstorable(data)) return fault(500, 'Internal Server Error: Error when updating');
      write(tables, row, kind, data);
      return json(200, shown(tables, Number(id), row));
    }
    case 'DELETE':
      remove(tables, kind, Number(id));
      return json(200, {
        success: { code: 200, message: kind === 'contacts' ? 'Contact deleted' : 'Object deleted' },
      });
    default:
      return json(200, shown(tables, Number(id), row));
  }
}

function create(tables: Tables, kind: Kind, request: CrmRequest): CrmAnswer {
  const data = parsed(request);
  if (data === undefined) return fault(400, 'Bad Request: Error encoding/decoding JSON: Syntax error');
  // Only an absent name is missing; an empty one is a server error for a third party, and a valid name for a contact.
  if ((data[mandatory[kind]] ?? null) === null)
    return fault(400, `Bad Request: ${mandatory[kind]} field missing`);
  if (unstorable(data) || (kind === 'thirdparties' && data['name'] === ''))
    return fault(500, `Internal Server Error: Error creating ${named[kind].toLowerCase()}`);
  const { socid } = data;
  if (kind === 'contacts' && socid !== undefined && !tables.thirdparties.has(Number(socid)))
    return fault(404, `Not Found: Thirdparty with id=${Number(socid)} not found or not allowed`);
  if (kind === 'thirdparties' && data['code_client'] === '-1' && request.beside > 0) {
    tables.complaints.push('two third parties created at once were given the same customer code');
    return fault(500, 'Internal Server Error: Error creating thirdparty');
  }
  return json(200, keep(tables, kind, data));
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Too long for its column, or with a character its tables cannot store: a server error on every repeat. */
const unstorable = (data: Row): boolean =>
  Object.entries(data).some(
    ([name, value]) =>
      isText(value) && (value.length > (longest[name] ?? 10_000) || /[\u{10000}-\u{10FFFF}]/u.test(value)),
  );

function keep(tables: Tables, kind: Kind, data: Row): number {
  tables.lastId += 1;
  const row: Row = {};
  tables[kind].set(tables.lastId, row);
  write(tables, row, kind, data);
  return tables.lastId;
}

function write({ unsubscribed }: Tables, row: Row, kind: Kind, data: Row): void {
  for (const [name, value] of Object.entries(data))
    if (columns[kind].includes(name)) row[name] = isText(value) ? withoutHtml(value) : value;
  const address = isText(row['email']) ? row['email'].toLowerCase() : '';
  if (address !== '') row['email'] = address;
  if (kind !== 'contacts' || address === '' || data['no_email'] === undefined) return;
  if (Number(data['no_email']) === 1) unsubscribed.add(address);
  else unsubscribed.delete(address);
}

/** Removes what looks like a tag, a `<` before a letter, and every `"`; of several blanks one is left. */
const withoutHtml = (value: string): string =>
  value.replaceAll(/<[^<>]*>|<(?=\p{L})|"/gu, '').replaceAll(/ {2,}/g, ' ');

const asTexts = (row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'number' ? String(value) : isRow(value) ? asTexts(value) : value,
    ]),
  );
const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A row as an answer shows it: numbers as texts, and an address with its refusal of mails. */
function shown({ unsubscribed }: Tables, id: number, row: Row): Row {
  const { email } = row;
  const refuses = isText(email) ? { no_email: unsubscribed.has(email) ? '1' : '0' } : {};
  return { id: String(id), ...asTexts(row), ...refuses };
}

/** Deletes a row, and with a third party its contacts. */
function remove(tables: Tables, kind: Kind, id: number): void {
  tables[kind].delete(id);
  if (kind === 'contacts') return;
  for (const [contact, { socid }] of tables.contacts)
    if (Number(socid) === id) tables.contacts.delete(contact);
}

/** `(t.ref_ext:=:'X')`; nothing found is a 404 for third parties, and an empty list for contacts. */
function search(tables: Tables, kind: Kind, query: URLSearchParams): CrmAnswer {
  const wanted = /^\(t\.ref_ext:=:'([^'()]*)'\)$/.exec(query.get('sqlfilters') ?? '')?.[1];
  if (wanted === undefined) return fault(400, 'Bad Request: Error when validating parameter sqlfilters');
  // Its database compares without regard to letter case.
  const found = [...tables[kind]].filter(
    ([, row]) => String(row['ref_ext']).toLowerCase() === wanted.toLowerCase(),
  );
  if (found.length === 0 && kind === 'thirdparties') return fault(404, 'Not Found: No third parties found');
  return json(
    200,
    found.map(([id, row]) => shown(tables, id, row)),
  );
}

function parsed({ body }: CrmRequest): Row | undefined {
  try {
    return JSON.parse(body.toString('utf8')) as Row;
  } catch {
    return undefined;
  }
}

const contactsOf = ({ contacts }: Tables, id: number): readonly Row[] =>
  [...contacts.values()].filter(({ socid }) => Number(socid) === id);

/** A third party without its contact, or with two, is no usable prospect. */
function partsOf(tables: Tables): readonly string[] {
  const parts = [...tables.thirdparties.keys()].map((id) => [id, contactsOf(tables, id).length] as const);
  const orphans = [...tables.contacts.values()].filter(
    ({ socid }) => !tables.thirdparties.has(Number(socid)),
  );
  return [
    ...parts
      .filter(([, count]) => count !== 1)
      .map(([id, count]) => `the third party ${id} has ${count} contacts`),
    ...orphans.map(() => 'a contact has no third party'),
  ];
}

function recordsOf(tables: Tables): readonly CrmRecord[] {
  return [...tables.thirdparties].map(([id, row]): CrmRecord => {
    const [contact = {}] = contactsOf(tables, id);
    const text = (from: Row, name: string): string => (isText(from[name]) ? from[name] : '');
    const [email, phone] = [text(contact, 'email'), text(contact, 'phone_mobile')];
    const options = (contact['array_options'] ?? {}) as Row;
    return {
      id: String(id),
      reference: text(row, 'ref_ext'),
      email,
      phone,
      lastName: text(contact, 'lastname'),
      firstName: text(contact, 'firstname'),
      mayContact: {
        ...(email === '' ? {} : { email: !tables.unsubscribed.has(email.toLowerCase()) }),
        ...(phone === '' ? {} : { phone: Number(options['options_relais_appel'] ?? 0) === 1 }),
      },
    };
  });
}
