// Simulates Dynamics 365 leads (Dataverse's Web API v9.2) and Entra's token endpoint, by their public documentation and other people's
// reports. Never compared with a real account.
// Invariant: a PATCH creates a missing lead unless If-Match forbids it; a key is unique.
import { randomUUID } from 'node:crypto';
import {
  duplicate,
  fault,
  invalid,
  keep,
  keyColumn,
  recordOf,
  type Leads,
  type Row,
} from './dynamics-leads.ts';
import { bodyOf, json, page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm, Simulator, SimulatorOptions } from './simulator.ts';
import { createTokenEndpoint, tokenIn, type TokenWords } from './token-endpoint.ts';

export const dynamics: Simulator = {
  preset: 'dynamics',
  modelled: 'public documentation, reported answers, of Entra too',
  secretNames: ['DYNAMICS_CLIENT_ID', 'DYNAMICS_CLIENT_SECRET'],
  open: openDynamics,
};

const refusal = (status: number, error: string, code: number, words: string, after = {}): CrmAnswer =>
  json(
    status,
    { error, error_description: `AADSTS${code}: ${words}`, error_codes: [code], trace_id: randomUUID() },
    after,
  );
const busy = refusal(429, 'temporarily_unavailable', 90_033, 'A transient error has occurred.', {
  'retry-after': '1',
});
const words: TokenWords = {
  given: (token, livesMs) =>
    json(200, {
      token_type: 'Bearer',
      expires_in: Math.floor(livesMs / 1_000),
      ext_expires_in: Math.floor(livesMs / 1_000),
      access_token: token,
    }),
  refused: (wrong) =>
    wrong === 'scope'
      ? refusal(
          400,
          'invalid_scope',
          70_011,
          'The provided value for the input parameter scope is not valid.',
        )
      : refusal(401, 'invalid_client', 7_000_215, 'Invalid client secret provided.'),
  tooOften: busy,
  fault: busy,
};

function openDynamics({ secrets, strangers, now, tokensLiveMs }: SimulatorOptions): SimulatedCrm {
  const leads: Leads = new Map();
  for (const { lastName, firstName, email, phone } of strangers)
    keep(leads, { lastname: lastName, firstname: firstName, emailaddress1: email, mobilephone: phone });
  const tokens = createTokenEndpoint({
    now,
    livesMs: tokensLiveMs ?? 3_599_000,
    agreed: {
      grant_type: 'client_credentials',
      client_id: secrets['DYNAMICS_CLIENT_ID'] ?? '',
      client_secret: secrets['DYNAMICS_CLIENT_SECRET'] ?? '',
      // The organisation itself is the resource.
      scope: /^https:\/\/[^/]+\/\.default$/,
    },
    words,
  });
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [
      page(502, 'Bad Gateway'),
      fault(503, '0x80048c01', 'The server is busy and the request was not completed. Try again later.'),
    ],
    whenBusy: json(
      429,
      {
        error: {
          code: '0x80072322',
          message: 'Number of requests exceeded the limit of 6000 over time window of 300 seconds.',
        },
      },
      { 'retry-after': '1' },
    ),
    answer: (request) => {
      if (/^\/[^/]+\/oauth2\/v2\.0\/token$/.test(request.path)) return tokens.answer(request);
      if (!good) wrongKeys += 1;
      if (!tokens.letsIn(tokenIn(request, 'Bearer')))
        return { status: 401, headers: { 'www-authenticate': 'Bearer' } };
      if (!good) return fault(403, '0x80072560', 'The user is not a member of the organization.');
      return route(leads, request);
    },
    records: () => [...leads].map(([id, row]) => recordOf(id, row)),
    complaints: tokens.complaints,
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => void leads.delete(id),
    unsubscribes: (id) => void leads.set(id, { ...leads.get(id), donotbulkemail: true }),
    addressOf: (id) => `(${id})`,
    keyIsGood: (isGood) => {
      good = isGood;
      tokens.takeBack();
      if (isGood) tokens.stumble();
    },
  };
}

/** A lead by its number, or by its key; a new lead takes the key as a column's value. */
interface Meant {
  readonly id: string | undefined;
  readonly key: Row;
}

function route(leads: Leads, request: CrmRequest): CrmAnswer {
  const { method, path } = request;
  const within = /^\/api\/data\/v9\.\d\/leads(?:\((.+)\))?$/.exec(path);
  if (within === null) return fault(404, '0x80060888', 'Resource not found for the segment');
  if (within[1] === undefined)
    return method === 'POST' ? create(leads, request, {}) : fault(405, '0x0', 'Method not allowed');
  const meant = meantBy(leads, decodeURIComponent(within[1]));
  if (meant === undefined)
    return fault(400, '0x80060890', 'The specified key attributes are not a defined key for the lead entity');
  const { id } = meant;
  if (id === undefined)
    return method === 'PATCH' && request.headers['if-match'] !== '*'
      ? create(leads, request, meant.key)
      : absent(meant.key);
  switch (method) {
    case 'DELETE':
      leads.delete(id);
      return { status: 204 };
    case 'PATCH':
      return change(leads, id, request);
    default:
      return json(200, shown(id, leads.get(id) ?? {}));
  }
}

function meantBy(leads: Leads, within: string): Meant | undefined {
  if (/^[0-9a-f-]{36}$/i.test(within)) return { id: leads.has(within) ? within : undefined, key: {} };
  const [, column, value = ''] = /^(\w+)='([^']*)'$/.exec(within) ?? [];
  if (column !== keyColumn) return undefined;
  const id = [...leads].find(([, row]) => row[keyColumn] === value)?.[0];
  return { id, key: { [keyColumn]: value } };
}

const absent = (key: Row): CrmAnswer =>
  Object.keys(key).length > 0
    ? fault(404, '0x80060891', 'A record with the specified key values does not exist in lead entity')
    : fault(404, '0x80040217', "Entity 'lead' With Id = 00000000-0000-0000-0000-000000000001 Does Not Exist");

function create(leads: Leads, request: CrmRequest, key: Row): CrmAnswer {
  const data = bodyOf(request);
  const wrong = invalid(data) ?? duplicate(leads, data ?? {}, request);
  if (wrong !== undefined) return wrong;
  const id = keep(leads, { ...data, ...key });
  return written(id, leads.get(id) ?? {}, request, 201);
}

function change(leads: Leads, id: string, request: CrmRequest): CrmAnswer {
  const data = bodyOf(request);
  const wrong = invalid(data) ?? duplicate(leads, data ?? {}, request, id);
  if (wrong !== undefined) return wrong;
  if (request.headers['if-none-match'] === '*')
    return fault(412, '0x80060892', 'A record with matching key values already exists.');
  const row = { ...leads.get(id), ...data };
  leads.set(id, row);
  return written(id, row, request, 200);
}

/** Without `return=representation` it answers 204, with the address of the request as the lead's. */
function written(id: string, row: Row, request: CrmRequest, status: number): CrmAnswer {
  if (/return=representation/.test(request.headers['prefer'] ?? '')) return json(status, shown(id, row));
  return { status: 204, headers: { 'odata-entityid': `https://crm.simulated.example${request.path}` } };
}

const shown = (id: string, row: Row): Row => ({
  '@odata.etag': 'W/"842270"',
  leadid: id,
  [keyColumn]: row[keyColumn] ?? null,
});
