// Simulates HubSpot's CRM API v3 and subscriptions v4, by its public pages and other people's reports. Never compared with a real
// account.
// Invariant: judges by the documentation; keeps records in its own tables.
import {
  checkBoxes,
  complaintsOf,
  find,
  keep,
  living,
  propertiesOf,
  recordsOf,
  uniqueProperties,
} from './hubspot-tables.ts';
import type { Kind, Properties, Row, Tables } from './hubspot-tables.ts';
import { json, page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm, Simulator, SimulatorOptions } from './simulator.ts';

export const hubspot: Simulator = {
  preset: 'hubspot',
  modelled: 'public documentation, reported answers',
  secretNames: ['HUBSPOT_TOKEN'],
  open: openHubspot,
};

const fault = (status: number, category: string, message: string): CrmAnswer =>
  json(status, { status: 'error', message, correlationId: 'c0ffee00-0000-4000-8000-000000000000', category });
const notFound = fault(404, 'OBJECT_NOT_FOUND', 'resource not found');
const nothing: CrmAnswer = { status: 204 };

const tooFast = (policyName: string): CrmAnswer =>
  json(429, {
    status: 'error',
    message: `You have reached your ${policyName.toLowerCase()} limit.`,
    errorType: 'RATE_LIMIT',
    correlationId: 'c0ffee00-0000-4000-8000-000000000000',
    policyName,
  });

function openHubspot({ secrets, strangers, now }: SimulatorOptions): SimulatedCrm {
  const tables: Tables = { rows: new Map(), subscriptions: new Map(), lastId: 37_000 };
  for (const { lastName, firstName, email, phone } of strangers)
    keep(tables, {
      kind: 'contacts',
      imported: true,
      properties: { lastname: lastName, firstname: firstName, email, mobilephone: phone },
    });
  const rate = createRate(now);
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [page(502, 'Bad Gateway'), fault(500, 'INTERNAL_ERROR', 'internal error')],
    whenBusy: tooFast('TEN_SECONDLY_ROLLING'),
    answer: (request) => {
      if (!good || request.headers['authorization'] !== `Bearer ${secrets['HUBSPOT_TOKEN'] ?? ''}`) {
        wrongKeys += 1;
        return fault(401, 'INVALID_AUTHENTICATION', 'Authentication credentials not found.');
      }
      return rate() ?? route(tables, request);
    },
    records: () => recordsOf(tables),
    complaints: () => complaintsOf(tables),
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => void tables.rows.delete(id),
    unsubscribes: (id) => {
      const email = tables.rows.get(tables.rows.get(id)?.contact ?? '')?.properties['email'] ?? '';
      tables.subscriptions.set(email.toLowerCase(), 'UNSUBSCRIBED');
    },
    keyIsGood: (isGood) => {
      good = isGood;
    },
  };
}

/** A hundred requests in ten seconds, a quarter of a million a day, for the whole account. */
function createRate(now: () => number): () => CrmAnswer | undefined {
  let recent: number[] = [];
  let day = '';
  let today = 0;
  return () => {
    const date = new Date(now()).toISOString().slice(0, 10);
    if (date !== day) [day, today] = [date, 0];
    recent = recent.filter((at) => at > now() - 10_000);
    if (today >= 250_000) return tooFast('DAILY');
    if (recent.length >= 100) return tooFast('TEN_SECONDLY_ROLLING');
    recent.push(now());
    today += 1;
    return undefined;
  };
}

function route(tables: Tables, request: CrmRequest): CrmAnswer {
  const { method, path, query } = request;
  if (method === 'POST' && path === '/communication-preferences/v4/statuses/batch/write')
    return subscriptions(tables, request);
  const [, kind, id] = /^\/crm\/v3\/objects\/(contacts|deals)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (kind !== 'contacts' && kind !== 'deals') return page(404, 'Not Found');
  if (id === undefined) return method === 'POST' ? create(tables, kind, request) : page(405, 'Not allowed');
  if (method === 'POST' && id === 'gdpr-delete') return purge(tables, kind, request);
  const idProperty = query.get('idProperty') ?? undefined;
  if (idProperty !== undefined && ![...uniqueProperties, 'email'].includes(idProperty))
    return fault(400, 'VALIDATION_ERROR', `${idProperty} is not a unique property`);
  const row = find(tables, kind, decodeURIComponent(id), idProperty);
  if (method === 'DELETE') {
    if (row !== undefined) row.binned = true;
    return nothing;
  }
  if (row === undefined) return notFound;
  return method === 'PATCH' ? change(tables, row, request) : json(200, answered(shown(row, query)));
}

/** Properties shown by default; `properties` names more. */
const shownByDefault = ['email', 'firstname', 'lastname', 'dealname', 'dealstage', 'pipeline', 'amount'];
const shown = (row: Row, query: URLSearchParams): Row => {
  const names = new Set([...shownByDefault, ...(query.get('properties') ?? '').split(',')]);
  const properties = Object.entries(row.properties).filter(([name]) => names.has(name));
  return { ...row, properties: Object.fromEntries(properties) };
};

const answered = ({ id, properties }: Row): object => ({ id, properties, archived: false });

/** Every value is a text; an empty one clears the property. */
function propertiesIn(body: unknown): Properties | undefined {
  const given = (body as { properties?: unknown } | undefined)?.properties;
  if (typeof given !== 'object' || given === null) return undefined;
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
}

function create(tables: Tables, kind: Kind, request: CrmRequest): CrmAnswer {
  const body = parsed(request) as { associations?: readonly { to?: { id?: string | number } }[] } | undefined;
  const properties = propertiesIn(body);
  if (properties === undefined) return fault(400, 'VALIDATION_ERROR', 'Invalid input JSON');
  const wrong = invalid(kind, properties) ?? taken(tables, kind, properties);
  if (wrong !== undefined) return wrong;
  const to = body?.associations?.[0]?.to?.id;
  if (to !== undefined && find(tables, 'contacts', String(to)) === undefined)
    return fault(400, 'VALIDATION_ERROR', 'One or more associations are not valid');
  const contact = to === undefined ? {} : { contact: String(to) };
  return json(
    201,
    answered(keep(tables, { kind, properties: folded(properties), imported: false, ...contact })),
  );
}

function change(tables: Tables, row: Row, request: CrmRequest): CrmAnswer {
  const properties = propertiesIn(parsed(request));
  if (properties === undefined) return fault(400, 'VALIDATION_ERROR', 'Invalid input JSON');
  const wrong = invalid(row.kind, properties) ?? taken(tables, row.kind, properties, row.id);
  if (wrong !== undefined) return wrong;
  row.properties = { ...row.properties, ...folded(properties) };
  return json(200, answered(row));
}

const folded = (properties: Properties): Properties => ({
  ...properties,
  ...(properties['email'] === undefined ? {} : { email: properties['email'].toLowerCase() }),
});

/** One invalid property rejects the whole record. */
function invalid(kind: Kind, properties: Properties): CrmAnswer | undefined {
  const faults = Object.entries(properties).flatMap(([name, value]) => {
    if (!propertiesOf[kind].includes(name))
      return [
        {
          isValid: false,
          message: `Property "${name}" does not exist`,
          error: 'PROPERTY_DOESNT_EXIST',
          name,
        },
      ];
    if (checkBoxes.includes(name) && !['true', 'false', ''].includes(value))
      return [
        {
          isValid: false,
          message: `${value} was not one of the allowed options`,
          error: 'INVALID_OPTION',
          name,
        },
      ];
    if (name === 'email' && value !== '' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value))
      return [{ isValid: false, message: 'Email address is invalid', error: 'INVALID_EMAIL', name }];
    return [];
  });
  if (faults.length === 0) return undefined;
  return fault(400, 'VALIDATION_ERROR', `Property values were not valid: ${JSON.stringify(faults)}`);
}

/** Refuses the address of another living record with 409, and a used value of a unique property with 400. */
function taken(tables: Tables, kind: Kind, properties: Properties, own?: string): CrmAnswer | undefined {
  const others = living(tables, kind).filter(({ id }) => id !== own);
  const email = properties['email']?.toLowerCase() ?? '';
  const known = others.find((row) => email !== '' && row.properties['email'] === email);
  if (known !== undefined) return fault(409, 'CONFLICT', `Contact already exists. Existing ID: ${known.id}`);
  const name = uniqueProperties.find((unique) =>
    others.some(
      (row) => row.properties[unique] !== undefined && row.properties[unique] === properties[unique],
    ),
  );
  if (name === undefined) return undefined;
  const detail = {
    isValid: false,
    message: 'already has that value.',
    error: 'CONFLICTING_UNIQUE_VALUE',
    name,
  };
  return fault(400, 'VALIDATION_ERROR', `Property values were not valid: ${JSON.stringify([detail])}`);
}

/** Deletes for good. The real one also forbids an unknown address for ever. */
function purge(tables: Tables, kind: Kind, request: CrmRequest): CrmAnswer {
  const { objectId, idProperty } = (parsed(request) ?? {}) as Record<string, string | undefined>;
  if (objectId === undefined) return fault(400, 'VALIDATION_ERROR', 'objectId is required');
  const row = find(tables, kind, objectId, idProperty);
  if (row === undefined) return idProperty === 'email' ? nothing : notFound;
  tables.rows.delete(row.id);
  return nothing;
}

const statuses = ['SUBSCRIBED', 'UNSUBSCRIBED', 'NOT_SPECIFIED'];

interface Wish {
  readonly subscriberIdString?: string;
  readonly channel?: string;
  readonly statusState?: string;
  readonly subscriptionId?: number;
}

/** Answers the subscriptions that were set, and errors beside them: 207 when there are some. */
function subscriptions(tables: Tables, request: CrmRequest): CrmAnswer {
  const { inputs = [] } = (parsed(request) ?? {}) as { readonly inputs?: readonly Wish[] };
  const good = inputs.filter(
    ({ subscriberIdString = '', channel, statusState = '', subscriptionId }) =>
      subscriberIdString !== '' &&
      channel === 'EMAIL' &&
      statuses.includes(statusState) &&
      typeof subscriptionId === 'number',
  );
  for (const { subscriberIdString = '', statusState = '' } of good)
    tables.subscriptions.set(subscriberIdString.toLowerCase(), statusState);
  const results = good.map(({ statusState, ...wish }) => ({ ...wish, status: statusState }));
  const numErrors = inputs.length - good.length;
  if (numErrors === 0) return json(200, { status: 'COMPLETE', results });
  const errors = [{ status: 'error', category: 'VALIDATION_ERROR', message: 'Invalid subscription' }];
  return json(207, { status: 'COMPLETE', results, numErrors, errors });
}

function parsed({ body }: CrmRequest): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
