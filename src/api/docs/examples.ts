// Example requests for each address, with invented data: developers copy them, and a test sends them to a running server.
// Invariant: reserved domains and numbers alone; that test fails for an address without an example.
import type { Address } from './document.ts';

const inPath: Readonly<Record<string, string>> = {
  client: 'horizon',
  reference: 'WEB-4711',
  destination: 'horizon-crm',
  delivery: '4711',
  version: '1',
  run: '12',
  task: '4711',
};

const inQuery: Readonly<Record<string, string>> = {
  '/v1/deliveries': '?destination=horizon-crm&state=failed',
  '/v1/deliveries/count': '?state=failed',
  '/v1/events': '?after=now',
  '/v1/tasks': '?limit=20',
};

const row = { client_id: 'horizon', reference: 'WEB-4711' };
const answered = { purpose: 'marketing', channel: 'email', recordedAt: '2026-11-28T10:00:00Z' };
const why = { reason: 'ticket 12' };
const filter = { destination: 'horizon-crm', state: 'failed' };

const bodies: Readonly<Record<string, object>> = {
  '/v1/leads': {
    country: 'FR',
    items: [
      {
        ...row,
        channel: 'web_form',
        collected_at: '2026-11-28T10:00:00Z',
        last_name: 'Martin',
        mobile: '06 39 98 00 01',
        consents: [{ ...answered, state: 'refused' }],
      },
    ],
  },
  '/v1/corrections': { items: [{ ...row, row_reference: 'WEB-4711-c1', mobile: '+33639980002' }] },
  '/v1/consents': {
    items: [{ ...row, row_reference: 'WEB-4711-o1', consents: [{ ...answered, state: 'withdrawn' }] }],
  },
  '/v1/interactions': {
    items: [
      {
        ...row,
        row_reference: 'WEB-4711-i1',
        interactions: [{ kind: 'inbound_call', at: '2026-11-28T10:00:00Z' }],
      },
    ],
  },
  '/v1/leads/search': { reference: 'WEB-4711' },
  '/v1/persons/search': { phone: '06 39 98 00 01', ...why },
  '/v1/deliveries/replay/plan': { filter },
  '/v1/deliveries/cancel/plan': { filter },
  '/v1/tasks/close/plan': { filter },
  '/v1/deliveries/replay': { filter, expected: 2, ...why },
  '/v1/deliveries/cancel': { filter, expected: 2, ...why },
  '/v1/tasks/close': { filter, expected: 2, ...why, evidence: 'mail of 20 November' },
  '/v1/tasks/{task}/close': { ...why, evidence: 'mail of 20 November' },
  '/v1/bulk-runs/{run}/pause': {},
  '/v1/bulk-runs/{run}/resume': {},
  '/v1/destinations/{destination}/test': {},
  '/v1/pull/{destination}': { limit: 50 },
  '/v1/pull/{destination}/answers': {
    items: [
      {
        key: '0f8fad5b-d9cb-469f-a165-70867728950e',
        lease: '1-1-4711',
        outcome: 'accepted',
        reference: 'C-10234',
      },
    ],
  },
  '/v1/contacts': { operation: 'readContacts' },
};

export interface Example {
  readonly path: string;
  /** Undefined: none is sent. */
  readonly body: object | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export function exampleOf({ method, path, parameters = [], security = [] }: Address): Example {
  const named = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath[name] ?? name);
  const body = method === 'POST' ? (bodies[path] ?? why) : undefined;
  const isRepeatable = parameters.some(({ name }) => name.toLowerCase() === 'idempotency-key');
  return {
    path: `${named}${inQuery[path] ?? ''}`,
    body,
    headers: [
      security.some((scheme) => 'header' in scheme)
        ? ['x-api-key', 'relais_…']
        : ['Authorization', 'Bearer relais_…'],
      ...(isRepeatable ? ([['Idempotency-Key', 'ticket-12-1']] as const) : []),
      ...(body === undefined ? [] : ([['Content-Type', 'application/json']] as const)),
    ],
  };
}

/** As typed into a shell. */
export function curlOf(address: Address): string {
  const { path, body, headers } = exampleOf(address);
  return [
    `curl -s 'https://relais.centre.example${path}'`,
    ...headers.map(([name, value]) => `-H '${name}: ${value}'`),
    ...(body === undefined ? [] : [`-d '${JSON.stringify(body)}'`]),
  ].join(' \\\n  ');
}
