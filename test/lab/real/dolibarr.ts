// Dolibarr as its own people see it by its REST API, and what it is asked besides the trial.
import type { Ask, Probe, RealCrm } from './crm.ts';

type Values = Readonly<Record<string, unknown>>;

const headers = { 'content-type': 'application/json', dolapikey: '{DOLIBARR_KEY}' };
const post = (kind: string, body: unknown): Probe => ({
  method: 'POST',
  path: `/api/index.php/${kind}`,
  body,
});
const company = (reference: string, more: Values = {}): Probe =>
  post('thirdparties', {
    ref_ext: reference,
    name: `Essai ${reference}`,
    client: 2,
    code_client: '-1',
    ...more,
  });
const contact = (reference: string, more: Values = {}): Probe =>
  post('contacts', { ref_ext: reference, lastname: `Essai ${reference}`, ...more });
const at = (method: string, kind: string, body?: unknown): Probe => ({
  method,
  path: `/api/index.php/${kind}/{id}`,
  ...(body === undefined ? {} : { body }),
});
const find = (kind: string, reference: string): Probe => ({
  method: 'GET',
  path: `/api/index.php/${kind}?limit=2&sqlfilters=(t.ref_ext:=:'${reference}')`,
});
const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** An empty table is a 404 there. */
async function all(ask: Ask, kind: string): Promise<readonly Values[]> {
  const { body } = await ask('GET', `/api/index.php/${kind}?limit=200`);
  return Array.isArray(body) ? (body as readonly Values[]) : [];
}

export const dolibarr: RealCrm = {
  key: 'DOLIBARR_KEY',
  headers,
  known: ({ lastName, firstName, email, phone }) => [
    post('thirdparties', { name: `${firstName} ${lastName}`, client: 2, code_client: '-1' }),
    post('contacts', {
      lastname: lastName,
      firstname: firstName,
      email,
      phone_mobile: phone,
      socid: '{id}',
      array_options: { options_relais_appel: '1' },
    }),
  ],
  idOf: ({ body }) => text(body) || undefined,
  records: async (ask) => {
    const [companies, contacts] = [await all(ask, 'thirdparties'), await all(ask, 'contacts')];
    return await Promise.all(
      companies.map(async (row) => {
        const own = contacts.find(({ socid }) => text(socid) === text(row['id']));
        // A list does not say who refuses mails.
        const person =
          own === undefined
            ? {}
            : ((await ask('GET', `/api/index.php/contacts/${text(own['id'])}`)).body as Values);
        const [email, phone] = [text(person['email']), text(person['phone_mobile'])];
        const options = (person['array_options'] ?? {}) as Values;
        return {
          id: text(row['id']),
          reference: text(row['ref_ext']),
          lastName: text(person['lastname']),
          firstName: text(person['firstname']),
          email,
          phone,
          mayContact: {
            ...(email === '' ? {} : { email: text(person['no_email']) !== '1' }),
            ...(phone === '' ? {} : { phone: text(options['options_relais_appel']) === '1' }),
          },
        };
      }),
    );
  },
  deletes: async (ask, id) => void (await ask('DELETE', `/api/index.php/thirdparties/${id}`)),
  copies: async (ask, id) => {
    const made = await ask('GET', `/api/index.php/thirdparties/${id}`);
    const { name, ref_ext, address, zip, town } = made.body as Values;
    const company = { name, ref_ext, address, zip, town, client: 2, code_client: '-1' };
    const socid = (await ask('POST', '/api/index.php/thirdparties', company)).body;
    for (const row of await all(ask, 'contacts')) {
      if (text(row['socid']) !== id) continue;
      const { lastname, firstname, email, phone_mobile, array_options } = row;
      const contact = { ref_ext: row['ref_ext'], lastname, firstname, email, phone_mobile, array_options };
      await ask('POST', '/api/index.php/contacts', { ...contact, socid });
    }
  },
  sql: `SELECT s.ref_ext, IF(IFNULL(p.email, '') = '', '', u.email IS NULL), IF(IFNULL(p.phone_mobile, '') = '', '', IFNULL(x.relais_appel, 0))
    FROM llx_societe s
    LEFT JOIN llx_socpeople p ON p.fk_soc = s.rowid
    LEFT JOIN llx_socpeople_extrafields x ON x.fk_object = p.rowid
    LEFT JOIN (SELECT DISTINCT email FROM llx_mailing_unsubscribe) u ON u.email = p.email
    WHERE s.ref_ext <> ''`,
  unsubscribes: async (ask, id) => {
    for (const row of await all(ask, 'contacts'))
      if (text(row['socid']) === id)
        await ask('PUT', `/api/index.php/contacts/${text(row['id'])}`, { no_email: 1 });
  },
  probes: [
    [company('PR-1', { inconnu: 'x' }), at('GET', 'thirdparties'), find('thirdparties', 'PR-1')],
    [find('thirdparties', 'pr-1'), find('thirdparties', 'PR-0'), find('contacts', 'PR-0')],
    [company('PR-1'), find('thirdparties', 'PR-1')],
    [company('PR-2'), at('DELETE', 'thirdparties'), at('DELETE', 'thirdparties'), at('GET', 'thirdparties')],
    [
      contact('PR-3'),
      at('DELETE', 'contacts'),
      at('DELETE', 'contacts'),
      at('PUT', 'contacts', { town: 'Lyon' }),
    ],
    [
      company('PR-4', { name: 'N'.repeat(129) }),
      company('PR-5', { name: 'Zoé 😀' }),
      company('PR-6', { name: '' }),
      post('thirdparties', { ref_ext: 'PR-7', client: 2, code_client: '-1' }),
      company('PR-8', { town: 'V'.repeat(51) }),
      company('PR-9', { zip: '6'.repeat(26) }),
      company('PR-10', { address: 'r'.repeat(256) }),
      company('PR-11', { town: 'Lyon 😀' }),
      company('PR-12', { address: '1 rue 😀' }),
      company('PR-13', { note_private: 'une ligne\r\nune autre\nencore' }),
      at('GET', 'thirdparties'),
      company('PR-14', { note_private: 'un cœur 😀' }),
      post('thirdparties', { name: 'Essai', client: 2, code_client: '-1', ref_ext: 'R'.repeat(256) }),
    ],
    [
      contact('PR-20', { lastname: 'N'.repeat(51) }),
      contact('PR-21', { firstname: 'P'.repeat(51) }),
      contact('PR-22', { lastname: 'Zoé 😀' }),
      contact('PR-23', { email: `${'a'.repeat(250)}@courriel.example` }),
      contact('PR-24', { phone_mobile: '0'.repeat(31) }),
      contact('PR-25', { lastname: '' }),
      post('contacts', { ref_ext: 'PR-26' }),
      contact('PR-27', { lastname: 'L\'Hérault <Œuvrard> "x"' }),
      at('GET', 'contacts'),
      contact('PR-28', { socid: 999_999 }),
    ],
    [
      contact('PR-30', { email: 'deux@courriel.example', no_email: 1 }),
      at('GET', 'contacts'),
      contact('PR-31', { email: 'Deux@courriel.example', no_email: 0 }),
      at('GET', 'contacts'),
    ],
    [
      { method: 'POST', path: '/api/index.php/thirdparties', body: '{"name": "Essai"' },
      { method: 'GET', path: '/api/index.php/inconnu' },
      { method: 'GET', path: '/api/index.php/thirdparties?sqlfilters=(t.ref_ext:=:' },
      { method: 'GET', path: '/api/index.php/thirdparties?limit=2', headers: { dolapikey: '{wrong}' } },
      { method: 'GET', path: '/api/index.php/thirdparties?limit=2', headers: { accept: 'application/json' } },
    ],
  ],
};
