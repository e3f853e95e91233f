// A mapping knows the blocks of the lead that it reads: the database is asked for no others. That what it reads is among them,
// every test that compiles a mapping by support.ts holds: a block it does not name cannot be read there.
import { optionalBlocks } from '../../../src/domain/lead.ts';
import { compiled, mail, webhook } from '../support.ts';

const blocksOf = (fields: string, more = ''): readonly string[] =>
  [...compiled(webhook(fields, more)).blocks].sort();

test.each([
  ['- {to: n, from: identity.lastName}', '', []],
  ['- {to: p, from: project.programme}', '', ['project']],
  ['- {to: m, template: "{{origin.media}} {{identity.lastName}}"}', '', ['origin']],
  ['- {to: a, value: 1, when: {greater: {project.budgetMax: 1}}}', '', ['project']],
  ['- {to: list, each: interactions, fields: [{to: k, from: kind}]}', '', ['interactions']],
  ['- {to: list, each: interactions, fields: [{to: k, value: 1}]}', '', ['interactions']],
  ['- {to: n, from: identity.lastName}', 'accepts: {programme: [ES-LYON]}', ['project']],
] as const)('%s %s reads %s beside the request, the person and the consents', (fields, more, blocks) => {
  expect(blocksOf(fields, more)).toEqual(blocks);
});

test('a mail without a title of its own names the programme, and reads the project for it', () => {
  const { blocks } = compiled(mail('', '- {to: n, from: identity.lastName, label: Nom}'));
  expect([...blocks]).toEqual(['project']);
  expect(optionalBlocks).toContain('project');
});
