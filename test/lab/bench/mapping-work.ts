// The work both engines do in `npm run bench -- mapping`: three mappings, the same three as JSONata expressions, and leads.
// Invariant: before anything is timed, both must write the same value for every lead.
import { channels } from '../../../src/domain/lead.ts';
import type { Lead } from '../../../src/domain/lead.ts';

export interface Work {
  readonly name: string;
  readonly mapping: string;
  readonly jsonata: string;
  readonly xml: boolean;
}

const head = (name: string): string => `destination: demo-${name}
connector: webhook
send: {url: https://crm.demo.example/api}
response: [{accepted: {status: 201, json: {ok: true}}, reference: $.id}]
`;

const consent = (to: (name: string) => string): string => `consent:
  - {to: ${to('RGPD_OPTIN')}, channel: email, values: {granted: OUI, refused: NON, not_asked: NON, withdrawn: NON}}
  - {to: ${to('RGPD_DATE')}, channel: email, proof: date, as: {date: dd/MM/yyyy}}
`;

const plain = (name: string): string => name;

const small = `${head('small')}${consent(plain)}fields:
  - {to: reference, from: id}
  - {to: contact.nom, from: identity.lastName, as: upper, required: true}
  - {to: contact.prenom, from: identity.firstName}
  - {to: contact.tel, from: identity.mobile, as: {phone: national}}
  - {to: contact.email, from: identity.email, as: lower}
  - {to: projet.programme, from: project.programme}
  - {to: projet.budget, from: project.budgetMax}
  - {to: canal, from: channel, map: {inbound_call: APPEL, callback: RAPPEL, requalification: REQ, web_form: WEB, else: error}}
  - {to: recueLe, from: collectedAt, as: {date: dd/MM/yyyy HH:mm}}
`;

/** JSONata has no zone by name: winter leads only, so that a fixed offset does the same work. */
const optin = `(
  $own := consents[purpose = 'marketing' and channel = 'email'];
  $last := $own[$count($own) - 1];
  $date := function($at, $picture) { $fromMillis($toMillis($at), $picture, '+0100') };
  $national := function($n) { $n ? ($substring($n, 0, 3) = '+33' ? '0' & $substring($n, 3) : '00' & $substring($n, 1)) };
`;
const answer = `'RGPD_OPTIN': $lookup({'granted': 'OUI', 'refused': 'NON', 'not_asked': 'NON', 'withdrawn': 'NON'}, $last.state),
  'RGPD_DATE': $date($last.recordedAt, '[D01]/[M01]/[Y0001]')`;
const canals = `{'inbound_call': 'APPEL', 'callback': 'RAPPEL', 'requalification': 'REQ', 'web_form': 'WEB'}`;

const smallJsonata = `${optin} {
  'reference': reference,
  'contact': {
    'nom': $uppercase(identity.lastName), 'prenom': identity.firstName,
    'tel': $national(identity.mobile), 'email': $lowercase(identity.email)
  },
  'projet': { 'programme': project.programme, 'budget': project.budgetMax },
  'canal': $lookup(${canals}, channel),
  'recueLe': $date(collectedAt, '[D01]/[M01]/[Y0001] [H01]:[m01]'),
  ${answer}
})`;

const many = Array.from({ length: 40 }, (_, index) => index);
const sources = [
  ...['identity.address.line1', 'identity.address.postcode', 'identity.address.city', 'project.location'],
  ...[
    'project.comment',
    'origin.media',
    'origin.support',
    'origin.type',
    'project.rooms',
    'project.surfaceMin',
  ],
];
const sourceOf = (index: number): string => sources[index % sources.length] ?? '';
const ours = (path: string): string => (path === 'project.comment' ? 'comment' : path);

const large = `${small.replace('demo-small', 'demo-large')}${many
  .map((index) => `  - {to: bloc${index % 8}.champ${index}, from: ${ours(sourceOf(index))}}\n`)
  .join('')}  - {to: budgets.texte, from: project.budgetMax, as: {number: {decimal: ",", group: " "}}}
  - {to: note, template: "{{origin.media}} / {{identity.firstName}} / {{comment}}"}
  - {to: rappel, value: true, when: {equals: {channel: callback}}}
  - {to: echanges, each: interactions, fields: [{to: type, from: kind}, {to: le, from: at, as: {date: dd/MM/yyyy HH:mm}}, {to: duree, from: duration}]}
`;

const blocks = Array.from({ length: 8 }, (_, block) => {
  const own = many.filter((index) => index % 8 === block);
  return `'bloc${block}': {${own.map((index) => `'champ${index}': ${sourceOf(index)}`).join(', ')}}`;
}).join(',\n  ');

const largeJsonata = smallJsonata.replace(
  `  ${answer}`,
  `  ${blocks},
  'budgets': { 'texte': $replace($replace($formatNumber(project.budgetMax, '#,##0.##'), ',', ' '), '.', ',') },
  'note': origin.media & ' / ' & identity.firstName & ' / ' & project.comment,
  'rappel': channel = 'callback' ? true,
  'echanges': [interactions.{'type': kind, 'le': $date(at, '[D01]/[M01]/[Y0001] [H01]:[m01]'), 'duree': duration}],
  ${answer}`,
);

const inLead = (name: string): string => `lead.${name}`;
const xml = `${head('xml')}xml: {root: leads, record: lead, xmlns: {"": "urn:demo"}}
${consent(inLead)}fields:
  - {to: lead@ref, from: id}
  - {to: lead.personne.nom, from: identity.lastName, as: upper}
  - {to: lead.personne.prenom, from: identity.firstName}
  - {to: lead.personne.email, from: identity.email, as: lower}
  - {to: lead.personne.tel, from: identity.mobile, as: {phone: national}}
  - {to: lead.projet@programme, from: project.programme}
  - {to: lead.projet.budget, from: project.budgetMax}
  - {to: lead.projet.pieces, from: project.rooms}
  - {to: lead.echanges.echange, each: interactions, fields: [{to: "@type", from: kind}, {to: le, from: at, as: {date: dd/MM/yyyy HH:mm}}]}
  - {to: lead.commentaire#cdata, from: comment}
`;

const xmlJsonata = `${optin} { 'leads': { '@xmlns': 'urn:demo', 'lead': {
  '@ref': reference,
  'personne': {
    'nom': $uppercase(identity.lastName), 'prenom': identity.firstName,
    'email': $lowercase(identity.email), 'tel': $national(identity.mobile)
  },
  'projet': { '@programme': project.programme, 'budget': project.budgetMax, 'pieces': project.rooms },
  'echanges': { 'echange': [interactions.{'@type': kind, 'le': $date(at, '[D01]/[M01]/[Y0001] [H01]:[m01]')}] },
  'commentaire': { '#cdata': project.comment },
  ${answer}
}}})`;

export const works: readonly Work[] = [
  { name: 'small (11 fields)', mapping: small, jsonata: smallJsonata, xml: false },
  { name: 'large (55 fields, a list)', mapping: large, jsonata: largeJsonata, xml: false },
  { name: 'XML (attributes, list, CDATA)', mapping: xml, jsonata: xmlJsonata, xml: true },
];

const names = ['Durand', 'Lefèvre', 'Nguyễn', 'O’Connor & fils', 'Müller <père>'];

/** Leads as different as real ones: another person, another minute. */
export function makeLeads(count: number): readonly Lead[] {
  return Array.from({ length: count }, (_, index): Lead => {
    const at = new Date(Date.UTC(2026, 10, 1 + (index % 25), 8, index % 60));
    const name = names[index % names.length] ?? '';
    return {
      ...{ id: index, clientId: 'demo', reference: `DM-${index}`, revision: 1, operationKind: 'recurring' },
      channel: channels[index % channels.length] ?? 'web_form',
      collectedAt: at,
      identity: {
        ...{ lastName: name, firstName: 'Élise', email: `E.${index}@Courriel.example` },
        mobile: `+3363998${String(index % 10_000).padStart(4, '0')}`,
        address: { line1: `${index} rue de la Gare`, postcode: '69003', city: 'Lyon' },
      },
      project: {
        ...{ programme: 'DM-LYON', rooms: 1 + (index % 5), surfaceMin: 45.5, budgetMax: 200_000 + index },
        ...{ location: 'Lyon 3e', comment: `Cherche un balcon au sud, demande ${index}` },
      },
      origin: { media: 'seloger', support: 'annonce', type: 'portal' },
      financial: {},
      consents: [
        {
          purpose: 'marketing',
          channel: 'email',
          state: index % 3 === 0 ? 'refused' : 'granted',
          recordedAt: at,
        },
      ],
      interactions: [
        { kind: 'web_form', at, voluntary: true, duration: 60 },
        { kind: 'outbound_call', at: new Date(at.getTime() + 3_600_000), voluntary: false, duration: 120 },
      ],
    };
  });
}
