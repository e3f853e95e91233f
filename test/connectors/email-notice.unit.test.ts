// A notice: a lead waits, under our reference, and is read elsewhere. Nothing of the person is in the mail, not even the opt-in.
import { simpleParser } from 'mailparser';
import type { Action } from '../../connectors/contract.ts';
import { createEmailConnector } from '../../connectors/email/index.ts';
import { letterOf, mimeOf } from '../../connectors/email/message.ts';
import type { EmailSettings } from '../../connectors/email/settings.ts';
import { compiled, lead, situation } from '../mapping/support.ts';
import { parcelOf } from './rigs.ts';

const email = createEmailConnector();
const durand = lead();
const settings: EmailSettings = {
  to: 'leads@demo.example',
  from: 'relais@centre.example',
  smtp: 'secret:SMTP',
  content: 'notice',
  readAt: 'https://crm.demo.example/leads/{leadReference}?vue=1&onglet=2',
};
const mapping = compiled(`destination: demo-crm
connector: email
send: ${JSON.stringify(settings)}
consent:
  - {to: OPTIN, label: Accord e-mail, channel: email, values: {granted: OUI-ACCORD, refused: NON-ACCORD, not_asked: NON-DEMANDE, withdrawn: RETRAIT}}
fields:
  - {to: programme, label: Programme, from: project.programme}
update: {}
erase: {fields: [{to: ref, label: Référence, from: id}]}
`);

const written = (action: Action) => {
  const result = mapping.apply(durand, situation({ action }));
  if (!result.ok) throw new Error(result.why);
  return result.record;
};
const mailOf = async (action: Action) => {
  const { sheet, title } = written(action);
  const parcel = parcelOf({
    action,
    sheet: sheet ?? [],
    ...(title === undefined ? {} : { title }),
    body: mapping.write([written(action)], action),
  });
  const bytes = await mimeOf(letterOf(parcel, settings));
  return { bytes, mail: await simpleParser(bytes) };
};

test.each(['create', 'update', 'erase'] as const)('an %s names nobody', async (action) => {
  const { bytes, mail } = await mailOf(action);
  const all = [bytes.toString('latin1'), mail.text, mail.html, mail.subject].join('\n');
  const { identity } = durand;
  const person = [identity.lastName, identity.firstName, identity.email, identity.mobile].filter(
    (value) => value !== undefined,
  );
  expect(person.length).toBeGreaterThan(2);
  for (const value of person) expect(all.toLowerCase()).not.toContain(value.toLowerCase());
  expect(all).not.toMatch(/ACCORD|RETRAIT|Accord e-mail/);
  expect(mail.attachments).toEqual([]);
  expect(mail.text).toContain('L-2026-0007');
  // What is said of the lead is said where it is read; the log names nothing that was not sent.
  expect(written(action).consents).toEqual([]);
  expect(written(action).fieldNames).not.toContain('OPTIN');
});

test('says in French that a lead waits and where it is read, the link written out', async () => {
  const { mail } = await mailOf('create');
  expect(mail.text).toContain('Un lead vous attend.');
  expect(mail.text).toContain('À lire ici : https://crm.demo.example/leads/L-2026-0007?vue=1&onglet=2');
  expect(mail.html).toContain('href="https://crm.demo.example/leads/L-2026-0007?vue=1&amp;onglet=2"');
  expect((await mailOf('update')).mail.text).toContain('a changé');
  expect((await mailOf('erase')).mail.text).toContain('effacement');
});

test('waits for the opt-in all the same: without its answer nothing leaves', () => {
  expect(mapping.apply({ ...durand, consents: [] }, situation())).toMatchObject({
    ok: false,
    why: 'opt_in_missing',
  });
});

test.each([
  ['http://crm.demo.example/{leadReference}', false],
  ['https://u:p@crm.demo.example/', false],
  ['https://crm.demo.example/{identity.email}', false],
  ['crm.demo.example', false],
  ['https://crm.demo.example/boite', true],
])('%s as a place to read is right: %p', (readAt, isRight) => {
  expect(email.check({ ...settings, readAt }).map(({ path }) => path)).toEqual(isRight ? [] : ['/readAt']);
});

test('the document that is signed says that no person is in the mail', () => {
  const rows = email.words.transport(settings, []);
  expect(rows.map(({ agreed }) => agreed[0]).join('\n')).toContain('Un avis sans nom ni coordonnées');
});
