// Passwords, codes of an app, recovery codes, and how long somebody waits.
import { Secret, TOTP } from 'otpauth';
import { networkOf, signInLimits, waitMs, type Tries } from '../../src/access/limits.ts';
import {
  checkPassword,
  hashPassword,
  passwordProblem,
  enrolment,
  newRecoveryCodes,
  newSecret,
  recoveryDigest,
  stepOfCode,
} from '../../src/access/passwords.ts';

// A password is slow to judge on purpose.

describe('a password', () => {
  test('is kept as argon2id with its parameters, and no two alike', async () => {
    const [one, other] = [
      await hashPassword('une phrase assez longue'),
      await hashPassword('une phrase assez longue'),
    ];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(other);
    await expect(checkPassword('une phrase assez longue', one)).resolves.toEqual({
      isRight: true,
      isOutdated: false,
    });
    await expect(checkPassword('une phrase assez longuE', one)).resolves.toMatchObject({ isRight: false });
  });
  test('is the same however a keyboard spells its accents', async () => {
    const kept = await hashPassword('décembre à Tarascon');
    await expect(checkPassword('décembre à Tarascon'.normalize('NFD'), kept)).resolves.toMatchObject({
      isRight: true,
    });
  });
  test('of nobody is never right', async () => {
    await expect(checkPassword('', undefined)).resolves.toMatchObject({ isRight: false });
  });
  test('kept with other parameters is known as outdated', async () => {
    const kept = (await hashPassword('une phrase assez longue')).replace('t=2', 't=1');
    await expect(checkPassword('x', kept)).resolves.toMatchObject({ isOutdated: true });
  });
  test.each([
    ['trop court', /15 characters/],
    ['ababababababababab', /repeats/],
    ['zoe.martin-zoe.martin', /more than the login/],
    ['x'.repeat(257), /at most/],
  ])('%j is refused', (password, problem) => {
    const [french, english] = passwordProblem(password, 'zoe.martin') ?? [];
    expect(english).toMatch(problem);
    expect(french).toMatch(/^(?:Un|Ce) mot de passe /);
  });
  test('a sentence is taken', () => {
    expect(passwordProblem('le chat dort sous la table', 'zoe.martin')).toBeUndefined();
  });
});

describe('a code of the app', () => {
  const secret = newSecret();
  const totp = new TOTP({ secret: Secret.fromHex(secret.toString('hex')) });
  const now = Date.UTC(2026, 10, 28, 12, 0, 10);
  const codeAt = (timestamp: number): string => totp.generate({ timestamp });

  test('counts in its step and the one before and after', () => {
    const step = Math.floor(now / 30_000);
    expect(stepOfCode(secret, codeAt(now), { now, lastStep: 0 })).toBe(step);
    expect(stepOfCode(secret, codeAt(now - 30_000), { now, lastStep: 0 })).toBe(step - 1);
    expect(stepOfCode(secret, codeAt(now + 30_000), { now, lastStep: 0 })).toBe(step + 1);
    expect(stepOfCode(secret, codeAt(now - 90_000), { now, lastStep: 0 })).toBeUndefined();
  });
  test('counts once: neither it nor an earlier one after it', () => {
    const lastStep = Math.floor(now / 30_000);
    expect(stepOfCode(secret, codeAt(now), { now, lastStep })).toBeUndefined();
    expect(stepOfCode(secret, codeAt(now - 30_000), { now, lastStep })).toBeUndefined();
  });
  test.each(['', '12345', '1234567', 'abcdef', '１２３４５６'])('%j is none', (code) => {
    expect(stepOfCode(secret, code, { now, lastStep: 0 })).toBeUndefined();
  });
  test('the app is told whose it is', () => {
    const { address, typed } = enrolment(secret, 'zoe.martin');
    expect(address).toMatch(/^otpauth:\/\/totp\/Relais:zoe\.martin\?.*secret=[A-Z2-7]{32}/);
    expect(typed.replaceAll(' ', '')).toMatch(/^[A-Z2-7]{32}$/);
  });
});

test('recovery codes are ten different ones, and are known however they are typed', () => {
  const codes = newRecoveryCodes();
  expect(new Set(codes).size).toBe(10);
  const [code = ''] = codes;
  expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
  expect(recoveryDigest(` ${code.replaceAll('-', '').toLowerCase()} `)).toEqual(recoveryDigest(code));
  expect(recoveryDigest('O1L2-AAAA-AAAA-AAAA')).toEqual(recoveryDigest('0112-AAAA-AAAA-AAAA'));
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::7', '2001:db8:1:2::/64'],
  ['2001:DB8::', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('a visitor from %s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('who tries too often waits until the first of the tries is old, and at least a minute', () => {
  const none = { count: 0, oldestMs: 0 };
  const tries = (over: Partial<Tries>): Tries => ({ pair: none, login: none, address: none, ...over });
  const { most, withinMs } = signInLimits.pair;
  expect(waitMs(tries({ pair: { count: most, oldestMs: 1_000 } }))).toBe(0);
  expect(waitMs(tries({ pair: { count: most + 1, oldestMs: 60_000 } }))).toBe(withinMs - 60_000);
  expect(waitMs(tries({ pair: { count: most + 1, oldestMs: withinMs - 1 } }))).toBe(60_000);
  expect(waitMs(tries({ address: { count: signInLimits.address.most + 1, oldestMs: 0 } }))).toBe(
    signInLimits.address.withinMs,
  );
});
