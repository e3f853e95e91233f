// Simulates Dolibarr's public form of leads (htdocs/public/project/new.php): modelled on 23.0.0-beta as installed and fed in November
// 2026.
// Invariant: an acceptance is a redirect to the page of thanks, every refusal the form again with status 200; a lead and its prospect are
// kept together or not at all; the form finds, changes and erases nothing.
import { cleaned, escaped, form, formPath, html, looksLikeScript, type Posted } from './dolibarr-page.ts';
import { page } from './simulator.ts';
import type {
  CrmAnswer,
  CrmRecord,
  CrmRequest,
  SimulatedCrm,
  Simulator,
  SimulatorOptions,
  Stranger,
} from './simulator.ts';

export const dolibarrForm: Simulator = {
  preset: 'dolibarr-form',
  modelled: 'Dolibarr 23.0.0-beta, installed November 2026',
  secretNames: [],
  changes: 'in writing',
  turnsAway: ({ email, firstName }) =>
    email === undefined || firstName === undefined ? 'invalid' : undefined,
  open: openForm,
};

interface Prospect {
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly ours: boolean;
}

interface Project {
  readonly prospect: number;
  readonly posted: Posted;
}

interface Tables {
  readonly prospects: Map<number, Prospect>;
  readonly projects: Map<number, Project>;
  /** `mailing_unsubscribe`: addresses whose person used the link at the foot of a mail. */
  readonly unsubscribed: Set<string>;
  lastId: number;
}

interface FormDoor {
  open: boolean;
  refused: number;
  /** Posts still refused over the month's limit for an address: one, after the administrator has restored form and limit. */
  tooMany: number;
}

function openForm({ strangers }: SimulatorOptions): SimulatedCrm {
  const tables: Tables = {
    prospects: new Map(),
    projects: new Map(),
    unsubscribed: new Set(),
    lastId: 1_000,
  };
  for (const stranger of strangers) keepStranger(tables, stranger);
  const door: FormDoor = { open: true, refused: 0, tooMany: 0 };
  return {
    whenDown: [
      {
        status: 202,
        headers: { 'content-type': 'text/html; charset=UTF-8' },
        body: 'This website or feature is currently temporarily not available or failed after a technical error.<br><br>',
      },
    ],
    whenBusy: page(429, 'Too Many Requests'),
    answer: (request) => judge(tables, door, request),
    records: () => recordsOf(tables),
    complaints: () =>
      [...tables.prospects.keys()]
        .filter((id) => tables.prospects.get(id)?.ours === true && projectsOf(tables, id) === 0)
        .map((id) => `the prospect ${id} has no project`),
    deletedByHand: (id) => {
      const prospect = tables.projects.get(Number(id))?.prospect ?? 0;
      tables.projects.delete(Number(id));
      if (projectsOf(tables, prospect) === 0 && tables.prospects.get(prospect)?.ours === true)
        tables.prospects.delete(prospect);
    },
    unsubscribes: (id) => {
      const prospect = tables.projects.get(Number(id))?.prospect ?? 0;
      tables.unsubscribed.add(tables.prospects.get(prospect)?.email ?? '');
    },
    changedByHand: (id, { mayContact, phone }) => {
      const project = tables.projects.get(Number(id));
      if (project === undefined) return;
      const posted = {
        ...project.posted,
        options_relais_telephone: phone,
        options_relais_email: mayContact.email === true ? '1' : '0',
        options_relais_appel: mayContact.phone === true ? '1' : '0',
      };
      tables.projects.set(Number(id), { ...project, posted });
    },
    wrongKeys: () => door.refused,
    keyIsGood: (isGood) => {
      Object.assign(door, { open: isGood, tooMany: isGood ? 1 : 0 });
    },
  };
}

function judge(tables: Tables, door: FormDoor, request: CrmRequest): CrmAnswer {
  if (request.path !== formPath) return page(404, 'Not Found');
  if (request.method !== 'POST') return form({}, '');
  if (!door.open) {
    door.refused += 1;
    return html(200, "Le formulaire d'enregistrement public opportunit&eacute; n'est pas activ&eacute;.");
  }
  const posted = Object.fromEntries(new URLSearchParams(request.body.toString('utf8')));
  if (Object.values(posted).some(looksLikeScript))
    return html(
      403,
      'Access refused to 127.0.0.1 by SQL or Script injection protection in main.inc.php:analyseVarsForSqlAndScriptsInjection type=0<br>\n',
    );
  if (posted['action'] !== 'add') return form(posted, '');
  if (door.tooMany > 0) {
    door.tooMany -= 1;
    return form(posted, 'Vous avez d&eacute;j&agrave; trop post&eacute; sur cette adresse IP.');
  }
  return add(tables, cleaned(posted), request);
}

function add(tables: Tables, posted: Posted, request: CrmRequest): CrmAnswer {
  const of = (name: string): string => posted[name] ?? '';
  for (const [name, label] of mandatory)
    if (of(name) === '') return form(posted, `Le champ '${label}' est obligatoire`);
  if (!/^[^\s@]+@[^\s@]+\.[^\s@.]+$/.test(of('email')))
    return form(posted, `L'email ${escaped(of('email'))} est invalide`);
  const email = of('email').toLowerCase();
  const known = [...tables.prospects].find(([, prospect]) => prospect.email === email)?.[0];
  const name = `${of('firstname')} ${of('lastname')}`;
  if (known === undefined && request.beside > 0) return form(posted, 'Doublon dans un champ unique');
  const prospectFields = [
    ['nom', name, 128],
    ['email', email, 128],
    ['address', of('address'), 255],
    ['zip', of('zip'), 25],
    ['town', of('town'), 50],
  ] as const;
  const unstorable =
    known === undefined
      ? prospectFields.map(([column, text, most]) => unstorableIn('llx_societe', column, text, most))
      : [];
  const lead = [
    unstorableIn('llx_projet', 'description', of('description'), 65_535),
    ...attributes.map(([attribute, most]) =>
      unstorableIn('llx_projet_extrafields', attribute, of(`options_${attribute}`), most),
    ),
  ];
  const fault = [...unstorable, ...lead].find((one) => one !== '') ?? '';
  if (fault !== '') return form(posted, fault);
  const key = of('options_relais_cle');
  // A unique attribute ignores case and accents.
  const twice = [...tables.projects.values()].some(
    (project) => key !== '' && project.posted['options_relais_cle']?.toLowerCase() === key.toLowerCase(),
  );
  if (twice) return form(posted, `Duplicate entry '${key}' for key 'uk_projet_extrafields_relais_cle'`);
  const prospect = known ?? keep(tables, tables.prospects, { name, email, phone: '', ours: true });
  keep(tables, tables.projects, { prospect, posted });
  return {
    ...html(302, ''),
    headers: {
      'content-type': 'text/html; charset=UTF-8',
      location: `${formPath}?action=added&token=5d0db992dc0fc26acd510066338073dd&entity=1`,
    },
  };
}

const mandatory = [
  ['lastname', 'Nom'],
  ['firstname', 'Pr&eacute;nom'],
  ['email', 'Email'],
  ['description', 'Message'],
] as const;

/** As long as the preset's page asks the client to make them. */
const attributes = [
  ['relais_cle', 64],
  ['relais_reference', 64],
  ['relais_telephone', 32],
] as const;

function unstorableIn(table: string, column: string, text: string, most: number): string {
  if (/[\u{10000}-\u{10FFFF}]/u.test(text))
    return `Incorrect string value: '\\xF0\\x9F\\x98\\x80' for column \`doli\`.\`${table}\`.\`${column}\` at row 1`;
  return text.length > most ? `Data too long for column '${column}' at row 1` : '';
}

function keep<Kept>(tables: Tables, table: Map<number, Kept>, row: Kept): number {
  tables.lastId += 1;
  table.set(tables.lastId, row);
  return tables.lastId;
}

const keepStranger = (tables: Tables, { firstName, lastName, email, phone }: Stranger): number =>
  keep(tables, tables.prospects, { name: `${firstName} ${lastName}`, email, phone, ours: false });

const projectsOf = ({ projects }: Tables, id: number): number =>
  [...projects.values()].filter(({ prospect }) => prospect === id).length;

/** One record for each lead with its prospect, and one for each prospect from before the trial. */
function recordsOf({ prospects, projects, unsubscribed }: Tables): readonly CrmRecord[] {
  const nameOf = (name: string): Pick<CrmRecord, 'firstName' | 'lastName'> => {
    const [firstName = '', ...rest] = name.split(' ');
    return { firstName, lastName: rest.join(' ') };
  };
  const before = [...prospects]
    .filter(([, { ours }]) => !ours)
    .map(([id, { name, email, phone }]): CrmRecord => {
      return { id: String(id), reference: '', ...nameOf(name), email, phone, mayContact: {} };
    });
  const leads = [...projects].map(([id, { prospect, posted }]): CrmRecord => {
    const { name = '', email = '' } = prospects.get(prospect) ?? {};
    const phone = posted['options_relais_telephone'] ?? '';
    // No mail can reach an address under .invalid.
    const address = email.endsWith('.invalid') ? '' : email;
    return {
      id: String(id),
      reference: posted['options_relais_reference'] ?? '',
      ...nameOf(name),
      email: address,
      phone,
      mayContact: {
        ...(address === ''
          ? {}
          : { email: posted['options_relais_email'] === '1' && !unsubscribed.has(address) }),
        ...(phone === '' ? {} : { phone: posted['options_relais_appel'] === '1' }),
      },
    };
  });
  return [...before, ...leads];
}
