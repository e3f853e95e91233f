// What `as` makes of the text a template wrote: nothing of a template is formatted in silence, or left as it is in silence.
import { compiled, lead, problemsOf, webhook, written } from '../support.ts';

const field = (as: string): string =>
  webhook(`- {to: nom, template: '{{identity.firstName}} {{identity.lastName}}', as: ${as}}`);
const somebody = lead({ identity: { firstName: 'Zoé', lastName: 'L’Hérault <SCI> 😀' } });
const nameOf = (as: string): unknown =>
  (JSON.parse(written(compiled(field(as)), somebody)) as { nom: unknown }).nom;

test('a template’s text is formatted as a field’s is', () => {
  expect(nameOf('upper')).toBe('ZOÉ L’HÉRAULT <SCI> 😀');
  expect(nameOf('[{remove: [emoji, "<>"]}, ascii]')).toBe("Zoe L'Herault SCI");
});

test('a template with a missing part leaves no blank at its ends', () => {
  const named = lead({ identity: { lastName: 'Moreau' } });
  expect(JSON.parse(written(compiled(field('trim')), named))).toMatchObject({ nom: 'Moreau' });
});

test('a formatter that does not fit, or does not exist, is told at its place', () => {
  expect(problemsOf(field('uper')).join()).toContain('Did you mean "upper"?');
  expect(problemsOf(field('{phone: national}')).join()).toMatch(/MAP-\d+/);
  expect(problemsOf(field('{split: " "}')).join()).toContain('MAP-216');
});
