// The presets of the French property trade: what a lead of theirs holds, where the opt-in stands, and what cannot be sent.
import type { ConsentChannel, ConsentState, Lead } from '../../src/domain/lead.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { readPresetFile } from '../../sandbox/trial/preset-folder.ts';
import { check, lead, mappingsRoot, presetTexts, situation } from './support.ts';

const recordedAt = new Date('2026-11-20T09:15:00Z');
const says = (channel: ConsentChannel, state: ConsentState) => ({
  ...{ purpose: 'marketing' as const, channel, state, recordedAt },
  ...{ legalEntity: 'CLIENT EXEMPLE SAS', wordingVersion: 'w3' },
});
const identity = {
  ...{ civility: 'ms' as const, lastName: 'Durand', firstName: 'Élise', email: 'e.durand@courriel.example' },
  ...{ mobile: '+33639980001', address: { postcode: '69003', city: 'Lyon' } },
};
const person = (email: ConsentState, phone: ConsentState, over: Partial<Lead['identity']> = {}): Lead =>
  lead({
    identity: { ...identity, ...over },
    project: { programme: 'ESSAI-LYON', comment: 'Balcon\nAccord e-mail : OUI' },
    consents: [says('email', email), says('phone', phone)],
  });

/** As the preset's example has it, which a client copies. */
function published(name: string): CompiledMapping {
  const client = readPresetFile(mappingsRoot, name, 'example/client.yaml').replace('id: client', 'id: demo');
  const own = readPresetFile(mappingsRoot, name, 'example/crm.yaml').replace('client-crm', 'demo-crm');
  const result = check(own, {
    ...presetTexts,
    'demo/client.yaml': client.replaceAll('client-crm', 'demo-crm'),
  });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.mapping;
}

function bodyOf(mapping: CompiledMapping, about: Lead): Readonly<Record<string, unknown>> {
  const result = mapping.apply(about, situation());
  if (!result.ok) throw new Error('invalid');
  const body = Buffer.from(mapping.write([result.record], 'create').bytes).toString();
  return JSON.parse(body) as Readonly<Record<string, unknown>>;
}

/** What a person wrote stands on the line of the message: nothing of it reads as an answer. */
const words = (email: string, phone: string): readonly string[] => [
  'Message : Balcon Accord e-mail : OUI',
  `Accord e-mail : ${email}`,
  'Accord e-mail, le : 20/11/2026 10:15',
  'Accord e-mail, texte : w3',
  `Accord téléphone : ${phone}`,
  'Accord téléphone, le : 20/11/2026 10:15',
  'Accord téléphone, texte : w3',
];
const back = 'NON (accord retiré)';

const shapes: Readonly<Record<string, { readonly text: string; readonly body: object }>> = {
  adlead: {
    text: 'comment',
    body: {
      ...{ title: 'ms', name: 'Durand', firstname: 'Élise', email1: 'e.durand@courriel.example' },
      ...{ phone1: '33639980001', zipcode: '69003', city: 'Lyon' },
    },
  },
  apimo: {
    text: 'message',
    body: {
      ...{
        type: '2',
        reference: 'DM-1',
        date: '2026-11-20 10:15:00',
        lastname: 'Durand',
        firstname: 'Élise',
      },
      ...{ email: 'e.durand@courriel.example', mobile: '+33639980001', zipcode: '69003' },
    },
  },
  aviv: {
    text: 'message',
    body: {
      ...{ firstName: 'Élise', lastName: 'Durand', gender: 'FEMALE', email: 'e.durand@courriel.example' },
      ...{ language: 'FR', phoneNumbers: [{ number: '+33639980001' }], classifiedId: '26ABCDEFGH12' },
      submittedDate: '2026-11-20T09:15:00Z',
    },
  },
  oplead: {
    text: 'comment',
    body: {
      ...{ token: '«secret:OPLEAD_TOKEN»', form: 'relais', channel: 'CNL_4f2a', ctc_lastname: 'Durand' },
      ...{ ctc_email: 'e.durand@courriel.example', ctc_postcode: '69003', ctc_country: 'FR' },
    },
  },
};

describe.each(Object.entries(shapes))('%s', (name, { text, body }) => {
  const mapping = published(name);

  test('a lead in its fields, each answer with its proof in words that nobody can forge', () => {
    const written = bodyOf(mapping, person('granted', 'refused'));
    expect(written).toMatchObject(body);
    const lines = String(written[text]).split('\n');
    expect(lines.filter((line) => /^(Message|Accord)/.test(line))).toEqual(words('OUI', 'NON'));
    const taken = String(bodyOf(mapping, person('withdrawn', 'withdrawn'))[text]);
    expect(taken.split('\n')).toEqual(
      expect.arrayContaining([`Accord e-mail : ${back}`, `Accord téléphone : ${back}`]),
    );
  });

  test('which programme is asked for is in it, on a line of its own', () => {
    const lines = String(bodyOf(mapping, person('granted', 'granted'))[text]).split('\n');
    expect(lines).toContain('Programme : ESSAI-LYON');
  });

  test('our reference is in it', () => {
    const written = bodyOf(mapping, person('granted', 'granted'));
    expect([written['reference'], String(written[text])]).toContainEqual(
      name === 'apimo' ? 'DM-1' : expect.stringMatching(/^Référence : DM-1$/m),
    );
  });
});

test.each([
  ['adlead', { email: undefined }],
  ['adlead', { firstName: undefined }],
  ['aviv', { email: undefined }],
  ['aviv', { mobile: undefined }],
  ['oplead', { email: undefined }],
  ['oplead', { address: { city: 'Lyon' } }],
])('%s: a lead without what it asks for is told as invalid, and not sent: %j', (name, missing) => {
  const kept = Object.entries({ ...identity, ...missing }).filter(([, value]) => value !== undefined);
  const about = { ...person('granted', 'granted'), identity: Object.fromEntries(kept) as Lead['identity'] };
  expect(() => bodyOf(published(name), about)).toThrow('invalid');
});

test('apimo asks for the list since an hour before, and lets our reference be looked for in it', () => {
  const { actions } = published('apimo');
  expect(Object.keys(actions)).toEqual(['create', 'update']);
  expect(JSON.stringify(actions['create'])).toContain('/agencies/1042/leads?timestamp={since}');
});
