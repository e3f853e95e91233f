// The tools over a mapping of several calls: each call is walked, named, printed and compared.
import { diffMappings } from '../../../src/mapping/tools/diff.ts';
import { coverageOf } from '../../../src/mapping/tools/coverage.ts';
import { wholeMapping } from '../../../src/mapping/check.ts';
import { toMarkdown } from '../../../src/mapping/spec/blocks.ts';
import { specOf } from '../../../src/mapping/spec/spec.ts';
import type { Lead } from '../../../src/domain/lead.ts';
import { severalCalls } from '../calls/calls-support.ts';
import { at, compiled, lead, sourcesOf } from '../support.ts';

const host = 'https://crm.demo.example/api';
const twoCalls = severalCalls(`calls:
  - name: person
    send: {url: ${host}/persons}
    fields: [{to: name, from: identity.lastName}]
    capture: {id: [$.data.id, $.existing_id]}
    response: [{duplicate: {status: 409}}]
  - name: deal
    send: {method: PUT, url: '${host}/persons/{person.id}/deals'}
    fields:
      - {to: person, from: calls.person.id}
      - {to: type, from: project.housingType, map: {apartment: T, else: omit}}
    when: {present: project.rooms}
    onUnknown: hold
update:
  calls:
    - name: person
      send: {method: PATCH, url: '${host}/persons/{person.id}'}
      fields: [{to: mail, from: identity.email}]
erase:
  calls:
    - {name: person, send: {method: DELETE, url: '${host}/persons/{person.id}'}}
`);
const byOptIn = severalCalls(`consent:
  - {to: call:blacklist, channel: email, inverted: confirmed, values: {granted: omit, refused: send, not_asked: send, withdrawn: hold}}
calls:
  - {name: blacklist, send: {url: ${host}/blacklist}}
  - {name: person, send: {url: ${host}/persons}, fields: [{to: name, from: identity.lastName}]}
`);

const whole = lead({
  identity: { email: 'x@mail.example' },
  project: { housingType: 'apartment', rooms: 3 },
});
const answered = (state: 'granted' | 'refused'): Lead =>
  lead({ consents: [{ purpose: 'marketing', channel: 'email', state, recordedAt: at }] });

function specFor(text: string, sample: Lead = lead()): string {
  const fixed = { version: 'version 3', date: '25 novembre 2026', fingerprint: 'abc', centre: 'le centre' };
  const { blocks } = specOf({
    ...{ mapping: compiled(text), whole: wholeMapping(sourcesOf(text)), sample },
    ...fixed,
  });
  return toMarkdown(blocks);
}

test('coverage walks every call of every action, and what decides whether a call is made', () => {
  const found = coverageOf(wholeMapping(sourcesOf(twoCalls)), compiled(twoCalls), [], at);
  const never = found.never.map((field) => field.path);
  for (const sent of ['identity.lastName', 'identity.email', 'project.housingType'])
    expect(never).not.toContain(sent);
  expect(found.never.filter((field) => field.decides).map((field) => field.path)).toEqual(['project.rooms']);
  expect(found.maps.map((row) => row.field)).toEqual(['deal: type']);
});

test('the document names the calls, their order and addresses, and what one feeds to the next', () => {
  const markdown = specFor(twoCalls);
  expect(markdown).toContain('| Transport | Appels HTTPS : 2 appels par lead, dans cet ordre |');
  expect(markdown).toContain(`| Appel 1 : person | POST ${host}/persons |`);
  expect(markdown).toContain(`| Appel 2 : deal | PUT ${host}/persons/{person.id}/deals |`);
  expect(markdown).not.toContain('| Adresse |');
  expect(markdown).toContain('Un lead est livré par 2 appels, dans cet ordre');
  expect(markdown).toContain('person.id (lu dans $.data.id, à défaut $.existing\\_id)');
  expect(markdown).toContain('Reprend : person.id, rendu par un appel précédent.');
  expect(markdown).toContain('seulement si « Nombre de pièces » est renseigné');
  expect(markdown).toContain(
    '| `person` | texte ou nombre | Identifiant « id » rendu par l’appel « person » |',
  );
  expect(markdown).toContain('### Réponses propres à l’appel person, lues d’abord');
  expect(markdown).toContain('deal : Le lead attend une décision de notre support.');
  expect(markdown).toContain(`(PATCH ${host}/persons/{person.id})`);
  expect(markdown).toContain(`(DELETE ${host}/persons/{person.id})`);
});

test('an opt-in that sends a call is told in words, and a call not made has no example', () => {
  const markdown = specFor(byOptIn, answered('granted'));
  expect(markdown).toContain(
    '| `blacklist` | prospection par e-mail | appel non envoyé | appel envoyé | appel envoyé | le lead attend |',
  );
  expect(markdown).not.toMatch(/call:|`send`/);
  expect(markdown).toContain('Pour cette personne, cet appel n’est pas envoyé.');
  expect(specFor(byOptIn, answered('refused'))).toContain('Cet appel n’a pas de contenu.');
});

test('diff compares every call: bodies, addresses, and whether one is made at all', () => {
  const after = twoCalls
    .replace('else: omit}', 'house: M, else: omit}')
    .replace('{apartment: T', '{apartment: APPT')
    .replace('/deals', '/offers');
  const found = diffMappings(compiled(twoCalls), compiled(after), [whole], 'create', at);
  expect(found.targets.map((target) => target.target)).toEqual(['deal: type']);
  expect(found.settings).toEqual([
    {
      name: 'create.deal.url',
      before: `"${host}/persons/{person.id}/deals"`,
      after: `"${host}/persons/{person.id}/offers"`,
    },
  ]);
  const fewer = byOptIn.replace('/blacklist}', '/blacklist}, when: {present: identity.email}');
  const gated = diffMappings(compiled(byOptIn), compiled(fewer), [answered('refused')], 'create', at);
  expect(gated.targets).toEqual([
    {
      ...{ target: 'call blacklist', impersonal: true },
      changes: [{ reference: 'DM-1', before: 'made', after: undefined }],
    },
  ]);
});

test('diff of an update uses the ids the create gave', () => {
  const after = twoCalls.replace('{to: mail,', '{to: email,');
  const found = diffMappings(compiled(twoCalls), compiled(after), [whole], 'update', at);
  expect(found.outcomes).toEqual([]);
  expect(found.targets.map((target) => target.target)).toEqual(['person: mail', 'person: email']);
});
