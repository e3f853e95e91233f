// The signature of a callback, made by the library that recipients use.
import { Webhook } from 'standardwebhooks';
import { isSigned, toleranceMs } from '../../src/callbacks/verify.ts';

const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const other = `whsec_${Buffer.alloc(24, 8).toString('base64')}`;
const now = Date.parse('2026-11-26T10:00:00Z');
const text = '{"key":"dlv_1","state":"kept"}';

const signed = (at = now, by = secret) => {
  const signature = new Webhook(by).sign('msg_1', new Date(at), text);
  return { id: 'msg_1', timestamp: String(Math.floor(at / 1_000)), signature, body: Buffer.from(text) };
};

test('what the recipient signed is taken, with each of the secrets in force', () => {
  expect(isSigned(signed(), [secret], now)).toBe(true);
  expect(isSigned(signed(), [other, secret], now)).toBe(true);
  const two = { ...signed(), signature: `v1a,xx ${signed(now, other).signature} ${signed().signature}` };
  expect(isSigned(two, [secret], now)).toBe(true);
});

test.each([
  ['by another secret', signed(now, other), [secret]],
  ['with a changed body', { ...signed(), body: Buffer.from(text.replace('kept', 'lost')) }, [secret]],
  ['under another id', { ...signed(), id: 'msg_2' }, [secret]],
  ['without an id', { ...signed(), id: undefined }, [secret]],
  ['without a signature', { ...signed(), signature: undefined }, [secret]],
  ['of another version', { ...signed(), signature: signed().signature.replace('v1,', 'v2,') }, [secret]],
  ['too old', signed(now - toleranceMs - 1_000), [secret]],
  ['from a clock too far ahead', signed(now + toleranceMs + 1_000), [secret]],
  ['at no time', { ...signed(), timestamp: '2026-11-26' }, [secret]],
  ['while no secret is given', signed(), []],
  ['with a secret that is too short', signed(now, 'whsec_c2hvcnQ='), ['whsec_c2hvcnQ=']],
])('one %s is not', (_what, callback, secrets) => {
  expect(isSigned(callback, secrets, now)).toBe(false);
});
