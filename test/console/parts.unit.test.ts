// Tables and words as every page has them: a wide table names each cell for a phone, one of figures keeps its columns.
import { sayIn } from '../../src/console/layout.ts';
import { table } from '../../src/console/parts.ts';
import { written } from '../../src/privacy/papers/html.ts';

const columns = ['Livraison', 'Destination', 'État', 'Cause'].map((name) => ({ name }));
const flat = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll(/ (?=>)/g, '');

test('each cell of a table with more columns than a phone shows has the name of its column, and the table stays one', () => {
  const shown = flat(written(table('Livraisons', columns, [['1', 'essai-crm', undefined, 'l’"une"']])));
  expect(shown).toContain('<table class="stacks" role="table">');
  expect(shown.match(/role="row"/g)).toHaveLength(2);
  expect(shown.match(/role="columnheader"/g)).toHaveLength(4);
  expect(shown).toContain('<td role="cell" data-name="Destination">essai-crm</td>');
  // Empty, so that the style sheet leaves it out.
  expect(shown).toContain('<td role="cell" data-name="État"></td>');
});

test('a table of few columns, or of figures, stays as it is', () => {
  const figures = [
    { name: 'Heure' },
    ...['Livrées', 'En échec', 'Retenues'].map((name) => ({ name, number: true as const })),
  ];
  for (const shown of [
    table('Opt-in', columns.slice(0, 3), [['a', 'b', 'c']]),
    table('Heures', figures, [['14:00', '1', '2', '3']]),
  ])
    expect(written(shown)).not.toMatch(/stacks|role="(?:table|row|cell)"|data-name/);
  const shown = written(table('Heures', figures, [['14:00', '1', '2', '3']]));
  expect(shown).toContain('<table class="figures">');
  expect(shown).toContain('<td class="number">3</td>');
});

test('a French apostrophe on a page is the printed one; nothing else is changed', () => {
  const say = sayIn('fr');
  expect(say(["Leads non conformes d'un client", ''])).toBe('Leads non conformes d’un client');
  expect(say(["'essai' l'un 12'", ''])).toBe("'essai' l’un 12'");
  expect(sayIn('en')(['', "the client's own"])).toBe("the client's own");
});
