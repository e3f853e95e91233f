// Simulates Tryton's JSON-RPC: modelled on 7.0.30 as installed and asked in November 2026.
// Invariant: its protocol is its own, no JSON-RPC 2.0: a fault is an answer with status 200 and a list under `error`.
import { page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm, Simulator, SimulatorOptions } from './simulator.ts';
import {
  create,
  erase,
  models,
  openTables,
  partsOf,
  recordsOf,
  remove,
  search,
  searchIdentifiers,
  write,
  type Row,
  type Tables,
  type Told,
} from './tryton-tables.ts';

export const tryton: Simulator = {
  preset: 'tryton',
  modelled: 'Tryton 7.0.30, installed November 2026',
  secretNames: ['TRYTON_USER', 'TRYTON_PASSWORD'],
  open: openTryton,
};

function openTryton({
  secrets,
  strangers,
  now,
  lock = { wrongKeys: 5, withinMs: 300_000 },
}: SimulatorOptions): SimulatedCrm {
  const tables = openTables(strangers);
  const known = `Basic ${Buffer.from(`${secrets['TRYTON_USER'] ?? ''}:${secrets['TRYTON_PASSWORD'] ?? ''}`).toString('base64')}`;
  let attempts: number[] = [];
  let good = true;
  let locked = false;
  let wrongKeys = 0;
  /** More than five wrong passwords lock the user, right ones included; each try during the lock counts as one more. */
  const turnedAway = ({ headers }: CrmRequest): CrmAnswer | undefined => {
    attempts = attempts.filter((at) => at > now() - lock.withinMs);
    if (attempts.length > lock.wrongKeys) {
      attempts.push(now());
      locked = true;
      return page(429, 'Too Many Requests');
    }
    if (good && headers['authorization'] === known) {
      attempts = [];
      return undefined;
    }
    attempts.push(now());
    wrongKeys += 1;
    return { status: 401, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '' };
  };
  return {
    // During a shutdown its pool closes before its door; without its database it waits.
    whenDown: [told({ id: 0 }, { error: ['connection already closed', ''] }), 'hangs'],
    whenBusy: page(503, 'Service Temporarily Unavailable'),
    addressOf: (id) => `"params":[[${id}]`,
    answer: (request) => turnedAway(request) ?? asked(tables, request),
    records: () => recordsOf(tables),
    complaints: () => [
      ...(locked ? ['the user was locked after too many wrong passwords'] : []),
      ...partsOf(tables),
    ],
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => {
      for (const [opportunity, { party }] of tables.rows['sale.opportunity'])
        if (party === Number(id)) remove(tables, 'sale.opportunity', [opportunity]);
      remove(tables, 'party.party', [Number(id)]);
      // A deletion by hand is the client's own: no complaint about the history.
      tables.history.delete(Number(id));
    },
    keyIsGood: (isGood) => {
      good = isGood;
    },
  };
}

/** The accept header picks the protocol; any member beside id, method and params removes the envelope. */
function asked(tables: Tables, { method, path, headers, body }: CrmRequest): CrmAnswer {
  if (method !== 'POST') return page(405, 'Method Not Allowed');
  const content = parsed(body);
  // The address names a database that does not exist.
  if (!path.startsWith('/client'))
    return told(content, { error: ["'NoneType' object has no attribute 'put_connection'", ''] });
  if (isUnknownVerb(content)) return page(403, 'Forbidden');
  const outcome = run(tables, content);
  const accept = headers['accept'] ?? '*/*';
  if (!accept.includes('json') && accept.includes('xml')) return unreadable(outcome);
  const whole = Object.keys(content).toSorted().join(' ') === 'id method params';
  if (whole) return told(content, outcome);
  if ('error' in outcome) return page(outcome.error[0] === 'UserError' ? 400 : 500, 'Error');
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(outcome.result),
  };
}

const told = ({ id }: Row, outcome: Told): CrmAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ id, ...outcome }),
});

/** The values concatenated as text; a fault becomes a status. */
function unreadable(outcome: Told): CrmAnswer {
  if ('error' in outcome) return page(outcome.error[0] === 'UserError' ? 400 : 500, 'Error');
  const text = Array.isArray(outcome.result) ? (outcome.result as unknown[]).map(String).join('') : '';
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

function run(tables: Tables, { method, params }: Row): Told {
  const given = Array.isArray(params) ? (params as unknown[]) : [];
  const context = (given.at(-1) ?? {}) as Row;
  const [, kind, name = '', verb] = /^(model|wizard)\.(.+)\.(\w+)$/.exec(String(method)) ?? [];
  if (kind === 'wizard' && name === 'party.erase') {
    if (verb === 'create') {
      tables.lastId += 1;
      tables.wizards.add(tables.lastId);
      return { result: [tables.lastId, 'ask', 'end'] };
    }
    const [session, { ask }] = given as [number, { readonly ask: { readonly party: number } }];
    return erase(tables, session, ask.party);
  }
  if (name === 'party.identifier' && verb === 'search_read')
    return searchIdentifiers(tables, given[0], given[4]);
  const model = models.find((candidate) => candidate === name);
  if (model === undefined) return { error: [`'${name}'`, ''] };
  switch (verb ?? '') {
    case 'create':
      return create(tables, model, given[0] as readonly Row[], context);
    case 'write':
      return write(tables, model, given.slice(0, -1));
    case 'delete':
      return remove(tables, model, given[0] as readonly number[]);
    default:
      return search(tables, model, given[0], given[4]);
  }
}

/** A method that a known model does not have, or that a program may not call. */
function isUnknownVerb({ method }: Row): boolean {
  const [, name, verb = ''] = /^model\.(.+)\.(\w+)$/.exec(String(method)) ?? [];
  const known = ['create', 'write', 'delete', 'search_read'];
  return models.some((model) => model === name) && !known.includes(verb);
}

function parsed(body: Buffer): Row {
  try {
    return JSON.parse(body.toString('utf8')) as Row;
  } catch {
    return {};
  }
}
