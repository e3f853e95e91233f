// The simulated CRMs judge as the real ones were seen to: each habit, asked for directly over HTTPS or in memory.
import { simulatorOf } from '../../sandbox/simulators/index.ts';
import type { CrmAnswer, SimulatedCrm } from '../../sandbox/simulators/simulator.ts';

const strangers = [
  { lastName: 'Martin', firstName: 'Anna', email: 'anna@courriel.example', phone: '+33639980901' },
];

function opened(preset: string, secrets: Readonly<Record<string, string>>): SimulatedCrm {
  const crm = simulatorOf(preset)?.open({ secrets, strangers, now: () => clock });
  if (crm === undefined) throw new Error(`no simulator for ${preset}`);
  return crm;
}

let clock = 0;

describe('EspoCRM', () => {
  let crm: SimulatedCrm;
  beforeEach(() => {
    clock = 0;
    crm = opened('espocrm', { ESPO_KEY: 'cle' });
  });
  const ask = (
    method: string,
    address: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = { 'x-api-key': 'cle', 'x-skip-duplicate-check': 'true' },
    beside = 0,
  ): CrmAnswer => {
    const url = new URL(`/api/v1/${address}`, 'https://crm.example');
    const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
    const bytes = Buffer.from(text, 'latin1');
    const sent = typeof body === 'string' ? bytes : Buffer.from(text);
    return crm.answer({
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      body: sent,
      beside,
    });
  };
  const contentOf = ({ body = '' }: CrmAnswer): unknown => JSON.parse(body);
  const lead = { lastName: 'Durand', emailAddress: 'd@courriel.example', cRelaisReference: 'DM-1' };

  test('keeps a lead, drops fields it does not know, and finds it by our reference until it is deleted', () => {
    const { id } = contentOf(ask('POST', 'Lead', { ...lead, budget: 5 })) as { id: string };
    const where = 'Lead?where[0][type]=equals&where[0][attribute]=cRelaisReference&where[0][value]=';
    expect(contentOf(ask('GET', `${where}DM-1`))).toMatchObject({
      total: 1,
      list: [{ id, cRelaisReference: 'DM-1' }],
    });
    expect(ask('GET', `${where}DM-1`).body).not.toContain('budget');
    expect(ask('GET', where.replace('cRelaisReference', 'cAutre')).status).toBe(400);
    expect(contentOf(ask('DELETE', `Lead/${id}`))).toBe(true);
    expect(contentOf(ask('GET', `${where}DM-1`))).toEqual({ total: 0, list: [] });
    expect(ask('PUT', `Lead/${id}`, lead)).toMatchObject({
      status: 404,
      headers: { 'x-status-reason': `Record ${id} not found.` },
    });
  });

  test('takes the same name or the same mail for the same person, shows that person, and keeps nothing', () => {
    const plain = { 'x-api-key': 'cle' };
    const namesake = ask('POST', 'Lead', { lastName: 'MARTIN', firstName: 'anna' }, plain);
    expect([namesake.status, namesake.body]).toEqual([409, expect.stringContaining('anna@courriel.example')]);
    expect(
      ask('POST', 'Lead', { lastName: 'Autre', emailAddress: 'ANNA@courriel.example' }, plain).status,
    ).toBe(409);
    expect(crm.records()).toHaveLength(1);
  });

  test.each<[string, unknown, number]>([
    ['a phone that is not E.164', { ...lead, phoneNumber: '0639980001' }, 400],
    ['a last name of 101 letters', { ...lead, lastName: 'a'.repeat(101) }, 400],
    ['a name with <', { ...lead, lastName: 'a<b' }, 400],
    ['a body that is no JSON', '{"lastName":', 500],
    ['a body in Latin-1', '{"lastName":"Hélène"}', 500],
    ['a body above one megabyte', { description: 'a'.repeat(1_100_000) }, 413],
  ])('answers %s with its status, and keeps nothing', (_name, body, status) => {
    expect(ask('POST', 'Lead', body).status).toBe(status);
    expect(crm.records()).toHaveLength(1);
  });

  test('locks the whole address out after ten wrong keys in a minute, the right one included', () => {
    const wrong = { 'x-api-key': 'autre' };
    const statuses = Array.from({ length: 12 }, () => ask('POST', 'Lead', lead, wrong).status);
    expect(statuses).toEqual([...Array<number>(11).fill(401), 403]);
    expect(ask('POST', 'Lead', lead).status).toBe(403);
    expect(crm.complaints()).toEqual([expect.stringContaining('locked out')]);
    clock = 61_000;
    expect(ask('POST', 'Lead', lead).status).toBe(200);
  });

  test('keeps the opt-out with the address: another lead of that address shows it', () => {
    ask('POST', 'Lead', { ...lead, emailAddressIsOptedOut: false });
    ask('POST', 'Lead', { ...lead, cRelaisReference: 'DM-2', emailAddressIsOptedOut: true });
    const may = crm.records().map(({ reference, mayContact }) => [reference, mayContact.email]);
    expect(may).toEqual([
      ['', true],
      ['DM-1', false],
      ['DM-2', false],
    ]);
  });

  test('makes two entries of an address of two creates at once: a refusal reaches the first, and is answered as kept', () => {
    const granted = { ...lead, emailAddressIsOptedOut: false };
    ask('POST', 'Lead', granted, undefined, 1);
    const { id } = contentOf(ask('POST', 'Lead', { ...granted, cRelaisReference: 'DM-2' })) as { id: string };
    ask('POST', 'Lead', { ...granted, cRelaisReference: 'DM-3' });
    const refused = ask('PUT', `Lead/${id}`, { emailAddressIsOptedOut: true });
    expect(contentOf(refused)).toMatchObject({ emailAddressIsOptedOut: true });
    expect(contentOf(ask('GET', `Lead/${id}`))).toMatchObject({ emailAddressIsOptedOut: false });
    expect(crm.records().map(({ reference, mayContact }) => [reference, mayContact.email])).toEqual([
      ['', true],
      ['DM-1', false],
      ['DM-2', true],
      ['DM-3', false],
    ]);
  });
});

describe('Dolibarr', () => {
  let crm: SimulatedCrm;
  beforeEach(() => {
    crm = opened('dolibarr', { DOLIBARR_KEY: 'cle' });
  });
  const ask = (method: string, address: string, body?: unknown, beside = 0, key = 'cle'): CrmAnswer => {
    const url = new URL(`/api/index.php/${address}`, 'https://crm.example');
    const sent = Buffer.from(body === undefined ? '' : JSON.stringify(body));
    const headers = { dolapikey: key };
    return crm.answer({ method, path: url.pathname, query: url.searchParams, headers, body: sent, beside });
  };
  const company = { name: 'Zoé Durand', client: 2, code_client: '-1', ref_ext: 'DM-1' };
  const filter = (reference: string): string => `thirdparties?sqlfilters=(t.ref_ext:=:'${reference}')`;

  test('a search that finds nothing is a 404 for third parties, and an empty list for contacts', () => {
    expect(ask('GET', filter('DM-2'))).toMatchObject({
      status: 404,
      body: expect.stringContaining('Not Found: No third parties found') as string,
    });
    const contacts = ask('GET', "contacts?sqlfilters=(t.ref_ext:=:'DM-2')");
    expect([contacts.status, contacts.body]).toEqual([200, '[]']);
    expect(ask('GET', "thirdparties?sqlfilters=(t.ref_ext:=:'DM").status).toBe(400);
    expect(ask('GET', 'none').body).toContain('"Not Found"');
  });

  test('a third party takes its contacts with it, and a contact without one is not found', () => {
    const { body: id = '' } = ask('POST', 'thirdparties', company);
    const contact = { lastname: 'Durand', socid: Number(id), ref_ext: 'DM-1' };
    const { body: contactId = '' } = ask('POST', 'contacts', contact);
    expect(ask('GET', `contacts/${contactId}`).status).toBe(200);
    expect(ask('DELETE', `thirdparties/${id}`).status).toBe(200);
    expect(ask('GET', `contacts/${contactId}`).status).toBe(404);
    expect(ask('POST', 'contacts', contact)).toMatchObject({
      status: 404,
      body: expect.stringContaining('Thirdparty with id=') as string,
    });
  });

  test('a name that is not there is 400, an empty one 500; of <X> and quotes nothing is kept', () => {
    expect(ask('POST', 'thirdparties', { client: 2 }).status).toBe(400);
    expect(ask('POST', 'thirdparties', { ...company, name: '' }).status).toBe(500);
    ask('POST', 'thirdparties', { ...company, name: 'Zoé <Œ> "Du" < 3 <rand' });
    expect(JSON.parse(ask('GET', filter('DM-1')).body ?? '')).toMatchObject([{ name: 'Zoé Du < 3 rand' }]);
  });

  test('answers a bare number, finds it by our reference, and answers 404 to a search that finds nothing', () => {
    const { status, body } = ask('POST', 'thirdparties', company);
    expect([status, body]).toEqual([200, expect.stringMatching(/^\d+$/)]);
    expect(JSON.parse(ask('GET', filter('DM-1')).body ?? '')).toMatchObject([{ id: body, ref_ext: 'DM-1' }]);
    expect(ask('GET', filter('DM-2')).status).toBe(404);
    expect(ask('DELETE', `thirdparties/${body ?? ''}`).status).toBe(200);
    expect(ask('DELETE', `thirdparties/${body ?? ''}`).status).toBe(404);
    expect(ask('POST', 'thirdparties', company, 0, 'autre').status).toBe(401);
  });

  test.each<[string, object]>([
    ['a name of 129 letters', { ...company, name: 'a'.repeat(129) }],
    ['an emoji', { ...company, name: 'Zoé 😀' }],
  ])('answers 500 to %s, and keeps nothing', (_name, body) => {
    expect(ask('POST', 'thirdparties', body).status).toBe(500);
    expect(crm.records()).toHaveLength(1);
  });

  test('gives two third parties created at once one customer code, and one of them an error', () => {
    expect(ask('POST', 'thirdparties', company, 1).status).toBe(500);
    expect(crm.complaints()).toContainEqual(expect.stringContaining('same customer code'));
  });

  test('cuts out what looks like HTML, and keeps the refusal of mails with the address', () => {
    const { body: socid = '' } = ask('POST', 'thirdparties', company);
    const contact = { lastname: 'Le <b>Goff</b>', email: 'z@courriel.example', socid, no_email: 1 };
    ask('POST', 'contacts', contact);
    expect(crm.records().at(-1)).toMatchObject({ lastName: 'Le Goff', mayContact: { email: false } });
    const { body: other = '' } = ask('POST', 'thirdparties', { ...company, ref_ext: 'DM-2' });
    ask('POST', 'contacts', { ...contact, email: 'Z@courriel.example', socid: other, no_email: 0 });
    expect(crm.records().map(({ mayContact }) => mayContact.email)).toEqual([true, true, true]);
    expect(crm.complaints()).toEqual([]);
    ask('POST', 'contacts', { ...contact, socid: other });
    expect(crm.complaints()).toEqual([`the third party ${other} has 2 contacts`]);
  });
});

describe('HubSpot', () => {
  let crm: SimulatedCrm;
  beforeEach(() => {
    clock = 0;
    crm = opened('hubspot', { HUBSPOT_TOKEN: 'cle' });
  });
  const ask = (method: string, address: string, body?: unknown, token = 'cle'): CrmAnswer => {
    const url = new URL(`/${address}`, 'https://crm.example');
    const sent = Buffer.from(body === undefined ? '' : JSON.stringify(body));
    const headers = { authorization: `Bearer ${token}` };
    return crm.answer({
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      body: sent,
      beside: 0,
    });
  };
  const contacts = 'crm/v3/objects/contacts';
  const contact = (more: Readonly<Record<string, unknown>> = {}): unknown => ({
    properties: { lastname: 'Durand', email: 'D@courriel.example', relais_reference: 'DM-1', ...more },
  });
  const contentOf = ({ body = '' }: CrmAnswer): unknown => JSON.parse(body);
  const write = (statusState: string, subscriptionId?: number): CrmAnswer =>
    ask('POST', 'communication-preferences/v4/statuses/batch/write', {
      inputs: [
        { subscriberIdString: 'anna@courriel.example', channel: 'EMAIL', statusState, subscriptionId },
      ],
    });

  test('keeps a contact, and finds it at once by a unique property until it is purged', () => {
    const { id } = contentOf(ask('POST', contacts, contact())) as { id: string };
    const place = `${contacts}/DM-1?idProperty=relais_reference`;
    expect(contentOf(ask('GET', place))).toMatchObject({ id, properties: { email: 'd@courriel.example' } });
    expect(ask('GET', `${contacts}/DM-1?idProperty=reference`).status).toBe(400);
    const erase = { idProperty: 'relais_reference', objectId: 'DM-1' };
    expect(ask('POST', `${contacts}/gdpr-delete`, erase).status).toBe(204);
    expect(contentOf(ask('GET', place))).toMatchObject({ category: 'OBJECT_NOT_FOUND' });
    expect(ask('POST', `${contacts}/gdpr-delete`, erase).status).toBe(404);
  });

  test('has one contact for an address, whoever it is, and names it in its 409', () => {
    const answer = ask('POST', contacts, contact({ email: 'ANNA@courriel.example' }));
    const message = 'Contact already exists. Existing ID: 37001';
    expect([answer.status, contentOf(answer)]).toEqual([
      409,
      expect.objectContaining({ category: 'CONFLICT', message }),
    ]);
    expect(crm.records()).toHaveLength(1);
  });

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['PROPERTY_DOESNT_EXIST', { budget: '5' }],
    ['INVALID_OPTION', { relais_optin_phone: 'OUI' }],
    ['INVALID_EMAIL', { email: 'nobody' }],
    ['CONFLICTING_UNIQUE_VALUE', { email: 'e@courriel.example' }],
  ])('%s: nothing of the record is kept', (error, more) => {
    ask('POST', contacts, contact());
    const { status, body } = ask('POST', contacts, contact({ email: 'f@courriel.example', ...more }));
    expect([status, body]).toEqual([400, expect.stringContaining(error)]);
    expect(ask('GET', `${contacts}/37002`).status).toBe(200);
    expect(ask('GET', `${contacts}/37003`).status).toBe(404);
  });

  test('lets people be written to until an answer says no, and answers 207 with nothing set to what it cannot set', () => {
    const may = (): unknown => crm.records()[0]?.mayContact.email;
    expect(may()).toBe(true);
    expect(write('UNSUBSCRIBED').status).toBe(207);
    expect(contentOf(write('UNSUBSCRIBED'))).toMatchObject({ results: [], numErrors: 1 });
    expect(may()).toBe(true);
    expect(contentOf(write('UNSUBSCRIBED', 12))).toMatchObject({ results: [{ status: 'UNSUBSCRIBED' }] });
    expect(may()).toBe(false);
    write('NOT_SPECIFIED', 12);
    expect(may()).toBe(true);
  });

  test('takes a hundred requests in ten seconds and a quarter of a million a day, and knows wrong keys', () => {
    expect(ask('GET', `${contacts}/1`, undefined, 'autre').status).toBe(401);
    expect(crm.wrongKeys()).toBe(1);
    for (let turn = 0; turn < 100; turn += 1) ask('GET', `${contacts}/1`);
    expect(contentOf(ask('GET', `${contacts}/1`))).toMatchObject({ policyName: 'TEN_SECONDLY_ROLLING' });
    for (let turn = 0; turn < 249_900; turn += 1) {
      if (turn % 100 === 0) clock += 10_001;
      ask('GET', `${contacts}/1`);
    }
    clock += 10_001;
    expect(contentOf(ask('GET', `${contacts}/1`))).toMatchObject({ policyName: 'DAILY' });
    clock += 86_400_000;
    expect(ask('GET', `${contacts}/1`).status).toBe(404);
  });

  test('keeps what is deleted in the ordinary way in its bin, and a deal needs its contact', () => {
    const { id } = contentOf(ask('POST', contacts, contact())) as { id: string };
    expect(crm.complaints()).toEqual([`the contact ${id} has no deal`]);
    const deal = {
      properties: { dealname: 'DM-1', relais_reference: 'DM-1' },
      associations: [{ to: { id } }],
    };
    expect(ask('POST', 'crm/v3/objects/deals', deal).status).toBe(201);
    expect(crm.complaints()).toEqual([]);
    expect(ask('DELETE', `${contacts}/${id}`).status).toBe(204);
    expect(crm.complaints()).toEqual([
      expect.stringContaining('has no contact'),
      expect.stringContaining('is in the bin'),
    ]);
    expect(ask('POST', 'crm/v3/objects/deals', deal).status).toBe(400);
  });
});
