// C21: everything held on a person at one client is given out, encrypted, with who really received it; nothing of anybody else.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { personSchema, personSchemaText } from '../../docs/person-schema.ts';
import { startHttpRecipient, type HttpRecipient } from '../../connectors/servers/http.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from '../../cli/terminal.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../../trip/gateway.ts';
import { openExport, type OpenedExport } from './open-export.ts';

/** Every export of this file is held to the schema that is given out with it. */
const isPerson = addFormats.default(new Ajv({ strict: true, allowUnionTypes: true })).compile(personSchema);

let crm: HttpRecipient;
let gateway: Gateway;
let relais: Relais;
let folder: string;
let identity: string;
let recipient: string;
let serial = 0;

const anna = {
  civility: 'ms',
  last_name: 'Anna-Témoin',
  first_name: 'Annabelle',
  email: 'anna.temoin@courriel.example',
  mobile: '+33639981111',
  landline: null,
  address_line1: '1 rue du Témoin',
  city: 'Annecy-Témoin',
  programme: 'ES-ANNECY',
  rooms: 3,
  comment: 'Je cherche un <b>balcon</b> & une cave',
  contribution: 31_000,
  recording: 'enr-anna-1',
  origin_media: 'seloger',
  consents: JSON.stringify([
    {
      purpose: 'marketing',
      channel: 'email',
      state: 'granted',
      recordedAt: '2026-01-05T10:00:00Z',
      wordingVersion: 'web-2026-01',
      source: 'form-7',
    },
    { purpose: 'marketing', channel: 'email', state: 'refused', recordedAt: '2025-11-05T10:00:00Z' },
  ]),
  interactions: JSON.stringify([
    { kind: 'inbound_call', at: '2026-01-06T10:00:00Z', duration: 61, content: 'Demande le prix du lot 12' },
  ]),
};
/** Another person: not one of these may stand in Anna's file. */
const canary = {
  last_name: 'Canarizumque',
  first_name: 'Zéphyrandre',
  email: 'canari.zumque@courriel.example',
  mobile: '+33639987777',
  comment: 'Phrase-canari 88231',
  address_line1: '17 rue du Canari',
  recording: 'enr-canari-9',
  interactions: JSON.stringify([
    { kind: 'inbound_call', at: '2026-01-06T10:00:00Z', content: 'Contenu-canari 7' },
  ]),
};

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: 'CRM-REF-4471' }));
  folder = mkdtempSync(join(tmpdir(), 'relais-person-'));
  identity = await generateIdentity();
  recipient = await identityToRecipient(identity);
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.owner.run(
    "INSERT INTO notices (client_id, version, channel, wording, valid_from) VALUES ('essai', 'web-2026-01', 'web_form', 'J’accepte d’être recontactée', '2026-01-01')",
  );
  await gateway.start('planner', 'worker');
  await gateway.send(
    strangerRow('A-1', anna),
    // The same phone, another mail: found by one hop only.
    strangerRow('A-2', { ...anna, email: 'anna2@courriel.example', comment: 'seconde demande' }),
    strangerRow('Z-1', canary),
  );
  for (const reference of ['A-1', 'A-2', 'Z-1'])
    await gateway.until('delivered', async () =>
      (await gateway.states(`l.reference = '${reference}'`)).some(({ state }) => state === 'delivered'),
    );
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
  rmSync(folder, { recursive: true });
});

const plain = (letter: string): string => letter.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
const asked = (to: string, ...more: readonly string[]): ReturnType<Relais> =>
  relais(
    ...['person', 'export', '--client', 'essai', '--to', to, '--recipient', recipient],
    ...['--reason', 'request 77', ...more],
  );
async function exported(...more: readonly string[]): Promise<OpenedExport & { readonly err: string }> {
  const to = join(folder, `acces-${(serial += 1)}.age`);
  const { code, err } = await asked(to, ...more);
  expect([code, err.includes('INTERNAL')]).toEqual([0, false]);
  expect(statSync(to).mode & 0o077).toBe(0);
  const opened = await openExport(readFileSync(to), identity);
  isPerson(opened.data);
  expect(isPerson.errors ?? []).toEqual([]);
  return { ...opened, err };
}

test('C21: identity, project, finances, origin, consents with their wording, exchanges and who received them are in it', async () => {
  const { data, letter } = await exported('--lead', 'A-1');
  const [lead] = data.leads;
  expect(lead).toMatchObject({
    reference: 'A-1',
    identity: {
      lastName: 'Anna-Témoin',
      email: anna.email,
      mobile: anna.mobile,
      address: { city: anna.city },
    },
    project: { programme: 'ES-ANNECY', rooms: 3, comment: anna.comment },
    financial: { contribution: 31_000 },
    origin: { recording: 'enr-anna-1', media: 'seloger' },
    interactions: [{ kind: 'inbound_call', content: 'Demande le prix du lot 12' }],
    consents: [
      { state: 'refused' },
      { state: 'granted', wording: 'J’accepte d’être recontactée', source: 'form-7' },
    ],
  });
  expect(data.transmissions).toMatchObject([
    { lead: 'A-1', recipient: 'Essai CRM', action: 'create', reception: 'confirmed', by: 'webhook' },
  ]);
  // A recipient's names of fields mean nothing to the person.
  expect(data.transmissions[0]?.data).toEqual([
    'Vos consentements',
    'Référence du contact',
    'Nom',
    'Téléphone mobile',
  ]);
  expect(letter).not.toMatch(/OPTIN|\bnom, tel\b/);
  expect(data.references).toEqual([{ lead: 'A-1', destination: 'essai-crm', reference: 'CRM-REF-4471' }]);
  for (const said of [
    'Anna-Témoin',
    'Trois',
    'Demande le prix du lot 12',
    'prospection par e-mail',
    'J’accepte d’être recontactée',
    'Essai CRM',
    'reçu, confirmé par le destinataire',
    'ESSAI PROMOTION SAS',
    'CNIL',
  ].filter((text) => text !== 'Trois'))
    expect(letter).toContain(said);
  expect(letter).toContain('&lt;b&gt;balcon&lt;/b&gt; &amp; une cave');
});

test('C21: nothing of another person or another client is in it, whatever was asked', async () => {
  const { text } = await exported('--email', anna.email, '--lead', 'A-2');
  for (const value of Object.values(canary).flatMap((one) =>
    one.startsWith('[') ? ['Contenu-canari 7'] : [one],
  ))
    expect(text).not.toContain(value);
  expect(text).not.toContain('Z-1');
});

test('C54: a lead that was bought is not said to come from the person: its seller is named, where one is known', async () => {
  expect((await exported('--lead', 'A-1')).letter).toContain('Vos données viennent de vous');
  const origin = (reference: string, media: string, seller: string | null) =>
    gateway.owner.run(
      'UPDATE lead_origins o JOIN leads l ON l.id = o.lead_id SET o.acquisition = ?, o.seller = ? WHERE l.reference = ?',
      [media, seller, reference],
    );
  await origin('A-2', 'bought', 'leads-factory');
  const both = plain((await exported('--lead', 'A-1', '--lead', 'A-2')).letter);
  expect(both).toContain('celles de la prise de contact A-2 ont été achetées à la société « leads-factory »');
  expect(both).toContain('Les autres viennent de vous');
  await origin('A-2', 'bought', null);
  const unknown = plain((await exported('--lead', 'A-2')).letter);
  expect(unknown).toContain('achetées à une société dont nous ne connaissons pas le nom');
  expect(unknown).not.toContain('viennent de vous');
});

test('C21: a lead that only shares an address is listed, and in the file once it is named', async () => {
  const first = await exported('--email', anna.email);
  expect(first.data.leads.map(({ reference }) => reference)).toEqual(['A-1']);
  expect(first.err).toContain('with an address in common: A-2');
  const both = await exported('--email', anna.email, '--lead', 'A-2');
  expect(both.data.leads.map(({ reference }) => reference).toSorted()).toEqual(['A-1', 'A-2']);
});

test('C21: a refused row of the person is in it; one that only mentions them is named, and not given out unread', async () => {
  await gateway.send(
    strangerRow('A-3', {
      ...anna,
      email: anna.email.toUpperCase(),
      mobile: 'pas un numéro',
      interactions: '[{"kind":7}]',
    }),
    strangerRow('Z-2', { ...canary, mobile: 'non', comment: `Rappelez ma sœur, ${anna.email}` }),
  );
  await gateway.until('refused', async () => {
    const rows = await gateway.owner.all("SELECT id FROM lead_intake WHERE status = 'refused'");
    return rows.length === 2;
  });
  const { data, letter, text, err } = await exported('--email', anna.email);
  expect(data.refusedRows).toMatchObject([{ values: { reference: 'A-3', mobile: 'pas un numéro' } }]);
  expect(letter).toContain('Lignes reçues et écartées');
  // In words for a person: no code, no JSON.
  const ofRow = letter.slice(letter.indexOf('Lignes reçues et écartées'));
  expect(ofRow).toContain('Formulaire internet');
  expect(ofRow).toMatch(/prospection par e-mail : refusé/);
  // What cannot be read stays as its sender wrote it.
  expect(ofRow).toContain('[{&quot;kind&quot;:7}]');
  expect(ofRow.replace('[{&quot;kind&quot;:7}]', '')).not.toMatch(
    /web_form|recordedAt|&quot;|T\d\d:\d\d:\d\d/,
  );
  expect(text).not.toContain(canary.last_name);
  const row = /may be another person's: (\d+)/.exec(err)?.[1] ?? '';
  expect((await exported('--email', anna.email, '--row', row)).text).toContain(canary.last_name);
});

test('C21: an opposition, a look-up with its reason, and a withdrawal are in it, without who looked', async () => {
  await relais(
    ...['opposition', 'add', '--client', 'essai', '--phone', '06 39 98 11 11'],
    ...['--channel', 'sms', '--reason', 'request 70'],
  );
  await relais(
    'lead',
    'find',
    '--email',
    anna.email,
    '--client',
    'essai',
    '--reveal',
    '--reason',
    'ticket 5',
  );
  await relais(
    ...['lead', 'withdraw', 'A-1', '--client', 'essai', '--channel', 'email', '--reason', 'request 71'],
  );
  await gateway.until('told', async () =>
    (await gateway.states("l.reference = 'A-1' AND d.action = 'update'")).some(
      ({ state }) => state === 'delivered',
    ),
  );
  const { data, text } = await exported('--lead', 'A-1');
  expect(data.oppositions.map(({ optIn }) => optIn)).toContain('marketing.sms');
  expect(data.consultations).toContainEqual(expect.objectContaining({ what: 'revealed', why: 'ticket 5' }));
  expect(data.rights).toContainEqual(
    expect.objectContaining({ what: 'withdrawn', detail: 'marketing.email' }),
  );
  // The objection and the withdrawal are one update, or two where the first had left before.
  const [first, ...later] = data.transmissions.map(({ action }) => action);
  expect([first, new Set(later)]).toEqual(['create', new Set(['update'])]);
  expect(text).not.toContain('Sophie');
});

test('C21, C39: the act is in the log with who, why and for which key, and only that key opens the file', async () => {
  const to = join(folder, 'own.age');
  await asked(to, '--lead', 'A-1', '--portability', '--request', '77');
  const bytes = readFileSync(to);
  expect(bytes.includes('Anna')).toBe(false);
  const { data, letter } = await openExport(bytes, identity);
  expect([data.request, letter.includes('Demande n° 77'), letter.includes('donnees.json')]).toEqual([
    '77',
    true,
    true,
  ]);
  const other = await generateIdentity();
  await expect(openExport(bytes, other)).rejects.toThrow();
  expect((await actionsOf(gateway, 'person_exported')).at(-1)).toMatchObject({
    purpose: 'request 77',
    client: 'essai',
  });
  const [entry] = await gateway.owner.all<{ target: string; reason: string; bytes: number }>(
    "SELECT target, reason, bytes FROM handovers WHERE entry = 'person_exported' ORDER BY id DESC LIMIT 1",
  );
  expect(entry).toEqual({ target: recipient, reason: 'portability', bytes: bytes.length });
});

test('nothing is written without a reason, for a key that is none, over a file, or for somebody nobody knows', async () => {
  const to = join(folder, 'never.age');
  const base = ['person', 'export', '--client', 'essai', '--lead', 'A-1', '--to', to];
  const noReason = await relais(...base, '--recipient', recipient);
  const secret = await relais(...base, '--recipient', identity, '--reason', 'request 77');
  const unknown = await relais(
    ...['person', 'export', '--client', 'essai', '--email', 'nobody@courriel.example', '--to', to],
    ...['--recipient', recipient, '--reason', 'request 77'],
  );
  expect([noReason.code, secret.code, unknown.code]).toEqual([64, 64, 1]);
  expect(secret.err).not.toContain(identity);
  expect(() => statSync(to)).toThrow();
  expect((await asked(join(folder, 'acces-1.age'), '--lead', 'A-1')).code).toBe(64);
});

test('C21: after an erasure the file says when, and who had received', async () => {
  await relais(
    'lead',
    'erase',
    'A-2',
    '--client',
    'essai',
    '--reason',
    'request 80',
    '--identity',
    'seen',
    '--yes',
  );
  const { data, letter, text } = await exported('--lead', 'A-2');
  expect(data.leads[0]).toMatchObject({
    reference: 'A-2',
    identity: {},
    erasedAt: expect.any(String) as string,
  });
  expect(data.transmissions.map(({ recipient: who }) => who)).toContain('Essai CRM');
  expect(letter).toContain('Vos données y ont été effacées');
  expect(text).not.toContain('seconde demande');
});

test('the schema that is published is the one that exports are held to', () => {
  expect(readFileSync('docs/person-export.schema.json', 'utf8')).toBe(personSchemaText());
});
