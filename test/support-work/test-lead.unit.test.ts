// The lead of a test, whatever stands in the sample it is made of.
import { leadFields } from '../../src/domain/lead-fields/columns.ts';
import type { CompiledMapping } from '../../src/mapping/contract.ts';
import { testLead } from '../../src/support/test-leads/recipient.ts';

const takesAll = { clientId: 'essai', accepts: () => ({ yes: true }) } as unknown as CompiledMapping;
const at = { reference: 'TEST-1', now: new Date('2026-11-28T10:00:00Z') };
/** As somebody would copy it out of a CRM, in a hurry. */
const copied = `
reference: L-4711
channel: web_form
collectedAt: 2026-11-20T10:15:00+01:00
identity:
  lastName: Quimper
  firstName: Yann
  email: yann.quimper@personne.example
  mobile: "+33639987777"
  landline: "+33199007777"
  address: { line1: 7 quai des Canaris, line2: chez Quimper, postcode: "29000", city: Quimper }
project: { programme: PROGRAMME-29, comment: Rappeler Yann le soir }
origin: { recording: enr-yann-1, proofReference: preuve-yann-1, media: seloger }
consents: [{ channel: phone, state: granted, recordedAt: 2026-11-20T10:15:00+01:00 }]
interactions: [{ kind: web_form, at: 2026-11-20T10:15:00+01:00 }]
`;

test('of a person whom somebody has copied into a sample nothing leaves; what the programme needs stays', () => {
  const lead = testLead(takesAll, { files: { 'essai/samples/copie.yaml': copied } }, at);
  expect(JSON.stringify(lead)).not.toMatch(/quimper@|Yann|yann|7777|Canaris|chez|L-4711|granted/);
  const { email, mobile, landline } = leadFields.identity;
  expect(lead).toMatchObject({
    reference: 'TEST-1',
    identity: {
      ...{ lastName: 'TEST', firstName: 'Relais', address: { postcode: '29000', city: 'Quimper' } },
      ...{ email: email.sample, mobile: mobile.sample, landline: landline.sample },
    },
    project: { programme: 'PROGRAMME-29' },
    origin: { media: 'seloger' },
    interactions: [],
  });
  expect(lead?.consents.every(({ state }) => state === 'refused')).toBe(true);
});

test('what a sample leaves out stays out', () => {
  const bare =
    'reference: A\nchannel: web_form\ncollectedAt: 2026-11-20T10:15:00+01:00\nidentity: { mobile: "+33639987777" }\n';
  const lead = testLead(takesAll, { files: { 'essai/samples/a.yaml': bare } }, at);
  expect(Object.keys(lead?.identity ?? {}).toSorted((a, b) => a.localeCompare(b))).toEqual([
    'firstName',
    'lastName',
    'mobile',
  ]);
  expect(lead?.project).toEqual({});
});
