// What a test in the file can see of a list: all of it, each value, each field of an element.
import { problemsOf, webhook } from '../support.ts';

const fields = `- {to: "tags[]", value: web}
- {to: "tags[]", value: SL}
- {to: "un[]", value: seul}
- {to: tels, each: identity.phones, fields: [{to: type, from: type}, {to: numero, from: number}]}`;
const told = (expectation: string): string =>
  problemsOf(webhook(fields, `tests: [{lead: samples/durand, expect: {${expectation}}}]`)).join('\n');

test.each([
  '"tags[]": [web, SL]',
  '"tags[0]": web, "tags[1]": SL, "tags[2]": (absent)',
  '"un[]": seul',
  '"tels[0].numero": "+33639980001", "tels[0].fax": (absent)',
])('%s passes', (expectation) => expect(told(expectation)).toBe(''));

test.each([
  ['"tags[]": [web]', '["web","SL"]'],
  ['"tags[]": web', '["web","SL"]'],
  ['"tags[1]": LBC', '"SL"'],
  ['"tags[2]": x', 'nothing'],
  ['"tels[0].numero": "0639980001"', '"+33639980001"'],
])('%s fails and shows %s', (expectation, shown) => {
  expect(told(expectation)).toContain('MAP-801');
  expect(told(expectation)).toContain(`is written as ${shown}`);
});
