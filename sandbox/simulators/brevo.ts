// Simulates Brevo's API v3, contacts and events, by its public pages and other people's reports. Never compared with a real account.
// Invariant: judges by the documentation; keeps records in its own tables.
import { add, byExtId, complaintsOf, folded, holdersOf, recordsOf, remove, write } from './brevo-tables.ts';
import type { Contact, Tables, Wanted } from './brevo-tables.ts';
import { createRate, json, page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm, Simulator, SimulatorOptions } from './simulator.ts';

export const brevo: Simulator = {
  preset: 'brevo',
  modelled: 'public documentation, reported answers',
  secretNames: ['BREVO_KEY'],
  keeps: 'persons',
  open: openBrevo,
};

const fault = (status: number, code: string, message: string, more: object = {}): CrmAnswer =>
  json(status, { code, message, ...more });
const notFound = fault(404, 'document_not_found', 'Contact does not exist');
const nothing: CrmAnswer = { status: 204 };
const tooFast = json(
  429,
  { code: 'too_many_requests', message: 'Rate limit exceeded' },
  { 'x-sib-ratelimit-limit': '10', 'x-sib-ratelimit-remaining': '0', 'x-sib-ratelimit-reset': '1' },
);

function openBrevo({ secrets, strangers, now }: SimulatorOptions): SimulatedCrm {
  const tables: Tables = { contacts: new Map(), events: [], lastId: 20 };
  for (const { lastName, firstName, email, phone } of strangers)
    add(tables, { email, attributes: { NOM: lastName, PRENOM: firstName, SMS: phone } }, true);
  const rates = { contacts: createRate(now, 10, 1_000), events: createRate(now, 10, 1_000) };
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [page(502, 'Bad Gateway'), fault(500, 'internal_error', 'Internal server error')],
    whenBusy: tooFast,
    answer: (request) => {
      if (!good || request.headers['api-key'] !== secrets['BREVO_KEY']) {
        wrongKeys += 1;
        return fault(401, 'unauthorized', 'Key not found');
      }
      const kind = /^\/v3\/(contacts|events)\b/.exec(request.path)?.[1];
      if (kind !== 'contacts' && kind !== 'events') return fault(404, 'not_found', 'Not found');
      if (!rates[kind]()) return tooFast;
      return kind === 'events' ? happened(tables, request) : route(tables, request);
    },
    records: () => recordsOf(tables),
    complaints: () => complaintsOf(tables),
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => remove(tables, Number(id)),
    unsubscribes: (id) => {
      const contact = tables.contacts.get(Number(id));
      if (contact !== undefined) contact.emailBlacklisted = true;
    },
    keyIsGood: (isGood) => {
      good = isGood;
    },
  };
}

function route(tables: Tables, request: CrmRequest): CrmAnswer {
  const { method, path, query } = request;
  const given = /^\/v3\/contacts\/([^/]+)$/.exec(path)?.[1];
  if (given === undefined)
    return method === 'POST' ? create(tables, request) : fault(405, 'method_not_allowed', 'Not allowed');
  const contact = find(tables, decodeURIComponent(given), query.get('identifierType'));
  if (contact === 'invalid') return fault(400, 'invalid_parameter', 'Invalid identifier type');
  if (contact === undefined) return notFound;
  switch (method) {
    case 'GET':
      return json(200, answered(contact));
    case 'PUT':
      return change(tables, contact, request);
    case 'DELETE':
      remove(tables, contact.id);
      return nothing;
    default:
      return fault(405, 'method_not_allowed', 'Not allowed');
  }
}

function find(tables: Tables, given: string, type: string | null): Contact | 'invalid' | undefined {
  switch (type) {
    case 'ext_id':
      return byExtId(tables, given);
    case 'contact_id':
      return tables.contacts.get(Number(given));
    case 'email_id':
      return holdersOf(tables, { email: given }).get('email');
    case null:
      return tables.contacts.get(Number(given)) ?? holdersOf(tables, { email: given }).get('email');
    default:
      return 'invalid';
  }
}

const answered = ({ id, email, extId, emailBlacklisted, smsBlacklisted, attributes }: Contact): object => ({
  id,
  email,
  emailBlacklisted,
  smsBlacklisted,
  createdAt: '2026-11-20T10:15:00.000Z',
  listIds: [],
  ext_id: extId,
  attributes,
});

const held = (verb: 'create' | 'update', names: readonly string[]): CrmAnswer =>
  fault(
    400,
    'duplicate_parameter',
    `Unable to ${verb} contact, ${names.join(', ')} is already associated with another Contact`,
    { metadata: { duplicate_identifiers: names } },
  );

/** Refuses a known identifier, unless the contact may be completed; always refuses identifiers of two contacts. */
function create(tables: Tables, request: CrmRequest): CrmAnswer {
  const wanted = parsed(request);
  if (wanted === undefined) return fault(400, 'bad_request', 'Invalid JSON');
  const sms = wanted.attributes?.['SMS'];
  if ([wanted.email, wanted.ext_id, sms].every((value) => typeof value !== 'string' || value === ''))
    return fault(400, 'missing_parameter', 'email, ext_id or SMS is required');
  const wrong = invalid(wanted);
  if (wrong !== undefined) return wrong;
  const holders = holdersOf(tables, wanted);
  if (holders.size === 0) return json(201, { id: add(tables, wanted).id });
  // The address identifies the contact; a number or an ext_id only without an address.
  const key = folded(wanted.email) !== '' ? 'email' : typeof wanted.ext_id === 'string' ? 'ext_id' : 'SMS';
  const first = holders.get(key);
  const others = [...holders].filter(([, holder]) => holder !== first).map(([name]) => name);
  if (first === undefined || wanted.updateEnabled !== true || others.length > 0)
    return held('create', others.length > 0 ? others : [...holders.keys()]);
  write(first, wanted);
  if (typeof wanted.ext_id === 'string') first.extId = wanted.ext_id;
  return nothing;
}

function change(tables: Tables, contact: Contact, request: CrmRequest): CrmAnswer {
  const wanted = parsed(request);
  if (wanted === undefined) return fault(400, 'bad_request', 'Invalid JSON');
  const wrong = invalid(wanted);
  if (wrong !== undefined) return wrong;
  const others = [...holdersOf(tables, wanted)].filter(([, holder]) => holder.id !== contact.id);
  if (others.length > 0)
    return held(
      'update',
      others.map(([name]) => name),
    );
  write(contact, wanted);
  return nothing;
}

function invalid({ email, attributes }: Wanted): CrmAnswer | undefined {
  const address = folded(email ?? attributes?.['EMAIL']);
  if (address !== '' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address))
    return fault(400, 'invalid_parameter', 'email is not valid in case');
  const sms = attributes?.['SMS'];
  if (typeof sms === 'string' && !/^(?:\+|00)[1-9]\d{6,14}$/.test(sms))
    return fault(400, 'invalid_parameter', 'Invalid phone number');
  return undefined;
}

/** Adds an event to the contact its body names, and creates a missing contact. */
function happened(tables: Tables, request: CrmRequest): CrmAnswer {
  if (request.method !== 'POST' || request.path !== '/v3/events')
    return fault(405, 'method_not_allowed', 'Not allowed');
  const { event_name, identifiers, event_properties } = (parsed(request) ?? {}) as {
    readonly event_name?: unknown;
    readonly identifiers?: { readonly email_id?: unknown; readonly ext_id?: unknown };
    readonly event_properties?: Record<string, unknown>;
  };
  if (typeof event_name !== 'string' || !/^[\w-]{1,255}$/.test(event_name))
    return fault(400, 'invalid_parameter', 'event_name is invalid');
  const whose = { email: identifiers?.email_id, ext_id: identifiers?.ext_id };
  if (typeof whose.email !== 'string' && typeof whose.ext_id !== 'string')
    return fault(400, 'missing_parameter', 'identifiers is required');
  const [known] = holdersOf(tables, whose).values();
  const { id } = known ?? add(tables, whose);
  tables.events.push({ contact: id, name: event_name, properties: event_properties ?? {} });
  return nothing;
}

function parsed({ body }: CrmRequest): Wanted | undefined {
  try {
    return JSON.parse(body.toString('utf8')) as Wanted;
  } catch {
    return undefined;
  }
}
