// Digests and sealed content: nothing can be compared, opened or altered without the lead's own secret.
import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { contentDigest, derived, openBytes, sealBytes } from '../../src/domain/keyed.ts';

const secret = Buffer.alloc(32, 1);
const content = Buffer.from('{"tel":"0639980123"}');

describe('C09: the digest of what was handed over', () => {
  test('it is the same for the same lead, delivery and bytes: it can be proved later', () => {
    expect(contentDigest(secret, 7, content)).toEqual(
      contentDigest(Buffer.alloc(32, 1), 7, Buffer.from(content)),
    );
    expect(contentDigest(secret, 7, content)).toHaveLength(32);
  });
  test('its value is fixed: HMAC-SHA-256 under HKDF-SHA-256(secret, "delivery:7")', () => {
    // Computed once with Python's hmac and hashlib, not with this code.
    expect(contentDigest(secret, 7, content).toString('hex')).toBe(
      'abdc8fbe2f5dfb41b24825944f2c1a0c7187988f5ba3a02fec2add70f80e0cd7',
    );
  });
  test('it differs by delivery, by lead and by a single byte', () => {
    const digests = [
      contentDigest(secret, 7, content),
      contentDigest(secret, 8, content),
      contentDigest(Buffer.alloc(32, 2), 7, content),
      contentDigest(secret, 7, Buffer.from('{"tel":"0639980124"}')),
    ].map((digest) => digest.toString('hex'));
    expect(new Set(digests).size).toBe(4);
  });
  test('it is no bare hash of the content: guessing the phone number does not find it', () => {
    const bare = createHash('sha256').update(content).digest();
    expect(contentDigest(secret, 7, content).equals(bare)).toBe(false);
  });
  test('a key derived for one purpose says nothing of another', () => {
    expect(derived(secret, 'revision').equals(derived(secret, 'delivery:7'))).toBe(false);
  });
});

describe('sealed bytes', () => {
  const key = randomBytes(32);
  test('whatever was sealed opens again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (plain) => {
        expect(openBytes(key, sealBytes(key, plain))).toEqual(Buffer.from(plain));
      }),
    );
  });
  test('sealing the same bytes twice looks different each time', () => {
    expect(sealBytes(key, content).equals(sealBytes(key, content))).toBe(false);
  });
  test('another key does not open them', () => {
    expect(openBytes(randomBytes(32), sealBytes(key, content))).toBeUndefined();
  });
  test('a single bit changed anywhere, and they do not open', () => {
    const sealed = sealBytes(key, content);
    for (let index = 0; index < sealed.length; index += 1) {
      const altered = Buffer.from(sealed);
      altered[index] = (altered[index] ?? 0) ^ 1;
      expect([index, openBytes(key, altered)]).toEqual([index, undefined]);
    }
  });
  test('cut or lengthened anywhere, they do not open, and nothing is thrown', () => {
    const sealed = sealBytes(key, content);
    for (let length = 0; length < sealed.length; length += 1)
      expect([length, openBytes(key, sealed.subarray(0, length))]).toEqual([length, undefined]);
    expect(openBytes(key, Buffer.concat([sealed, Buffer.alloc(1)]))).toBeUndefined();
  });
});
