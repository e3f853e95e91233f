// A call with an undo, as tools and people see it: previewed, signed, compared, tried by the file's own tests.
import { toMarkdown } from '../../../src/mapping/spec/blocks.ts';
import { specOf } from '../../../src/mapping/spec/spec.ts';
import { wholeMapping } from '../../../src/mapping/check.ts';
import { diffMappings } from '../../../src/mapping/tools/diff.ts';
import { previewCalls } from '../../../src/mapping/tools/preview.ts';
import { at, compiled, demoClient, lead, problemsOf, situation, sourcesOf } from '../support.ts';
import { bodiesOf, severalCalls } from './calls-support.ts';

const url = 'https://crm.demo.example/api';
const withUndo = (undo: string, more = ''): string =>
  severalCalls(`calls:
  - {name: person, send: {url: ${url}/persons}, fields: [{to: nom, from: identity.lastName}], capture: {id: $.id}${undo}}
  - {name: deal, send: {url: ${url}/deals}, fields: [{to: person, from: calls.person.id}]}
${more}`);
const plain = withUndo('');
const undone = withUndo(
  `, undo: {send: {method: DELETE, url: "${url}/persons/{person.id}"}, response: [{duplicate: {status: 404}}]}`,
);
const written = withUndo(
  `, undo: {send: {url: ${url}/archive}, fields: [{to: id, from: calls.person.id}, {to: ref, from: id}]}`,
);

test('an undo is previewed behind the calls, and holds no opt-in', () => {
  const calls = previewCalls(compiled(written), lead(), situation());
  expect(calls.map(({ name }) => name)).toEqual(['person', 'deal', 'undo-person']);
  const last = calls.at(-1)?.preview.result;
  expect(last?.ok === true ? JSON.parse(last.text) : last).toEqual({ id: '‹person.id›', ref: 'DM-1' });
  expect(last?.ok === true ? last.consents : last).toEqual([]);
});

test('the calls of a lead are what they were', () => {
  expect(Object.keys(bodiesOf(compiled(undone)))).toEqual(['person', 'deal']);
});

test('the document that is signed names the request that takes back, its content and its answers', () => {
  const fixed = { version: 'version 3', date: '25 novembre 2026', fingerprint: 'abc', centre: 'le centre' };
  const shown = (text: string): string =>
    toMarkdown(
      specOf({ mapping: compiled(text), whole: wholeMapping(sourcesOf(text)), sample: lead(), ...fixed })
        .blocks,
    );
  expect(shown(undone)).toContain(`ce que celui-ci a créé : DELETE ${url}/persons/{person.id}`);
  expect(shown(undone)).toContain('Réponses propres au retrait de person, lues d’abord');
  expect(shown(written)).toContain('Retrait de person');
});

test('another undo is a difference, in its address, its content and its answers', () => {
  const differ = (before: string, after: string): string =>
    JSON.stringify(diffMappings(compiled(before), compiled(after), [lead()], 'create', at));
  expect(differ(plain, undone)).toContain('create.undo-person.url');
  expect(differ(undone, undone.replace('404', '410'))).toContain('undo of person');
  expect(differ(written, written.replace('{to: ref, from: id}', '{to: dossier, from: id}'))).toContain(
    'dossier',
  );
});

test('its address is one of the destination, and its secret one of its secrets', () => {
  const mapping = compiled(
    withUndo(
      ', undo: {send: {method: DELETE, url: "https://bak.demo.example/{person.id}", auth: {bearer: secret:BAK}}}',
    ),
    { 'demo/client.yaml': demoClient.replace('hosts: [', 'hosts: [bak.demo.example, ') },
  );
  expect(mapping.targets).toContain('bak.demo.example');
  expect(mapping.secretNames).toContain('BAK');
});

test('an id that the call does not capture is told', () => {
  expect(problemsOf(withUndo(`, undo: {send: {method: DELETE, url: "${url}/{person.di}"}}`))).toContainEqual(
    expect.stringContaining('no earlier call captures {person.di}. Did you mean "person.id"?'),
  );
});

test('the name of a call with an undo leaves room for that of the undo', () => {
  const text = undone.replaceAll('person', 'person_of_the_company');
  expect(problemsOf(text)).toContainEqual(expect.stringContaining('19 signs at most'));
});
