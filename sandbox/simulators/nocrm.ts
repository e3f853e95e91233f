// Simulates noCRM.io's API v2, leads, by its public pages and other people's clients. Never compared with a real account.
// Invariant: judges by the documentation; a lead is a title, a description whose lines "Label: value" are fields, and tags.
import { bodyOf, createRate, json, page } from './simulator.ts';
import type {
  CrmAnswer,
  CrmRecord,
  CrmRequest,
  SimulatedCrm,
  Simulator,
  SimulatorOptions,
} from './simulator.ts';

interface Lead {
  readonly id: number;
  title: string;
  description: string;
  tags: readonly string[];
}

type Leads = Map<number, Lead>;

export const nocrm: Simulator = {
  preset: 'nocrm',
  modelled: 'public documentation, published answers',
  secretNames: ['NOCRM_KEY'],
  open: openNocrm,
};

const fault = (error: number, type: string, message: string): CrmAnswer =>
  json(error, { error, message, type });
const notFound = fault(404, 'record_not_found', 'Record not found');
const tooFast = json(
  429,
  { error: 429, message: 'Too many requests', type: 'too_many_requests' },
  { 'api-retry-after': '1' },
);

function openNocrm({ secrets, strangers, now }: SimulatorOptions): SimulatedCrm {
  const leads: Leads = new Map();
  let lastId = 8_100;
  const keep = (title: string, description: string, tags: readonly string[]): Lead => {
    lastId += 1;
    const lead = { id: lastId, title, description, tags };
    leads.set(lastId, lead);
    return lead;
  };
  for (const { lastName, firstName, email, phone } of strangers)
    keep(
      `${firstName} ${lastName}`,
      `Prénom: ${firstName}\nNom: ${lastName}\nEmail: ${email}\nTéléphone: ${phone}`,
      [],
    );
  const fits = createRate(now, 40, 1_000);
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [page(502, 'Bad Gateway'), page(503, 'Service Unavailable')],
    whenBusy: tooFast,
    answer: (request) => {
      if (!good || request.headers['x-api-key'] !== secrets['NOCRM_KEY']) {
        wrongKeys += 1;
        return fault(401, 'unauthorized_invalid_token', 'Unauthorized: invalid api_key');
      }
      return fits() ? route(leads, keep, request) : tooFast;
    },
    records: () => [...leads.values()].map(shown),
    complaints: () => [...leads.values()].flatMap(contradictions),
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => void leads.delete(Number(id)),
    keyIsGood: (isGood) => {
      good = isGood;
    },
  };
}

type Keep = (title: string, description: string, tags: readonly string[]) => Lead;

function route(leads: Leads, keep: Keep, request: CrmRequest): CrmAnswer {
  const [, id] = /^\/api\/v2\/leads(?:\/(\d+))?$/.exec(request.path) ?? ['', undefined];
  if (!request.path.startsWith('/api/v2/leads')) return page(404, 'Not Found');
  if (id === undefined) {
    if (request.method === 'GET') return search(leads, request.query);
    return request.method === 'POST' ? create(keep, request) : page(404, 'Not Found');
  }
  const lead = leads.get(Number(id));
  if (lead === undefined) return notFound;
  switch (request.method) {
    case 'DELETE':
      leads.delete(lead.id);
      return json(200, { id: lead.id });
    case 'PUT': {
      const { title, description, tags } = bodyOf(request) ?? {};
      if (typeof title === 'string') lead.title = title;
      if (typeof description === 'string') lead.description = description;
      if (Array.isArray(tags)) lead.tags = tags.map(String);
      return json(200, lead);
    }
    default:
      return json(200, lead);
  }
}

function create(keep: Keep, request: CrmRequest): CrmAnswer {
  const { title, description = '', tags } = bodyOf(request) ?? {};
  if (typeof title !== 'string' || title === '') return fault(422, 'missing_parameter', 'title is missing');
  if (typeof description !== 'string') return fault(400, 'bad_parameter_format', 'Bad parameter format');
  return json(201, keep(title, description, Array.isArray(tags) ? tags.map(String) : []));
}

/** The fields of a lead: the lines of its description that have a label. */
function fieldsOf({ description }: Lead): Readonly<Record<string, string>> {
  const lines = description.split('\n').map((line) => /^([^:]+): ?(.*)$/.exec(line));
  return Object.fromEntries(lines.flatMap((line) => (line === null ? [] : [[line[1] ?? '', line[2] ?? '']])));
}

/** By a part of a field's value, the newest first, as a bare list. */
function search(leads: Leads, query: URLSearchParams): CrmAnswer {
  const [key, value] = [query.get('field_key'), query.get('field_value')];
  const limit = Number(query.get('limit') ?? '100');
  if (!Number.isInteger(limit)) return fault(400, 'bad_parameter_format', 'Bad parameter format');
  const found = [...leads.values()]
    .toReversed()
    .filter((lead) => key === null || fieldsOf(lead)[key]?.includes(value ?? '') === true);
  return json(200, found.slice(0, limit), { 'x-total-count': String(found.length) });
}

const places = [
  ['email', 'Accord e-mail', 'optin-email'],
  ['phone', 'Accord téléphone', 'optin-telephone'],
] as const;

/** A salesperson reads the words, a mailing reads the tags: either one allows contact. */
function shown(lead: Lead): CrmRecord {
  const fields = fieldsOf(lead);
  const [email = '', phone = ''] = [fields['Email'], fields['Téléphone']];
  const may = Object.fromEntries(
    places.map(([channel, label, tag]) => [channel, fields[label] === 'OUI' || lead.tags.includes(tag)]),
  ) as Readonly<Record<'email' | 'phone', boolean>>;
  return {
    id: String(lead.id),
    reference: fields['Relais'] ?? '',
    lastName: fields['Nom'] ?? '',
    firstName: fields['Prénom'] ?? '',
    email,
    phone,
    mayContact: {
      ...(email === '' ? {} : { email: may.email }),
      ...(phone === '' ? {} : { phone: may.phone }),
    },
  };
}

/** Words and a tag that contradict each other. */
const contradictions = (lead: Lead): readonly string[] =>
  places.flatMap(([channel, label, tag]) =>
    (fieldsOf(lead)[label] === 'OUI') === lead.tags.includes(tag)
      ? []
      : [`the lead ${lead.id} says one thing of ${channel} in words, and another by its tag`],
  );
