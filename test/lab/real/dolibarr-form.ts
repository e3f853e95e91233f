// Dolibarr's public form of leads, and its own people, who work by its REST API: projects with their supplementary attributes.
import type { Ask, Probe, RealCrm } from './crm.ts';

type Values = Readonly<Record<string, unknown>>;

const headers = { 'content-type': 'application/x-www-form-urlencoded' };
const staff = { 'content-type': 'application/json', dolapikey: '{STAFF_KEY}' };
const post = (fields: Readonly<Record<string, string>>, method = 'POST'): Probe => ({
  method,
  path: '/public/project/new.php',
  body: new URLSearchParams(fields).toString(),
  headers,
});
const lead = (reference: string, more: Readonly<Record<string, string>> = {}): Probe =>
  post({
    ...{ action: 'add', entity: '1', nojs: '1', lastname: `Essai ${reference}`, firstname: 'Zoé' },
    ...{ options_relais_cle: `cle-${reference}`, options_relais_reference: reference },
    ...{ email: `${reference.toLowerCase()}@courriel.example`, description: `Référence : ${reference}` },
    ...more,
  });
const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** An empty table is a 404 there. */
async function all(ask: Ask, kind: string): Promise<readonly Values[]> {
  const { body } = await ask('GET', `/api/index.php/${kind}?limit=300`);
  return Array.isArray(body) ? (body as readonly Values[]) : [];
}
const optionsOf = (row: Values | undefined): Values => (row?.['array_options'] ?? {}) as Values;

export const dolibarrForm: RealCrm = {
  key: 'NONE',
  headers,
  staff,
  sent: () => '',
  known: ({ lastName, firstName, email, phone }) => [
    {
      method: 'POST',
      path: '/api/index.php/thirdparties',
      body: { name: `${firstName} ${lastName}`, email, phone, client: 2, code_client: '-1' },
      headers: staff,
    },
  ],
  idOf: () => undefined,
  records: async (ask) => {
    const [companies, projects] = [await all(ask, 'thirdparties'), await all(ask, 'projects')];
    const named = (company: Values | undefined): { firstName: string; lastName: string } => {
      const [firstName = '', ...rest] = text(company?.['name']).split(' ');
      return { firstName, lastName: rest.join(' ') };
    };
    // The form gives a prospect no phone: who has one was there before.
    const before = companies
      .filter(({ phone }) => text(phone) !== '')
      .map((company) => ({
        ...{ id: `soc${text(company['id'])}`, reference: '', ...named(company), mayContact: {} },
        ...{ email: text(company['email']), phone: text(company['phone']) },
      }));
    const leads = projects.map((project) => {
      const company = companies.find(({ id }) => text(id) === text(project['socid']));
      const options = optionsOf(project);
      const phone = text(options['options_relais_telephone']);
      const email = text(company?.['email']);
      return {
        id: text(project['id']),
        reference: text(options['options_relais_reference']),
        ...named(company),
        email,
        phone,
        mayContact: {
          ...(email === '' ? {} : { email: text(options['options_relais_email']) === '1' }),
          ...(phone === '' ? {} : { phone: text(options['options_relais_appel']) === '1' }),
        },
      };
    });
    return [...before, ...leads];
  },
  deletes: async (ask, id) => {
    const projects = await all(ask, 'projects');
    const socid = text(projects.find((project) => text(project['id']) === id)?.['socid']);
    await ask('DELETE', `/api/index.php/projects/${id}`);
    const others = projects.filter((project) => text(project['socid']) === socid);
    if (others.length === 1) await ask('DELETE', `/api/index.php/thirdparties/${socid}`);
  },
  changesByHand: async (ask, id, { mayContact, phone }) => {
    const { body } = await ask('GET', `/api/index.php/projects/${id}`);
    const array_options = {
      ...optionsOf(body as Values),
      options_relais_telephone: phone,
      options_relais_email: mayContact.email === true ? '1' : '0',
      options_relais_appel: mayContact.phone === true ? '1' : '0',
    };
    await ask('PUT', `/api/index.php/projects/${id}`, { array_options });
  },
  unsubscribes: async (ask, id) => {
    const { body } = await ask('GET', `/api/index.php/projects/${id}`);
    const array_options = { ...optionsOf(body as Values), options_relais_email: '0' };
    await ask('PUT', `/api/index.php/projects/${id}`, { array_options });
  },
  probes: [
    [lead('PR-1'), lead('PR-1'), lead('PR-1', { options_relais_cle: 'CLE-PR-1' })],
    [
      lead('PR-2', { lastname: '' }),
      lead('PR-3', { firstname: '' }),
      lead('PR-4', { email: '' }),
      lead('PR-5', { email: 'sans-arobase' }),
      lead('PR-6', { description: '' }),
    ],
    [
      lead('PR-7', { lastname: 'N'.repeat(129) }),
      lead('PR-8', { lastname: 'Zoé 😀' }),
      lead('PR-9', { town: 'V'.repeat(51) }),
      lead('PR-10', { zip: '6'.repeat(26) }),
      lead('PR-11', { address: 'r'.repeat(256) }),
      lead('PR-12', { email: `${'e'.repeat(60)}@${'d'.repeat(60)}.courriel.example` }),
      lead('PR-13', { description: 'un cœur 😀' }),
      lead('PR-14', { description: 'x'.repeat(65_536) }),
      lead('PR-15', { options_relais_telephone: '0'.repeat(33) }),
      lead('PR-16', { options_relais_reference: 'R'.repeat(65) }),
      lead('PR-17', { lastname: 'Dupont <b>' }),
      lead('PR-18', { description: '<script>alert(1)</script>' }),
    ],
    [post({ action: 'add' }), post({}), { method: 'GET', path: '/public/project/new.php', headers }],
  ],
};
