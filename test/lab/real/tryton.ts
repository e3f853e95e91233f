// Tryton as its own people see it, and what it is asked besides the trial: docs.tryton.org, trytond and party modules.
import type { Ask, Probe, RealCrm } from './crm.ts';

type Values = Readonly<Record<string, unknown>>;

const headers = {
  authorization: 'Basic {TRYTON_PASSWORD}',
  accept: 'application/json',
  'content-type': 'application/json',
};
const context = { language: 'en', company: 1 };
const call = (method: string, ...params: readonly unknown[]): Values => ({
  id: 'lab',
  method,
  params: [...params, context],
});
const probe = (method: string, ...params: readonly unknown[]): Probe => ({
  method: 'POST',
  path: '/client/',
  body: call(method, ...params),
});
const create = (reference: string, more: Values = {}): Probe =>
  probe('model.party.party.create', [
    { name: `Essai ${reference}`, identifiers: [['create', [{ code: reference }]]], ...more },
  ]);
const reached = (type: string, value: string | null): Values => ({
  contact_mechanisms: [['create', [{ type, value, active: true }]]],
});
const search = (model: string, domain: unknown, fields: readonly string[]): Probe =>
  probe(`model.${model}.search_read`, domain, 0, 1_000, [['id', 'ASC']], fields);
const find = (reference: string): Probe =>
  search('party.party', [['identifiers.code', '=', reference]], ['id']);
const remove = probe('model.party.party.delete', ['{id}']);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const resultOf = (body: unknown): unknown => (body as Values | undefined)?.['result'];

async function rows(ask: Ask, model: string, fields: readonly string[]): Promise<readonly Values[]> {
  const { path, body } = search(model, [], fields);
  return (resultOf((await ask('POST', path, body)).body) ?? []) as readonly Values[];
}

export const tryton: RealCrm = {
  key: 'TRYTON_PASSWORD',
  sent: (secrets) =>
    Buffer.from(`${secrets['TRYTON_USER'] ?? ''}:${secrets['TRYTON_PASSWORD'] ?? ''}`).toString('base64'),
  // Of a user it knows: a text that names none is turned away and not counted, so that nobody would be locked out.
  wrong: (key) =>
    Buffer.from(Buffer.from(key, 'base64').toString().replace(/:.*/, ':wrong')).toString('base64'),
  headers,
  addressOf: (id) => `"params":[[${id}]`,
  known: ({ lastName, firstName, email, phone }) => [
    probe('model.party.party.create', [
      {
        name: `${firstName} ${lastName}`,
        contact_mechanisms: [
          [
            'create',
            [
              { type: 'other', value: email },
              { type: 'other', value: phone },
            ],
          ],
        ],
      },
    ]),
  ],
  idOf: ({ body }) => {
    const [id] = (resultOf(body) ?? []) as readonly unknown[];
    return typeof id === 'number' ? String(id) : undefined;
  },
  records: async (ask) => {
    const identifiers = await rows(ask, 'party.identifier', ['party', 'code']);
    const mechanisms = await rows(ask, 'party.contact_mechanism', ['party', 'value']);
    return (await rows(ask, 'party.party', ['name', 'categories']))
      .filter(({ id, name }) => id !== 1 && text(name) !== '')
      .map(({ id, name, categories }) => {
        const values = mechanisms.filter(({ party }) => party === id).map(({ value }) => text(value));
        const email = values.find((value) => value.includes('@')) ?? '';
        const phone = values.find((value) => value.startsWith('+')) ?? '';
        const [first = '', ...rest] = text(name).split(' ');
        const agreed = (categories ?? []) as readonly number[];
        return {
          id: String(id),
          reference: text(identifiers.find(({ party }) => party === id)?.['code']),
          lastName: rest.length === 0 ? first : rest.join(' '),
          firstName: rest.length === 0 ? '' : first,
          email,
          phone,
          mayContact: {
            ...(email === '' ? {} : { email: agreed.includes(1) }),
            ...(phone === '' ? {} : { phone: agreed.includes(2) }),
          },
        };
      });
  },
  deletes: async (ask, id) => {
    const own = [['party', '=', Number(id)]];
    const { path, body } = search('sale.opportunity', own, ['id']);
    const found = (resultOf((await ask('POST', path, body)).body) ?? []) as readonly { id: number }[];
    await ask(
      'POST',
      path,
      call(
        'model.sale.opportunity.delete',
        found.map((one) => one.id),
      ),
    );
    await ask('POST', path, call('model.party.party.delete', [Number(id)]));
  },
  copies: async (ask, id) => {
    const { path, body } = probe('model.party.party.copy', [Number(id)], {});
    const [copy] = (resultOf((await ask('POST', path, body)).body) ?? []) as readonly number[];
    const own = search('party.identifier', [['party', '=', Number(id)]], ['code']);
    const codes = (resultOf((await ask('POST', path, own.body)).body) ?? []) as readonly Values[];
    const kept = search('party.identifier', [['party', '=', copy]], ['code']);
    const there = (resultOf((await ask('POST', path, kept.body)).body) ?? []) as readonly Values[];
    const missing = there.length > 0 ? [] : codes.map(({ code }) => ({ party: copy, code }));
    if (missing.length > 0) await ask('POST', path, call('model.party.identifier.create', missing));
  },
  sql: `SELECT i.code,
      CASE WHEN NOT EXISTS (SELECT 1 FROM party_contact_mechanism m WHERE m.party = p.id AND m.value LIKE '%@%') THEN ''
        WHEN EXISTS (SELECT 1 FROM party_category_rel c WHERE c.party = p.id AND c.category = 1) THEN '1' ELSE '0' END,
      CASE WHEN NOT EXISTS (SELECT 1 FROM party_contact_mechanism m WHERE m.party = p.id AND m.value LIKE '+%') THEN ''
        WHEN EXISTS (SELECT 1 FROM party_category_rel c WHERE c.party = p.id AND c.category = 2) THEN '1' ELSE '0' END
    FROM party_party p JOIN party_identifier i ON i.party = p.id WHERE COALESCE(p.name, '') <> ''`,
  probes: [
    [create('PR-1'), find('PR-1'), find('pr-1'), find('PR-0'), create('PR-1'), find('PR-1')],
    [
      create('PR-2', reached('phone', '+33639980002')),
      create('PR-2', reached('phone', null)),
      create('PR-2', reached('mobile', '0639980002')),
      create('PR-2', reached('phone', '+33199000002')),
      create('PR-3', reached('email', 'pr3@courriel.example')),
      create('PR-3', reached('email', null)),
      create('PR-4', reached('other', '+33639980004')),
      create('PR-4', reached('other', null)),
      find('PR-3'),
    ],
    [
      create('PR-5', { name: null }),
      create('PR-6', { name: 'L'.repeat(2_000) }),
      create('PR-7', { name: 'Ligne\r\nune\tautre 😀 <b>' }),
      create('PR-8', { inconnu: 'x' }),
      create('R'.repeat(300)),
      probe('model.party.address.create', [{ party: 999_999, city: 'Lyon' }]),
      probe('model.sale.opportunity.create', [{ party: 999_999, description: 'x' }]),
      probe('model.party.inconnu.create', [{ name: 'x' }]),
      probe('model.party.party.inconnu', [1]),
      probe('model.ir.note.create', [{ resource: 'party.party,1', message: 'une ligne\r\nune autre\n😀' }]),
    ],
    [
      create('PR-9'),
      probe('model.party.party.write', [999_999], { name: 'x' }),
      remove,
      remove,
      find('PR-9'),
    ],
    [
      { method: 'POST', path: '/client/', body: '{"id": "lab"' },
      { method: 'POST', path: '/client/', body: { ...call('model.party.party.search_read'), extra: 1 } },
      { method: 'GET', path: '/client/' },
      { method: 'POST', path: '/inconnu/', body: call('model.party.party.create', []) },
      { ...find('PR-1'), headers: { ...headers, accept: 'application/xml' } },
    ],
    Array.from({ length: 7 }, () => ({
      ...find('PR-1'),
      headers: { ...headers, authorization: 'Basic {wrong}' },
    })),
    [find('PR-1')],
  ],
};
