// A slip of the pen is one message a line, not one for every token after it.
import { readDocument } from '../../src/mapping/document.ts';
import { createProblems } from '../../src/mapping/problems.ts';

test('an unquoted brace in a block is told once on its line', () => {
  const problems = createProblems();
  readDocument('essai/csv.yaml', 'destination: x\nfile: { path: in/ACK_{seq}.txt, name: a }\n', problems);
  const told = problems.all().filter((one) => one.code === 'MAP-001');
  expect(told.map((one) => one.line)).toEqual([2]);
});
