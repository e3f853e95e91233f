// The simulated CRMs judge as the real ones were seen to: each habit, asked for directly over HTTPS or in memory.
import { simulatorOf } from '../../src/sandbox/simulators/index.ts';
import type { CrmAnswer, SimulatedCrm } from '../../src/sandbox/simulators/simulator.ts';

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
      beside: 0,
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

  test('Lead Capture answers true whatever becomes of it, and changes nobody', () => {
    expect(ask('POST', 'LeadCapture/autre', lead, {}).status).toBe(404);
    expect(contentOf(ask('POST', 'LeadCapture/cle', { ...lead }, {}))).toBe(true);
    expect(contentOf(ask('POST', 'LeadCapture/cle', { ...lead, emailAddressIsOptedOut: true }, {}))).toBe(
      true,
    );
    expect(crm.records().at(-1)?.mayContact).toEqual({ email: true });
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
