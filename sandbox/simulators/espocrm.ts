// Simulates EspoCRM's REST API: modelled on 8.4 as installed and fed in November 2026, and on its source (8.4.2).
// Invariant: keeps records in its own tables: leads, and the addresses that carry the opt-out.
import {
  created,
  duplicatesOf,
  fold,
  isText,
  keep,
  longest,
  apply,
  changedTo,
  emptyTables,
  shown,
  stock,
  valuesOf,
} from './espocrm-tables.ts';
import type { Attributes, Tables } from './espocrm-tables.ts';
import { json, page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm, Simulator, SimulatorOptions } from './simulator.ts';

const reason = (text: string): Record<string, string> => ({ 'x-status-reason': text });
const empty = (status: number, headers: Record<string, string> = {}): CrmAnswer => ({
  status,
  headers,
  body: '',
});

export const espocrm: Simulator = {
  preset: 'espocrm',
  modelled: 'EspoCRM 8.4, installed November 2026; source of 8.4.2',
  secretNames: ['ESPO_KEY'],
  open: openEspocrm,
};

function openEspocrm({
  secrets,
  strangers,
  now,
  lock = { wrongKeys: 10, withinMs: 60_000 },
}: SimulatorOptions): SimulatedCrm {
  const tables = emptyTables();
  for (const { lastName, firstName, email, phone } of strangers)
    keep(tables, { lastName, firstName, emailAddress: email, phoneNumber: phone });
  const door = createDoor(secrets['ESPO_KEY'] ?? '', now, lock);
  return {
    whenDown: [empty(500), empty(503)],
    whenBusy: page(429, 'Too Many Requests'),
    answer: (request) => {
      // nginx and PHP refuse these before EspoCRM sees them.
      if (request.body.length > 1_048_576) return page(413, 'Request Entity Too Large');
      return door.turnedAway(request) ?? route(tables, request);
    },
    records: () =>
      [...tables.leads.values()].filter(({ deleted }) => !deleted).map((lead) => shown(tables, lead)),
    complaints: door.complaints,
    wrongKeys: door.wrongKeys,
    deletedByHand: (id) => {
      const lead = tables.leads.get(id);
      if (lead !== undefined) lead.deleted = true;
    },
    unsubscribes: (id) =>
      void tables.optedOut.email.add(fold(tables.leads.get(id)?.attributes['emailAddress'])),
    keyIsGood: door.keyIsGood,
  };
}

/** Authentication: more than ten wrong keys in a minute lock the whole address out, right keys included. */
function createDoor(
  key: string,
  now: () => number,
  lock: NonNullable<SimulatorOptions['lock']>,
): {
  readonly turnedAway: (request: CrmRequest) => CrmAnswer | undefined;
  readonly keyIsGood: (good: boolean) => void;
  readonly wrongKeys: () => number;
  readonly complaints: () => readonly string[];
} {
  let failures: number[] = [];
  let good = true;
  let lockedOut = false;
  let wrongKeys = 0;
  return {
    turnedAway: ({ headers }) => {
      failures = failures.filter((at) => at > now() - lock.withinMs);
      if (failures.length > lock.wrongKeys) return empty(403);
      if (good && headers['x-api-key'] === key) return undefined;
      failures.push(now());
      wrongKeys += 1;
      if (failures.length > lock.wrongKeys) lockedOut = true;
      return empty(401);
    },
    keyIsGood: (isGood) => {
      good = isGood;
    },
    wrongKeys: () => wrongKeys,
    complaints: () => (lockedOut ? ['the whole address was locked out after too many wrong keys'] : []),
  };
}

function route(tables: Tables, request: CrmRequest): CrmAnswer {
  const { method, path } = request;
  if (path === '/api/v1/Lead' && method === 'GET') return search(tables, request.query);
  if (path === '/api/v1/Lead' && method === 'POST') {
    tables.creates += 1;
    return create(tables, request);
  }
  const id = /^\/api\/v1\/Lead\/([^/]+)$/.exec(path)?.[1];
  if (id === undefined) {
    const [, name = ''] = /^\/api\/v1\/(\w+)/.exec(path) ?? [];
    const controller = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    return empty(404, reason(`Controller '${controller}' does not exist.`));
  }
  const lead = tables.leads.get(id);
  if (lead === undefined || lead.deleted)
    return empty(404, reason(`Record ${id} ${method === 'GET' ? 'does not exist' : 'not found'}.`));
  switch (method) {
    case 'GET':
      return json(200, valuesOf(tables, lead));
    case 'PUT':
    case 'PATCH': {
      const data = parsed(request);
      if (data === undefined) return empty(500);
      const wrong = invalid(data);
      if (wrong !== undefined) return wrong;
      apply(tables, lead, data);
      return json(200, changedTo(tables, lead, data));
    }
    case 'DELETE':
      lead.deleted = true;
      return json(200, true);
    default:
      return empty(405);
  }
}

/** A body that is no JSON in UTF-8 is a server error there. */
export function parsed({ body }: CrmRequest): Attributes | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Attributes)
      : undefined;
  } catch {
    return undefined;
  }
}

function create(tables: Tables, request: CrmRequest): CrmAnswer {
  const data = parsed(request);
  if (data === undefined) return empty(500);
  const wrong = invalid(data);
  if (wrong !== undefined) return wrong;
  if (request.headers['x-skip-duplicate-check'] !== 'true') {
    const duplicates = duplicatesOf(tables, data);
    if (duplicates.length > 0)
      return json(
        409,
        duplicates.map((lead) => valuesOf(tables, lead)),
        reason('duplicate'),
      );
  }
  return json(200, valuesOf(tables, keep(tables, data, request.beside), { asCreated: true }));
}

/** Fields with the pattern `$noBadCharacters` in EspoCRM's metadata. */
const withoutMarkup = new Set(['firstName', 'lastName', 'addressCity', 'addressPostalCode']);

export function invalid(data: Attributes): CrmAnswer | undefined {
  for (const [field, value] of Object.entries(data)) {
    if (!isText(value)) continue;
    if (Array.from(value).length > (longest[field] ?? Infinity)) return validationFailure(field, 'maxLength');
    if (withoutMarkup.has(field) && /[<>=]/.test(value)) return validationFailure(field, 'pattern');
  }
  if (isText(data['phoneNumber']) && !/^\+[1-9]\d{6,14}$/.test(data['phoneNumber']))
    return validationFailure('phoneNumber', 'valid');
  if (isText(data['emailAddress']) && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(data['emailAddress']))
    return validationFailure('emailAddress', 'emailAddress');
  return undefined;
}

const validationFailure = (field: string, type: string): CrmAnswer => ({
  status: 400,
  headers: reason(`Field validation failure; entityType: Lead, field: ${field}, type: ${type}.`),
  body: JSON.stringify({
    messageTranslation: { label: 'validationFailure', scope: null, data: { field, type } },
  }),
});

/** `where[0][type]=equals` on one attribute; a deleted lead is not found. */
function search(tables: Tables, query: URLSearchParams): CrmAnswer {
  const attribute = query.get('where[0][attribute]');
  const value = query.get('where[0][value]');
  if (attribute === null || query.get('where[0][type]') !== 'equals') return empty(400, reason('Bad where.'));
  if (![...stock, ...created, 'id'].includes(attribute))
    return empty(400, reason(`Not existing attribute '${attribute}' in where.`));
  const found = [...tables.leads.values()].filter(
    (lead) => !lead.deleted && fold(lead.attributes[attribute]) === fold(value),
  );
  return json(200, { total: found.length, list: found.map((lead) => valuesOf(tables, lead)) });
}
