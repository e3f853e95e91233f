// Simulates Pipedrive's persons v2, leads and notes v1, by its public pages and its own client library. Never compared with a real
// account.
// Invariant: judges by the documentation; keeps records in its own tables.
import {
  complaintsOf,
  fields,
  livingPerson,
  nextId,
  personFields,
  recordsOf,
  removeLead,
  setStatus,
  statuses,
  textOf,
} from './pipedrive-tables.ts';
import type { Lead, Person, Tables, Values } from './pipedrive-tables.ts';
import { bodyOf, createRate, json, page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm, Simulator, SimulatorOptions } from './simulator.ts';

export const pipedrive: Simulator = {
  preset: 'pipedrive',
  modelled: 'public documentation, client library',
  secretNames: ['PIPEDRIVE_TOKEN'],
  open: openPipedrive,
};

const fault = (status: number, error: string, code?: string): CrmAnswer =>
  json(status, {
    success: false,
    error,
    error_info: 'Please check developers.pipedrive.com',
    data: null,
    additional_data: null,
    ...(code === undefined ? {} : { code }),
  });
const done = (data: unknown, status = 200): CrmAnswer => json(status, { success: true, data });
const wrong = (error: string): CrmAnswer => fault(400, error, 'ERR_SCHEMA_VALIDATION_FAILED');
const tooFast = json(
  429,
  { success: false, error: 'request over limit' },
  { 'x-ratelimit-limit': '40', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2' },
);

/** How long the search misses a new record, ms. */
const indexedAfterMs = 1_000;
/** Tokens of a day: thirty thousand for one seat of the smallest plan. */
const tokensADay = 30_000;

interface Account {
  readonly tables: Tables;
  readonly now: () => number;
}

function openPipedrive({ secrets, strangers, now }: SimulatorOptions): SimulatedCrm {
  const tables: Tables = { persons: new Map(), leads: new Map(), notes: new Map(), lastId: 500 };
  const account = { tables, now };
  for (const { lastName, firstName, email, phone } of strangers)
    keepPerson(account, { name: `${firstName} ${lastName}`, email, phone, imported: true });
  const burst = createRate(now, 40, 2_000);
  const pays = createBudget(now);
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [page(502, 'Bad Gateway'), fault(503, 'Service Unavailable')],
    whenBusy: tooFast,
    answer: (request) => {
      if (!good || request.headers['x-api-token'] !== secrets['PIPEDRIVE_TOKEN']) {
        wrongKeys += 1;
        return fault(401, 'unauthorized access');
      }
      if (!burst() || !pays(costOf(request))) return tooFast;
      return route(account, request);
    },
    records: () => recordsOf(tables),
    complaints: () => complaintsOf(tables),
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => void removeLead(tables, id),
    keyIsGood: (isGood) => {
      good = isGood;
    },
  };
}

/** Tokens of a request: v2 costs half of v1; a search costs most. */
function costOf({ method, path }: CrmRequest): number {
  const cost = path.endsWith('/search') ? 20 : method === 'DELETE' ? 3 : 5;
  return path.startsWith('/api/v2/') ? cost : cost * 2;
}

function createBudget(now: () => number): (cost: number) => boolean {
  let day = '';
  let spent = 0;
  return (cost) => {
    const today = new Date(now()).toISOString().slice(0, 10);
    if (today !== day) [day, spent] = [today, 0];
    if (spent + cost > tokensADay) return false;
    spent += cost;
    return true;
  };
}

function route(account: Account, request: CrmRequest): CrmAnswer {
  const { method, path } = request;
  const [, kind = '', id] = /^\/(?:api\/v2|v1)\/(persons|leads|notes)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (id === 'search' && method === 'GET') return search(account, kind, request);
  const version = path.startsWith('/v1/') ? 'v1' : 'v2';
  if (version !== (kind === 'persons' ? 'v2' : 'v1')) return page(404, 'Not Found');
  if (method === 'DELETE' && id !== undefined) return remove(account.tables, kind, id);
  const data = method === 'GET' ? {} : bodyOf(request);
  if (data === undefined) return fault(400, 'Bad request');
  if (method === 'POST' && id === undefined) {
    if (kind === 'persons') return createPerson(account, data);
    return kind === 'leads' ? createLead(account, data) : createNote(account, data);
  }
  const person = kind === 'persons' && id !== undefined ? livingPerson(account.tables, id) : undefined;
  if (person === undefined) return fault(404, 'Person not found', 'ERR_NOT_FOUND');
  return method === 'PATCH' ? changePerson(person, data) : done(answered(person));
}

interface NewPerson {
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly imported: boolean;
}

function keepPerson({ tables, now }: Account, person: NewPerson): Person {
  const id = nextId(tables);
  const kept: Person = {
    ...person,
    id,
    writtenAt: now(),
    marketingStatus: 'no_consent',
    statusChanged: false,
    deleted: false,
    custom: {},
  };
  tables.persons.set(id, kept);
  return kept;
}

const firstOf = (list: unknown): string =>
  Array.isArray(list) ? textOf((list[0] as Values | undefined)?.['value']) : '';

const answered = ({ id, name, email, phone, marketingStatus, custom }: Person): object => ({
  id: Number(id),
  name,
  emails: email === '' ? [] : [{ value: email, primary: true, label: 'work' }],
  phones: phone === '' ? [] : [{ value: phone, primary: true, label: 'work' }],
  marketing_status: marketingStatus,
  custom_fields: custom,
});

function invalidPerson({
  name,
  marketing_status: status,
  custom_fields: custom = {},
}: Values): string | undefined {
  if (name !== undefined && (textOf(name) === '' || textOf(name).length > 255)) return '"name" is not valid';
  if (status !== undefined && !statuses.includes(textOf(status)))
    return '"marketing_status" must be one of them';
  const unknown = Object.keys(custom as Values).find((key) => !personFields.includes(key));
  return unknown === undefined ? undefined : `"custom_fields.${unknown}" is not allowed`;
}

function createPerson(account: Account, data: Values): CrmAnswer {
  const why = data['name'] === undefined ? '"name" is required' : invalidPerson(data);
  if (why !== undefined) return wrong(why);
  const [email, phone] = [firstOf(data['emails']), firstOf(data['phones'])];
  const person = keepPerson(account, { name: textOf(data['name']), email, phone, imported: false });
  Object.assign(person.custom, data['custom_fields']);
  setStatus(person, data['marketing_status'], true);
  return done(answered(person), 201);
}

function changePerson(person: Person, data: Values): CrmAnswer {
  const why = invalidPerson(data);
  if (why !== undefined) return wrong(why);
  if (data['name'] !== undefined) person.name = textOf(data['name']);
  if (data['emails'] !== undefined) person.email = firstOf(data['emails']);
  if (data['phones'] !== undefined) person.phone = firstOf(data['phones']);
  Object.assign(person.custom, data['custom_fields']);
  setStatus(person, data['marketing_status'], false);
  return done(answered(person));
}

const leadKeys = ['title', 'person_id', 'organization_id', 'origin_id', 'label_ids', fields.leadReference];

function createLead({ tables, now }: Account, data: Values): CrmAnswer {
  const unknown = Object.keys(data).find((key) => !leadKeys.includes(key));
  if (unknown !== undefined) return wrong(`"${unknown}" is not allowed`);
  const title = textOf(data['title']);
  if (title === '' || title.length > 255)
    return wrong('"title" length must be less than or equal to 255 characters long');
  const { person_id: given } = data;
  const person = typeof given === 'number' ? String(given) : '';
  if (livingPerson(tables, person) === undefined)
    return wrong('One of the "person_id" or "organization_id" must be set.');
  const id = `adf21080-0e10-11eb-879b-${nextId(tables).padStart(12, '0')}`;
  const custom = { [fields.leadReference]: data[fields.leadReference] };
  tables.leads.set(id, { id, writtenAt: now(), person, title, custom });
  return done({ id, title, person_id: Number(person), ...custom }, 201);
}

function createNote({ tables, now }: Account, data: Values): CrmAnswer {
  const lead = textOf(data['lead_id']);
  if (!tables.leads.has(lead))
    return wrong('Note must be associated with at least one organization, person, deal, lead or project.');
  const id = nextId(tables);
  tables.notes.set(id, { id, writtenAt: now(), lead, content: textOf(data['content']) });
  return done({ id: Number(id), content: data['content'], lead_id: lead }, 201);
}

/** Deletes a record; a deleted person stays, hidden from users (the real one keeps it thirty days). */
function remove(tables: Tables, kind: string, id: string): CrmAnswer {
  const person = kind === 'persons' ? livingPerson(tables, id) : undefined;
  if (person !== undefined) {
    person.deleted = true;
    return done({ id: Number(id) });
  }
  if (kind === 'leads' && removeLead(tables, id)) return done({ id });
  if (kind === 'notes' && tables.notes.delete(id)) return done(true);
  return fault(404, `${kind === 'leads' ? 'Lead' : kind === 'notes' ? 'Note' : 'Person'} not found`);
}

/** Searches every custom field, ignoring case; for whole values where the request asks for exact matches. */
function search({ tables, now }: Account, kind: string, { query }: CrmRequest): CrmAnswer {
  const term = (query.get('term') ?? '').toLowerCase();
  if (term === '' || (kind !== 'persons' && kind !== 'leads'))
    return fault(400, 'Invalid input: "term" is not allowed to be empty', 'ERR_INVALID_INPUT');
  const rows: readonly (Person | Lead)[] =
    kind === 'persons'
      ? [...tables.persons.values()].filter(({ deleted }) => !deleted)
      : [...tables.leads.values()];
  const isExact = query.get('exact_match') === 'true';
  const items = rows.flatMap((row) => {
    if (row.writtenAt > now() - indexedAfterMs) return [];
    const values = Object.values(row.custom).map((value) => textOf(value).toLowerCase());
    const found = values.some((value) => (isExact ? value === term : value.includes(term)));
    const id = kind === 'persons' ? Number(row.id) : row.id;
    return found ? [{ result_score: 0.5, item: { id, custom_fields: Object.values(row.custom) } }] : [];
  });
  return json(200, { success: true, data: { items }, additional_data: { next_cursor: null } });
}
