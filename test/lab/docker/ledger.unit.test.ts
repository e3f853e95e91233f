// The account sees a lead that is lost, doubled, waiting, unknown to the log, or was never committed.
import { differences } from './ledger.ts';

const logged = (reference: string, state = 'delivered') => ({ reference, state, key: `key-${reference}` });
const kept = (reference: string, key = `key-${reference}`) => ({ reference, key });

test('nothing is found where every lead was delivered once', () => {
  expect(differences(new Set(['A', 'B']), [logged('A'), logged('B')], [kept('B'), kept('A')])).toEqual([]);
});

test.each([
  ['lost', [logged('A')], [], 'A: lost'],
  ['waiting', [logged('A', 'queued')], [kept('A')], 'A: queued'],
  ['twice at the recipient', [logged('A')], [kept('A'), kept('A')], 'A: the recipient has 2 records'],
  ['twice planned', [logged('A'), logged('A')], [kept('A')], 'A: 2 deliveries'],
  ['not planned', [], [kept('A')], 'A: committed, and no delivery'],
  ['under another key', [logged('A')], [kept('A', 'other')], 'A: the recipient has it under a key'],
] as const)('a lead that is %s is named', (_, log, records, sentence) => {
  expect(differences(new Set(['A']), log, records).join('\n')).toContain(sentence);
});

test('a lead that nobody committed is named', () => {
  expect(differences(new Set(), [logged('A')], [kept('A')]).join('\n')).toContain(
    'A: delivered and never committed',
  );
});
