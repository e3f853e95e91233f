// Simulates Sellsy's API v2, individuals and custom fields, by its public pages and other people's clients. Never compared with a real
// account.
// Invariant: judges by the documentation; a channel that is not in a prospect's list is refused.
import { bodyOf, createRate, json, page } from './simulator.ts';
import type {
  CrmAnswer,
  CrmRecord,
  CrmRequest,
  SimulatedCrm,
  Simulator,
  SimulatorOptions,
} from './simulator.ts';
import { createTokenEndpoint, tokenIn } from './token-endpoint.ts';
import type { TokenWords } from './token-endpoint.ts';

interface Individual {
  readonly id: number;
  readonly imported: boolean;
  values: Readonly<Record<string, unknown>>;
  subscriptions: readonly string[];
  proof: string;
}

type Individuals = Map<number, Individual>;

const channels = ['sms', 'phone', 'email', 'postal_mail', 'custom'];
/** The custom field the preset's page has the client create, under the number of its example. */
const proofField = 4711;

export const sellsy: Simulator = {
  preset: 'sellsy',
  modelled: 'public documentation, other people’s clients',
  secretNames: ['SELLSY_CLIENT_ID', 'SELLSY_CLIENT_SECRET'],
  open: openSellsy,
};

const fault = (code: number, message: string): CrmAnswer =>
  json(code, { error: { code, message, details: {} } });

const words: TokenWords = {
  given: (token, livesMs) =>
    json(200, { token_type: 'Bearer', expires_in: Math.round(livesMs / 1_000), access_token: token }),
  refused: () => json(401, { error: 'invalid_client', error_description: 'Client authentication failed' }),
  tooOften: json(429, { error: 'too_many_requests' }),
};

function openSellsy({ secrets, strangers, now, tokensLiveMs }: SimulatorOptions): SimulatedCrm {
  const individuals: Individuals = new Map();
  let lastId = 700;
  const keep = (values: Individual['values'], imported: boolean): Individual => {
    lastId += 1;
    const individual = { id: lastId, imported, values: {}, subscriptions: channels, proof: '' };
    individuals.set(lastId, individual);
    write(individual, values);
    return individual;
  };
  for (const { lastName, firstName, email, phone } of strangers)
    keep({ last_name: lastName, first_name: firstName, email, mobile_number: phone }, true);
  const tokens = createTokenEndpoint({
    now,
    livesMs: tokensLiveMs ?? 86_400_000,
    agreed: {
      grant_type: 'client_credentials',
      client_id: secrets['SELLSY_CLIENT_ID'] ?? '',
      client_secret: secrets['SELLSY_CLIENT_SECRET'] ?? '',
    },
    words,
  });
  const fits = createRate(now, 20, 1_000);
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [page(502, 'Bad Gateway'), fault(500, 'Internal server error')],
    whenBusy: fault(429, 'Too many requests'),
    answer: (request) => {
      if (request.path === '/oauth2/access-tokens') return tokens.answer(request);
      if (!good) wrongKeys += 1;
      if (!tokens.letsIn(tokenIn(request, 'Bearer'))) return fault(401, 'Unauthorized');
      if (!good) return fault(403, 'Forbidden');
      return fits() ? route(individuals, keep, request) : fault(429, 'Too many requests');
    },
    records: () => [...individuals.values()].map(shown),
    complaints: () => [
      ...tokens.complaints(),
      ...[...individuals.values()]
        .filter(({ imported, proof }) => !imported && proof === '')
        .map(({ id }) => `the prospect ${id} has no proof`),
    ],
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => void individuals.delete(Number(id)),
    unsubscribes: (id) => {
      const individual = individuals.get(Number(id));
      if (individual === undefined) return;
      individual.subscriptions = individual.subscriptions.filter((channel) => channel !== 'email');
    },
    keyIsGood: (isGood) => {
      good = isGood;
      tokens.takeBack();
    },
  };
}

function route(
  individuals: Individuals,
  keep: (values: Individual['values'], imported: boolean) => Individual,
  request: CrmRequest,
): CrmAnswer {
  const { method, path } = request;
  if (path === '/v2/individuals' && method === 'POST') {
    const values = bodyOf(request);
    const why = values === undefined ? 'Invalid JSON' : wrongIn(values);
    return values === undefined || why !== undefined
      ? fault(400, why ?? '')
      : json(201, answered(keep(values, false)));
  }
  if (path === '/v2/individuals/search' && method === 'POST') return search(individuals, request);
  const [, id, more] = /^\/v2\/individuals\/(\d+)(\/custom-fields)?$/.exec(path) ?? [];
  const individual = individuals.get(Number(id));
  if (individual === undefined) return fault(404, 'Not found');
  if (more !== undefined)
    return method === 'PUT' ? setFields(individual, request) : fault(405, 'Not allowed');
  return one(individuals, individual, request);
}

function one(individuals: Individuals, individual: Individual, request: CrmRequest): CrmAnswer {
  switch (request.method) {
    case 'PUT': {
      const values = bodyOf(request);
      const why = values === undefined ? 'Invalid JSON' : wrongIn(values);
      if (values === undefined || why !== undefined) return fault(400, why ?? '');
      write(individual, values);
      return json(200, answered(individual));
    }
    case 'DELETE':
      individuals.delete(individual.id);
      return { status: 204 };
    default:
      return json(200, answered(individual));
  }
}

function wrongIn(values: Individual['values']): string | undefined {
  const { last_name: name, type, marketing_campaigns_subscriptions: list } = values;
  if (typeof name !== 'string' || name === '') return 'last_name is required';
  if (!['prospect', 'client', 'supplier'].includes(String(type))) return 'type is not valid';
  if (list !== undefined && (!Array.isArray(list) || !list.every((item) => channels.includes(String(item)))))
    return 'marketing_campaigns_subscriptions is not valid';
  return undefined;
}

/** An absent list leaves the channels unchanged: for a new prospect, every channel. */
function write(individual: Individual, values: Individual['values']): void {
  const { marketing_campaigns_subscriptions: list, ...rest } = values;
  individual.values = { ...individual.values, ...rest };
  if (Array.isArray(list)) individual.subscriptions = list.map(String);
}

const answered = ({ id, values, subscriptions }: Individual): object => ({
  id,
  ...values,
  marketing_campaigns_subscriptions: subscriptions,
});

/** Writes a list of fields with their values; one unknown field rejects them all. */
function setFields(individual: Individual, { body }: CrmRequest): CrmAnswer {
  let list: unknown;
  try {
    list = JSON.parse(body.toString('utf8'));
  } catch {
    return fault(400, 'Invalid JSON');
  }
  if (!Array.isArray(list)) return fault(400, 'A list is expected');
  const fields = list as readonly { readonly id?: unknown; readonly value?: unknown }[];
  if (!fields.every(({ id }) => id === proofField)) return fault(400, 'Unknown custom field');
  for (const { value } of fields) individual.proof = typeof value === 'string' ? value : '';
  return json(200, { data: fields });
}

/** Finds prospects by whole references, in a list of them. */
function search(individuals: Individuals, request: CrmRequest): CrmAnswer {
  const { filters } = (bodyOf(request) ?? {}) as { readonly filters?: { readonly reference?: unknown } };
  const wanted = filters?.reference;
  if (!Array.isArray(wanted)) return fault(400, 'filters.reference is not valid');
  const found = [...individuals.values()].filter(({ values }) => wanted.includes(values['reference']));
  return json(200, {
    data: found.map(answered),
    pagination: { limit: 2, count: found.length, total: found.length, offset: 0 },
  });
}

function shown({ id, values, subscriptions }: Individual): CrmRecord {
  const text = (name: string): string => (typeof values[name] === 'string' ? values[name] : '');
  const [email, phone] = [text('email'), text('mobile_number') || text('phone_number')];
  return {
    id: String(id),
    reference: text('reference'),
    lastName: text('last_name'),
    firstName: text('first_name'),
    email,
    phone,
    mayContact: {
      ...(email === '' ? {} : { email: subscriptions.includes('email') }),
      ...(phone === '' ? {} : { phone: subscriptions.includes('phone') }),
    },
    // Reading it is no change.
    place: `PUT /v2/individuals/${id}?`,
  };
}
