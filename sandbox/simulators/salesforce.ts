// Simulates Salesforce leads (REST API v62.0), by its public documentation and other people's reports. Never compared with a real
// account.
// Invariant: judges by the documentation; keeps records in its own tables.
import {
  duplicate,
  fault,
  invalid,
  isText,
  keep,
  keyField,
  living,
  recordOf,
  search,
} from './salesforce-leads.ts';
import type { Lead, Row, Tables } from './salesforce-leads.ts';
import { bodyOf, json, page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm, Simulator, SimulatorOptions } from './simulator.ts';
import { createTokenEndpoint, tokenIn, type TokenWords } from './token-endpoint.ts';

export const salesforce: Simulator = {
  preset: 'salesforce',
  modelled: 'public documentation, reported answers',
  secretNames: ['SALESFORCE_CLIENT_ID', 'SALESFORCE_CLIENT_SECRET'],
  open: openSalesforce,
};

const nothing: CrmAnswer = { status: 204 };
const notFound = fault(404, 'NOT_FOUND', 'The requested resource does not exist');
const deleted = fault(404, 'ENTITY_IS_DELETED', 'entity is deleted', { fields: [] });

/** No answer states a token's lifetime: the administrator's setting of sessions decides it. */
const words: TokenWords = {
  given: (token) =>
    json(200, {
      access_token: token,
      signature: 'c2ltdWxhdGVk',
      token_format: 'opaque',
      instance_url: 'https://crm.simulated.example',
      id: 'https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA',
      token_type: 'Bearer',
      issued_at: '1795600500000',
    }),
  refused: (wrong) =>
    wrong === 'client_id'
      ? json(400, { error: 'invalid_client_id', error_description: 'client identifier invalid' })
      : json(400, { error: 'invalid_client', error_description: 'invalid client credentials' }),
  tooOften: json(400, { error: 'invalid_grant', error_description: 'login rate exceeded' }),
  fault: json(400, { error: 'unknown_error', error_description: 'retry your request' }),
};

function openSalesforce({ secrets, strangers, now, tokensLiveMs }: SimulatorOptions): SimulatedCrm {
  const tables: Tables = { leads: new Map(), reassigned: new Set() };
  for (const { lastName, firstName, email, phone } of strangers)
    keep(tables, {
      LastName: lastName,
      FirstName: firstName,
      Company: 'n/a',
      Email: email,
      MobilePhone: phone,
    });
  const tokens = createTokenEndpoint({
    now,
    livesMs: tokensLiveMs ?? 7_200_000,
    agreed: {
      grant_type: 'client_credentials',
      client_id: secrets['SALESFORCE_CLIENT_ID'] ?? '',
      client_secret: secrets['SALESFORCE_CLIENT_SECRET'] ?? '',
    },
    // Each user has 3,600 logins an hour.
    most: { tokens: 3_600, withinMs: 3_600_000 },
    words,
  });
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [
      fault(503, 'SERVER_UNAVAILABLE', 'The server is temporarily unavailable'),
      page(503, 'Service Unavailable'),
    ],
    whenBusy: fault(403, 'REQUEST_LIMIT_EXCEEDED', 'ConcurrentPerOrgLongTxn Limit exceeded.'),
    answer: (request) => {
      if (request.path === '/services/oauth2/token') return tokens.answer(request);
      if (!good) wrongKeys += 1;
      if (!tokens.letsIn(tokenIn(request, 'Bearer')))
        return fault(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
      if (!good)
        return fault(403, 'API_DISABLED_FOR_ORG', 'The REST API is not enabled for this Organization.');
      return route(tables, request);
    },
    records: () => living(tables).map(recordOf),
    complaints: () => [
      ...tokens.complaints(),
      ...[...tables.reassigned].map((id) => `the lead ${id} was taken from its owner by a change`),
    ],
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => {
      const lead = tables.leads.get(id);
      if (lead !== undefined) lead.binned = true;
    },
    unsubscribes: (id) => {
      const lead = tables.leads.get(id);
      if (lead !== undefined) lead.row = { ...lead.row, HasOptedOutOfEmail: true };
    },
    keyIsGood: (isGood) => {
      good = isGood;
      tokens.takeBack();
      if (isGood) tokens.stumble();
    },
  };
}

function route(tables: Tables, request: CrmRequest): CrmAnswer {
  const { method, path, query } = request;
  const [, rest = ''] = /^\/services\/data\/v\d+\.0\/(.*)$/.exec(path) ?? [];
  if (rest === 'query' && method === 'GET') return search(tables, query.get('q') ?? '');
  const [, first, second] = /^sobjects\/Lead(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(rest) ?? [];
  if (first === undefined)
    return rest === 'sobjects/Lead' && method === 'POST' ? create(tables, request) : notFound;
  if (second !== undefined)
    return first === keyField && method === 'PATCH'
      ? upsert(tables, decodeURIComponent(second), request)
      : notFound;
  return byNumber(tables, first, request);
}

function byNumber(tables: Tables, id: string, request: CrmRequest): CrmAnswer {
  const lead = tables.leads.get(id);
  if (lead === undefined) return notFound;
  if (lead.binned) return deleted;
  if (request.method === 'DELETE') {
    lead.binned = true;
    return nothing;
  }
  if (request.method !== 'PATCH') return json(200, { Id: id, ...lead.row });
  const changed = change(tables, lead, bodyOf(request), request);
  if (changed !== undefined) return changed;
  if ((request.headers['sforce-auto-assign'] ?? '').toUpperCase() !== 'FALSE') tables.reassigned.add(id);
  return nothing;
}

const withKey = (tables: Tables, key: string): Lead | undefined =>
  living(tables).find(({ row }) => row[keyField] === key);

function upsert(tables: Tables, key: string, request: CrmRequest): CrmAnswer {
  const data = bodyOf(request);
  if (data?.[keyField] !== undefined)
    return fault(400, 'INVALID_FIELD', `The ${keyField} field should not be specified in the sobject data.`);
  const lead = withKey(tables, key);
  if (lead === undefined) return create(tables, request, { [keyField]: key });
  return change(tables, lead, data, request) ?? json(200, answered(lead, false));
}

const answered = ({ id }: Lead, created: boolean): object => ({ id, success: true, errors: [], created });

function create(tables: Tables, request: CrmRequest, key: Row = {}): CrmAnswer {
  const data = bodyOf(request);
  const missing = ['LastName', 'Company'].filter((name) => !isText(data?.[name]));
  const wrong = invalid(data) ?? duplicate(tables, data ?? {}, request);
  if (wrong !== undefined) return wrong;
  if (missing.length > 0)
    return fault(400, 'REQUIRED_FIELD_MISSING', `Required fields are missing: [${missing.join(', ')}]`, {
      fields: missing,
    });
  return json(201, answered(keep(tables, { ...data, ...key }), true));
}

function change(
  tables: Tables,
  lead: Lead,
  data: Row | undefined,
  request: CrmRequest,
): CrmAnswer | undefined {
  const wrong = invalid(data) ?? duplicate(tables, data ?? {}, request, lead.id);
  if (wrong === undefined) lead.row = { ...lead.row, ...data };
  return wrong;
}
