// Simulates SuiteCRM's API V8 by its source (7.14.6, 7.15.0 and 8.10.1, where it is the same). Never compared with a real account.
// Invariant: every refusal is a 400, a missing record and a broken database included; only the detail distinguishes them.
import { bodyOf, page } from './simulator.ts';
import type { CrmAnswer, CrmRequest, SimulatedCrm, Simulator, SimulatorOptions } from './simulator.ts';
import { randomUUID } from 'node:crypto';
import {
  attributesOf,
  contradictions,
  create,
  fold,
  isColumn,
  isField,
  isText,
  primaryOf,
  shown,
  write,
} from './suitecrm-tables.ts';
import type { Address, Lead, Row, Tables } from './suitecrm-tables.ts';
import { createTokenEndpoint, tokenIn, type TokenWords } from './token-endpoint.ts';

export const suitecrm: Simulator = {
  preset: 'suitecrm',
  modelled: 'source of SuiteCRM 7.14.6, 7.15.0 and 8.10.1',
  secretNames: ['SUITECRM_CLIENT_ID', 'SUITECRM_CLIENT_SECRET'],
  open: openSuitecrm,
};

const document = (status: number, body: Row): CrmAnswer => ({
  status,
  headers: { 'content-type': 'application/vnd.api+json' },
  body: JSON.stringify(body, null, 4),
});
/** `errors` is one object, where JSON:API has a list. */
const refused = (detail: string): CrmAnswer =>
  document(400, { errors: { status: 400, title: null, detail } });
const oauth = (status: number, body: Row): CrmAnswer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
/** A broken database adds its message behind the document, in the language of the installation. */
const databaseFailed: CrmAnswer = {
  ...refused('Échec de la base de données. Veuillez consulter suitecrm.log.'),
  body: `${refused('Échec de la base de données. Veuillez consulter suitecrm.log.').body ?? ''}Échec de la base de données. Veuillez consulter suitecrm.log.`,
};

const words: TokenWords = {
  given: (token, livesMs) =>
    oauth(200, { token_type: 'Bearer', expires_in: Math.round(livesMs / 1_000), access_token: token }),
  refused: () =>
    oauth(401, {
      error: 'invalid_client',
      error_description: 'Client authentication failed',
      message: 'Client authentication failed',
    }),
  tooOften: page(429, 'Too Many Requests'),
};

function openSuitecrm({ secrets, strangers, now, tokensLiveMs }: SimulatorOptions): SimulatedCrm {
  const tables: Tables = { leads: new Map(), addresses: new Map() };
  for (const { lastName, firstName, email, phone } of strangers)
    create(tables, randomUUID(), {
      last_name: lastName,
      first_name: firstName,
      email1: email,
      phone_mobile: phone,
    });
  const tokens = createTokenEndpoint({
    now,
    livesMs: tokensLiveMs ?? 3_600_000,
    agreed: {
      grant_type: 'client_credentials',
      client_id: secrets['SUITECRM_CLIENT_ID'] ?? '',
      client_secret: secrets['SUITECRM_CLIENT_SECRET'] ?? '',
    },
    words,
  });
  let good = true;
  let wrongKeys = 0;
  return {
    whenDown: [databaseFailed, page(500, 'Internal Server Error')],
    whenBusy: page(429, 'Too Many Requests'),
    answer: (request) => {
      const path = request.path.replace(/^\/legacy/, '');
      if (path === '/Api/access_token') return tokens.answer(request);
      if (!good) wrongKeys += 1;
      if (!tokens.letsIn(tokenIn(request, 'Bearer'))) return denied;
      // The administrator took the right from the role of its user.
      if (!good) return refused('[AccessDeniedException] ');
      return route(tables, { ...request, path });
    },
    records: () =>
      [...tables.leads.values()].filter(({ deleted }) => !deleted).map((lead) => shown(tables, lead)),
    complaints: () => [...tokens.complaints(), ...contradictions(tables)],
    wrongKeys: () => wrongKeys,
    deletedByHand: (id) => {
      const lead = tables.leads.get(id);
      if (lead !== undefined) lead.deleted = true;
    },
    unsubscribes: (id) => {
      const lead = tables.leads.get(id);
      const address = lead === undefined ? undefined : primaryOf(tables, lead);
      if (address === undefined) return;
      address.optedOut = true;
      address.confirmed = 'not-opt-in';
    },
    keyIsGood: (isGood) => {
      good = isGood;
      tokens.takeBack();
    },
  };
}

const denied = oauth(401, {
  error: 'access_denied',
  error_description: 'The resource owner or authorization server denied the request.',
  hint: 'Access token could not be verified',
  message: 'The resource owner or authorization server denied the request.',
});

function route(tables: Tables, request: CrmRequest): CrmAnswer {
  const { method, path } = request;
  if (path === '/Api/V8/module' && method === 'POST') return post(tables, request);
  if (path === '/Api/V8/module' && method === 'PATCH') return patch(tables, request);
  if (path === '/Api/V8/module/Leads' && method === 'GET') return search(tables, request.query);
  const [, id = '', link] = /^\/Api\/V8\/module\/Leads\/([^/]+)(?:\/relationships\/(\w+))?$/.exec(path) ?? [];
  if (id === '') return page(404, 'Not Found');
  const lead = tables.leads.get(id);
  if (lead === undefined || lead.deleted) return refused(`Leads module with id ${id} is not found`);
  if (link !== undefined) return related(tables, lead, link);
  if (method === 'DELETE') {
    lead.deleted = true;
    return document(200, { meta: { message: `Record with id ${id} is deleted` } });
  }
  return document(200, { data: answered(tables, lead) });
}

const answered = (tables: Tables, lead: Lead): Row => ({
  type: 'Lead',
  id: lead.id,
  attributes: attributesOf(tables, lead),
});

interface Given {
  readonly type: unknown;
  readonly id: unknown;
  readonly attributes: Row;
}

function given(request: CrmRequest): Given | undefined {
  const { data } = (bodyOf(request) ?? {}) as { readonly data?: Row };
  if (data === undefined) return undefined;
  return { type: data['type'], id: data['id'], attributes: (data['attributes'] ?? {}) as Row };
}

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const required = refused('The required option "data" is missing.');
const unknownField = (attributes: Row): string | undefined =>
  Object.keys(attributes).find((name) => !isField(name));

/** The caller may choose the number: an existing one is refused, that of a deleted lead too. No field is required. */
function post(tables: Tables, request: CrmRequest): CrmAnswer {
  const data = given(request);
  if (data === undefined) return required;
  if (data.type !== 'Leads') return refused(`Module ${String(data.type)} does not exist`);
  const wrong = unknownField(data.attributes);
  if (wrong !== undefined) return refused(`Property ${wrong} in Lead module is invalid`);
  if (data.id !== undefined && !(isText(data.id) && uuid.test(data.id)))
    return refused('The option "id" with value "..." is invalid.');
  const id = isText(data.id) ? data.id : randomUUID();
  if (tables.leads.has(id)) return refused(`Bean Leads with id ${id} is already exist`);
  return document(201, { data: answered(tables, create(tables, id, data.attributes)) });
}

/** Writes a lead without its address and the address's flag, and answers 201 all the same. */
function patch(tables: Tables, request: CrmRequest): CrmAnswer {
  const data = given(request);
  if (data === undefined) return required;
  if (data.type === 'EmailAddress') return patchAddress(tables, data);
  const lead = tables.leads.get(String(data.id));
  const wrong = unknownField(data.attributes);
  if (wrong !== undefined) return refused(`Property ${wrong} in Lead module is invalid`);
  if (lead === undefined || lead.deleted)
    return refused(`Leads module with id ${String(data.id)} is not found`);
  write(lead, data.attributes);
  return document(201, { data: answered(tables, lead) });
}

function patchAddress(tables: Tables, { id, attributes }: Given): CrmAnswer {
  const address = tables.addresses.get(String(id));
  if (address === undefined) return refused(`EmailAddresses module with id ${String(id)} is not found`);
  const { opt_out: optedOut, confirm_opt_in: confirmed } = attributes;
  if (optedOut !== undefined) address.optedOut = optedOut === true || optedOut === 1 || optedOut === '1';
  if (isText(confirmed)) address.confirmed = confirmed;
  return document(201, { data: addressShown(address) });
}

const addressShown = ({ id, address, optedOut, confirmed }: Address): Row => ({
  type: 'EmailAddress',
  id,
  attributes: { email_address: address, opt_out: optedOut ? '1' : '0', confirm_opt_in: confirmed },
});

function related(tables: Tables, lead: Lead, link: string): CrmAnswer {
  if (!['email_addresses', 'email_addresses_primary'].includes(link))
    return refused(`Cannot load relationship ${link} for Lead module`);
  const address = primaryOf(tables, lead);
  if (address === undefined)
    return document(200, {
      meta: { message: `There is no relationship set in Lead module with ${link} link field` },
      data: null,
    });
  return document(200, { meta: { 'total-records': 1 }, data: [addressShown(address)] });
}

/** `filter[field][eq]=value`, ignoring case; a deleted lead is not found, and an empty list has a message. */
function search(tables: Tables, query: URLSearchParams): CrmAnswer {
  const filters = [...query].flatMap(([name, value]) => {
    const [, field, operator] = /^filter\[(\w+)\]\[(\w+)\]$/.exec(name) ?? [];
    return field === undefined ? [] : [{ field, operator, value }];
  });
  const wrong = filters.find(({ field }) => !isColumn(field));
  if (wrong !== undefined) return refused(`Filter field ${wrong.field} in Lead module is not found`);
  const odd = filters.find(({ operator }) => operator !== 'eq');
  if (odd !== undefined) return refused(`Filter operator ${odd.operator ?? ''} is invalid`);
  const found = [...tables.leads.values()].filter(
    ({ deleted, values }) =>
      !deleted && filters.every(({ field, value }) => fold(values[field]) === fold(value)),
  );
  return found.length === 0
    ? document(200, { meta: { message: 'Request was successful, but there is no result' }, data: [] })
    : document(200, { data: found.map((lead) => answered(tables, lead)) });
}
