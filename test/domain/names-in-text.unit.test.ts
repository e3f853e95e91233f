// The name of a known person in a text that is kept.
import { nameIn, namelessCode, typedPart } from '../../src/domain/names-in-text.ts';

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

test.each(['Request', 'Note', 'Letter'])(
  'a citation of ours names nobody called %s; a typed text does',
  (lastName) => {
    const named = { lastName, firstName: null };
    for (const text of ['request 12', 'note 3', 'request 12: letter'])
      expect(nameIn(text, named)).toBeUndefined();
    for (const text of [`request 12: ${lastName}`, `${lastName} 12`])
      expect(nameIn(text, named)).toBe(lastName);
  },
);

test('a dialled number behind our word is no number of ours', () => {
  expect(typedPart('request 639980123')).toBe('');
  expect(typedPart('request 0639980123')).toBe('request 0639980123');
});

test('two words are not a name of one', () => {
  expect(nameIn('le grand nombre', { lastName: 'Legrand', firstName: null })).toBeUndefined();
});

test.each([
  ['LEFEVRE', 'OTHER'],
  ['DEJA_CONNU_LEFEVRE', 'OTHER'],
  ['ZoeLefevre', 'OTHER'],
  ['LEFEVREZOE.2', 'OTHER'],
  ['z_lefevre', 'OTHER'],
  ['zlefevre', 'OTHER'],
  ['TEL_0639980123', 'OTHER'],
  ['TEL0639980123', 'OTHER'],
  ['33.6.39.98.01.23', 'OTHER'],
  ['RAPPEL_+33639980123', 'OTHER'],
  ['PROGRAMME_CLOSED', 'PROGRAMME_CLOSED'],
  ['5.1.1', '5.1.1'],
  ['E202611301234567', 'E202611301234567'],
  ['LEFEVREPROGRAMME', 'LEFEVREPROGRAMME'],
])('the code %s of a recipient is kept as %s', (written, kept) => {
  expect(namelessCode(written, { lastName: 'Lefèvre', firstName: 'Zoé' }, 'create')).toBe(kept);
});

test.each([
  ['M_LEFEVRE_ABSENT', 'create', 'OTHER'],
  ['M_LEFEVRE_ABSENT', 'update', 'OTHER'],
  ['5.1.1', 'create', '5.1.1'],
  ['NOT_FOUND', 'erase', 'NOT_FOUND'],
] as const)(
  'of a person who is erased, no name is left to compare: %s to %s is kept as %s',
  (written, action, kept) => expect(namelessCode(written, undefined, action)).toBe(kept),
);
