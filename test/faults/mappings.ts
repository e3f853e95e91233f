// The client of the storm: three webhooks, a mailbox and a folder of files, each with its own habits.
// Invariant: patient enough that no storm exhausts a sound lead, so that a lead given up is a fault of the gateway.
import type { IntakeValues } from '../../src/store/intake.ts';
import { leadRow } from '../trip/gateway.ts';
import type { HandedIn } from './ledgers.ts';
import type { Random } from './random.ts';

export const clientId = 'essai';
/** `crm` knows leads by its own reference, `hub` by ours, `slow` takes few a minute. */
export const destinations = ['essai-crm', 'essai-hub', 'essai-slow', 'essai-mail', 'essai-csv'] as const;
export type DestinationId = (typeof destinations)[number];
export const webhooks = ['essai-crm', 'essai-hub', 'essai-slow'] as const;

export const limits: Readonly<Record<string, { concurrency: number; perMinute?: number }>> = {
  'essai-crm': { concurrency: 12 },
  'essai-hub': { concurrency: 8 },
  'essai-slow': { concurrency: 2, perMinute: 90 },
  'essai-mail': { concurrency: 4 },
};

const retry = `retry: [${[...Array<string>(6).fill('1s'), ...Array<string>(12).fill('2s')].join(', ')}]`;
const consent =
  '{ to: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }';
/** How long everybody takes: `brisk` for the storm of every test run, `usual` for a long one. */
export type Pace = 'usual' | 'brisk';
const timeouts: Record<Pace, string> = {
  usual: 'timeouts: { connect: 1s, response: 2s, total: 3s }',
  brisk: 'timeouts: { connect: 300ms, response: 700ms, total: 1s }',
};
/** Five seconds longer than the total time-out, as the gateway wants it, and a little. */
export const leaseMs: Record<Pace, number> = { usual: 8_500, brisk: 6_200 };

function webhook(
  name: string,
  { http, pace }: Places,
  update: string,
  erase: string,
  accepts: string,
): string {
  const { concurrency, perMinute } = limits[`essai-${name}`] ?? { concurrency: 8 };
  return `destination: essai-${name}
connector: webhook
send: { url: 'http://localhost:${http}/${name}/leads' }
${timeouts[pace]}
${retry}
maxAge: 2h
limits: { concurrency: ${concurrency}${perMinute === undefined ? '' : `, perMinute: ${perMinute}`} }
${accepts}
consent:
  - ${consent}
fields:
  - { to: ref, from: id, required: true }
  - { to: nom, from: identity.lastName, required: true }
  - { to: tel, from: identity.mobile, as: { phone: national } }
  - { to: envoye, from: delivery.sentAt }
response:
  - { accepted: { status: 2xx, json: { success: true } }, reference: $.id }
  - { refused: { status: 422 } }
update: { send: { ${update} } }
erase: { send: { ${erase} }, fields: [{ to: ref, from: id }] }
`;
}

export interface Places {
  readonly http: number;
  readonly smtp: number;
  readonly folder: string;
  readonly pace: Pace;
}

export function stormFiles(places: Places): Readonly<Record<string, string>> {
  const { http, smtp, folder, pace } = places;
  const url = (path: string): string => `url: 'http://localhost:${http}/${path}'`;
  const target = (id: string): string =>
    id === 'essai-mail' ? 'leads@essai.example' : id === 'essai-csv' ? 'local:essai/in' : 'localhost';
  return {
    'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [localhost]
folders: ['local:essai/in']
mailboxes: [leads@essai.example]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
${destinations
  .map(
    (id) =>
      `  - { recipient: Essai ${id}, destination: ${id}, targets: ['${target(id)}'], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }`,
  )
  .join('\n')}
`,
    'essai/crm.yaml': webhook(
      'crm',
      places,
      `method: PUT, ${url('crm/leads/{reference}')}`,
      `method: DELETE, ${url('crm/leads/{reference}')}`,
      '',
    ),
    'essai/hub.yaml': webhook(
      'hub',
      places,
      `method: PUT, ${url('hub/leads')}`,
      `method: DELETE, ${url('hub/leads')}`,
      "accepts: { programme: ['ES-HUB*'] }",
    ),
    'essai/slow.yaml': webhook(
      'slow',
      places,
      `method: PUT, ${url('slow/leads')}`,
      `method: DELETE, ${url('slow/leads')}`,
      "accepts: { programme: ['ES-SLOW*'] }",
    ),
    'essai/mail.yaml': `destination: essai-mail
connector: email
send: { to: leads@essai.example, from: Centre de contact <leads@relais.example>, smtp: { host: localhost, port: ${smtp}, user: relais, password: 'secret:SMTP' }, subject: 'Nouvelle demande {leadReference}' }
${timeouts[pace]}
${retry}
maxAge: 2h
limits: { concurrency: 4 }
accepts: { programme: ['ES-MAIL*'] }
consent:
  - ${consent}
fields: [{ to: nom, label: Nom, from: identity.lastName, required: true }]
update: { send: { subject: 'Mise à jour {leadReference} {title}' } }
`,
    'essai/csv.yaml': `destination: essai-csv
connector: flow
file:
  name: 'LEADS_{seq:6}.csv'
  to: local:essai/in
  server: { folder: '${folder}' }
  schedule: { cron: '* * * * *' }
${timeouts[pace]}
${retry}
maxAge: 2h
accepts: { programme: ['ES-FILE*'] }
csv: { delimiter: ';', quote: all, encoding: utf-8, eol: lf, header: true, formulaGuard: false }
consent:
  - ${consent}
fields:
  - { to: CLE, from: delivery.key }
  - { to: ACTION, from: delivery.action }
  - { to: REF, from: id }
  - { to: NOM, from: identity.lastName, required: true }
update: {}
erase: { fields: [{ to: CLE, from: delivery.key }, { to: ACTION, from: delivery.action }, { to: REF, from: id }] }
`,
  };
}

const shares: readonly (readonly [programme: string, share: number, also: readonly DestinationId[]])[] = [
  ['ES-CRM', 0.25, []],
  ['ES-HUB', 0.35, ['essai-hub']],
  ['ES-SLOW', 0.05, ['essai-slow']],
  ['ES-MAIL', 0.15, ['essai-mail']],
  ['ES-FILE', 0.2, ['essai-csv']],
];

/** What the recipients do with a lead of such a name, every time. */
const poisons = ['refused', 'nameless', 'broken', 'cut'] as const;
const answered = ['refused', 'nameless'] as const;
/** Alone in the calm, five of the others would hold their destination, and while it is held nothing is given up. */
export const mostUnanswered = 4;
export const isUnanswered = (reference: string): boolean => /^P-(broken|cut)/.test(reference);

/** The next lead: most are sound, a few are poison for the CRM or the mapping. */
export function nextLead(
  number: number,
  random: Random,
  poison: 'none' | 'answered' | 'any',
): { readonly row: IntakeValues; readonly handed: HandedIn } {
  if (poison !== 'none' && random.next() < 0.02) {
    const kind = random.pick(poison === 'any' ? poisons : answered);
    const reference = `P-${kind}-${number}`;
    const row = leadRow(reference, {
      programme: 'ES-CRM',
      ...(kind === 'nameless' ? { last_name: null } : {}),
    });
    return { row, handed: { reference, owed: ['essai-crm'], poison: true } };
  }
  const reference = `F-${number}`;
  let at = random.next();
  const share = shares.find(([, part]) => (at -= part) < 0) ?? shares[0];
  const [programme, , also] = share as (typeof shares)[number];
  return {
    row: leadRow(reference, { programme }),
    handed: { reference, owed: ['essai-crm', ...also], poison: false },
  };
}
