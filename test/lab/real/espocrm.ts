// EspoCRM as its own people see it, and what it is asked besides the trial: docs.espocrm.com, development/api.
import type { Ask, Probe, RealCrm } from './crm.ts';

type Values = Readonly<Record<string, unknown>>;

const headers = {
  'content-type': 'application/json',
  'x-api-key': '{ESPO_KEY}',
  'x-skip-duplicate-check': 'true',
};
const plain = { 'content-type': 'application/json', 'x-api-key': '{ESPO_KEY}' };
const create = (body: unknown, own: Readonly<Record<string, string>> = headers): Probe => ({
  method: 'POST',
  path: '/api/v1/Lead',
  body,
  headers: own,
});
const find = (attribute: string, value: string): Probe => ({
  method: 'GET',
  path: `/api/v1/Lead?maxSize=2&where[0][type]=equals&where[0][attribute]=${attribute}&where[0][value]=${value}`,
});
const read: Probe = { method: 'GET', path: '/api/v1/Lead/{id}' };
const remove: Probe = { method: 'DELETE', path: '/api/v1/Lead/{id}' };
const person = (reference: string, more: Values = {}): Values => ({
  lastName: `Essai ${reference}`,
  cRelaisReference: reference,
  ...more,
});
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const shown = [
  ...['cRelaisReference', 'lastName', 'firstName', 'emailAddress', 'phoneNumber'],
  ...['emailAddressIsOptedOut', 'phoneNumberIsOptedOut', 'doNotCall'],
].join(',');

async function leads(ask: Ask): Promise<readonly Values[]> {
  const { body } = await ask('GET', `/api/v1/Lead?maxSize=200&select=${shown}`);
  return ((body ?? {}) as { readonly list?: readonly Values[] }).list ?? [];
}

export const espocrm: RealCrm = {
  key: 'ESPO_KEY',
  headers,
  known: ({ lastName, firstName, email, phone }) => [
    create({ lastName, firstName, emailAddress: email, phoneNumber: phone }),
  ],
  idOf: ({ body }) => text((body as Values | undefined)?.['id']) || undefined,
  records: async (ask) =>
    (await leads(ask)).map((lead) => {
      const [email, phone] = [text(lead['emailAddress']), text(lead['phoneNumber'])];
      return {
        id: text(lead['id']),
        reference: text(lead['cRelaisReference']),
        lastName: text(lead['lastName']),
        firstName: text(lead['firstName']),
        email,
        phone,
        mayContact: {
          ...(email === '' ? {} : { email: lead['emailAddressIsOptedOut'] !== true }),
          ...(phone === ''
            ? {}
            : { phone: lead['phoneNumberIsOptedOut'] !== true && lead['doNotCall'] !== true }),
        },
      };
    }),
  deletes: async (ask, id) => void (await ask('DELETE', `/api/v1/Lead/${id}`)),
  copies: async (ask, id) => {
    const { body } = await ask('GET', `/api/v1/Lead/${id}`);
    const { id: _id, createdAt: _created, modifiedAt: _modified, ...values } = body as Values;
    await ask('POST', '/api/v1/Lead', values);
  },
  sql: `SELECT l.c_relais_reference, IFNULL(MIN(1 - e.opt_out), ''), IFNULL(MIN(1 - GREATEST(p.opt_out, l.do_not_call)), '')
    FROM lead l
    LEFT JOIN entity_email_address le ON le.entity_id = l.id AND le.entity_type = 'Lead' AND le.deleted = 0
    LEFT JOIN email_address e ON e.id = le.email_address_id AND e.deleted = 0
    LEFT JOIN entity_phone_number lp ON lp.entity_id = l.id AND lp.entity_type = 'Lead' AND lp.deleted = 0
    LEFT JOIN phone_number p ON p.id = lp.phone_number_id AND p.deleted = 0
    WHERE l.deleted = 0 AND l.c_relais_reference <> '' GROUP BY l.id`,
  unsubscribes: async (ask, id) =>
    void (await ask('PUT', `/api/v1/Lead/${id}`, { emailAddressIsOptedOut: true })),
  probes: [
    [create(person('PR-1', { budget: 5, cInconnu: 'x' })), read, find('cRelaisReference', 'PR-1')],
    [find('cRelaisReference', 'pr-1'), find('cRelaisReference', 'PR-0'), find('cAutre', 'PR-1')],
    [create(person('PR-2', { emailAddress: 'pr2@courriel.example' })), remove, remove, read],
    [
      create(person('PR-3')),
      { method: 'PUT', path: '/api/v1/Lead/{id}', body: { addressCity: 'Lyon' } },
      read,
    ],
    [
      create(person('PR-4', { emailAddress: 'pr4@courriel.example' })),
      create(person('PR-5', { lastName: 'Essai PR-4' }), plain),
      create(person('PR-6', { emailAddress: 'PR4@courriel.example' }), plain),
    ],
    [
      create({ cRelaisReference: 'PR-7' }),
      create(person('PR-8', { lastName: '' })),
      create(person('PR-9', { lastName: null, emailAddress: 'pr9@courriel.example' })),
      create(person('PR-10', { lastName: 'L'.repeat(101) })),
      create(person('PR-11', { lastName: 'Dupont <b>' })),
      create(person('PR-12', { addressCity: 'V'.repeat(101) })),
      create(person('PR-13', { addressPostalCode: '6'.repeat(41) })),
      create(person('PR-14', { addressStreet: 'r'.repeat(256) })),
      create({ lastName: 'Essai', cRelaisReference: 'R'.repeat(65) }),
      create(person('PR-15', { phoneNumber: '0639980015' })),
      create(person('PR-16', { emailAddress: 'sans-arobase' })),
      create(person('PR-17', { description: 'une ligne\r\nune autre\n😀' })),
      read,
    ],
    [
      { method: 'POST', path: '/api/v1/Lead', body: '{"lastName": "Essai"' },
      { method: 'POST', path: '/api/v1/Inconnu', body: {} },
      { method: 'GET', path: '/api/v1/inconnu' },
      { method: 'PUT', path: '/api/v1/Lead/inconnu', body: { addressCity: 'Lyon' } },
      create(person('PR-18', { description: 'x'.repeat(1_100_000) })),
    ],
    [
      create(person('PR-19', { emailAddress: 'deux@courriel.example', emailAddressIsOptedOut: true })),
      create(person('PR-20', { emailAddress: 'Deux@courriel.example', emailAddressIsOptedOut: false })),
      find('cRelaisReference', 'PR-19'),
    ],
    Array.from({ length: 13 }, () => ({
      ...read,
      path: '/api/v1/Lead',
      headers: { 'x-api-key': '{wrong}' },
    })),
    [{ method: 'GET', path: '/api/v1/Lead?maxSize=1' }],
  ],
};

const captured = (body: unknown): Probe => ({
  method: 'POST',
  path: '/api/v1/LeadCapture/{ESPO_CAPTURE_KEY}',
  body,
  headers: { 'content-type': 'application/json' },
});

/** The capture takes new leads alone: its people find, change and delete by the API, with a key of their own. */
export const leadCapture: RealCrm = {
  ...espocrm,
  key: 'ESPO_CAPTURE_KEY',
  headers: { 'content-type': 'application/json' },
  staff: { ...headers, 'x-api-key': '{STAFF_KEY}' },
  known: ({ lastName, firstName, email, phone }) => [
    captured({ lastName, firstName, emailAddress: email, phoneNumber: phone }),
  ],
  idOf: () => undefined,
  changesByHand: async (ask, id, { mayContact, phone }) =>
    void (await ask('PUT', `/api/v1/Lead/${id}`, {
      phoneNumber: phone === '' ? null : phone,
      doNotCall: mayContact.phone === false,
      ...(mayContact.email === false ? { emailAddressIsOptedOut: true } : {}),
      ...(mayContact.phone === false ? { phoneNumberIsOptedOut: true } : {}),
    })),
  probes: [
    [captured(person('PR-1', { cInconnu: 'x' })), captured(person('PR-1'))],
    [
      captured(person('PR-2', { emailAddress: 'pr2@courriel.example', cRelaisSansEmail: true })),
      captured(person('PR-3', { emailAddress: 'PR2@courriel.example', cRelaisSansEmail: false })),
    ],
    [
      captured({}),
      captured({ cRelaisReference: 'PR-4' }),
      captured(person('PR-5', { lastName: null })),
      captured(person('PR-6', { lastName: 'L'.repeat(101) })),
      captured(person('PR-7', { lastName: 'Dupont <b>' })),
      captured(person('PR-8', { addressCity: 'V'.repeat(101) })),
      captured(person('PR-9', { addressStreet: 'r'.repeat(256) })),
      captured(person('PR-10', { phoneNumber: '0639980015' })),
      captured(person('PR-11', { phoneNumber: '+33639980015' })),
      captured(person('PR-12', { emailAddress: 'sans-arobase' })),
      captured(person('PR-13', { description: 'une ligne\r\nune autre\n😀' })),
      captured({ lastName: 'Essai', cRelaisReference: 'R'.repeat(65) }),
    ],
    [
      captured('{"lastName": "Essai"'),
      captured('[]'),
      { ...captured(person('PR-14')), method: 'PUT' },
      { ...captured(undefined), method: 'GET' },
      { ...captured(person('PR-15')), path: '/api/v1/LeadCapture/{wrong}' },
      captured(person('PR-16', { description: 'x'.repeat(1_100_000) })),
    ],
  ],
};
