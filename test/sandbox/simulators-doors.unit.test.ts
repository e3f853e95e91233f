// The older doors of the simulated Odoo, and the public form of the simulated Dolibarr, judge as the real ones were seen to.
import { simulatorOf } from '../../sandbox/simulators/index.ts';
import type { CrmAnswer, SimulatedCrm } from '../../sandbox/simulators/simulator.ts';

const strangers = [
  { lastName: 'Martin', firstName: 'Anna', email: 'anna@courriel.example', phone: '+33639980901' },
];
const secrets = { ODOO_KEY: 'cle' };

function open(preset: string): SimulatedCrm {
  const opened = simulatorOf(preset)?.open({ secrets, strangers, now: () => 0 });
  if (opened === undefined) throw new Error(`no simulator for ${preset}`);
  return opened;
}

let crm: SimulatedCrm;
const post = (path: string, body: string, beside = 0): CrmAnswer =>
  crm.answer({
    method: 'POST',
    path,
    query: new URLSearchParams(),
    headers: {},
    body: Buffer.from(body),
    beside,
  });

interface Called {
  readonly user?: number;
  readonly key?: string;
  readonly database?: string;
}
type Execute = (model: string, method: string, args: readonly unknown[], more?: Called) => string;

const byJson: Execute = (model, method, args, { user = 7, key = 'cle', database = 'client' } = {}) => {
  const params = {
    service: 'object',
    method: 'execute_kw',
    args: [database, user, key, model, method, args, {}],
  };
  const answer = post('/jsonrpc', JSON.stringify({ jsonrpc: '2.0', id: 'd', method: 'call', params }));
  expect(answer.status).toBe(200);
  return answer.body ?? '';
};

const valueOf = (value: unknown): string => {
  if (typeof value === 'number') return `<value><int>${value}</int></value>`;
  if (typeof value === 'boolean') return `<value><boolean>${value ? 1 : 0}</boolean></value>`;
  if (Array.isArray(value))
    return `<value><array><data>${(value as unknown[]).map(valueOf).join('')}</data></array></value>`;
  if (typeof value === 'object' && value !== null)
    return `<value><struct>${Object.entries(value)
      .map(([name, member]) => `<member><name>${name}</name>${valueOf(member)}</member>`)
      .join('')}</struct></value>`;
  return `<value><string>${String(value)}</string></value>`;
};
const byXml: Execute = (model, method, args, { user = 7, key = 'cle', database = 'client' } = {}) => {
  const params = [database, user, key, model, method, args, {}].map(
    (value) => `<param>${valueOf(value)}</param>`,
  );
  const call = `<methodCall><methodName>execute_kw</methodName><params>${params.join('')}</params></methodCall>`;
  const answer = post('/xmlrpc/2/object', `<?xml version="1.0"?>\n${call}`);
  expect(answer.status).toBe(200);
  return (answer.body ?? '').replaceAll('\n', '');
};

describe.each([
  {
    ...{ preset: 'odoo-jsonrpc', execute: byJson, yes: '"result":true', numbers: '"result":[' },
    ...{ denied: 'odoo.exceptions.AccessDenied', none: '"result":[]', no: '"ids":false' },
  },
  {
    ...{ preset: 'odoo-xmlrpc', execute: byXml, yes: '<boolean>1</boolean>', numbers: '<data><value><int>' },
    ...{ denied: '<int>3</int>', none: '<data></data>', no: '<name>ids</name><value><boolean>0</boolean>' },
  },
])('$preset', ({ preset, execute, yes, numbers, denied, none, no }) => {
  beforeEach(() => {
    crm = open(preset);
  });
  const row = (id: string): readonly (readonly unknown[])[] => [
    ['id', 'name', 'contact_name', 'x_relais_reference'],
    [[`relais.${id}`, id, 'Zoé Durand', id]],
  ];
  const find = (): string =>
    execute('crm.lead', 'search_read', [[['x_relais_reference', '=', 'DM-1']], ['id']]);

  test('an import sent twice is one lead, found by our reference until it is deleted', () => {
    execute('crm.lead', 'load', row('DM-1'));
    execute('crm.lead', 'load', row('DM-1'));
    expect(crm.records().filter(({ reference }) => reference === 'DM-1')).toHaveLength(1);
    const id = Number(crm.records().at(-1)?.id);
    expect(find()).toContain(String(id));
    expect(execute('crm.lead', 'write', [[id], { city: 'Nantes' }])).toContain(yes);
    expect(execute('crm.lead', 'unlink', [[id]])).toContain(yes);
    expect(execute('crm.lead', 'unlink', [[id]])).toContain('Record does not exist');
    expect(find()).toContain(none);
  });

  test('a number written as a text names no record, and a user who is gone is told in the same words', () => {
    execute('crm.lead', 'load', row('DM-1'));
    const id = crm.records().at(-1)?.id ?? '';
    expect(execute('crm.lead', 'unlink', [[id]])).toContain('Record does not exist');
    expect(execute('crm.lead', 'unlink', [[Number(id)]], { user: 8 })).toContain('res.users(8,)');
    expect(crm.records().filter(({ reference }) => reference === 'DM-1')).toHaveLength(1);
  });

  test('a wrong key, a database nobody knows, a field that is not there and an import refused are all status 200', () => {
    expect(execute('crm.lead', 'load', row('DM-1'), { key: 'autre' })).toContain(denied);
    expect(crm.wrongKeys()).toBe(1);
    expect(execute('crm.lead', 'load', row('DM-1'), { database: 'autre' })).toContain('does not exist');
    expect(execute('crm.lead', 'load', [['id', 'x_autre'], [['relais.A', 'a']]])).toContain(
      'Invalid field name',
    );
    expect(execute('crm.lead', 'load', row(''))).toContain(no);
    expect(execute('mail.blacklist', 'create', [[{ email: 'Z@courriel.example' }]])).toContain(numbers);
    expect(crm.records()).toHaveLength(1);
  });

  test('without its database it answers 200 as well', () => {
    const [down] = crm.whenDown;
    expect(down).toMatchObject({
      status: 200,
      body: expect.stringContaining('psycopg2.OperationalError') as string,
    });
  });
});

describe('dolibarr-form', () => {
  beforeEach(() => {
    crm = open('dolibarr-form');
  });
  const lead: Readonly<Record<string, string>> = {
    ...{ action: 'add', entity: '1', nojs: '1', lastname: 'Durand', firstname: 'Zoé' },
    ...{ email: 'Z@courriel.example', description: 'E-mail : accord', options_relais_cle: 'k1' },
    ...{
      options_relais_reference: 'DM-1',
      options_relais_email: '1',
      options_relais_telephone: '+33639980001',
    },
  };
  const send = (over: Readonly<Record<string, string>> = {}, beside = 0): CrmAnswer =>
    post('/public/project/new.php', new URLSearchParams({ ...lead, ...over }).toString(), beside);
  const refusal = (over: Readonly<Record<string, string>>, beside = 0): string => {
    const { status, body = '' } = send(over, beside);
    expect(status).toBe(200);
    return /<div class="error clearboth">(.*?)<br><\/div>/.exec(body)?.[1] ?? '';
  };

  test('what was kept is answered by a redirect; the same key again is refused and kept once, whatever its case', () => {
    expect(send()).toMatchObject({
      status: 302,
      headers: { location: expect.stringContaining('?action=added') as string },
    });
    expect(refusal({})).toContain("for key 'uk_projet_extrafields_relais_cle'");
    expect(refusal({ options_relais_cle: 'K1' })).toContain('Duplicate entry');
    expect(crm.records().filter(({ reference }) => reference === 'DM-1')).toMatchObject([
      { firstName: 'Zoé', lastName: 'Durand', mayContact: { email: true, phone: false } },
    ]);
  });

  test('it asks for both names, a message and an address; somebody it knows by the address is that prospect', () => {
    for (const name of ['lastname', 'firstname', 'email', 'description'])
      expect(refusal({ [name]: '' })).toContain('est obligatoire');
    expect(refusal({ email: 'nobody' })).toContain('est invalide');
    send({ email: 'Anna@courriel.example', firstname: 'Autre' });
    expect(crm.records().at(-1)).toMatchObject({ reference: 'DM-1', firstName: 'Anna' });
    expect(crm.records()).toHaveLength(2);
  });

  test('its page has more than 64 KiB, and tells its refusal inside a script unless it is asked not to', () => {
    const { body = '' } = send({ lastname: '', nojs: '' });
    expect(body.length).toBeGreaterThan(64 * 1024);
    expect(body).not.toContain('<div class="error');
    expect(body).toContain('est obligatoire');
  });

  test('signs of four bytes, long names and scripts are refused, tags are cut out, and codes collide', () => {
    expect(refusal({ lastname: 'Durand 😀' })).toContain('Incorrect string value');
    expect(refusal({ lastname: 'D'.repeat(130) })).toContain('Data too long');
    expect(refusal({}, 1)).toBe('Doublon dans un champ unique');
    expect(send({ description: '</textarea>' })).toMatchObject({ status: 403 });
    send({ lastname: 'Le <Roux> Roy' });
    expect(crm.records().at(-1)?.lastName).toBe('Le  Roy');
  });

  test('a closed form says so with status 200; opened again, one more post is too many', () => {
    crm.keyIsGood(false);
    expect(send()).toMatchObject({ status: 200, body: expect.stringContaining('pas activ') as string });
    expect(crm.wrongKeys()).toBe(1);
    crm.keyIsGood(true);
    expect(refusal({})).toContain('trop post');
    expect(send().status).toBe(302);
  });
});
