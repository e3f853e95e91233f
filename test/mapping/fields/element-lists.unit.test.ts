// Elements of a list that are lists themselves: [[0, 0, {...}]].
import { json, lead, problemsOf, webhook } from '../support.ts';

const each = (fields: string): string => `- {to: rows, each: identity.phones, fields: [${fields}]}`;
const both = lead({ identity: { mobile: '+33639980001', landline: '+33199000001' } });

test('a place in the element makes it a list', () => {
  expect(
    json(each("{to: '[0]', value: 0}, {to: '[1]', value: 0}, {to: '[2].number', from: number}"), both),
  ).toEqual({
    rows: [
      [0, 0, { number: '+33639980001' }],
      [0, 0, { number: '+33199000001' }],
    ],
  });
  expect(json(each("{to: '[0][1]', from: number}, {to: '[0][0]', from: type}"), both)).toEqual({
    rows: [[['mobile', '+33639980001']], [['landline', '+33199000001']]],
  });
  expect(json(each("{to: '[]', from: number}"), both)).toEqual({
    rows: [['+33639980001'], ['+33199000001']],
  });
});

test.each([
  [each("{to: '[0]', value: 0}, {to: number, from: number}"), 'MAP-209'],
  [each("{to: '[0]', value: 0}, {to: '[0]', from: number}"), 'MAP-208'],
  [each("{to: '[0]', value: 0}, {to: '[0].x', from: number}"), 'MAP-209'],
  [each("{to: 'a..b', from: number}"), 'MAP-217'],
  ["- {to: '[0].x', value: 1}", 'MAP-217'],
])('%s', (fields, code) => {
  expect(problemsOf(webhook(fields)).join('\n')).toContain(code);
});
