// The preset of Dolibarr's public form: what it posts, where the opt-in stands, and what the form asks for and nobody has.
import type { ConsentState, Lead } from '../../src/domain/lead.ts';
import { check, demoClient, lead, presetTexts, written } from './support.ts';

const proof = {
  recordedAt: new Date('2026-11-20T09:15:00Z'),
  legalEntity: 'DEMO SAS',
  wordingVersion: 'w3',
};
const person = (email: ConsentState, phone: ConsentState, identity: Lead['identity']): Lead =>
  lead({
    identity,
    project: { programme: 'DM-LYON', comment: 'Balcon\nE-mail : accord <b>' },
    consents: [
      { purpose: 'marketing', channel: 'email', state: email, ...proof },
      { purpose: 'marketing', channel: 'phone', state: phone, ...proof },
    ],
  });

const text =
  'extends: presets/dolibarr-form\ndestination: demo-crm\nsend: {base: https://crm.demo.example}\n';
const result = check(text, { ...presetTexts, 'demo/client.yaml': demoClient });
if (!result.ok) throw new Error('refused');
const { mapping } = result;
const posted = (someone: Lead): Readonly<Record<string, string>> =>
  Object.fromEntries(new URLSearchParams(written(mapping, someone)));

test('it posts what the page itself would, the opt-in in the attributes and in words the person cannot forge', () => {
  const form = posted(
    person('refused', 'granted', {
      ...{ lastName: 'L’Hérault <Œuvrard> 😀', firstName: 'Zoé' },
      ...{ email: 'z@courriel.example', mobile: '+33639980001' },
    }),
  );
  expect(form).toMatchObject({
    ...{
      action: 'add',
      entity: '1',
      nojs: '1',
      options_relais_cle: 'dlv_1',
      options_relais_reference: 'DM-1',
    },
    ...{ lastname: 'L’Hérault Œuvrard', firstname: 'Zoé', email: 'z@courriel.example' },
    ...{ options_relais_email: '0', options_relais_appel: '1', options_relais_telephone: '+33639980001' },
  });
  const lines = form['description']?.split('\n') ?? [];
  expect(lines).toContain('Nom : Zoé L’Hérault Œuvrard');
  expect(lines.filter((line) => line.startsWith('E-mail : '))).toEqual(['E-mail : refus']);
  expect(lines).toContain('Téléphone : accord');
});

test('C13: the form asks for a first name and an address, and neither is invented: the lead is not sent', () => {
  const someone = person('not_asked', 'granted', { lastName: 'Moreau', mobile: '+33639980001' });
  expect(() => posted(someone)).toThrow(/firstname|email/);
});
