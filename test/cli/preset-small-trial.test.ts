// relais preset try of a preset without a simulated CRM: its example reaches a recipient on this machine, with no installation.
import { join } from 'node:path';
import { terminalOf } from './terminal.ts';

const relais = terminalOf({ RELAIS_MAPPINGS_DIR: join(import.meta.dirname, '../../mappings') });

test.each([
  ['csv-excel', /^SAMPLE-000001;Création;/m],
  ['csv-portail', /^"SAMPLE-000001"!#"C"!#/m],
  ['adf-mail', /<id sequence="1">SAMPLE-000001<\/id>/],
  ['salesforce-web-to-lead', /oid=00D000000000001&.*emailOptOut=0/],
])('try sends one lead by the example of %s to a recipient on this machine', async (preset, content) => {
  const { out, err, code } = await relais('preset', 'try', preset);
  expect([code, err]).toEqual([0, expect.stringContaining('no CRM is simulated')]);
  expect(out).toMatch(content);
  expect(out).toContain('The recipient received it.');
});

test('an ADF says which programme, and its mail is read by people: no name of an element stands where a word should', async () => {
  const { out } = await relais('preset', 'try', 'adf-mail');
  expect(out).toContain('<comments><![CDATA[Programme : PROGRAMME-1\n');
  const sheet = out.slice(out.indexOf('\nRéception\n'), out.indexOf('\nConsentement (opt-in)\n'));
  expect(sheet).toContain('Référence : SAMPLE-000001');
  expect(sheet).not.toMatch(/prospect[.@]/);
  expect(out).toMatch(/▶ Accord e-mail \(.*\) : OUI/);
});
