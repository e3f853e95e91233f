// The name of a known person in a text that is kept.
import { nameIn } from '../../src/domain/names-in-text.ts';

const person = { lastName: 'Le Gônidec', firstName: 'Anne-Marie' };

test.each([
  ['mme le gonidec a demandé', 'le gonidec'],
  ['ANNE MARIE a appelé', 'ANNE MARIE'],
  ['ticket 12, LE GÔNIDEC', 'LE GÔNIDEC'],
  ['ticket 12', undefined],
  ['les gonidecs', undefined],
  ['Marie a appelé', undefined],
])('%s', (text, found) => {
  expect(nameIn(text, person)).toBe(found);
});

test('a name of two letters is also a word, and an absent name is in no text', () => {
  expect(nameIn('le ticket 12', { lastName: 'Le', firstName: null })).toBeUndefined();
});

test.each([
  ['Mme Leboeuf', 'Lebœuf'],
  ['STRAUSS a appelé', 'Strauß'],
  ['M. Sørensen', 'Sorensen'],
  ['Oconnor, ticket 3', "O'Connor"],
  ['Gas\u200Btonzz', 'Gastonzz'],
])(
  '%s names %s: ligatures, letters that do not decompose, an apostrophe left out, signs that do not show',
  (text, lastName) => {
    expect(nameIn(text, { lastName, firstName: null })).toBeDefined();
  },
);

test('two words are not a name of one', () => {
  expect(nameIn('le grand nombre', { lastName: 'Legrand', firstName: null })).toBeUndefined();
});
