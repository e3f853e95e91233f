// The client of the storm: webhooks, a mailbox and flows of files, each with its own habits.
// Invariant: patient enough that no storm exhausts a sound lead, so that a lead given up is a fault of the gateway.
import { flowFile, flows, isFlow, targetOf, type FilePlaces } from './mappings-files.ts';
import { application } from './tokens.ts';

export const clientId = 'essai';
/** Nothing is sent to it: its program comes for its leads. */
export const fetchedId = 'essai-fetched';
/**
 * `crm` knows leads by its own reference, `hub` by ours, `slow` takes few a minute, `gone` loses its authorisation for good,
 * `calls` needs a person and then a deal, `asked` knows no keys and is asked before anything is sent again, `oauth` wants a token.
 */
export const destinations = [
  'essai-crm',
  'essai-hub',
  'essai-slow',
  'essai-gone',
  'essai-calls',
  'essai-asked',
  'essai-oauth',
  'essai-tls',
  'essai-mail',
  fetchedId,
  ...flows,
] as const;
/** Those behind TLS; the first answers every request on a connection of its own, over a slow line, so that handshakes are met. */
export const tlsDestinations = ['essai-tls', 'essai-ftps', 'essai-s3', 'essai-put'] as const;
export type DestinationId = (typeof destinations)[number];
export const webhooks = ['essai-crm', 'essai-hub', 'essai-slow'] as const;
export const goneId = 'essai-gone';
/** Asked before anything is sent again, and without a memory for keys. */
export const askedFirst: readonly DestinationId[] = ['essai-asked'];

export const limits: Readonly<Record<string, { concurrency: number; perMinute?: number }>> = {
  'essai-crm': { concurrency: 12 },
  'essai-hub': { concurrency: 8 },
  'essai-slow': { concurrency: 2, perMinute: 90 },
  'essai-gone': { concurrency: 6 },
  'essai-calls': { concurrency: 6 },
  'essai-asked': { concurrency: 4 },
  'essai-oauth': { concurrency: 6 },
  'essai-tls': { concurrency: 8 },
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
/** What a lease lasts from its departure on at least: longer than a send, and half of the margin that is looked for right before it. */
export const heldMs: Record<Pace, number> = { usual: 5_000, brisk: 3_000 };

interface Webhook extends Record<'update' | 'erase' | 'accepts', string> {
  readonly lookup?: string;
  readonly auth?: string;
  /** Where it is not the plain one. */
  readonly base?: string;
}

function webhook(
  name: string,
  { http, pace }: Places,
  { update, erase, accepts, lookup, auth, base = `http://localhost:${http}` }: Webhook,
): string {
  const { concurrency, perMinute } = limits[`essai-${name}`] ?? { concurrency: 8 };
  return `destination: essai-${name}
connector: webhook
send: { url: '${base}/${name}/leads'${lookup === undefined ? '' : `, lookup: { ${lookup} }`}${auth === undefined ? '' : `, auth: { ${auth} }`} }
${lookup === undefined ? '' : 'onUnknown: lookup'}
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
${lookup === undefined ? '' : '  - { accepted: { status: 200, json: { there: true } }, on: lookup, reference: $.id }\n  - { absent: { status: 404 }, on: lookup }'}
update: { on: [corrected, interaction], send: { ${update} } }
erase: { send: { ${erase} }, fields: [{ to: ref, from: id }] }
`;
}

/** A person with the opt-in, then a deal, which is refused for some. */
function calls({ http, pace }: Places): string {
  const url = (path: string): string => `url: 'http://localhost:${http}/calls/${path}'`;
  const person =
    '[{ to: ref, from: id, required: true }, { to: nom, from: identity.lastName, required: true }, { to: envoye, from: delivery.sentAt }]';
  return `destination: essai-calls
connector: webhook
${timeouts[pace]}
${retry}
maxAge: 2h
limits: { concurrency: 6 }
accepts: { programme: ['ES-CALLS*'] }
consent:
  - ${consent}
calls:
  - name: person
    send: { ${url('persons')} }
    fields: ${person}
    capture: { id: $.id }
  - name: deal
    send: { ${url('persons/{person.id}/deals')} }
    fields: [{ to: ref, from: id }, { to: person, from: calls.person.id }]
    capture: { id: $.id }
response:
  - { accepted: { status: 2xx, json: { success: true } }, reference: $.id }
  - { refused: { status: 422 } }
update: { send: { method: PATCH, ${url('persons/{person.id}')} }, fields: ${person} }
erase:
  calls:
    - { name: deal, send: { method: DELETE, ${url('deals/{deal.id}')} } }
    - { name: person, send: { method: DELETE, ${url('persons/{person.id}')} } }
`;
}

export interface Places {
  readonly http: number;
  readonly https: number;
  readonly smtp: number;
  readonly tokens: number;
  readonly files: FilePlaces;
  readonly pace: Pace;
}

/** One token for all of them: a webhook and the HTTPS server of a flow. */
const oauth2 = ({ tokens }: Places): string =>
  `oauth2: { grant: client_credentials, tokenUrl: 'http://localhost:${tokens}/token', clientId: ${application.id}, clientSecret: secret:APPLICATION }`;

export function stormFiles(places: Places): Readonly<Record<string, string>> {
  const { http, https, smtp, files, pace } = places;
  const overTls = `https://localhost:${https}`;
  const url = (path: string): string => `url: 'http://localhost:${http}/${path}'`;
  const target = (id: string): string =>
    id === 'essai-mail' ? 'leads@essai.example' : isFlow(id) ? targetOf(id) : 'localhost';
  return {
    'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [localhost]
folders: [${flows.map((id) => `'${targetOf(id)}'`).join(', ')}]
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
    'essai/crm.yaml': webhook('crm', places, {
      update: `method: PUT, ${url('crm/leads/{reference}')}`,
      erase: `method: DELETE, ${url('crm/leads/{reference}')}`,
      accepts: '',
    }),
    ...Object.fromEntries(
      ['hub', 'slow', 'gone'].map((name) => [
        `essai/${name}.yaml`,
        webhook(name, places, {
          update: `method: PUT, ${url(`${name}/leads`)}`,
          erase: `method: DELETE, ${url(`${name}/leads`)}`,
          accepts: `accepts: { programme: ['ES-${name.toUpperCase()}*'] }`,
        }),
      ]),
    ),
    'essai/asked.yaml': webhook('asked', places, {
      update: `method: PUT, ${url('asked/leads/{leadReference}')}`,
      erase: `method: DELETE, ${url('asked/leads/{leadReference}')}`,
      accepts: "accepts: { programme: ['ES-ASKED*'] }",
      lookup: url('asked/leads/{leadReference}'),
    }),
    'essai/oauth.yaml': webhook('oauth', places, {
      update: `method: PUT, ${url('oauth/leads')}`,
      erase: `method: DELETE, ${url('oauth/leads')}`,
      accepts: "accepts: { programme: ['ES-OAUTH*'] }",
      auth: oauth2(places),
    }),
    'essai/tls.yaml': webhook('tls', places, {
      update: `method: PUT, url: '${overTls}/tls/leads'`,
      erase: `method: DELETE, url: '${overTls}/tls/leads'`,
      accepts: "accepts: { programme: ['ES-TLS*'] }",
      base: overTls,
    }),
    'essai/calls.yaml': calls(places),
    'essai/mail.yaml': `destination: essai-mail
connector: email
send: { to: leads@essai.example, from: Centre de contact <leads@relais.example>, smtp: { host: localhost, port: ${smtp}, user: relais, password: 'secret:SMTP' }, subject: 'Nouveau lead {leadReference}' }
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
    'essai/fetched.yaml': `destination: ${fetchedId}
connector: pull
send: { fetchedBy: localhost, leaseMinutes: 1 }
${retry}
maxAge: 2h
accepts: { programme: ['ES-FETCHED*'] }
consent:
  - ${consent}
fields:
  - { to: ref, from: id, required: true }
  - { to: nom, from: identity.lastName, required: true }
  - { to: tel, from: identity.mobile, as: { phone: national } }
update: {}
erase: { fields: [{ to: ref, from: id }] }
`,
    ...Object.fromEntries(
      flows.map((id) => [
        `essai/${id.slice('essai-'.length)}.yaml`,
        flowFile(id, files, {
          consent,
          usual: `${timeouts[pace]}\n${retry}\nmaxAge: 2h`,
          oauth2: oauth2(places),
        }),
      ]),
    ),
  };
}
