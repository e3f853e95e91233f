// Odoo as its own people see it, and what it is asked besides the trial: odoo.com/documentation, external API and ORM.
import type { Ask, Probe, RealCrm } from './crm.ts';

type Values = Readonly<Record<string, unknown>>;

/** One method of a model, asked in one of the three ways: its arguments in order, and by name. */
type Way = (model: string, method: string, ordered: readonly unknown[], named: Values) => Probe;

/** Number of the user of the example, and the name of its database. */
const [user, database] = [7, 'client'];
const english = { lang: 'en_US', active_test: false };

const rpcParams = (
  model: string,
  method: string,
  ordered: readonly unknown[],
  named: Values,
): readonly unknown[] => [
  database,
  user,
  '{ODOO_KEY}',
  model,
  method,
  ordered,
  { context: english, ...named },
];

const jsonRpc: Way = (model, method, ordered, named) => ({
  method: 'POST',
  path: '/jsonrpc',
  body: {
    jsonrpc: '2.0',
    id: 'lab',
    method: 'call',
    params: {
      service: 'object',
      method: 'execute_kw',
      args: rpcParams(model, method, ordered, named),
    },
  },
});

const xmlOf = (value: unknown): string => {
  if (Array.isArray(value)) return `<value><array><data>${value.map(xmlOf).join('')}</data></array></value>`;
  if (value === null) return '<value><boolean>0</boolean></value>';
  if (typeof value === 'boolean') return `<value><boolean>${value ? 1 : 0}</boolean></value>`;
  if (typeof value === 'number') return `<value><int>${value}</int></value>`;
  if (typeof value === 'string')
    return `<value><string>${value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</string></value>`;
  const members = Object.entries(value as Values).map(
    ([name, inner]) => `<member><name>${name}</name>${xmlOf(inner)}</member>`,
  );
  return `<value><struct>${members.join('')}</struct></value>`;
};

const xmlRpc: Way = (model, method, ordered, named) => ({
  method: 'POST',
  path: '/xmlrpc/2/object',
  body: `<?xml version="1.0"?><methodCall><methodName>execute_kw</methodName><params>${rpcParams(
    model,
    method,
    ordered,
    named,
  )
    .map((one) => `<param>${xmlOf(one)}</param>`)
    .join('')}</params></methodCall>`,
});

/** Names of what a method takes in order, where /json/2 wants them. */
const argumentNames: Readonly<Record<string, readonly string[]>> = {
  create: ['vals_list'],
  load: ['fields', 'data'],
  write: ['ids', 'vals'],
  unlink: ['ids'],
  copy: ['ids'],
  search_read: ['domain', 'fields'],
};
const json2: Way = (model, method, ordered, named) => ({
  method: 'POST',
  path: `/json/2/${model}/${method}`,
  body: {
    ...Object.fromEntries(ordered.map((one, at) => [argumentNames[method]?.[at] ?? 'args', one])),
    ...named,
    context: english,
  },
});

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const shown = [
  ...['x_relais_reference', 'contact_name', 'email_from', 'phone', 'x_relais_telephone', 'is_blacklisted'],
];

const plain = { 'content-type': 'application/json' };
const withKey = { ...plain, authorization: 'bearer {ODOO_KEY}' };

/** People of the client work in Odoo by its web pages; here they ask as a program would. */
async function rowsOf(
  ask: Ask,
  way: Way,
  model: string,
  fields: readonly string[],
): Promise<readonly Values[]> {
  const { path, body } = way(model, 'search_read', [[], fields], {});
  const answer = (await ask('POST', path, body, way === json2 ? withKey : plain)).body ?? [];
  const rows = Array.isArray(answer) ? answer : (answer as { readonly result?: unknown }).result;
  return (rows ?? []) as readonly Values[];
}

const ids = ['{id}'];
/** A number in place of the text that stands for it. */
const numbered = (probe: Probe): Probe => ({
  ...probe,
  body: (typeof probe.body === 'string' ? probe.body : JSON.stringify(probe.body))
    .replace('"{id}"', '{id}')
    .replace('<string>{id}</string>', '<int>{id}</int>'),
});
/** With a wrong key, wherever it is. */
const wrongly = (probe: Probe): Partial<Probe> =>
  probe.path.startsWith('/json/2')
    ? { headers: { ...plain, authorization: 'bearer {wrong}' } }
    : {
        body: (typeof probe.body === 'string' ? probe.body : JSON.stringify(probe.body)).replace(
          '{ODOO_KEY}',
          '{wrong}',
        ),
      };
const probesOf = (way: Way): RealCrm['probes'] => {
  const row = (reference: string, more: Values = {}): Probe => {
    const values: Values = {
      id: `relais.${reference}`,
      x_relais_reference: reference,
      name: `Essai ${reference}`,
      contact_name: 'Essai',
      ...more,
    };
    return way('crm.lead', 'load', [Object.keys(values), [Object.values(values)]], {});
  };
  const find = (reference: string, field = 'x_relais_reference'): Probe =>
    way('crm.lead', 'search_read', [[[field, '=', reference]], ['id']], {});
  return [
    [row('PR-1'), row('PR-1', { city: 'Lyon' }), find('PR-1'), find('pr-1'), find('PR-0')],
    [
      row('PR-2', { expected_revenue: 'abc' }),
      row('PR-3', { x_inconnu: 'x' }),
      find('PR-1', 'x_inconnu'),
      row('PR-4', { contact_name: 'L'.repeat(2_000) }),
      row('PR-5', { contact_name: '' }),
      row('PR-6', { name: '' }),
      row('PR-7', { email_from: 'sans-arobase' }),
      row('PR-8', { phone: '0639980008' }),
      row('PR-9', { description: '<p>une ligne</p>\r\n<p>une autre 😀</p>' }),
      row('R'.repeat(300)),
    ],
    [
      way('mail.blacklist', 'create', [[{ email: 'pr10@courriel.example' }]], {}),
      way('mail.blacklist', 'create', [[{ email: 'PR10@courriel.example' }]], {}),
      way('mail.blacklist', 'create', [[{ email: 'nobody' }]], {}),
      way('mail.blacklist', 'write', [[999_999], { active: true }], {}),
      way('mail.blacklist', 'unlink', [[999_999]], {}),
    ],
    [
      way('crm.lead', 'write', [[999_999], { city: 'Lyon' }], {}),
      way('crm.lead', 'unlink', [[999_999]], {}),
      way('crm.inconnu', 'create', [[{ name: 'x' }]], {}),
      way('crm.lead', 'inconnu', [[1]], {}),
      way('res.users', 'unlink', [[1]], {}),
      { ...row('PR-11'), body: '{"jsonrpc": "2.0"' },
      { method: 'GET', path: row('PR-11').path },
    ],
    [
      way('crm.lead', 'create', [[{ name: 'Essai PR-12', x_relais_reference: 'PR-12' }]], {}),
      numbered(way('crm.lead', 'write', [ids, { x_relais_telephone: '0', city: '' }], {})),
      find('PR-12'),
      numbered(way('crm.lead', 'unlink', [ids], {})),
      find('PR-12'),
    ],
    [{ ...find('PR-1'), ...wrongly(find('PR-1')) }],
  ];
};

/** @param reading how it is read where its answers are no JSON */
const crm = (
  way: Way,
  headers: Readonly<Record<string, string>>,
  addressOf: (id: string) => string,
  reading = way,
): RealCrm => ({
  key: 'ODOO_KEY',
  addressOf,
  headers,
  known: ({ lastName, firstName, email, phone }) => [
    way(
      'crm.lead',
      'create',
      [[{ name: 'Connu', contact_name: `${firstName} ${lastName}`, email_from: email, phone }]],
      {},
    ),
  ],
  idOf: ({ body }) => {
    const answer = (body as { readonly result?: unknown } | undefined)?.result ?? body;
    return /\b9\d{5}\b/.exec(JSON.stringify(answer ?? ''))?.[0];
  },
  records: async (ask) =>
    (await rowsOf(ask, reading, 'crm.lead', shown)).map((lead) => {
      const [email, phone] = [text(lead['email_from']), text(lead['phone'])];
      const [first = '', ...rest] = text(lead['contact_name']).split(' ');
      return {
        id: String(lead['id']),
        reference: text(lead['x_relais_reference']),
        lastName: rest.length === 0 ? first : rest.join(' '),
        firstName: rest.length === 0 ? '' : first,
        email,
        phone,
        mayContact: {
          ...(email === '' ? {} : { email: lead['is_blacklisted'] !== true }),
          ...(phone === '' ? {} : { phone: lead['x_relais_telephone'] === true }),
        },
      };
    }),
  deletes: async (ask, id) => {
    const { path, body } = way('crm.lead', 'unlink', [[Number(id)]], {});
    await ask('POST', path, body, headers);
  },
  copies: async (ask, id) => {
    const { path, body } = way('crm.lead', 'copy', [[Number(id)]], {});
    await ask('POST', path, body, headers);
  },
  sql: `SELECT l.x_relais_reference,
      CASE WHEN COALESCE(l.email_normalized, '') = '' THEN '' WHEN b.id IS NULL THEN '1' ELSE '0' END,
      CASE WHEN COALESCE(l.phone, '') = '' THEN '' WHEN l.x_relais_telephone THEN '1' ELSE '0' END
    FROM crm_lead l LEFT JOIN mail_blacklist b ON b.email = l.email_normalized AND b.active
    WHERE COALESCE(l.x_relais_reference, '') <> ''`,
  probes: probesOf(way),
});

/** By preset. */
export const odoos = {
  odoo: crm(json2, withKey, (id) => `"ids":[${id}]`),
  'odoo-jsonrpc': crm(jsonRpc, plain, (id) => `[[${id}]`),
  'odoo-xmlrpc': crm(xmlRpc, { 'content-type': 'text/xml' }, (id) => `<int>${id}</int>`, jsonRpc),
};
