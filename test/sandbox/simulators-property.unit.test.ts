// The simulated systems of the French property trade judge as their documentation says: each habit, asked for directly in memory.
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

describe('Apimo', () => {
  let crm: SimulatedCrm;
  beforeEach(() => {
    crm = opened('apimo', { APIMO_PROVIDER: '77', APIMO_TOKEN: 'jeton' });
  });
  const basic = `Basic ${Buffer.from('77:jeton').toString('base64')}`;
  const ask = asking(() => crm, { authorization: basic });
  const lead = (reference: string, message = 'Accord e-mail : OUI'): object => ({
    ...{ type: '2', reference, lastname: 'Durand', email: 'd@courriel.example', message },
  });

  test('keeps a lead, lists what came since a moment, and makes two of two', () => {
    const { id } = contentOf(ask('POST', '/agencies/1042/leads', lead('DM-1'))) as { id: number };
    clock += 10_000;
    ask('POST', '/agencies/1042/leads', lead('DM-1'));
    const listed = (since: number): unknown =>
      contentOf(ask('GET', `/agencies/1042/leads?timestamp=${since}`));
    expect(listed(0)).toMatchObject({ total_items: 3, leads: [{}, { id, reference: 'DM-1' }, {}] });
    expect(listed(5)).toMatchObject({ total_items: 1, leads: [{ id: id + 1 }] });
  });

  test('refuses without type or reference, another form of date, and a foreign agency', () => {
    const refused = ask('POST', '/agencies/1042/leads', { reference: 'DM-1' });
    expect([refused.status, contentOf(refused)]).toMatchObject([
      422,
      { errors: { type: [expect.any(String)] } },
    ]);
    expect(ask('POST', '/agencies/1042/leads', { type: '2' }).status).toBe(422);
    const dated = { ...lead('DM-1'), date: '2026-11-20T10:15:00Z' };
    expect(ask('POST', '/agencies/1042/leads', dated).status).toBe(422);
    expect(ask('POST', '/agencies/7/leads', lead('DM-1')).status).toBe(403);
  });

  test('keeps a message until it is written again, and deletes nothing', () => {
    const { id } = contentOf(ask('POST', '/agencies/1042/leads', lead('DM-1'))) as { id: number };
    const place = `/agencies/1042/leads/${id}`;
    ask('PUT', place, { type: '2', reference: 'DM-1', city: 'Lyon' });
    expect(crm.records().at(-1)).toMatchObject({ mayContact: { email: true } });
    ask('PUT', place, lead('DM-1', 'Accord e-mail : NON (accord retiré)'));
    expect(crm.records().at(-1)).toMatchObject({ mayContact: { email: false } });
    expect(ask('PUT', '/agencies/1042/leads/9', lead('DM-9')).status).toBe(404);
    expect(ask('DELETE', place, lead('DM-1')).status).toBe(405);
    crm.deletedByHand(String(id));
    expect(crm.records()).toHaveLength(1);
  });

  test('takes ten requests a second, and knows wrong keys', () => {
    for (let turn = 0; turn < 10; turn += 1) ask('GET', '/agencies/1042/leads');
    expect(ask('GET', '/agencies/1042/leads').status).toBe(429);
    expect(asking(() => crm, {})('GET', '/agencies/1042/leads').status).toBe(401);
    expect(crm.wrongKeys()).toBe(1);
  });
});

describe('AVIV', () => {
  let crm: SimulatedCrm;
  const tokenPath = '/oauth/token';
  const credentials = {
    ...{ grant_type: 'client_credentials', client_id: 'nous', client_secret: 'cle' },
    audience: 'https://api.aviv-group.com/seeker-leads/v1',
  };
  const agent = { 'user-agent': 'Relais/1.0', 'content-type': 'application/json' };
  const token = (over: object = {}, headers: Readonly<Record<string, string>> = agent): CrmAnswer =>
    asking(() => crm, headers)('POST', tokenPath, { ...credentials, ...over });
  let ask: Ask;
  beforeEach(() => {
    crm = opened('aviv', { AVIV_CLIENT_ID: 'nous', AVIV_CLIENT_SECRET: 'cle' });
    const { access_token: bearer } = contentOf(token()) as { access_token: string };
    ask = asking(() => crm, { ...agent, authorization: `Bearer ${bearer}` });
  });
  const lead = {
    ...{ lastName: 'Durand', email: 'd@courriel.example', phoneNumbers: [{ number: '+33639980001' }] },
    ...{ message: 'Référence : DM-1\nAccord e-mail : OUI', classifiedId: '26ABCDEFGH12' },
    submittedDate: '2026-11-20T09:15:00Z',
  };
  const place = '/seeker-leads/v1/leads';

  test('gives a token of a day for one of its APIs, by JSON, to whom it knows', () => {
    expect(contentOf(token())).toMatchObject({ token_type: 'Bearer', expires_in: 86_400 });
    expect(token({ audience: 'https://api.aviv-group.com/caas/v4' }).status).toBe(403);
    expect(token({ client_secret: 'autre' }).status).toBe(401);
    expect(
      token({}, { 'user-agent': 'Relais/1.0', 'content-type': 'application/x-www-form-urlencoded' }).status,
    ).toBe(401);
    expect(token({}, { 'content-type': 'application/json' })).toMatchObject({ status: 403, body: /html/ });
  });

  test('answers with the id of the request, makes two of two, and shows what the message says', () => {
    const { requestId } = contentOf(ask('POST', place, lead)) as { requestId: string };
    ask('POST', place, lead);
    expect(crm.records().filter(({ reference }) => reference === 'DM-1')).toHaveLength(2);
    expect(crm.records().find(({ id }) => id === requestId)).toMatchObject({
      mayContact: { email: true, phone: false },
    });
    expect(ask('GET', `${place}/${requestId}`).status).toBe(404);
    crm.changedByHand?.(requestId, { phone: '+33639980002', mayContact: { email: false, phone: false } });
    expect(crm.records().find(({ id }) => id === requestId)).toMatchObject({
      ...{ phone: '+33639980002', mayContact: { email: false } },
    });
  });

  test.each([
    ['lastName', 'x'.repeat(101)],
    ['email', undefined],
    ['phoneNumbers', []],
    ['message', ''],
    ['classifiedId', 'ESSAI-LYON'],
    ['submittedDate', '20/11/2026'],
  ])('refuses %s: %j', (name, value) => {
    const refused = ask('POST', place, { ...lead, [name]: value });
    expect([refused.status, contentOf(refused)]).toMatchObject([
      400,
      { status: 400, detail: `${name} is not valid` },
    ]);
  });

  test('takes tokens back when the access is changed, and refuses the scope of new ones', () => {
    crm.keyIsGood(false);
    expect(ask('POST', place, lead).status).toBe(401);
    const { access_token: bearer } = contentOf(token()) as { access_token: string };
    const again = asking(() => crm, { ...agent, authorization: `Bearer ${bearer}` });
    expect(contentOf(again('POST', place, lead))).toMatchObject({ title: 'Bad Scope', status: 403 });
    expect(crm.wrongKeys()).toBe(2);
  });
});

describe('Adlead', () => {
  let crm: SimulatedCrm;
  beforeEach(() => {
    crm = opened('adlead', { ADLEAD_KEY: 'cle' });
  });
  const ask = asking(() => crm, { 'x-api-key': 'cle' });
  const place = '/v1/client-exemple/programs/716/registrations';
  const prospect = (over: object = {}): object => ({
    ...{ name: 'Durand', firstname: 'Zoé', email1: 'z@courriel.example', phone1: '33639980001' },
    ...{ comment: 'Référence : DM-1\nAccord téléphone : OUI', ...over },
  });
  const made = (over: object = {}): number =>
    (contentOf(ask('POST', place, prospect(over))) as { data: { id: number } }).data.id;

  test('takes a registration at once and judges it later: whom the programme knows is refused', () => {
    const [own, known] = [made(), made({ email1: 'anna@courriel.example' })];
    const stateOf = (id: number): unknown => contentOf(ask('GET', `${place}/${id}`));
    expect(stateOf(own)).toMatchObject({ success: true, data: { id: own, status: 'pending' } });
    clock += 701;
    expect(stateOf(own)).toMatchObject({ data: { status: 'approved' } });
    expect(stateOf(known)).toMatchObject({ data: { status: 'rejected' } });
    expect(crm.records().map(({ reference }) => reference)).toEqual(['', 'DM-1']);
    expect(crm.records().at(-1)).toMatchObject({
      phone: '+33639980001',
      mayContact: { email: false, phone: true },
    });
  });

  test('asks for first name, name, mail and a phone in digits', () => {
    for (const over of [
      { firstname: '' },
      { email1: undefined },
      { phone1: '06.39.98.00.01' },
      { title: 'm' },
    ])
      expect(ask('POST', place, prospect(over)).status).toBe(422);
    expect(ask('POST', place, prospect({ phone1: '0639980001', title: 'ms' })).status).toBe(201);
    expect(ask('PUT', `${place}`, prospect()).status).toBe(405);
  });

  test('gives its rights by programme, and says when to come back', () => {
    const foreign = ask('POST', place.replace('716', '7'), prospect());
    expect([foreign.status, contentOf(foreign)]).toEqual([403, { success: false, message: '403 Forbidden' }]);
    for (let turn = 0; turn < 60; turn += 1) ask('GET', `${place}/1`);
    expect(contentOf(ask('GET', `${place}/1`))).toMatchObject({ success: false, retry_after: 1 });
    expect(asking(() => crm, { 'x-api-key': 'autre' })('GET', `${place}/1`).status).toBe(403);
    expect(crm.wrongKeys()).toBe(1);
  });
});

describe('Oplead', () => {
  let crm: SimulatedCrm;
  beforeEach(() => {
    crm = opened('oplead', { OPLEAD_TOKEN: 'jeton' });
  });
  const ask = asking(() => crm, {});
  const lead = (over: object = {}): object => ({
    ...{ token: 'jeton', form: 'relais', channel: 'CNL_4f2a', ctc_lastname: 'Durand', ctc_postcode: '69003' },
    ...{ ctc_country: 'FR', ctc_email: 'd@courriel.example', comment: 'Référence : DM-1', ...over },
  });

  test('knows us by a token in the body, and makes two of two', () => {
    expect(ask('POST', '/addlead/', lead({ token: 'autre' })).status).toBe(401);
    ask('POST', '/addlead/', lead());
    expect(contentOf(ask('POST', '/addlead/', lead()))).toMatchObject({ success: true });
    expect(crm.records().filter(({ reference }) => reference === 'DM-1')).toHaveLength(2);
    expect(crm.records().at(-1)).toMatchObject({ mayContact: { email: false } });
  });

  test.each(['form', 'ctc_lastname', 'ctc_postcode', 'ctc_country', 'ctc_email', 'channel'])(
    'refuses a lead without %s',
    (name) => {
      expect(ask('POST', '/addlead/', lead({ [name]: '' })).status).toBe(400);
      expect(crm.records()).toHaveLength(1);
    },
  );
});
