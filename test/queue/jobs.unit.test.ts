// What a queue carries: jobs alone, or deliveries of many jobs under one entry.
import { entriesOf, jobId, parseEntry, type Job } from '../../src/queue/jobs.ts';

const jobs = (count: number): readonly Job[] =>
  Array.from({ length: count }, (_, index) => ({ deliveryId: index + 1, run: 1, attempt: 2 }));

test.each([1, 15, 16, 17, 100, 200, 201, 1_000])(
  'of %i jobs pushed together none is lost, doubled or out of order',
  (count) => {
    const entries = entriesOf(jobs(count));
    expect(entries.flatMap((entry) => parseEntry(JSON.parse(JSON.stringify(entry))))).toEqual(jobs(count));
  },
);

test('few jobs go alone, so that several processes share them; many go twenty-five to an entry', () => {
  expect(entriesOf(jobs(15))).toHaveLength(15);
  expect(entriesOf(jobs(200))).toHaveLength(8);
  expect(entriesOf(jobs(1_000))).toHaveLength(40);
});

test('a file is an entry of its own', () => {
  const mixed: readonly Job[] = [...jobs(40), { batchId: 7, attempt: 0 }];
  const entries = entriesOf(mixed);
  expect(entries.filter((entry) => 'batchId' in entry)).toEqual([{ batchId: 7, attempt: 0 }]);
  expect(entries.flatMap(parseEntry)).toHaveLength(41);
});

test.each([
  undefined,
  null,
  'x',
  {},
  { together: 'x' },
  { together: [1, [2], [3, 4], ['5', 6, 7]] },
  { attempt: 1 },
])('what is not ours is nothing to do: %j', (data) => {
  expect(parseEntry(data)).toEqual([]);
});

test('an id ends with the attempt, and is one BullMQ takes', () => {
  expect(jobId({ deliveryId: 5, run: 1, attempt: 3 })).toBe('d5-r1-a3');
  expect(jobId({ batchId: 9, attempt: 0 })).toBe('b9-a0');
});
