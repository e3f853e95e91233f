// Simulates Zoho CRM leads (API v8) and its accounts server, by their public documentation and other people's reports. Never compared
// with a real account.
// Invariant: the body contains the outcome of a record, whatever the status; an upsert changes the record its fields find.
import { bodyOf, json, page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm, Simulator, SimulatorOptions } from './simulator.ts';
import { createTokenEndpoint, tokenIn, type TokenWords } from './token-endpoint.ts';
import {
  findBy,
  invalid,
  isText,
  keep,
  keyField,
  names,
  recordOf,
  type Leads,
  type Row,
} from './zoho-leads.ts';

export const zoho: Simulator = {
  preset: 'zoho',
  modelled: 'public documentation, reported answers, of its accounts server too',
  secretNames: ['ZOHO_CLIENT_ID', 'ZOHO_CLIENT_SECRET', 'ZOHO_REFRESH_TOKEN'],
  open: openZoho,
};

const refused = (status: number, code: string, message: string, details: Row = {}): CrmAnswer =>
  json(status, { code, details, message, status: 'error' });
/** A refusal of one record, with a status of success: its pages show 400 and 207 for it as well. */
const refusedRecord = (code: string, message: string, details: Row): CrmAnswer =>
  json(202, { data: [{ code, details, message, status: 'error' }] });

const words: TokenWords = {
  given: (token, livesMs) =>
    json(200, {
      access_token: token,
      api_domain: 'https://www.zohoapis.eu',
      token_type: 'Bearer',
      expires_in: Math.floor(livesMs / 1_000),
    }),
  // With status 200.
  refused: (wrong) =>
    json(200, {
      error:
        { client_secret: 'invalid_client_secret', refresh_token: 'invalid_code' }[wrong] ?? 'invalid_client',
    }),
  tooOften: json(400, {
    error_description: 'You have made too many requests continuously. Please try again after some time.',
    error: 'Access Denied',
    status: 'failure',
  }),
};

function openZoho({ secrets, strangers, now }: SimulatorOptions): SimulatedCrm {
  const leads: Leads = new Map();
  for (const { lastName, firstName, email, phone } of strangers)
    keep(leads, { Last_Name: lastName, First_Name: firstName, Email: email, Mobile: phone });
  const tokens = createTokenEndpoint({
    now,
    livesMs: 3_600_000,
    agreed: {
      grant_type: 'refresh_token',
      client_id: secrets['ZOHO_CLIENT_ID'] ?? '',
      client_secret: secrets['ZOHO_CLIENT_SECRET'] ?? '',
      refresh_token: secrets['ZOHO_REFRESH_TOKEN'] ?? '',
    },
    most: { tokens: 10, withinMs: 600_000 },
    words,
  });
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [refused(500, 'INTERNAL_ERROR', 'Internal Server Error'), page(502, 'Bad Gateway')],
    whenBusy: refused(
      429,
      'TOO_MANY_REQUESTS',
      'Too many requests fired in concurrent than the allowed limit.',
    ),
    answer: (request) => {
      if (request.path === '/oauth/v2/token') return tokens.answer(request);
      if (!good) wrongKeys += 1;
      if (!tokens.letsIn(tokenIn(request, 'Zoho-oauthtoken')))
        return refused(401, 'INVALID_TOKEN', 'invalid oauth token');
      if (!good)
        return refused(403, 'NO_PERMISSION', 'permission denied', {
          permissions: ['Crm_Implied_Create_Leads'],
        });
      return route(leads, request);
    },
    records: () => [...leads].map(([id, row]) => recordOf(id, row)),
    complaints: tokens.complaints,
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => void leads.delete(id),
    unsubscribes: (id) => void leads.set(id, { ...leads.get(id), Email_Opt_Out: true }),
    keyIsGood: (isGood) => {
      good = isGood;
      tokens.takeBack();
    },
  };
}

function route(leads: Leads, request: CrmRequest): CrmAnswer {
  const { method, path } = request;
  if (path === '/crm/v8/coql' && method === 'POST') return search(leads, request);
  if (path === '/crm/v8/Leads/upsert' && method === 'POST') return upsert(leads, request);
  const [, id] = /^\/crm\/v8\/Leads\/(\d+)$/.exec(path) ?? [];
  if (id === undefined)
    return refused(404, 'INVALID_URL_PATTERN', 'Please check if the URL trying to access is a correct one');
  const row = leads.get(id);
  if (method === 'DELETE') {
    if (!leads.delete(id))
      return refused(400, 'INVALID_DATA', 'record not deleted', { resource_path_index: 1 });
    return json(200, {
      data: [{ code: 'SUCCESS', details: { id }, message: 'record deleted', status: 'success' }],
    });
  }
  if (method !== 'PUT') return row === undefined ? { status: 204 } : json(200, { data: [{ id, ...row }] });
  const data = recordIn(request);
  if (row === undefined)
    return refusedRecord('INVALID_DATA', 'the id given seems to be invalid', { resource_path_index: 1 });
  return write(leads, { id, data, done: {} });
}

const recordIn = (request: CrmRequest): Row | undefined => {
  const { data } = (bodyOf(request) ?? {}) as { readonly data?: readonly Row[] };
  return data?.[0];
};

interface Write {
  readonly id: string | undefined;
  readonly data: Row | undefined;
  /** Further members of an upsert's answer. */
  readonly done: Row;
}

function write(leads: Leads, { id, data, done }: Write): CrmAnswer {
  const wrong = invalid(data, id === undefined);
  if (wrong !== undefined) return refusedRecord(wrong.code, wrong.message, wrong.details);
  const known = Object.fromEntries(Object.entries(data ?? {}).filter(([name]) => names.includes(name)));
  // A unique field refuses the value of another record.
  const taken = isText(known[keyField]) ? findBy(leads, keyField, known[keyField]) : undefined;
  if (taken !== undefined && taken !== id)
    return refusedRecord('DUPLICATE_DATA', 'duplicate data', { api_name: keyField, id: taken });
  const number = keep(leads, known, id);
  const details = {
    Modified_Time: '2026-11-20T10:15:00+01:00',
    Created_Time: '2026-11-20T10:15:00+01:00',
    id: number,
  };
  const message = id === undefined ? 'record added' : 'record updated';
  return json(id === undefined ? 201 : 200, {
    data: [{ code: 'SUCCESS', ...done, details, message, status: 'success' }],
  });
}

/** A request without fields of its own is compared by e-mail, then by our key. The first field that finds a record decides. */
function upsert(leads: Leads, request: CrmRequest): CrmAnswer {
  const data = recordIn(request);
  const given = (bodyOf(request) ?? {})['duplicate_check_fields'];
  const fields = Array.isArray(given) ? (given as readonly string[]) : ['Email', keyField];
  for (const field of fields) {
    const value = data?.[field];
    const id = isText(value) ? findBy(leads, field, value) : undefined;
    if (id !== undefined)
      return write(leads, { id, data, done: { duplicate_field: field, action: 'update' } });
  }
  return write(leads, { id: undefined, data, done: { duplicate_field: null, action: 'insert' } });
}

/** `select id from Leads where Relais_Reference = 'X'`; an empty result has no body. */
function search(leads: Leads, request: CrmRequest): CrmAnswer {
  const query = (bodyOf(request) ?? {})['select_query'];
  const [, field, value] =
    /^select id(?:, ?\w+)* from Leads where (\w+) ?= ?'([^']*)'(?: limit \d+)?$/i.exec(String(query)) ?? [];
  if (field === undefined || value === undefined)
    return refused(400, 'SYNTAX_ERROR', 'error occured while parsing the query');
  if (!names.includes(field))
    return refused(400, 'INVALID_QUERY', 'invalid query formed', {
      column_name: field,
      reason: 'column given seems to be invalid',
    });
  const id = findBy(leads, field, value);
  if (id === undefined) return { status: 204 };
  return json(200, {
    data: [{ id, [keyField]: leads.get(id)?.[keyField] }],
    info: { count: 1, more_records: false },
  });
}
