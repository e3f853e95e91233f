// The presets of Odoo 16 to 18: what each call of theirs writes in either protocol, and where the opt-in stands.
import type { ConsentChannel, ConsentState, Lead } from '../../src/domain/lead.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { readCall } from '../../sandbox/simulators/odoo-xmlrpc.ts';
import { bodiesOf } from './calls/calls-support.ts';
import { check, demoClient, lead, presetTexts } from './support.ts';

const recordedAt = new Date('2026-11-20T09:15:00Z');
const says = (channel: ConsentChannel, state: ConsentState) => ({
  ...{ purpose: 'marketing' as const, channel, state, recordedAt },
  ...{ legalEntity: 'DEMO SAS', wordingVersion: 'w3' },
});
const person = (email: ConsentState, phone: ConsentState): Lead =>
  lead({
    identity: { lastName: 'Durand', email: 'E.Durand@courriel.example', mobile: '+33639980001' },
    project: { programme: 'DM-LYON', comment: 'Balcon <3 & "clé"' },
    consents: [says('email', email), says('phone', phone)],
  });

function published(name: string): CompiledMapping {
  const own = 'send: {base: https://crm.demo.example}\nparameters: {database: demo, user: 7}\n';
  const text = `extends: presets/${name}\ndestination: demo-crm\n${own}`;
  const result = check(text, { ...presetTexts, 'demo/client.yaml': demoClient });
  if (!result.ok) throw new Error('refused');
  return result.mapping;
}

/** The arguments of `execute_kw`. */
type Read = (text: string) => unknown;
const fromJson: Read = (text) => {
  const { jsonrpc, method, params } = JSON.parse(text) as Record<string, unknown>;
  expect([jsonrpc, method, params]).toMatchObject([
    '2.0',
    'call',
    { service: 'object', method: 'execute_kw' },
  ]);
  return (params as { args: unknown }).args;
};
const fromXml: Read = (text) => {
  const call = readCall(text);
  expect(call?.method).toBe('execute_kw');
  return call?.params;
};

describe.each([
  { name: 'odoo-jsonrpc', read: fromJson, captured: { 'mail.id': 9, 'lead.id': 42 } },
  // What XML says of a number is a text, and would name no record.
  { name: 'odoo-xmlrpc', read: fromXml, captured: { 'mail.id': '9', 'lead.id': '42' } },
])('$name', ({ name, read, captured }) => {
  const mapping = published(name);
  const account = ['demo', 7, '«secret:ODOO_KEY»'];
  const english = { context: { lang: 'en_US' } };

  test('the list of refusals, then the lead, imported under an external id, each answer in words', () => {
    const bodies = bodiesOf(mapping, person('granted', 'refused'), { captured }, read);
    expect(bodies).toMatchObject({
      mail: [...account, 'mail.blacklist', 'create', [[{ email: 'e.durand@courriel.example' }]], english],
      mail_block: '(not made)',
      mail_allow: [...account, 'mail.blacklist', 'write', [[9], { active: false }], english],
      lead: [...account, 'crm.lead', 'load', expect.any(Array), english],
    });
    const [fields, [row]] = (bodies['lead'] as unknown[])[5] as [string[], [unknown[]]];
    expect(Object.fromEntries(fields.map((field, index) => [field, row[index]]))).toMatchObject({
      ...{ id: 'relais.DM-1', x_relais_reference: 'DM-1', contact_name: 'Durand', user_id: '', street: '' },
      ...{ x_relais_telephone: '0', description: '<p>Balcon 3 & "clé"</p>\n<p>Programme : DM-LYON</p>' },
      x_relais_accord: expect.stringContaining('E-mail : accord\n') as string,
    });
    expect(row).toHaveLength(fields.length);
  });

  test('a refusal puts the address on the list before the lead is there, a withdrawal afterwards, by numbers', () => {
    const refused = bodiesOf(mapping, person('refused', 'granted'), { captured }, read);
    expect(Object.keys(refused)).toEqual(['mail', 'mail_block', 'mail_allow', 'lead']);
    expect(refused).toMatchObject({
      mail_block: [...account, 'mail.blacklist', 'write', [[9], { active: true }], english],
      mail_allow: '(not made)',
    });
    const later = bodiesOf(mapping, person('withdrawn', 'withdrawn'), { captured, action: 'update' }, read);
    expect(later).toMatchObject({
      mail_block: [...account, 'mail.blacklist', 'write', [[9], { active: true }], english],
      lead: [...account, 'crm.lead', 'write', [[42], { x_relais_telephone: false, city: '' }], english],
    });
    const erased = bodiesOf(mapping, person('granted', 'granted'), { captured, action: 'erase' }, read);
    expect(erased).toEqual({ lead: [...account, 'crm.lead', 'unlink', [[42]], english] });
  });
});
