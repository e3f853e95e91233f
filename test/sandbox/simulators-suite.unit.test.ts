// The simulated SuiteCRM and EspoCRM's Lead Capture judge as their sources have it, a client's own endpoint as docs/webhook.md does: each habit, asked for directly in memory.
import { createHmac } from 'node:crypto';
import { simulatorOf } from '../../sandbox/simulators/index.ts';
import type { CrmAnswer, SimulatedCrm } from '../../sandbox/simulators/simulator.ts';

const strangers = [
  { lastName: 'Martin', firstName: 'Anna', email: 'anna@courriel.example', phone: '+33639980901' },
];
const secrets = { SUITECRM_CLIENT_ID: 'appli', SUITECRM_CLIENT_SECRET: 'secret' };
const number = '9f0c2c1e-6c61-4c56-9a06-0f6b8f4f4d2a';

let clock = 0;
let crm: SimulatedCrm;
let token = '';

function ask(method: string, address: string, body?: unknown): CrmAnswer {
  const url = new URL(address, 'https://crm.example');
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
  return crm.answer({
    method,
    path: url.pathname,
    query: url.searchParams,
    headers: { authorization: token },
    body: Buffer.from(text),
    beside: 0,
  });
}

const contentOf = ({ body = '' }: CrmAnswer): Record<string, never> =>
  JSON.parse(body) as Record<string, never>;
const detailOf = (answer: CrmAnswer): unknown => [answer.status, contentOf(answer)['errors']?.['detail']];
const asked = 'grant_type=client_credentials&client_id=appli&client_secret=secret';
const getToken = (): CrmAnswer => ask('POST', '/legacy/Api/access_token', asked);
const save = (method: string, data: object): CrmAnswer => ask(method, '/legacy/Api/V8/module', { data });
const lead = (attributes: object, more: object = { id: number }): object => ({
  type: 'Leads',
  ...more,
  attributes: { last_name: 'Durand', relais_reference_c: 'DM-1', ...attributes },
});
const may = (): unknown => crm.records().at(-1)?.mayContact.email;

beforeEach(() => {
  clock = 0;
  const opened = simulatorOf('suitecrm')?.open({
    secrets,
    strangers,
    now: () => clock,
    tokensLiveMs: 60_000,
  });
  if (opened === undefined) throw new Error('no simulator');
  crm = opened;
  token = `Bearer ${String(contentOf(getToken())['access_token'])}`;
});

test('takes a number of ours once, also that of a record it deleted; SuiteCRM 7 has no /legacy', () => {
  expect(save('POST', lead({})).status).toBe(201);
  expect(detailOf(save('POST', lead({})))).toEqual([400, `Bean Leads with id ${number} is already exist`]);
  expect(contentOf(ask('DELETE', `/Api/V8/module/Leads/${number}`))).toEqual({
    meta: { message: `Record with id ${number} is deleted` },
  });
  expect(detailOf(ask('DELETE', `/Api/V8/module/Leads/${number}`))).toEqual([
    400,
    `Leads module with id ${number} is not found`,
  ]);
  expect(detailOf(save('POST', lead({})))).toEqual([400, `Bean Leads with id ${number} is already exist`]);
  expect(detailOf(save('POST', lead({}, { id: 'DM-1' })))).toMatchObject([
    400,
    expect.stringContaining('"id"'),
  ]);
  expect(crm.records()).toHaveLength(1);
});

test('a token that ended, a wrong secret and a missing right: 401, 401, and a 400', () => {
  clock = 60_001;
  expect(save('POST', lead({})).status).toBe(401);
  expect(ask('POST', '/Api/access_token', asked.replace('=secret', '=autre')).status).toBe(401);
  crm.keyIsGood(false);
  token = `Bearer ${String(contentOf(getToken())['access_token'])}`;
  expect([detailOf(save('POST', lead({}))), crm.wrongKeys()]).toEqual([[400, '[AccessDeniedException] '], 1]);
});

test('an unknown field refuses the whole, and a missing one is never missed; signs and length go in silence', () => {
  expect(detailOf(save('POST', lead({ budget: 5 })))).toEqual([
    400,
    'Property budget in Lead module is invalid',
  ]);
  expect(save('POST', lead({ last_name: `L'H <b> ${'a'.repeat(120)}` })).status).toBe(201);
  expect(crm.records().at(-1)?.lastName).toBe(`L'H  ${'a'.repeat(95)}`);
});

test('the opt-out is the address’s: written by a new lead, ignored in a change of one, changed at the address only', () => {
  const written = save('POST', lead({ email1: 'd@courriel.example', email_opt_out: false }));
  expect(contentOf(written)['data']).toMatchObject({ attributes: { email_opt_out: '0' } });
  const changed = save('PATCH', lead({ email1: 'autre@courriel.example', email_opt_out: true }));
  expect([changed.status, contentOf(changed)['data']]).toMatchObject([
    201,
    { attributes: { email1: 'd@courriel.example', email_opt_out: '0' } },
  ]);
  const [address] = contentOf(
    ask('GET', `/Api/V8/module/Leads/${number}/relationships/email_addresses_primary`),
  )['data'] as unknown as readonly { readonly id: string; readonly type: string }[];
  expect(address?.type).toBe('EmailAddress');
  const mark = (attributes: object): number =>
    save('PATCH', { type: 'EmailAddress', id: address?.id, attributes }).status;
  // Whoever asks for an express opt-in writes to nobody yet, whoever does not, to this address: they disagree.
  expect([may(), crm.complaints()]).toMatchObject([false, [expect.stringContaining(number)]]);
  expect([mark({ opt_out: '0', confirm_opt_in: 'opt-in' }), may(), crm.complaints()]).toEqual([
    201,
    true,
    [],
  ]);
  // Another lead of the same address that says nothing of it takes the opt-out back.
  mark({ opt_out: '1', confirm_opt_in: 'not-opt-in' });
  expect(may()).toBe(false);
  save('POST', lead({ email1: 'D@courriel.example' }, {}));
  expect(contentOf(ask('GET', `/Api/V8/module/Leads/${number}`))['data']).toMatchObject({
    attributes: { email_opt_out: '0' },
  });
});

test('a lead without an address has no relation, and says so with a 200', () => {
  save('POST', lead({ email1: 'nobody' }));
  const answer = ask('GET', `/Api/V8/module/Leads/${number}/relationships/email_addresses_primary`);
  expect([answer.status, contentOf(answer)['data']]).toEqual([200, null]);
});

test('the search does not tell upper from lower case, finds no deleted lead, and refuses a field it has not', () => {
  save('POST', lead({}));
  const search = (filter: string): CrmAnswer => ask('GET', `/Api/V8/module/Leads?filter${filter}`);
  expect(contentOf(search('[relais_reference_c][eq]=dm-1'))['data']).toMatchObject([{ id: number }]);
  expect(detailOf(search('[reference][eq]=DM-1'))).toEqual([
    400,
    'Filter field reference in Lead module is not found',
  ]);
  crm.deletedByHand(number);
  expect(contentOf(search('[relais_reference_c][eq]=DM-1'))).toMatchObject({ data: [], meta: {} });
});

test('a broken database is a 400 whose words stand behind the document, then a page', () => {
  expect(crm.whenDown.map((down) => (down === 'hangs' ? down : down.status))).toEqual([400, 500]);
});

describe('EspoCRM’s Lead Capture', () => {
  let captured: SimulatedCrm;
  beforeEach(() => {
    const opened = simulatorOf('espocrm-lead-capture')?.open({
      secrets: { ESPO_CAPTURE_KEY: 'cle' },
      strangers,
      now: () => 0,
    });
    if (opened === undefined) throw new Error('no simulator');
    captured = opened;
  });
  const capture = (data: object, key = 'cle'): CrmAnswer =>
    captured.answer({
      method: 'POST',
      path: `/api/v1/LeadCapture/${key}`,
      query: new URLSearchParams(),
      headers: {},
      body: Buffer.from(JSON.stringify(data)),
      beside: 0,
    });
  const someone = { lastName: 'Durand', emailAddress: 'd@courriel.example', phoneNumber: '+33639980001' };
  const referenced = { ...someone, cRelaisReference: 'DM-1' };

  test('answers true without a number, once more for the same lead, and knows no key but the one in its address', () => {
    expect(capture(referenced)).toMatchObject({ status: 200, body: 'true' });
    expect(capture(referenced)).toMatchObject({ status: 200, body: 'true' });
    expect(captured.records().map(({ reference }) => reference)).toEqual(['', 'DM-1', 'DM-1']);
    expect([capture(referenced, 'autre').status, captured.wrongKeys()]).toEqual([404, 1]);
    captured.keyIsGood(false);
    expect(capture(referenced).status).toBe(404);
  });

  test('throws the marks of an address away; the formula makes them of the fields the client created', () => {
    capture({ ...referenced, emailAddressIsOptedOut: true, phoneNumberIsOptedOut: true });
    expect(captured.records().at(-1)?.mayContact).toEqual({ email: true, phone: true });
    capture({ ...referenced, cRelaisSansEmail: true, doNotCall: true });
    expect(captured.records().at(-1)?.mayContact).toEqual({ email: false, phone: false });
  });

  test('refuses what EspoCRM refuses, and a lead with nothing in it', () => {
    expect(capture({ ...referenced, lastName: 'a'.repeat(101) }).status).toBe(400);
    expect(capture({ ...referenced, phoneNumber: '0639980001' }).status).toBe(400);
    expect(capture({ doNotCall: false })).toMatchObject({
      status: 400,
      headers: { 'x-status-reason': 'noRequiredFields' },
    });
  });

  test('what is told in writing is done by hand: an answer, a number, a deletion', () => {
    capture({ ...referenced });
    const id = captured.records().at(-1)?.id ?? '';
    captured.changedByHand?.(id, { mayContact: { email: false, phone: true }, phone: '+33639980009' });
    expect(captured.records().at(-1)).toMatchObject({
      phone: '+33639980009',
      mayContact: { email: false, phone: true },
    });
    captured.deletedByHand(id);
    expect(captured.records()).toHaveLength(1);
  });
});

describe.each(['http-json', 'http-xml'])('%s', (preset) => {
  const signing = `whsec_${Buffer.from('a'.repeat(32)).toString('base64')}`;
  const isJson = preset === 'http-json';
  let endpoint: SimulatedCrm;
  beforeEach(() => {
    clock = 1_795_600_500_000;
    const opened = simulatorOf(preset)?.open({
      secrets: { HTTP_TOKEN: 'jeton', HTTP_SIGNING: signing },
      strangers,
      now: () => clock,
    });
    if (opened === undefined) throw new Error('no simulator');
    endpoint = opened;
  });

  interface Sent {
    readonly key?: string;
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** As it travels, where that is not the lead written properly. */
    readonly text?: string;
  }
  const lead = { reference: 'DM-1', nom: 'Durand', tel: '0639980001', RGPD_OPTIN: 'OUI', RGPD_TEL: 'NON' };
  const written = ({ reference, ...rest }: Readonly<Record<string, string>>): string =>
    isJson
      ? JSON.stringify({ reference, ...rest })
      : `<?xml version="1.0" encoding="UTF-8"?>\n<lead reference="${reference ?? ''}">\n${Object.entries(rest)
          .map(([name, value]) => `  <${name}>${value}</${name}>\n`)
          .join('')}</lead>`;
  const send = (fields: Readonly<Record<string, string>>, sent: Sent = {}): CrmAnswer => {
    const { key = 'k1', method = 'POST', path = '/api/leads', text = written(fields) } = sent;
    const moment = String(Math.floor(clock / 1_000));
    const mac = createHmac('sha256', Buffer.from('a'.repeat(32))).update(`${key}.${moment}.${text}`);
    return endpoint.answer({
      method,
      path,
      query: new URLSearchParams(),
      headers: {
        authorization: 'Bearer jeton',
        'content-type': isJson ? 'application/json' : 'application/xml; charset=utf-8',
        'webhook-id': key,
        'webhook-timestamp': moment,
        'webhook-signature': `v1,YWJj v1,${mac.digest('base64')}`,
        ...sent.headers,
      },
      body: Buffer.from(text),
      beside: 0,
    });
  };
  const codeOf = ({ status, body = '' }: CrmAnswer): unknown => [
    status,
    /code"?[:=] ?"(\w+)"/.exec(body)?.[1],
  ];

  test('one webhook-id is one lead, whatever comes again under it; another content is complained of', () => {
    const [first, again] = [send(lead), send(lead)];
    expect([first.status, again.status]).toEqual([201, 409]);
    for (const { body } of [first, again]) expect(body).toContain('H-702');
    expect([endpoint.records().length, endpoint.complaints()]).toEqual([2, []]);
    expect(codeOf(send({ ...lead, nom: 'Autre' }))).toEqual([409, 'DUPLICATE']);
    expect(endpoint.complaints()).toEqual(['the webhook-id k1 came with another content']);
    expect(send(lead, { key: 'k2' }).status).toBe(201);
  });

  test('reads nothing that is unsigned, signed otherwise, or older than five minutes, and knows its token', () => {
    const unsigned: readonly Readonly<Record<string, string>>[] = [
      { 'webhook-signature': '' },
      { 'webhook-signature': 'v1,YWJj' },
      { 'webhook-id': 'k9' },
    ];
    for (const headers of unsigned) expect(codeOf(send(lead, { headers }))).toEqual([401, 'SIGNATURE']);
    const late = String(Math.floor(clock / 1_000) - 301);
    expect(codeOf(send(lead, { headers: { 'webhook-timestamp': late } }))).toEqual([401, 'SIGNATURE']);
    expect([
      codeOf(send(lead, { headers: { authorization: 'Bearer autre' } })),
      endpoint.wrongKeys(),
    ]).toEqual([[401, 'TOKEN'], 1]);
    expect(endpoint.records()).toHaveLength(1);
  });

  test.each<[string, number, Readonly<Record<string, string>>, Sent]>([
    ['MEDIA_TYPE', 415, lead, { headers: { 'content-type': 'text/plain' } }],
    ['NOT_READ', 400, lead, { text: '{' }],
    ['NOT_READ', 400, lead, { text: '<lead><nom>a</lead>' }],
    ['UNKNOWN_FIELD', 422, { ...lead, budget: '5' }, {}],
    ['E12', 422, { ...lead, tel: '+33639980001' }, {}],
    ['E20', 422, { ...lead, RGPD_OPTIN: 'oui' }, {}],
    ['MISSING', 422, { reference: 'DM-1', nom: 'Durand' }, {}],
  ])('%s: nothing is kept', (code, status, fields, sent) => {
    expect(codeOf(send(fields, sent))).toEqual([status, code]);
    expect(endpoint.records()).toHaveLength(1);
  });

  test('a PUT keeps what it does not name, a DELETE takes the lead away, and then it is gone', () => {
    send({ ...lead, email: 'd@courriel.example' });
    const one = { path: '/api/leads/H-702', key: 'k2' };
    expect(send({ reference: 'DM-1', ville: 'Nantes' }, { ...one, method: 'PUT' }).status).toBe(200);
    expect(endpoint.records().at(-1)).toMatchObject({
      lastName: 'Durand',
      mayContact: { email: true, phone: false },
    });
    expect(send({}, { ...one, method: 'DELETE', text: '' }).status).toBe(200);
    expect(codeOf(send({}, { ...one, method: 'DELETE', text: '' }))).toEqual([410, 'GONE']);
    expect(codeOf(send(lead, { ...one, method: 'PUT' }))).toEqual([410, 'GONE']);
  });
});
