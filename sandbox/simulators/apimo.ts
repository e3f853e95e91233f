// Simulates Apimo, leads of an agency, by its public page and a client made from its API description. Never compared with a real account.
// Invariant: judges by the documentation; it lists leads, searches none, deletes none, and keeps a message until it is written again.
import { bodyOf, createRate, json, page } from './simulator.ts';
import type {
  CrmAnswer,
  CrmRecord,
  CrmRequest,
  SimulatedCrm,
  Simulator,
  SimulatorOptions,
} from './simulator.ts';
import { readByPeople, textIn } from './told-in-words.ts';

type Values = Readonly<Record<string, unknown>>;

interface Lead {
  readonly id: number;
  values: Values;
  updatedAt: number;
}

type Leads = Map<number, Lead>;

/** The agency and the type of lead of the preset's example. */
const agency = '1042';
const leadTypes = ['1', '2', '3'];

export const apimo: Simulator = {
  preset: 'apimo',
  modelled: 'public page, a client generated from its API description',
  secretNames: ['APIMO_PROVIDER', 'APIMO_TOKEN'],
  changes: 'erasures in writing',
  open: openApimo,
};

const fault = (status: number, message: string): CrmAnswer => json(status, { message });

function openApimo({ secrets, strangers, now }: SimulatorOptions): SimulatedCrm {
  const leads: Leads = new Map();
  let lastId = 880_000;
  const keep = (values: Values): Lead => {
    lastId += 1;
    const lead = { id: lastId, values, updatedAt: now() };
    leads.set(lastId, lead);
    return lead;
  };
  for (const { lastName, firstName, email, phone } of strangers)
    keep({ reference: '', lastname: lastName, firstname: firstName, email, mobile: phone, message: '' });
  const key = `Basic ${Buffer.from(`${secrets['APIMO_PROVIDER']}:${secrets['APIMO_TOKEN']}`).toString('base64')}`;
  const fits = createRate(now, 10, 1_000);
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [page(502, 'Bad Gateway'), fault(500, 'Internal server error')],
    whenBusy: fault(429, 'Too Many Requests'),
    answer: (request) => {
      if (!good || request.headers['authorization'] !== key) {
        wrongKeys += 1;
        return fault(401, 'Unauthorized');
      }
      return fits() ? route(leads, keep, request, now) : fault(429, 'Too Many Requests');
    },
    records: () => [...leads.values()].map(shown),
    complaints: () => [],
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => void leads.delete(Number(id)),
    keyIsGood: (isGood) => {
      good = isGood;
    },
  };
}

function route(
  leads: Leads,
  keep: (values: Values) => Lead,
  request: CrmRequest,
  now: () => number,
): CrmAnswer {
  const { method, path } = request;
  const [, of, id] = /^\/agencies\/(\d+)\/leads(?:\/(\d+))?$/.exec(path) ?? [];
  if (of === undefined) return fault(404, 'Not Found');
  if (of !== agency) return fault(403, 'Forbidden');
  if (id === undefined && method === 'GET') return list(leads, request);
  const values = bodyOf(request);
  const wrong = values === undefined ? { body: ['Invalid JSON'] } : wrongIn(values);
  if (values === undefined || Object.keys(wrong).length > 0)
    return json(422, { message: 'The given data was invalid.', errors: wrong });
  if (id === undefined) return method === 'POST' ? answered(keep(values)) : fault(405, 'Method Not Allowed');
  const lead = leads.get(Number(id));
  if (method !== 'PUT') return fault(405, 'Method Not Allowed');
  if (lead === undefined) return fault(404, 'Not Found');
  lead.values = { ...lead.values, ...values };
  lead.updatedAt = now();
  return answered(lead);
}

const answered = ({ id, updatedAt }: Lead): CrmAnswer =>
  json(200, { id, created_at: moment(updatedAt), updated_at: moment(updatedAt) });

const moment = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19);

/** Errors by field, as its description has them. */
function wrongIn(values: Values): Readonly<Record<string, readonly string[]>> {
  const { type, reference, date } = values;
  return {
    ...(leadTypes.includes(String(type)) ? {} : { type: ['The type field is required.'] }),
    ...(typeof reference === 'string' && reference !== ''
      ? {}
      : { reference: ['The reference field is required.'] }),
    ...(date === undefined || /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(textIn(values, 'date'))
      ? {}
      : { date: ['The date does not match the format Y-m-d H:i:s.'] }),
  };
}

/** All leads created or changed since a moment, in seconds; no other filter exists. */
function list(leads: Leads, { query }: CrmRequest): CrmAnswer {
  const since = Number(query.get('timestamp') ?? '0') * 1_000;
  const found = [...leads.values()].filter(({ updatedAt }) => updatedAt >= since);
  const limit = Number(query.get('limit') ?? '10000');
  return json(200, {
    total_items: found.length,
    timestamp: Math.floor(Math.max(0, ...found.map(({ updatedAt }) => updatedAt)) / 1_000),
    leads: found.slice(0, limit).map(({ id, values }) => ({ id, agency, parent: null, ...values })),
  });
}

const shown = ({ id, values }: Lead): CrmRecord =>
  readByPeople(
    {
      id: String(id),
      reference: textIn(values, 'reference'),
      lastName: textIn(values, 'lastname'),
      firstName: textIn(values, 'firstname'),
      email: textIn(values, 'email'),
      phone: textIn(values, 'mobile') || textIn(values, 'phone'),
    },
    textIn(values, 'message'),
    undefined,
  );
