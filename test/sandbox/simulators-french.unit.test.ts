// The simulated CRMs that are much used in France judge as their documentation says: each habit, asked for directly in memory.
import { simulatorOf } from '../../sandbox/simulators/index.ts';
import type { CrmAnswer, SimulatedCrm } from '../../sandbox/simulators/simulator.ts';

const strangers = [
  { lastName: 'Martin', firstName: 'Anna', email: 'anna@courriel.example', phone: '+33639980901' },
];

let clock = 0;

function opened(preset: string, secrets: Readonly<Record<string, string>>): SimulatedCrm {
  const crm = simulatorOf(preset)?.open({ secrets, strangers, now: () => clock });
  if (crm === undefined) throw new Error(`no simulator for ${preset}`);
  return crm;
}

type Ask = (method: string, address: string, body?: unknown) => CrmAnswer;

const asking =
  (crm: () => SimulatedCrm, headers: Readonly<Record<string, string>>): Ask =>
  (method, address, body) => {
    const url = new URL(address, 'https://crm.example');
    const sent = Buffer.from(body === undefined ? '' : JSON.stringify(body));
    return crm().answer({
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      body: sent,
      beside: 0,
    });
  };

const contentOf = ({ body = '' }: CrmAnswer): unknown => JSON.parse(body);

beforeEach(() => {
  clock = 0;
});

describe('Brevo', () => {
  let crm: SimulatedCrm;
  beforeEach(() => {
    crm = opened('brevo', { BREVO_KEY: 'cle' });
  });
  const ask = asking(() => crm, { 'api-key': 'cle' });
  const contact = { email: 'D@courriel.example', ext_id: 'DM-1', attributes: { NOM: 'Durand' } };
  const event = (reference: string, email = 'd@courriel.example'): unknown => ({
    ...{ event_name: 'relais_demande', identifiers: { email_id: email } },
    event_properties: { reference },
  });

  test('keeps a contact, finds it by ext_id, and lets its events go with it', () => {
    const { id } = contentOf(ask('POST', '/v3/contacts', contact)) as { id: number };
    expect(crm.complaints()).toEqual([`the contact ${id} has no request`]);
    expect(ask('POST', '/v3/events', event('DM-1')).status).toBe(204);
    const place = '/v3/contacts/DM-1?identifierType=ext_id';
    expect(contentOf(ask('GET', place))).toMatchObject({ id, email: 'd@courriel.example' });
    expect(crm.records()).toContainEqual(expect.objectContaining({ id: String(id), reference: 'DM-1' }));
    expect(ask('DELETE', `/v3/contacts/${id}?identifierType=contact_id`).status).toBe(204);
    expect(contentOf(ask('GET', place))).toMatchObject({ code: 'document_not_found' });
    expect(crm.records()).toHaveLength(1);
  });

  test('has one contact for an address: refuses a second, completes it where it is told to, and answers 204', () => {
    const known = { email: 'ANNA@courriel.example', ext_id: 'DM-2', attributes: { NOM: 'Autre' } };
    expect(contentOf(ask('POST', '/v3/contacts', known))).toMatchObject({
      ...{ code: 'duplicate_parameter', metadata: { duplicate_identifiers: ['email'] } },
    });
    const { email, attributes } = known;
    expect(ask('POST', '/v3/contacts', { email, attributes, updateEnabled: true })).toEqual({ status: 204 });
    expect(crm.records()).toMatchObject([{ lastName: 'Autre', email: 'anna@courriel.example' }]);
  });

  test('refuses a number that is another contact’s, even to one it may complete', () => {
    const attributes = { SMS: '+33639980901' };
    const { status, body } = ask('POST', '/v3/contacts', { ...contact, attributes, updateEnabled: true });
    expect(status).toBe(400);
    expect(body).toContain('SMS is already associated with another Contact');
  });

  test('drops attributes it does not know and values of another type, and lets everybody be written to', () => {
    ask('POST', '/v3/contacts', { ...contact, attributes: { NOM: 5, AUTRE: 'x', RELAIS_APPEL: true } });
    ask('POST', '/v3/events', event('DM-1'));
    expect(crm.records()[0]).toMatchObject({ lastName: '', mayContact: { email: true } });
    ask('POST', '/v3/contacts', { email: contact.email, updateEnabled: true, emailBlacklisted: true });
    expect(crm.records()[0]).toMatchObject({ mayContact: { email: false } });
  });

  test('subscribes a changed address again, whatever is written with it', () => {
    ask('POST', '/v3/contacts', { ...contact, emailBlacklisted: true });
    ask('POST', '/v3/events', event('DM-1'));
    const changed = { attributes: { EMAIL: 'neuf@courriel.example' }, emailBlacklisted: true };
    expect(ask('PUT', '/v3/contacts/DM-1?identifierType=ext_id', changed).status).toBe(204);
    expect(crm.records()[0]).toMatchObject({ email: 'neuf@courriel.example', mayContact: { email: true } });
    const taken = { attributes: { EMAIL: 'anna@courriel.example' } };
    expect(ask('PUT', '/v3/contacts/DM-1?identifierType=ext_id', taken).status).toBe(400);
  });

  test('makes a contact for an event of nobody it knows, and takes every event as another', () => {
    ask('POST', '/v3/events', event('DM-3', 'nouvelle@courriel.example'));
    ask('POST', '/v3/events', event('DM-3', 'nouvelle@courriel.example'));
    expect(crm.records().filter(({ reference }) => reference === 'DM-3')).toHaveLength(2);
    expect(ask('POST', '/v3/events', { event_name: 'a b', identifiers: { email_id: 'x' } }).status).toBe(400);
  });

  test('takes ten requests a second, says when the next may come, and knows wrong keys', () => {
    for (let turn = 0; turn < 10; turn += 1) ask('GET', '/v3/contacts/1');
    expect(ask('GET', '/v3/contacts/1')).toMatchObject({
      status: 429,
      headers: { 'x-sib-ratelimit-reset': '1' },
    });
    clock += 1_001;
    expect(ask('GET', '/v3/contacts/1').status).toBe(404);
    expect(asking(() => crm, { 'api-key': 'autre' })('GET', '/v3/contacts/1').status).toBe(401);
    expect(crm.wrongKeys()).toBe(1);
  });
});

describe('Pipedrive', () => {
  let crm: SimulatedCrm;
  beforeEach(() => {
    crm = opened('pipedrive', { PIPEDRIVE_TOKEN: 'cle' });
  });
  const ask = asking(() => crm, { 'x-api-token': 'cle' });
  const [reference, email] = ['1a'.repeat(20), '2b'.repeat(20)];
  const person = (more: object = {}): unknown => ({
    name: 'Zoé Durand',
    emails: [{ value: 'zoe@courriel.example', primary: true }],
    custom_fields: { [reference]: 'DM-1', [email]: 'OUI' },
    marketing_status: 'subscribed',
    ...more,
  });
  const idOf = (answer: CrmAnswer): number => (contentOf(answer) as { data: { id: number } }).data.id;
  const find = (term: string): unknown =>
    contentOf(ask('GET', `/api/v2/persons/search?fields=custom_fields&exact_match=true&term=${term}`));

  test('its search knows a person a moment later, by the whole value, whatever its letter case', () => {
    const id = idOf(ask('POST', '/api/v2/persons', person()));
    expect(find('DM-1')).toMatchObject({ data: { items: [] } });
    clock += 1_001;
    expect(find('dm-1')).toMatchObject({ data: { items: [{ item: { id } }] } });
    expect(find('DM-')).toMatchObject({ data: { items: [] } });
    const part = '/api/v2/persons/search?fields=custom_fields&term=DM-';
    expect(contentOf(ask('GET', part))).toMatchObject({ data: { items: [{ item: { id } }] } });
    expect(ask('GET', '/api/v2/persons/search?term=').status).toBe(400);
  });

  test('refuses a field the account has not, a lead of nobody, and keeps nothing', () => {
    expect(ask('POST', '/api/v2/persons', person({ custom_fields: { autre: 'x' } })).status).toBe(400);
    expect(ask('POST', '/v1/leads', { title: 'DM-1', person_id: 9 }).status).toBe(400);
    expect(ask('POST', '/v1/notes', { content: 'x', lead_id: 'nobody' }).status).toBe(400);
    expect(crm.complaints()).toEqual([]);
  });

  test('lets a marketing status change once, and drops what comes after in silence', () => {
    const id = idOf(ask('POST', '/api/v2/persons', person()));
    const set = (marketing_status: string): unknown =>
      contentOf(ask('PATCH', `/api/v2/persons/${id}`, { marketing_status }));
    expect(set('unsubscribed')).toMatchObject({ data: { marketing_status: 'unsubscribed' } });
    expect(set('subscribed')).toMatchObject({ success: true, data: { marketing_status: 'unsubscribed' } });
    const unnamed = ask('POST', '/api/v2/persons', person({ emails: [] }));
    expect(contentOf(unnamed)).toMatchObject({ data: { marketing_status: 'no_consent' } });
  });

  test('a lead takes its note with it, a deleted person is not found, and each lacks the other', () => {
    const id = idOf(ask('POST', '/api/v2/persons', person()));
    expect(crm.complaints()).toEqual([`the person ${id} has no lead`]);
    const lead = { title: 'DM-1', person_id: id, ['5e'.repeat(20)]: 'DM-1' };
    const { data } = contentOf(ask('POST', '/v1/leads', lead)) as { data: { id: string } };
    expect(crm.complaints()).toEqual([`the lead ${data.id} has 0 notes`]);
    const note = idOf(ask('POST', '/v1/notes', { content: 'Balcon', lead_id: data.id }));
    expect(crm.records()[0]).toMatchObject({ reference: 'DM-1', mayContact: { email: true } });
    expect(ask('DELETE', `/v1/leads/${data.id}`).status).toBe(200);
    expect(contentOf(ask('DELETE', `/v1/notes/${note}`))).toMatchObject({ success: false });
    expect(ask('DELETE', `/api/v2/persons/${id}`).status).toBe(200);
    expect(ask('PATCH', `/api/v2/persons/${id}`, {}).status).toBe(404);
  });

  test('spends tokens, twice as many for v1, and knows bursts and wrong keys', () => {
    for (let turn = 0; turn < 40; turn += 1) ask('GET', '/api/v2/persons/1');
    expect(ask('GET', '/api/v2/persons/1')).toMatchObject({
      status: 429,
      headers: { 'x-ratelimit-reset': '2' },
    });
    for (let turn = 0; turn < 745; turn += 1) {
      clock += 2_001;
      ask('GET', '/v1/leads/search?term=DM-1');
    }
    expect(ask('GET', '/v1/leads/search?term=DM-1').status).toBe(429);
    clock += 86_400_000;
    expect(ask('GET', '/api/v2/persons/1').status).toBe(404);
    expect(asking(() => crm, { 'x-api-token': 'autre' })('GET', '/api/v2/persons/1').status).toBe(401);
    expect(crm.wrongKeys()).toBe(1);
  });
});

describe('noCRM.io', () => {
  let crm: SimulatedCrm;
  beforeEach(() => {
    crm = opened('nocrm', { NOCRM_KEY: 'cle' });
  });
  const ask = asking(() => crm, { 'x-api-key': 'cle' });
  const lead = (reference: string): unknown => ({
    title: 'Zoé Durand',
    description: `Relais: ${reference}\nNom: Durand\nEmail: z@courriel.example\nAccord e-mail: OUI`,
    tags: ['optin-email'],
  });
  const find = (value: string): unknown =>
    contentOf(ask('GET', `/api/v2/leads?limit=2&field_key=Relais&field_value=${value}`));

  test('reads fields out of the lines of a description, and finds a lead by a part of one', () => {
    ask('POST', '/api/v2/leads', lead('DM-10'));
    expect(find('DM-1')).toMatchObject([{ description: expect.stringContaining('DM-10') as string }]);
    expect(find('DM-2')).toEqual([]);
    expect(crm.records().at(-1)).toMatchObject({ reference: 'DM-10', mayContact: { email: true } });
  });

  test('makes two of two, refuses one without a title, and a deleted one is not found', () => {
    const { id } = contentOf(ask('POST', '/api/v2/leads', lead('DM-1'))) as { id: number };
    ask('POST', '/api/v2/leads', lead('DM-1'));
    expect(crm.records().filter(({ reference }) => reference === 'DM-1')).toHaveLength(2);
    expect(contentOf(ask('POST', '/api/v2/leads', { description: 'x' }))).toMatchObject({
      type: 'missing_parameter',
    });
    expect(contentOf(ask('DELETE', `/api/v2/leads/${id}`))).toEqual({ id });
    expect(contentOf(ask('PUT', `/api/v2/leads/${id}`, {}))).toMatchObject({ type: 'record_not_found' });
  });

  test('keeps description and tags until they are written again, and tells words that a tag contradicts', () => {
    const { id } = contentOf(ask('POST', '/api/v2/leads', lead('DM-1'))) as { id: number };
    ask('PUT', `/api/v2/leads/${id}`, { tags: [] });
    expect(crm.records().at(-1)).toMatchObject({ mayContact: { email: true } });
    expect(crm.complaints()).toEqual([
      `the lead ${id} says one thing of email in words, and another by its tag`,
    ]);
  });

  test('says when to come back, and knows wrong keys', () => {
    for (let turn = 0; turn < 40; turn += 1) ask('GET', '/api/v2/leads/1');
    expect(ask('GET', '/api/v2/leads/1')).toMatchObject({ status: 429, headers: { 'api-retry-after': '1' } });
    const other = asking(() => crm, { 'x-api-key': 'autre' })('GET', '/api/v2/leads/1');
    expect(contentOf(other)).toMatchObject({ error: 401, type: 'unauthorized_invalid_token' });
    expect(crm.wrongKeys()).toBe(1);
  });
});

describe('Sellsy', () => {
  let crm: SimulatedCrm;
  const secrets = { SELLSY_CLIENT_ID: 'nous', SELLSY_CLIENT_SECRET: 'cle' };
  const token = (client_secret = 'cle'): CrmAnswer => {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'nous', client_secret });
    const request = {
      method: 'POST',
      path: '/oauth2/access-tokens',
      query: new URLSearchParams(),
      headers: {},
    };
    return crm.answer({ ...request, body: Buffer.from(form.toString()), beside: 0 });
  };
  let ask: Ask;
  beforeEach(() => {
    crm = opened('sellsy', secrets);
    const { access_token: bearer } = contentOf(token()) as { access_token: string };
    ask = asking(() => crm, { authorization: `Bearer ${bearer}` });
  });
  const prospect = { type: 'prospect', last_name: 'Durand', email: 'z@courriel.example', reference: 'DM-1' };
  const find = (reference: unknown): CrmAnswer =>
    ask('POST', '/v2/individuals/search', { filters: { reference } });

  test('gives tokens for a day, and takes them back when the client changes the access', () => {
    expect(token('autre').status).toBe(401);
    expect(contentOf(token())).toMatchObject({ expires_in: 86_400 });
    expect(ask('GET', '/v2/individuals/701').status).toBe(200);
    crm.keyIsGood(false);
    expect(ask('GET', '/v2/individuals/701').status).toBe(401);
    expect(crm.wrongKeys()).toBe(1);
    clock += 86_400_001;
  });

  test('keeps every channel until a list is written, and an empty list is one', () => {
    const { id } = contentOf(ask('POST', '/v2/individuals', prospect)) as { id: number };
    expect(crm.records().at(-1)).toMatchObject({ mayContact: { email: true } });
    ask('PUT', `/v2/individuals/${id}`, { ...prospect, marketing_campaigns_subscriptions: [] });
    expect(crm.records().at(-1)).toMatchObject({ mayContact: { email: false } });
    const wrong = { ...prospect, marketing_campaigns_subscriptions: ['pigeon'] };
    expect(ask('PUT', `/v2/individuals/${id}`, wrong).status).toBe(400);
  });

  test('finds by reference, makes two of two, and a deleted one is not found', () => {
    const { id } = contentOf(ask('POST', '/v2/individuals', prospect)) as { id: number };
    ask('POST', '/v2/individuals', prospect);
    expect(contentOf(find(['DM-1']))).toMatchObject({
      data: [{ id, reference: 'DM-1' }, {}],
      pagination: { total: 2 },
    });
    expect(contentOf(find(['DM-2']))).toMatchObject({ data: [], pagination: { total: 0 } });
    expect(find('DM-1').status).toBe(400);
    expect(ask('DELETE', `/v2/individuals/${id}`).status).toBe(204);
    expect(contentOf(ask('DELETE', `/v2/individuals/${id}`))).toMatchObject({ error: { code: 404 } });
  });

  test('takes custom fields apart, as a list, and refuses one the account has not', () => {
    const { id } = contentOf(ask('POST', '/v2/individuals', prospect)) as { id: number };
    expect(crm.complaints()).toEqual([`the prospect ${id} has no proof`]);
    expect(ask('PUT', `/v2/individuals/${id}/custom-fields`, [{ id: 999, value: 'x' }]).status).toBe(400);
    expect(
      ask('PUT', `/v2/individuals/${id}/custom-fields`, [{ id: 4711, value: 'E-mail : accord' }]).status,
    ).toBe(200);
    expect(crm.complaints()).toEqual([]);
    expect(ask('POST', '/v2/individuals', { type: 'prospect' }).status).toBe(400);
  });
});
