// The simulated Odoo and Tryton judge as the real ones were seen to: each habit, asked for directly.
import { simulatorOf } from '../../sandbox/simulators/index.ts';
import type { CrmAnswer, SimulatedCrm } from '../../sandbox/simulators/simulator.ts';

const strangers = [
  { lastName: 'Martin', firstName: 'Anna', email: 'anna@courriel.example', phone: '+33639980901' },
];
const secrets = { ODOO_KEY: 'cle', TRYTON_USER: 'relais', TRYTON_PASSWORD: 'motdepasse' };

let clock = 0;
let crm: SimulatedCrm;
function open(preset: string): void {
  clock = 0;
  const opened = simulatorOf(preset)?.open({ secrets, strangers, now: () => clock });
  if (opened === undefined) throw new Error(`no simulator for ${preset}`);
  crm = opened;
}
const post = (path: string, headers: Readonly<Record<string, string>>, body: unknown): CrmAnswer =>
  crm.answer({
    method: 'POST',
    path,
    query: new URLSearchParams(),
    headers,
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    beside: 0,
  });
const contentOf = ({ body = '' }: CrmAnswer): unknown => JSON.parse(body);
const told = (answer: CrmAnswer): readonly [number, unknown] => [answer.status, contentOf(answer)];

describe('Odoo, JSON-2', () => {
  beforeEach(() => open('odoo'));
  const ask = (place: string, body: object, key = 'cle'): CrmAnswer =>
    post(`/json/2/${place}`, { authorization: `Bearer ${key}` }, body);
  const load = (id: string, more: Readonly<Record<string, string>> = {}): CrmAnswer => {
    const row: Record<string, string> = {
      id: `relais.${id}`,
      x_relais_reference: id,
      name: id,
      contact_name: 'Zoé Durand',
      email_from: 'Z@courriel.example',
      ...more,
    };
    return ask('crm.lead/load', { fields: Object.keys(row), data: [Object.values(row)] });
  };
  const domain = [['x_relais_reference', '=', 'DM-1']];

  test('an import sent twice under one external id is one lead, found by our reference until it is deleted', () => {
    const [, first] = told(load('DM-1'));
    expect(first).toEqual({ ids: [expect.any(Number)], messages: [], nextrow: 0 });
    expect(told(load('DM-1'))).toEqual([200, first]);
    const { ids } = first as { ids: number[] };
    expect(told(ask('crm.lead/search_read', { domain, fields: ['id'] }))).toEqual([200, [{ id: ids[0] }]]);
    expect(told(ask('crm.lead/unlink', { ids }))).toEqual([200, true]);
    expect(told(ask('crm.lead/unlink', { ids }))).toMatchObject([
      404,
      { name: 'odoo.exceptions.MissingError' },
    ]);
    expect(told(ask('crm.lead/search_read', { domain, fields: ['id'] }))).toEqual([200, []]);
  });

  test('an import says its no with status 200 and false ids; a field that is not there is an error', () => {
    expect(told(load('DM-1', { name: '' }))).toMatchObject([200, { ids: false }]);
    expect(told(load('DM-1', { x_autre: '1' }))).toMatchObject([
      500,
      { message: "Invalid field name 'x_autre'" },
    ]);
    expect(told(ask('crm.lead/load', {}, 'autre'))).toMatchObject([401, { message: 'Invalid apikey' }]);
    expect(crm.records()).toHaveLength(1);
  });

  test('an address that is made again on the list stays archived, and counts when it is active', () => {
    load('DM-1');
    const made = contentOf(ask('mail.blacklist/create', { vals_list: [{ email: 'Z@courriel.example' }] }));
    const may = (): unknown => crm.records().at(-1)?.mayContact.email;
    expect(may()).toBe(false);
    ask('mail.blacklist/write', { ids: made, vals: { active: false } });
    expect(may()).toBe(true);
    const again = ask('mail.blacklist/create', { vals_list: [{ email: 'z@courriel.example' }] });
    expect([contentOf(again), may()]).toEqual([made, true]);
  });

  test('rights come back after the key: once the list, once the leads, are refused, the leads with status 200', () => {
    crm.keyIsGood(false);
    expect(load('DM-1').status).toBe(401);
    crm.keyIsGood(true);
    const make = (): CrmAnswer =>
      ask('mail.blacklist/create', { vals_list: [{ email: 'z@courriel.example' }] });
    expect([make().status, make().status]).toEqual([403, 200]);
    expect(told(load('DM-1'))).toMatchObject([200, { ids: false }]);
    expect(told(load('DM-1'))).toMatchObject([200, { messages: [] }]);
  });

  test('the import reads 0 as a no, a write takes it for a yes; blanks are kept', () => {
    const phone = { phone: '+33639980001' };
    const { ids } = contentOf(load('DM-1', { ...phone, x_relais_telephone: '0' })) as { ids: number[] };
    const may = (): unknown => crm.records().at(-1)?.mayContact.phone;
    expect(may()).toBe(false);
    ask('crm.lead/write', { ids, vals: { x_relais_telephone: '0' } });
    expect(may()).toBe(true);
    load('DM-2', { contact_name: ' Moreau' });
    expect(crm.complaints()).toEqual([expect.stringContaining('begins or ends with a blank')]);
  });
});

describe('Tryton', () => {
  beforeEach(() => open('tryton'));
  const basic = (password: string): string => `Basic ${Buffer.from(`relais:${password}`).toString('base64')}`;
  const ask = (
    method: string,
    params: readonly unknown[],
    more: object = {},
    password = 'motdepasse',
  ): CrmAnswer =>
    post(
      '/client/',
      { authorization: basic(password), accept: 'application/json' },
      { id: 'dlv_1', method, params, ...more },
    );
  const resultOf = (answer: CrmAnswer): unknown => (contentOf(answer) as { result?: unknown }).result;
  const party = (): number =>
    (
      resultOf(
        ask('model.party.party.create', [
          [
            {
              name: 'Zoé Durand',
              identifiers: [['create', [{ code: 'DM-1' }]]],
              categories: [
                ['remove', [1]],
                ['add', [2]],
              ],
            },
          ],
          {},
        ]),
      ) as number[]
    )[0] ?? 0;
  const find = (): unknown =>
    resultOf(
      ask('model.party.party.search_read', [[['identifiers.code', '=', 'DM-1']], 0, 3, [], ['id'], {}]),
    );

  test('a fault is an answer with status 200: without a company in the context there is no opportunity', () => {
    const id = party();
    const [status, content] = told(ask('model.sale.opportunity.create', [[{ party: id }], {}]));
    expect([status, content]).toMatchObject([
      200,
      { error: ['UserError', [expect.stringContaining('Company'), '', null]] },
    ]);
    expect(crm.complaints()).toEqual([`the party ${id} has 0 opportunities`]);
    expect(resultOf(ask('model.sale.opportunity.create', [[{ party: id }], { company: 1 }]))).toHaveLength(1);
    expect(crm.complaints()).toEqual([]);
  });

  test('the accept header picks the answer’s form, and a key too much takes its envelope away', () => {
    const body = { id: 'd', method: 'model.party.party.search_read', params: [[], 0, 3, [], ['name'], {}] };
    const headers = { authorization: basic('motdepasse'), accept: 'application/xml' };
    expect(post('/client/', headers, body).headers).toEqual({ 'content-type': 'text/plain; charset=utf-8' });
    expect(contentOf(ask(body.method, body.params, { jsonrpc: '2.0' }))).toMatchObject([
      { name: 'Anna Martin' },
    ]);
    expect(contentOf(ask(body.method, body.params))).toMatchObject({ id: 'dlv_1' });
  });

  test('more than five wrong passwords lock the user, and each further try goes on locking', () => {
    const statuses = Array.from({ length: 7 }, () => ask('', [], {}, 'autre').status);
    expect(statuses).toEqual([...Array<number>(6).fill(401), 429]);
    clock = 299_000;
    expect(ask('', []).status).toBe(429);
    clock = 301_000;
    expect(ask('', []).status).toBe(200);
    expect(crm.complaints()).toEqual([expect.stringContaining('locked')]);
  });

  test('what is deleted stays in the history; only who is inactive is erased, and then nothing stays', () => {
    const id = party();
    const [session] = resultOf(ask('wizard.party.erase.create', [{}])) as number[];
    const erase = (): CrmAnswer =>
      ask('wizard.party.erase.execute', [session, { ask: { party: id } }, 'erase', {}]);
    expect(contentOf(erase())).toMatchObject({
      error: ['UserError', [expect.stringContaining('still active'), '', null]],
    });
    ask('model.party.party.write', [[id], { active: false }, {}]);
    expect(resultOf(erase())).toEqual({});
    expect(resultOf(ask('model.party.party.delete', [[id], {}]))).toBeNull();
    expect([find(), crm.complaints()]).toEqual([[], []]);
    const other = party();
    ask('model.party.party.delete', [[other], {}]);
    expect(crm.complaints()).toEqual([expect.stringContaining('history')]);
  });

  test('a phone that no library of numbers knows, no phone, and an e-mail of no domain are refused, and nothing of the party is kept', () => {
    const refused = (type: string, value: string | null): unknown =>
      contentOf(
        ask('model.party.party.create', [
          [{ name: 'Durand', contact_mechanisms: [['create', [{ type, value, active: true }]]] }],
          {},
        ]),
      );
    const before = crm.records().length;
    for (const [type, value, why] of [
      ['phone', '+33639980001', ''],
      ['mobile', null, ''],
      ['email', 'e@courriel.example', 'The domain name courriel.example does not exist.'],
    ] as const)
      expect(refused(type, value)).toMatchObject({
        error: ['UserError', [expect.stringContaining('for party "Durand" is not valid'), why, null]],
      });
    expect(crm.records()).toHaveLength(before);
    expect(refused('phone', '+33199000001')).toMatchObject({ result: [expect.any(Number)] });
  });

  test('the opt-in is a category, taken off again; what is hidden is no address', () => {
    const id = party();
    ask('model.party.contact_mechanism.create', [
      [
        { party: id, type: 'other', value: null, active: null },
        { party: id, type: 'other', value: '+33639980001', active: true },
      ],
      {},
    ]);
    expect(crm.records().at(-1)).toMatchObject({ reference: 'DM-1', email: '', mayContact: { phone: true } });
    ask('model.party.party.write', [[id], { categories: [['remove', [2]]] }, {}]);
    expect(crm.records().at(-1)?.mayContact).toEqual({ phone: false });
  });
});
