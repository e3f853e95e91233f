// The presets of Odoo and Tryton: what each call of theirs writes, and where the opt-in stands.
import type { ConsentChannel, ConsentState, Lead } from '../../src/domain/lead.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { bodiesOf } from './calls/calls-support.ts';
import { check, demoClient, lead, presetTexts } from './support.ts';

const recordedAt = new Date('2026-11-20T09:15:00Z');
const says = (channel: ConsentChannel, state: ConsentState) => ({
  ...{ purpose: 'marketing' as const, channel, state, recordedAt },
  ...{ legalEntity: 'DEMO SAS', wordingVersion: 'w3' },
});
const person = (email: ConsentState, phone: ConsentState, firstName?: string): Lead =>
  lead({
    identity: {
      lastName: 'Durand',
      email: 'E.Durand@courriel.example',
      mobile: '+33639980001',
      ...(firstName === undefined ? {} : { firstName }),
    },
    project: { programme: 'DM-LYON', comment: 'Balcon <3' },
    consents: [says('email', email), says('phone', phone)],
  });

function published(name: string, base: string): CompiledMapping {
  const text = `extends: presets/${name}\ndestination: demo-crm\nsend: {base: ${base}}\n`;
  const result = check(text, { ...presetTexts, 'demo/client.yaml': demoClient });
  if (!result.ok) throw new Error('refused');
  return result.mapping;
}

describe('odoo: the list of refusals, then the lead', () => {
  const mapping = published('odoo', 'https://crm.demo.example');
  const captured = { 'mail.id': 9, 'lead.id': 42 };

  test('imports the lead under an external id, the phone as a text, each answer in words', () => {
    const bodies = bodiesOf(mapping, person('granted', 'refused', 'Élise'), { captured });
    expect(bodies).toMatchObject({
      mail: { vals_list: [{ email: 'e.durand@courriel.example' }] },
      mail_block: '(not made)',
      mail_allow: { ids: [9], vals: { active: false } },
    });
    const { fields, data } = bodies['lead'] as { fields: string[]; data: string[][] };
    const row = Object.fromEntries(fields.map((field, index) => [field, data[0]?.[index]]));
    expect(row).toMatchObject({
      ...{ id: 'relais.DM-1', x_relais_reference: 'DM-1', contact_name: 'Élise Durand', user_id: '' },
      ...{ x_relais_telephone: '0', description: '<p>Balcon 3</p>\n<p>Programme : DM-LYON</p>' },
      x_relais_accord: expect.stringContaining('E-mail : accord\n') as string,
    });
    expect(data[0]).toHaveLength(fields.length);
  });

  test('a refusal puts the address on the list before the lead is there, a withdrawal afterwards', () => {
    const refused = bodiesOf(mapping, person('refused', 'granted'), { captured });
    expect(Object.keys(refused)).toEqual(['mail', 'mail_block', 'mail_allow', 'lead']);
    expect(refused).toMatchObject({ mail_block: { vals: { active: true } }, mail_allow: '(not made)' });
    const later = bodiesOf(mapping, person('withdrawn', 'withdrawn'), { captured, action: 'update' });
    expect(later).toMatchObject({
      mail_block: { vals: { active: true } },
      lead: { ids: [42], vals: { x_relais_telephone: false, contact_name: 'Durand' } },
    });
  });
});

describe('tryton: a party, what hangs on it, an opportunity and a note', () => {
  const mapping = published('tryton', 'https://crm.demo.example/demo');
  const captured = {
    ...{ 'party.id': 42, 'contact.mail': 7, 'contact.phone': 8, 'address.id': 3, 'opportunity.id': 5 },
    'wizard.id': 11,
  };

  test('writes exactly id, method and params, the opt-in as categories, nothing of the person in the opportunity', () => {
    const bodies = bodiesOf(mapping, person('granted', 'refused'), { captured });
    for (const body of Object.values(bodies))
      expect(Object.keys(body as object)).toEqual(['id', 'method', 'params']);
    expect(bodies).toMatchObject({
      party: {
        params: [
          [
            {
              name: 'Durand',
              identifiers: [['create', [{ code: 'DM-1' }]]],
              contact_mechanisms: [
                [
                  'create',
                  [
                    { type: 'other', value: 'E.Durand@courriel.example', active: true },
                    { type: 'other', value: '+33639980001', active: true },
                  ],
                ],
              ],
              categories: [
                ['add', [1]],
                ['remove', [2]],
              ],
            },
          ],
          {},
        ],
      },
      contact: { method: 'model.party.contact_mechanism.search_read' },
      opportunity: { params: [[{ party: 42, reference: 'DM-1' }], { company: 1 }] },
      note: { params: [[{ resource: 'party.party,42', message: 'Balcon <3' }], {}] },
    });
    expect(JSON.stringify(bodies['opportunity'])).not.toMatch(/Durand|Balcon|courriel|\+336/);
  });

  test('a withdrawal takes the category away; an erasure goes through Tryton’s own, before anything is deleted', () => {
    const later = bodiesOf(mapping, person('withdrawn', 'granted'), { captured, action: 'update' });
    expect(later).toMatchObject({
      party: {
        params: [
          [42],
          {
            categories: [
              ['remove', [1]],
              ['add', [2]],
            ],
          },
          {},
        ],
      },
      contact: {
        params: [[7], { comment: expect.stringContaining('accord retiré') as string }, [8], {}, {}],
      },
    });
    const erased = bodiesOf(mapping, person('granted', 'granted'), { captured, action: 'erase' });
    expect(Object.keys(erased)).toEqual(['deactivate', 'wizard', 'anonymise', 'opportunity', 'party']);
    expect(erased).toMatchObject({ anonymise: { params: [11, { ask: { party: 42 } }, 'erase', {}] } });
  });
});
