// States and reasons: whatever state a delivery stands in, support can read why, in both languages.
import fc from 'fast-check';
import {
  deliveryStates,
  endStates,
  idempotencyKey,
  isEnd,
  reasons,
  reasonText,
  reasonWith,
  safeCode,
  splitReason,
  type Reason,
} from '../../src/domain/delivery.ts';

const words = Object.keys(reasons) as Reason[];

test('a delivery ends as delivered, failed or cancelled and in no other way', () => {
  expect(endStates).toEqual(['delivered', 'failed', 'cancelled']);
  expect(deliveryStates.filter(isEnd)).toEqual(['delivered', 'failed', 'cancelled']);
});
test.each(words.filter((word) => word !== ''))(
  'the reason %s is understood in French and in English',
  (word) => {
    for (const language of ['fr', 'en'] as const) {
      const text = reasonText(word, language);
      expect(text.length).toBeGreaterThan(5);
      expect(text).not.toContain('_');
    }
    expect(reasonText(word, 'fr')).not.toBe(reasonText(word, 'en'));
  },
);
test('no two reasons read alike: support can tell them apart', () => {
  for (const language of [0, 1] as const)
    expect(new Set(words.map((word) => reasons[word][language])).size).toBe(words.length);
});
test('a reason with a code is read with its code, French unless asked otherwise', () => {
  expect(reasonText('refused:PROGRAMME_CLOSED')).toBe('refusé par le destinataire (PROGRAMME_CLOSED)');
  expect(reasonText('refused:PROGRAMME_CLOSED', 'en')).toBe('refused by the recipient (PROGRAMME_CLOSED)');
});
test('a reason of a newer version is shown as it is instead of failing', () => {
  expect(reasonText('brand_new')).toBe('brand_new');
});
test('reason and code come apart as they were put together, at the first colon, within the column’s 80 characters', () => {
  fc.assert(
    fc.property(fc.constantFrom(...words), fc.stringMatching(/^[A-Z0-9_.:-]{1,90}$/), (base, code) => {
      const stored = reasonWith(base, code);
      expect(stored.length).toBeLessThanOrEqual(80);
      expect(splitReason(stored)).toEqual({ base, code: code.slice(0, 80 - base.length - 1) });
    }),
  );
  expect(reasonWith('category_not_authorised', 'X'.repeat(90))).toHaveLength(80);
  expect(reasonWith('retry', '')).toBe('retry');
  expect(reasonWith('retry')).toBe('retry');
  expect(splitReason('retry')).toEqual({ base: 'retry' });
});
test.each([
  ['PROGRAMME_CLOSED', 'PROGRAMME_CLOSED'],
  ['e.42-b', 'e.42-b'],
  [422, '422'],
  [false, 'false'],
  ['Mme Lefèvre est injoignable', 'OTHER'],
  ['zoe@courriel.example', 'OTHER'],
  ['+33639980123', 'OTHER'],
  ['06 39 98 01 23', 'OTHER'],
  ['0639980123', 'OTHER'],
  [639980123, 'OTHER'],
  ['06.39.98.01.23', 'OTHER'],
  ['1234567', '1234567'],
  ['', 'OTHER'],
  ['X'.repeat(65), 'OTHER'],
  ['CODE\n', 'OTHER'],
  [{ code: 'X' }, 'OTHER'],
  [['X'], 'OTHER'],
  [null, 'OTHER'],
  [undefined, 'OTHER'],
])('what a recipient said is kept only if it is a code: %j', (said, kept) =>
  expect(safeCode(said)).toBe(kept),
);
test('the idempotency key is the delivery’s key, and changes only with the key run (guarantee 4)', () => {
  expect([0, 1, 2, 11].map((run) => idempotencyKey('k-1', run))).toEqual(['k-1', 'k-1', 'k-1.r2', 'k-1.r11']);
});
