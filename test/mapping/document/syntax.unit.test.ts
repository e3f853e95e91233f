// A slip of the pen is one message a line, not one for every token after it.
import { Scalar } from 'yaml';
import { readDocument } from '../../../src/mapping/document/yaml.ts';
import { createProblems } from '../../../src/mapping/document/problems.ts';

test('an unquoted brace in a block is told once on its line', () => {
  const problems = createProblems();
  readDocument('essai/csv.yaml', 'destination: x\nfile: { path: in/ACK_{seq}.txt, name: a }\n', problems);
  const told = problems.all().filter((problem) => problem.code === 'MAP-001');
  expect(told.map((problem) => problem.line)).toEqual([2]);
});

test('of a slip that derails the lines behind it, the first two lines are told', () => {
  const problems = createProblems();
  const text = `a: 'open\n${Array.from({ length: 8 }, (_, index) => `k${index}: 'x' y: 'z' }`).join('\n')}\n`;
  readDocument('essai/csv.yaml', text, problems);
  expect(problems.all().filter((problem) => problem.code === 'MAP-001')).toHaveLength(2);
});

test('a file read twice tells its mistakes twice', () => {
  const told = [createProblems(), createProblems()].map((problems) => {
    readDocument('essai/twice.yaml', 'a: yes\n', problems);
    return problems.all().map((problem) => problem.code);
  });
  expect(told).toEqual([['MAP-005'], ['MAP-005']]);
});

test('a key written twice is told wherever it stands, once, whatever its form', () => {
  const problems = createProblems();
  const text = "a: &a { k: 1, k: 2 }\nb: *a\nc: { 1: x, '1': y, __proto__: x, __proto__: y }\nb: 2\n";
  readDocument('essai/keys.yaml', text, problems);
  const told = problems.all().filter((problem) => problem.code === 'MAP-002');
  expect(told.map(({ line, column }) => `${line}:${column}`)).toEqual(['1:15', '3:12', '3:34', '4:1']);
});

test('a map of ten times as many lines is read with ten times as many looks at its keys, not with a hundred', () => {
  const written = new WeakMap<Scalar, unknown>();
  let looks = 0;
  Object.defineProperty(Scalar.prototype, 'value', {
    configurable: true,
    get(this: Scalar) {
      looks += 1;
      return written.get(this);
    },
    set(this: Scalar, value: unknown) {
      written.set(this, value);
    },
  });
  try {
    const problems = createProblems();
    const looksOf = (lines: number): number => {
      looks = 0;
      const text = Array.from({ length: lines }, (_one, index) => `'${10_000 + index}': a\n`).join('');
      readDocument('essai/communes.yaml', text, problems);
      return looks;
    };
    const few = looksOf(200);
    expect(few).toBeGreaterThan(200);
    expect(looksOf(2_000)).toBeLessThan(11 * few);
    expect(problems.all()).toEqual([]);
  } finally {
    Reflect.deleteProperty(Scalar.prototype, 'value');
  }
});

test('a report keeps its tree until its problems are closed, and finds no mistake afterwards', () => {
  const problems = createProblems();
  let placed = 0;
  const place = () => ({ file: 'mappings/essai/csv.yaml', line: (placed += 1), column: 1 });
  const report = problems.reportIn({ value: {}, place });
  const find = (): void => report.error(['a'], 'MAP-001', ['non.', 'no.']);
  find();
  problems.close();
  find();
  expect(problems.all()).toHaveLength(1);
  expect(placed).toBe(1);
});
