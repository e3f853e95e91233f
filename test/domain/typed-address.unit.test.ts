// Mail addresses and phones as people type or paste them at the desk: read as the address of a lead, or refused.
import { leadQueryOf, type AskedPerson } from '../../src/support/find-person.ts';

const asked = (typed: AskedPerson): object => {
  const read = leadQueryOf(typed);
  return 'problem' in read ? { problem: read.problem } : read.query;
};

test.each([
  ['mailto:zoe@courriel.example'],
  ['MAILTO:zoe@courriel.example'],
  ['mailto:zoe@courriel.example?subject=Stop'],
  ['(zoe@courriel.example)'],
  ['<zoe@courriel.example>'],
  ['[zoe@courriel.example]'],
  ['"zoe@courriel.example"'],
  ["'zoe@courriel.example'"],
  ['`zoe@courriel.example`'],
  ['« zoe@courriel.example »'],
  ['«zoe@courriel.example»'],
  ['“zoe@courriel.example”'],
  ['‘zoe@courriel.example’'],
  ['zoe@courriel.example.'],
  ['zoe@courriel.example;'],
  ['zoe@courriel.example:'],
  ['zoe@courriel.example…'],
  ['zoe@courriel.example!'],
  ['zoe@courriel.example/'],
  ['*zoe@courriel.example*'],
  ['zoe@courriel.example\u200b'],
  ['Zoé : zoe@courriel.example'],
  ['zoe@courriel.example,paul@courriel.example'],
  ['zoe@@courriel.example'],
  ['zoe'],
])('C21: %s is no address of a lead: an objection to it would protect nobody', (email) => {
  expect(asked({ email })).toEqual({ problem: 'email_incomplete' });
});

test.each([
  ['zoe@courriel.example'],
  ['Zoe.Martin+pinel@mail.courriel.example'],
  ["o'brien@courriel.example"],
  ['_zoe-2@courriel-2.example'],
  // The lead contract takes these: the person must be found under them.
  ["'zoe@courriel.example"],
  ['-zoe@courriel.example'],
  ['rémi@courriel.example'],
])('%s is asked as it is, without the blanks around it', (email) => {
  expect(asked({ email: `\u00a0${email} \n` })).toEqual({ email });
});

const signs = [
  ' ',
  '.',
  '-',
  '/',
  '\t',
  '\u00a0',
  '\u2007',
  '\u2009',
  '\u202f',
  '\u2060',
  '\u2011',
  '\u2013',
  '  ',
];
test.each([
  ...signs.map((sign) => ['06', '39', '98', '00', '01'].join(sign)),
  ...signs.map((sign) => ['+33', '6', '39', '98', '00', '01'].join(sign)),
  ...['\u00a0', '\u202f', ''].map((sign) => ['+33', '(0)6', '39', '98', '00', '01'].join(sign)),
  '0033 (0)6 39 98 00 01',
  '(06) 39 98 00 01',
  '(06)\u202f39\u202f98\u202f00\u202f01',
  ' \u202f06 39 98 00 01\u00a0\n',
  'tel:+33639980001',
  '\u202a+33 6 39 98 00 01\u202c',
])('%j is one phone', (phone) => {
  expect(asked({ phone })).toEqual({ phone: '+33639980001' });
});

test.each([['nine'], ['06 39 98'], ['06 39 98 00 01 ou 06 39 98 00 02'], ['']])('%j is no phone', (phone) => {
  expect(asked({ phone })).toEqual({ problem: 'phone_unreadable' });
});
