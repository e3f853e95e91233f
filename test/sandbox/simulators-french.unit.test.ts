// The simulated CRMs that are much used in France judge as their documentation says: each habit, asked for directly in memory.
import { simulatorOf } from '../../src/sandbox/simulators/index.ts';
import type { CrmAnswer, SimulatedCrm } from '../../src/sandbox/simulators/simulator.ts';

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
