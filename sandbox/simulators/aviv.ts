// Simulates AVIV's Seeker Leads (SeLoger, Logic-Immo, Belles Demeures), API v1, by its developer portal. Never compared with a real
// account.
// Invariant: judges by the documented schema; an accepted lead can be neither found by our reference, nor changed, nor deleted.
import { randomUUID } from 'node:crypto';
import { bodyOf, createRate, json, page } from './simulator.ts';
import type {
  CrmAnswer,
  CrmRecord,
  CrmRequest,
  SimulatedCrm,
  Simulator,
  SimulatorOptions,
  ChangeByHand,
} from './simulator.ts';
import { createTokenEndpoint, tokenIn } from './token-endpoint.ts';
import type { TokenWords } from './token-endpoint.ts';
import { readByPeople, referenceIn, textIn } from './told-in-words.ts';

type Values = Readonly<Record<string, unknown>>;

interface Lead {
  readonly requestId: string;
  readonly values: Values;
  noted?: ChangeByHand;
}

type Leads = Map<string, Lead>;

const audience = 'https://api.aviv-group.com/seeker-leads/v1';

export const aviv: Simulator = {
  preset: 'aviv',
  modelled: 'developer portal, published answers',
  secretNames: ['AVIV_CLIENT_ID', 'AVIV_CLIENT_SECRET'],
  changes: 'in writing',
  turnsAway: ({ email }) => (email === undefined ? 'invalid' : undefined),
  open: openAviv,
};

/** RFC 7807, as its schema has it. */
const problem = (status: number, title: string, detail: string): CrmAnswer =>
  json(status, {
    type: `https://api.aviv-group.com/problems/${title.replaceAll(' ', '-')}`,
    title,
    detail,
    instance: '00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01',
    status,
  });

const words: TokenWords = {
  given: (token, livesMs) =>
    json(200, { access_token: token, expires_in: Math.round(livesMs / 1_000), token_type: 'Bearer' }),
  refused: (wrong) =>
    wrong === 'audience'
      ? json(403, { error: 'access_denied', error_description: 'Service not enabled within domain' })
      : json(401, { error: 'access_denied', error_description: 'Unauthorized' }),
  tooOften: json(429, { error: 'too_many_requests', error_description: 'Too many requests' }),
};

function openAviv({ secrets, strangers, now, tokensLiveMs }: SimulatorOptions): SimulatedCrm {
  const leads: Leads = new Map();
  const keep = (values: Values): Lead => {
    const lead = { requestId: randomUUID(), values };
    leads.set(lead.requestId, lead);
    return lead;
  };
  for (const { lastName, firstName, email, phone } of strangers)
    keep({ lastName, firstName, email, phoneNumbers: [{ number: phone }], message: 'Bonjour' });
  const tokens = createTokenEndpoint({
    now,
    livesMs: tokensLiveMs ?? 86_400_000,
    agreed: {
      grant_type: 'client_credentials',
      client_id: secrets['AVIV_CLIENT_ID'] ?? '',
      client_secret: secrets['AVIV_CLIENT_SECRET'] ?? '',
      audience,
    },
    words,
  });
  const fits = createRate(now, 50, 1_000);
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [page(502, 'Bad Gateway'), problem(500, 'Internal server error', 'Unexpected server error')],
    whenBusy: problem(429, 'Too many requests', 'Rate limit exceeded'),
    answer: (request) => {
      // Its firewall refuses a request whose user agent names no product and version.
      if (!/^[^\s/]+\/\S+/.test(request.headers['user-agent'] ?? '')) return page(403, 'Forbidden');
      if (request.path === '/oauth/token') return tokens.answer(asForm(request));
      if (!good) wrongKeys += 1;
      if (!tokens.letsIn(tokenIn(request, 'Bearer')))
        return problem(401, 'Unauthorized', 'Invalid or missing authentication token');
      if (!good) return problem(403, 'Bad Scope', 'Insufficient permissions');
      if (!fits()) return problem(429, 'Too many requests', 'Rate limit exceeded');
      return route(keep, request);
    },
    records: () => [...leads.values()].map(shown),
    complaints: () => tokens.complaints(),
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => void leads.delete(id),
    changedByHand: (id, told) => {
      const lead = leads.get(id);
      if (lead !== undefined) lead.noted = told;
    },
    keyIsGood: (isGood) => {
      good = isGood;
      tokens.takeBack();
    },
  };
}

/** The endpoint reads JSON; a form has no parameters there. */
function asForm(request: CrmRequest): CrmRequest {
  const isJson = (request.headers['content-type'] ?? '').startsWith('application/json');
  const given = isJson ? (bodyOf(request) ?? {}) : {};
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) form.set(name, String(value));
  return { ...request, body: Buffer.from(form.toString()) };
}

function route(keep: (values: Values) => Lead, request: CrmRequest): CrmAnswer {
  if (request.path !== '/seeker-leads/v1/leads')
    return problem(404, 'Not Found', 'The requested resource does not exist');
  if (request.method !== 'POST') return problem(404, 'Not Found', 'The requested resource does not exist');
  const values = bodyOf(request);
  const wrong = values === undefined ? 'body' : wrongIn(values);
  return values === undefined || wrong !== undefined
    ? problem(400, 'Bad Request', `${wrong} is not valid`)
    : json(200, { title: 'Lead submitted successfully', requestId: keep(values).requestId });
}

/** The first field that breaks its schema. */
function wrongIn(values: Values): string | undefined {
  const numbers = values['phoneNumbers'];
  const isName = (name: string): boolean => name.length >= 1 && name.length <= 100;
  const sound: Readonly<Record<string, boolean>> = {
    lastName: isName(textIn(values, 'lastName')),
    firstName: values['firstName'] === undefined || isName(textIn(values, 'firstName')),
    gender: values['gender'] === undefined || ['MALE', 'FEMALE', 'OTHER'].includes(textIn(values, 'gender')),
    email: /^[^@\s]+@[^@\s]+$/.test(textIn(values, 'email')),
    phoneNumbers: Array.isArray(numbers) && numbers.length > 0 && numbers.every(isNumber),
    message: textIn(values, 'message') !== '',
    classifiedId: /^\d{2}[1-9A-NP-Z]{10}$/.test(textIn(values, 'classifiedId')),
    submittedDate: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(textIn(values, 'submittedDate')),
  };
  return Object.keys(sound).find((name) => sound[name] === false);
}

const isNumber = (item: unknown): boolean =>
  typeof item === 'object' &&
  item !== null &&
  /^[+]?[0-9() /.-]{6,21}[0-9]$/.test(textIn(item as Values, 'number'));

function shown({ requestId, values, noted }: Lead): CrmRecord {
  const [first] = values['phoneNumbers'] as readonly Values[];
  const message = textIn(values, 'message');
  return readByPeople(
    {
      id: requestId,
      reference: referenceIn(message),
      lastName: textIn(values, 'lastName'),
      firstName: textIn(values, 'firstName'),
      email: textIn(values, 'email'),
      phone: textIn(first ?? {}, 'number'),
    },
    message,
    noted,
  );
}
