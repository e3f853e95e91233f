// C23: a proof is checked offline with the public key alone; whatever is changed in it, it is refused.
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { createKeyRing } from '../../../src/domain/key-ring.ts';
import {
  proofKeyOf,
  publishedKeys,
  checkProof,
  proofText,
  signProof,
  signedBytes,
  type Proof,
} from '../../../src/privacy/proofs/proof.ts';
import { proofPage } from '../../../src/privacy/proofs/proof-page.ts';

const ring = createKeyRing([Buffer.alloc(32, 7), Buffer.alloc(32, 8)]);
const [current, earlier] = publishedKeys(ring);
const key = proofKeyOf(ring.current());
const pem = current?.pem ?? '';
const proof: Proof = {
  format: 'relais-proof-1',
  number: 12,
  act: 'erasure',
  request: '77',
  madeAt: '2026-11-28T10:00:00.000Z',
  installation: '4d5c8f3e-0b0b-4a53-9d35-6f0f5d1a9b11',
  client: { id: 'horizon', name: 'Horizon <Promotion>', legalEntity: 'Horizon Promotion SAS' },
  contact: { centre: 'Centre d’essai', dpo: 'Maître Exemple', mailbox: 'droits@centre.example' },
  leads: ['HZ-000001'],
  tables: [
    {
      table: 'prospects',
      rowsBefore: 1,
      rowsAfter: 0,
      columns: [{ column: 'email', before: 1, after: 0, changed: 1 }],
    },
  ],
  log: {
    before: { entry: 120, anchor: `3:${'a1'.repeat(32)}` },
    after: { entry: 124, anchor: null },
    entries: [{ entry: 'erased', ids: [121] }],
  },
  key: key.id,
};
const signed = signProof(proof, key.privateKey);
const file = proofText(signed);
const problemOf = (text: string, keys = pem): string => {
  const check = checkProof(text, keys);
  return check.ok ? 'verifies' : check.problem;
};

test('C23: a proof verifies with its public key, indented or not, whatever the ends of its lines', () => {
  expect(problemOf(file)).toBe('verifies');
  expect(problemOf(file.replaceAll('\n', '\r\n'))).toBe('verifies');
  expect(problemOf(JSON.stringify(JSON.parse(file)))).toBe('verifies');
});

test('C23: a proof signed under an earlier key verifies with all published keys', () => {
  const before = ring.keys[1];
  if (before === undefined) throw new Error('no earlier key');
  const own = proofKeyOf(before);
  const old = proofText(signProof({ ...proof, key: own.id }, own.privateKey));
  expect(problemOf(old)).toBe('other_key');
  expect(problemOf(old, `${pem}${earlier?.pem}`)).toBe('verifies');
});

test('C23: with any byte of the file changed, it is refused', () => {
  const bytes = Buffer.from(file);
  const passed: number[] = [];
  for (let at = 0; at < bytes.length; at += 1)
    for (const flip of [1, 2, 32]) {
      const changed = Buffer.from(bytes);
      changed[at] = (bytes[at] ?? 0) ^ flip;
      const text = changed.toString('utf8');
      if (text.trimEnd() !== file.trimEnd() && problemOf(text) === 'verifies') passed.push(at);
    }
  expect(passed).toEqual([]);
});

test.each<[string, string, string]>([
  ['another number of the proof', file.replace('"number": 12', '"number": 13'), 'signature_wrong'],
  ['another count', file.replace('"rowsAfter": 0', '"rowsAfter": 1'), 'signature_wrong'],
  ['another place in the log', file.replace('"entry": 120', '"entry": 12'), 'signature_wrong'],
  ['another request', file.replace('"request": "77"', '"request": "78"'), 'signature_wrong'],
  ['a table left out', file.replace(/"tables": \[[\s\S]*?\n {2}\]/, '"tables": []'), 'signature_wrong'],
  ['a member twice', file.replace('"number": 12,', '"number": 13,\n  "number": 12,'), 'not_as_written'],
  ['a member more', file.replace('"number": 12,', '"number": 12,\n  "note": "x",'), 'not_a_proof'],
  ['an escape for a letter', file.replace('"erasure"', '"\\u0065rasure"'), 'not_as_written'],
  ['the number as 1.2e1', file.replace('"number": 12', '"number": 1.2e1'), 'not_as_written'],
  ['no signature', file.replace(/,\n {2}"signature": "[^"]*"/, ''), 'not_a_proof'],
  ['an empty signature', file.replace(/"signature": "[^"]*"/, '"signature": ""'), 'not_a_proof'],
  ['spare bits of the signature', spareBits(), 'not_as_written'],
  ['a cut end', file.slice(0, -20), 'not_json'],
  ['something behind it', `${file}{}`, 'not_json'],
  ['an empty file', '', 'not_json'],
  ['a list', '[]', 'not_a_proof'],
  ['__proto__ in it', file.replace('"number": 12,', '"number": 12,\n  "__proto__": {},'), 'not_a_proof'],
])('C23: %s is refused', (_, text, problem) => {
  expect(text).not.toBe(file);
  expect(problemOf(text)).toBe(problem);
});

/** The last letter before the padding carries four bits that decode to nothing. */
function spareBits(): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const last = signed.signature.at(-3) ?? 'A';
  const other = letters[letters.indexOf(last) ^ 1] ?? 'B';
  return file.replace(signed.signature, `${signed.signature.slice(0, -3)}${other}==`);
}

test('C23: a proof re-signed by somebody else, or under a key that is none, is refused', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const forged = proofText(signProof(proof, privateKey));
  expect(problemOf(forged)).toBe('signature_wrong');
  expect(problemOf(file, publicKey.export({ format: 'pem', type: 'spki' }).toString())).toBe('other_key');
  expect(problemOf(file, 'no key at all')).toBe('key_unreadable');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
  expect(problemOf(file, rsa.export({ format: 'pem', type: 'spki' }).toString())).toBe('key_unreadable');
});

test('what is signed is RFC 8785 of everything but the signature, so that any tool can check it', () => {
  const bytes = signedBytes(signed);
  expect(bytes.toString().startsWith('{"act":"erasure","client":{"id":"horizon"')).toBe(true);
  expect(bytes.includes('signature')).toBe(false);
  expect(verify(null, bytes, createPublicKey(pem), Buffer.from(signed.signature, 'base64'))).toBe(true);
});

test('the public keys say nothing of the sealing key, and each sealing key has its own', () => {
  expect(publishedKeys(ring).map(({ inForce }) => inForce)).toEqual([true, false]);
  expect(current?.id).not.toBe(earlier?.id);
  expect(JSON.stringify(publishedKeys(ring))).not.toContain('PRIVATE');
  expect(pem).not.toContain(Buffer.alloc(32, 7).toString('base64').slice(0, 20));
});

describe('the page', () => {
  const page = proofPage(signed);
  test('C23, C59: it says what was done, for which request, names the officer and the mailbox', () => {
    for (const said of [
      'Preuve d’effacement',
      'Demande n° 77',
      'Maître Exemple',
      'droits@centre.example',
      'HZ-000001',
      'plus aucune valeur',
      '28 novembre 2026 à 11:00',
    ])
      expect(page).toContain(said);
  });
  test('what stands in the proof becomes no tag, and nothing is loaded from anywhere', () => {
    expect(page).toContain('Horizon &lt;Promotion&gt;');
    expect(page).not.toMatch(/<script|<img|<link|https?:\/\/|url\(|@import/);
  });
});
