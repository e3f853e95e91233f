// HMAC and HKDF with key objects give what node:crypto gives for bytes, whatever the key and the length.
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { expanded, mac } from '../../src/domain/keyed.ts';

const lengths = [0, 1, 55, 56, 63, 64, 65, 1_000, 5_461, 5_462, 16_383, 16_384, 16_385, 100_000];

test.each(lengths)('an HMAC over %s bytes or letters is that of node:crypto', (length) => {
  for (const keyBytes of [1, 16, 32, 63, 64, 65, 200]) {
    const key = randomBytes(keyBytes);
    for (const data of [randomBytes(length), 'é'.repeat(length), `${'a'.repeat(length)}😀`])
      expect(mac(key, data).equals(createHmac('sha256', key).update(data).digest())).toBe(true);
  }
});

test('what is derived for a purpose is HKDF-SHA-256 without salt', () => {
  for (const purpose of ['', 'handover entry', 'delivery:123456', 'à'.repeat(300)]) {
    const secret = randomBytes(32);
    const expected = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), purpose, 32));
    expect(expanded(secret, purpose).equals(expected)).toBe(true);
  }
});
