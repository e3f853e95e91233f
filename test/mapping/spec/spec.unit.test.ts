// The document a client signs: everything of the mapping is in it, in French, and nothing of it can break the page.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectors } from '../../../connectors/index.ts';
import { sourceModel } from '../../../src/domain/lead.ts';
import { checkSources, wholeMapping } from '../../../src/mapping/check.ts';
import { loadMappings } from '../../../src/mapping/load.ts';
import { leadFromSample } from '../../../src/mapping/tools/sample.ts';
import { toHtml, toMarkdown, type Block } from '../../../src/mapping/spec/blocks.ts';
import { durationWords } from '../../../src/mapping/spec/french-answers.ts';
import { conditionWords, formatWords } from '../../../src/mapping/spec/fields.ts';
import { sourceLabel } from '../../../src/mapping/spec/french-transport.ts';
import { cronWords } from '../../../connectors/flow/words.ts';
import { specOf } from '../../../src/mapping/spec/spec.ts';
import { severalCalls } from '../calls/calls-support.ts';
import { compiled, demoClient, flow, lead, mappingsRoot, sourcesOf, webhook } from '../support.ts';

const fixed = {
  version: 'version 3',
  date: '25 novembre 2026',
  fingerprint: 'abc',
  centre: 'le centre',
  contacts: { rights: 'dpo@centre.example' },
};

function specFor(text: string): {
  readonly blocks: readonly Block[];
  readonly markdown: string;
  readonly html: string;
} {
  const { title, blocks } = specOf({
    ...{ mapping: compiled(text), whole: wholeMapping(sourcesOf(text)), sample: lead() },
    ...fixed,
  });
  return { blocks, markdown: toMarkdown(blocks), html: toHtml(title, blocks) };
}

test('every source of a lead has words', () => {
  const paths = sourceModel.flatMap(({ path, element }) => [
    path,
    ...(element ?? []).map((one) => `${path}.${one.path}`),
  ]);
  expect(paths.filter((path) => sourceLabel(path) === path)).toEqual([]);
});

test('what it says of answers is what the engine makes of them', () => {
  const rules = [
    '{accepted: {status: 2xx, json: {ok: true}}, reference: $.id}',
    '{unconfirmed: {status: 202}}',
    '{unknown: {status: 207}}',
    '{unavailable: {status: [408, 5xx, 502-504]}}',
    '{unavailable: {status: 502}}',
  ];
  const { markdown } = specFor(
    webhook('- {to: a, value: 1}').replace(/^response: .*$/m, `response: [${rules.join(', ')}]`),
  );
  expect(markdown).toContain(
    'statut 408 ou 5xx (sauf 502 et 504) ou 502-504 (sauf 502 et 504) | Indisponible',
  );
  expect(markdown).toContain('| statut 502 | Indisponible');
  expect(markdown).toContain('| statut 202 | Remis sans preuve |');
  expect(markdown).toContain('| statut 207 | Non comprise |');
  expect(markdown).toContain('une réponse qui ne la donne pas n’est pas comprise');
  expect(markdown).toContain('Les statuts 401, 403, 407, 408, 425, 429 et 5xx concernent l’accès');
  expect(markdown).not.toContain('toujours avec la même clé');
});

test('an address in clear is said to be in clear', () => {
  const inClear = webhook('- {to: a, value: 1}').replace(
    'https://crm.demo.example',
    'http://crm.demo.example',
  );
  const { markdown } = specFor(inClear);
  expect(markdown).toContain('| Transport | Appel HTTP en clair, un lead par appel |');
  expect(markdown).not.toContain('HTTPS');
});

describe('of each of our mappings', () => {
  const { destinations } = loadMappings(mappingsRoot);
  test.each(destinations.map((one) => [one.destinationId, one] as const))('%s', (_id, sources) => {
    const checked = checkSources(sources, { connectors });
    if (!checked.ok) throw new Error('refused');
    const folder = join(mappingsRoot, sources.clientId, 'samples');
    const file = readdirSync(folder).find((name) => name.endsWith('.yaml')) ?? '';
    const sample = leadFromSample(readFileSync(join(folder, file), 'utf8'), file, sources.clientId);
    if (!sample.ok) throw new Error('sample');
    const whole = wholeMapping(sources);
    const { title, blocks } = specOf({
      ...{ mapping: checked.mapping, whole, sample: sample.lead },
      ...fixed,
    });
    const [markdown, html] = [toMarkdown(blocks), toHtml(title, blocks)];
    // Every target and every value of the opt-in is named.
    for (const row of checked.mapping.consentTable) {
      expect(markdown).toContain(row.field);
      for (const value of Object.values(row.values))
        expect(markdown).toContain(value === '' ? '(vide)' : value.startsWith('(') ? '(' : value);
    }
    const targets = (whole['fields'] as readonly { to?: string }[]).flatMap((one) => one.to ?? []);
    for (const target of targets) expect([target, markdown.includes(target)]).toEqual([target, true]);
    expect(markdown.match(/^\| Essai \d+ \|/gm)).toHaveLength(checked.mapping.retry.delays.length + 1);
    // The page is whole in itself.
    expect(html).not.toMatch(/<(script|link|img|iframe)|\b(src|href)=|url\(|@import/);
    expect(html).toMatch(/^<!doctype html>\n<html lang="fr">/);
    for (const one of ['Consentement (opt-in)', 'Nouveaux essais', 'Signature']) expect(html).toContain(one);
  });
});

test('an update that tells the opt-in elsewhere says so beside the create', () => {
  const { markdown } = specFor(
    webhook(
      '- {to: nom, from: identity.lastName}',
      'update: {consent: [{to: prefs.email, channel: email, values: {granted: in, refused: out, not_asked: none, withdrawn: out}}, {to: prefs.le, channel: email, proof: date}]}',
    ),
  );
  const [before = '', after = ''] = markdown.split('Une mise à jour porte ces mêmes consentements');
  expect(before).toMatch(/^\| `OPTIN` \|.*\| `O` \| `N` \| `I` \| `R` \|$/m);
  expect(after).toMatch(/^\| `prefs\.email` \|.*\| `in` \| `out` \| `none` \| `out` \|$/m);
  expect(after).toContain('| `prefs.le` | date de la réponse |');
});

test('a field says what it holds, how it is written, when it is there, and shows an example', () => {
  const { markdown } = specFor(
    webhook(
      `- {to: nom, from: identity.lastName, as: upper, required: true, max: {length: 40, on: truncate}}
- {to: type, from: project.housingType, map: {apartment: T, else: omit}, when: {equals: {channel: web_form}}}
- {to: src, value: Centre}
- {to: note, template: 'Vu sur {{origin.media}}', empty: null}
- {to: e, each: interactions, fields: [{to: le, from: at, as: {date: dd/MM/yyyy}}]}`,
    ),
  );
  expect(markdown).toContain(
    '| `nom` | texte | Nom | en majuscules, 40 caractères au plus (coupé au-delà) | obligatoire : sans valeur, le lead n’est pas transmis | `DURAND` |',
  );
  expect(markdown).toContain(
    '| `type` | texte | Type de logement | code (voir « Codes ») | à défaut absent ; seulement si « Canal du contact » est « Formulaire internet » | `T` |',
  );
  expect(markdown).toContain(
    '| `src` | texte | Constante « Centre » | toujours la même valeur |  | `Centre` |',
  );
  expect(markdown).toContain(
    '| `note` | texte ou null | Texte : Vu sur « Média » | texte | à défaut null | `Vu sur seloger` |',
  );
  expect(markdown).toContain(
    '| `e.le` | texte | Date et heure de l’échange | date JJ/MM/AAAA | à défaut absent |  |',
  );
  expect(markdown).toContain('| `type` | Appartement | `T` |');
  expect(markdown).toContain('| `type` | toute autre valeur : le champ est absent |  |');
});

test('answers, references and reasons, then what no rule knows', () => {
  const { markdown } = specFor(
    webhook('- {to: nom, from: identity.lastName}').replace(
      'response: [',
      'response: [{duplicate: {json: {error.code: DUPLICATE}}, reference: $.existing}, {invalid: {status: 4xx}, reason: {path: $.code, map: {E12: phone_invalid, else: other}}}, ',
    ),
  );
  expect(markdown).toContain(
    '| error.code = "DUPLICATE" | Déjà connu | Le lead est livré : vous l’aviez déjà. Votre référence est lue dans $.existing. |',
  );
  expect(markdown).toContain('Le motif est lu dans $.code : E12 → phone\\_invalid, autre → other.');
  expect(markdown.indexOf('DUPLICATE')).toBeLessThan(markdown.indexOf('À défaut, statut 401'));
  expect(markdown).toContain('| Toute autre réponse, 2xx, 502 et 504 comprises | Non comprise |');
});

test('no text of a mapping can break the page or the table', () => {
  const hostile = '<script>alert(1)</script> | `x` **y** [z](http://a)';
  const { markdown, html } = specFor(
    webhook(
      `- {to: "a<b|c", value: '${hostile}'}\n- {to: nom, from: identity.lastName, label: "<img src=x>"}`,
    ),
  );
  expect(html).not.toContain('<script');
  expect(html).not.toContain('<img');
  expect(html).toContain('&lt;script&gt;');
  const row = markdown.split('\n').find((line) => line.includes('a<b')) ?? '';
  expect(row.replaceAll('\\|', '').match(/\|/g)).toHaveLength(7);
  // Inside a code span nothing has a meaning.
  expect(row.replaceAll(/(`+).+?\1/g, '')).not.toMatch(/(?<!\\)\*\*y|(?<!\\)\[z\]/);
});

test.each([
  ['0 7,13,19 * * 1-6', 'du lundi au samedi, à 7 h 00, 13 h 00, 19 h 00'],
  ['15 8-10 * * *', 'tous les jours, à 8 h 15, 9 h 15, 10 h 15'],
  ['30 6 * * 1,4', 'le lundi, le jeudi, à 6 h 30'],
  ['*/5 * * * *', 'calendrier cron */5 * * * *'],
  ['0 7 1 * *', 'calendrier cron 0 7 1 * *'],
])('%s is %s', (cron, words) => expect(cronWords(cron)).toBe(words));

test.each([
  [5_000, '5 s'],
  [90_000, '1 min 30 s'],
  [5_400_000, '1 h 30 min'],
  [864_000_000, '10 j'],
  [0, '0 s'],
])('%d ms are %s', (ms, words) => expect(durationWords(ms)).toBe(words));

test.each([
  [{ present: 'identity.mobile' }, '« Téléphone mobile » est renseigné'],
  [
    { all: [{ blank: 'comment' }, { in: { channel: ['callback'] } }] },
    '« Commentaire » n’est pas renseigné et « Canal du contact » est parmi « Demande de rappel »',
  ],
  [{ not: { greater: { 'project.rooms': 3 } } }, 'non (« Nombre de pièces » est supérieur à « 3 »)'],
  [{ newWord: { x: 1 } }, '{"newWord":{"x":1}}'],
])('%j is a sentence', (raw, words) => expect(conditionWords(raw)).toBe(words));

test.each([
  [{ from: 'identity.mobile', as: { phone: 'dotted' } }, 'téléphone 06.39.98.00.01'],
  [
    { from: 'project.budgetMax', as: { number: { decimal: ',', group: ' ' } } },
    'nombre, décimale « , », milliers séparés par «   »',
  ],
  [{ from: 'collectedAt', as: { date: 'dd/MM/yy HH:mm' } }, 'date JJ/MM/AA HH:mm'],
  [{ from: 'collectedAt', as: { epoch: 's' } }, 'date en secondes depuis le 1er janvier 1970 à 0 h UTC'],
  [
    { from: 'collectedAt', as: { epoch: 'ms' } },
    'date en millisecondes depuis le 1er janvier 1970 à 0 h UTC',
  ],
  [{ from: 'identity.phones.number', as: ['first'] }, 'la première valeur'],
  [{ from: 'identity.email' }, 'adresse e-mail'],
  [{ from: 'comment', as: { brandNew: 1 } }, '{"brandNew":1}'],
])('%j is written as: %s', (raw, words) => expect(formatWords(raw)).toBe(words));

test('in JSON every field and every opt-in says its type; a CSV has none', () => {
  const fields = `- {to: prix, from: project.budgetMax}
- {to: prixTexte, from: project.budgetMax, as: {number: {decimal: ","}}}
- {to: rond, from: project.budgetMax, as: integer}
- {to: vrai, value: true}
- {to: code, from: project.rooms, map: {1: 10, 2: "20", else: omit}}
- {to: oui, from: project.rooms, as: text, empty: null}
- {to: "tels[]", from: identity.phones.number}
- {to: e, each: interactions, fields: [{to: duree, from: duration}]}`;
  const consent = `consent:
  - {to: optin, channel: email, values: {granted: true, refused: false, not_asked: null, withdrawn: false}}
  - {to: OPTIN_TEL, channel: phone, values: {granted: "1", refused: "0", not_asked: omit, withdrawn: "0"}}
`;
  const { markdown } = specFor(webhook(fields, '', consent));
  const typeOf = (field: string): string | undefined =>
    new RegExp(`^\\| \`${field.replaceAll(/[.[\]]/g, '\\$&')}\` \\| ([^|]*) \\|`, 'm').exec(markdown)?.[1];
  expect(
    ['prix', 'prixTexte', 'rond', 'vrai', 'code', 'oui', 'tels[]', 'e', 'e.duree', 'optin', 'OPTIN_TEL'].map(
      typeOf,
    ),
  ).toEqual([
    ...['nombre', 'texte', 'nombre', 'booléen', 'nombre ou texte', 'texte ou null', 'liste (texte)'],
    ...['liste (objets)', 'nombre', 'booléen ou null', 'texte'],
  ]);
  expect(specFor(flow('csv: {}', '- {to: NOM, from: identity.lastName}')).markdown).not.toContain(
    'Type JSON',
  );
});

test('rates, time-outs, the promised delay, the recipient with its document, the contacts of both sides', () => {
  const text = webhook(
    '- {to: nom, from: identity.lastName}',
    'limits: {concurrency: 3, perMinute: 60}\npromise: 15m\ntimeouts: {connect: 4s, response: 9s, total: 20s}',
  );
  const { markdown, html } = specFor(text);
  expect(markdown).toContain('| Débit | 3 envois en même temps au plus, 60 par minute au plus |');
  expect(markdown).toContain('| Délai promis | 15 min entre la réception du lead et sa remise');
  expect(markdown).toContain('connexion 4 s, réponse 9 s, en tout 20 s');
  expect(markdown).toContain(
    '| Demo | Contrat 1 | à partir du 1 septembre 2026 | crm.demo.example | identité |',
  );
  expect(markdown).toContain('| dpo@demo.example | dpo@centre.example |');
  expect(markdown).toContain('| Technique et incidents | (à compléter) | (à compléter) |');
  expect(html).toContain('Pour le centre');
});

test.each([
  [
    '{concurrency: 1, perHour: 200}',
    '1 envoi en même temps au plus, 200 par heure au plus ; retraits d’opt-in et effacements sans attendre',
  ],
  [
    '{perMinute: 60, perHour: 200, perDay: 900}',
    '8 envois en même temps au plus, 60 par minute au plus, 200 par heure au plus, 900 par 24 heures au plus ; retraits d’opt-in et effacements sans attendre',
  ],
  [
    '{perDay: 900, zone: Europe/Paris}',
    '8 envois en même temps au plus, 900 par jour au plus, de minuit à minuit (Europe/Paris) ; retraits d’opt-in et effacements sans attendre',
  ],
  ['{concurrency: 2}', '2 envois en même temps au plus, sans limite par minute'],
])('the document says each limit: %s', (limits, words) =>
  expect(specFor(webhook('- {to: nom, from: identity.lastName}', `limits: ${limits}`)).markdown).toContain(
    `| Débit | ${words} |`,
  ),
);

test('without an authorisation the document says that nothing is sent', () => {
  const client = demoClient.replace(/authorisations:[^]*/, '');
  const sources = sourcesOf(webhook('- {to: nom, from: identity.lastName}'), { 'demo/client.yaml': client });
  const checked = checkSources(sources, { connectors });
  if (!checked.ok) throw new Error('refused');
  const { blocks } = specOf({
    mapping: checked.mapping,
    whole: wholeMapping(sources),
    sample: lead(),
    ...fixed,
  });
  expect(toMarkdown(blocks)).toContain('Aucune habilitation n’est encore enregistrée');
});

describe('bodies in an envelope', () => {
  const optIn = (to: string): string =>
    `consent:\n  - {to: '${to}', channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}\n`;
  const rules =
    'response:\n  - {accepted: {status: 200}}\n  - {invalid: {fault: [Client, 12]}}\n  - {refused: {fault: true}}';
  const specOfBody = (fields: string, blocks: string, to: string): string =>
    specFor(webhook(fields, blocks, optIn(to)).replace(/^response: .*$/m, rules)).markdown;

  test('the client signs the protocol, its methods, and that a fault is never an acceptance', () => {
    const text = specOfBody(
      '- {to: params.nom, from: identity.lastName}',
      'jsonRpc: {method: lead.add}\nupdate: {jsonRpc: {method: lead.write}}',
      'params.optin',
    );
    expect(text).toContain('JSON-RPC 2.0, méthode « lead.add »');
    expect(text).toMatch(/Mise à jour \(POST https:\/\/crm\.demo\.example\/api, méthode « lead\.write »\)/);
    expect(text).toContain('| erreur Client ou 12 du protocole | Format refusé |');
    expect(text).toContain('| erreur du protocole, quelle qu’elle soit | Refusé |');
    expect(text).toContain('Une erreur du protocole ne vaut jamais acceptation');
    // Types matter in JSON, inside an envelope too.
    expect(text).toContain('| `params.nom` | texte |');
  });

  test.each([
    [
      'soap: {version: "1.2", action: "urn:add"}\nxml: {record: lead}',
      'lead.nom',
      'SOAP 1.2, opération « urn:add », élément lead',
    ],
    ['xmlRpc: {method: lead.add}', 'params[0].nom', 'XML-RPC, méthode « lead.add »'],
    [
      'multipart: {field: fiche, holds: json}',
      'nom',
      'formulaire multipart/form-data, JSON dans le champ « fiche »',
    ],
    [
      'form: {field: fiche, holds: xml}\nxml: {record: lead}',
      'lead.nom',
      'formulaire, XML dans le champ « fiche », élément lead',
    ],
    [
      'csv: {delimiter: ";", quote: all, unmappable: error, eol: crlf, header: true, decimal: ",", trueFalse: [OUI, NON]}',
      'nom',
      'CSV, séparateur « ; », toutes les valeurs entre guillemets, lead non transmis si un caractère est absent de l’encodage, fins de ligne CRLF, avec une ligne de titres, décimales après « , », vrai et faux écrits « OUI » et « NON »',
    ],
  ])('%s', (blocks, to, words) => {
    const withoutFaults = /^(?:multipart|form|csv)/.test(blocks);
    const text = webhook(
      `- {to: '${to}', from: identity.lastName}`,
      blocks,
      optIn(to.replace('nom', 'optin')),
    );
    expect(specFor(withoutFaults ? text : text.replace(/^response: .*$/m, rules)).markdown).toContain(
      `| Format | ${words} |`,
    );
  });

  test('each of several calls names its method', () => {
    const text = severalCalls(
      'jsonRpc: {method: base}\nconsent:\n  - {to: params.optin, channel: email, values: {granted: O, refused: N, not_asked: I, withdrawn: R}}\ncalls:\n' +
        '  - {name: party, send: {url: https://crm.demo.example/api}, jsonRpc: {method: party.create}, fields: [{to: params.nom, from: identity.lastName}]}\n',
    );
    expect(specFor(text).markdown).toContain('POST https://crm.demo.example/api, méthode « party.create »');
  });
});

test('the document names the place of later decisions', () => {
  const rules =
    'response: [{accepted: {status: 201, json: {ok: true}}}, {pending: {status: 202}}, {absent: {status: 404}, on: lookup}]';
  const text = webhook('- {to: nom, from: identity.lastName}')
    .replace(
      '/api}',
      "/api, lookup: {url: 'https://crm.demo.example/find/{key}', pending: {url: 'https://crm.demo.example/decisions/{reference}'}}}",
    )
    .replace(/^response: .*$/m, rules);
  expect(specFor(text).markdown).toContain(
    '| Décision ultérieure | GET https://crm.demo.example/decisions/{reference}, tant que vous n’avez pas décidé |',
  );
});
