// Signing in against a real database: over all processes, with crossings, and with every change in the log.
import { TOTP, Secret } from 'otpauth';
import { randomBytes } from 'node:crypto';
import {
  accounts,
  changeRoles,
  closeAccount,
  createAccount,
  resetAccount,
  setPasswordWithCode,
} from '../../src/access/accounts.ts';
import type { Role } from '../../src/access/permissions.ts';
import type { AccessPlace } from '../../src/access/place.ts';
import {
  endOtherSessions,
  endOwnSession,
  ownSessions,
  sessionOfToken,
  signOut,
  type Session,
} from '../../src/access/sessions.ts';
import {
  beginEnrolment,
  confirmFactor,
  finishEnrolment,
  knownBrowser,
  signIn,
  type SignedIn,
} from '../../src/access/sign-in.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

const password = 'le chat dort sous la table';
let home: StoreHome;
let place: AccessPlace;
let named = 0;

beforeAll(async () => {
  home = await openStoreHome();
  place = { database: home.gateway, factorKey: randomBytes(32), tryKey: randomBytes(32) };
  // The last administrator of the installation, who stays out of the tests.
  await createAccount(place, { login: 'root.admin', roles: ['admin'] }, 'tester');
});
afterAll(() => home.close());

const from = (address = `192.0.2.${(named += 1) % 250}`) => ({ address, agent: 'Firefox' });

async function account(...roles: readonly Role[]): Promise<string> {
  const login = `person-${(named += 1)}`;
  const clientId = roles.includes('viewer') ? { clientId: 'essai' } : {};
  const { setupCode } = await createAccount(place, { login, roles, ...clientId }, 'tester');
  await setPasswordWithCode(place, setupCode, password);
  return login;
}
const tokenOf = (signed: SignedIn): string => {
  if (signed.kind !== 'signed_in') throw new Error(`not signed in: ${signed.kind}`);
  return signed.token;
};
async function sessionOf(token: string): Promise<Session> {
  const session = await sessionOfToken(place, token);
  if (session === undefined) throw new Error('no session');
  return session;
}
/** A session with a second factor set up, and what makes its codes. */
async function enrolled(
  login: string,
): Promise<{ totp: TOTP; recoveryCodes: readonly string[]; token: string }> {
  const token = tokenOf(await signIn(place, { login, password }, from()));
  const { typed } = await beginEnrolment(place, await sessionOf(token), token);
  const totp = new TOTP({ secret: Secret.fromBase32(typed.replaceAll(' ', '')) });
  const done = await finishEnrolment(place, await sessionOf(token), { token, code: totp.generate() }, from());
  if (done === undefined) throw new Error('the code was refused');
  return { totp, recoveryCodes: done.recoveryCodes, token: done.token };
}
const entries = async (login: string): Promise<readonly string[]> => {
  const id = (await accounts(place)).find((row) => row.login === login)?.id;
  const rows = await home.owner.all<{ entry: string; reason: string | null }>(
    'SELECT entry, reason FROM handovers WHERE actor = ? OR target = ? ORDER BY id',
    [`account:${id}`, `account:${id}`],
  );
  return rows.map(({ entry, reason }) => [entry, reason].filter(Boolean).join(' '));
};

test('support signs in by password, is known by the cookie, and is gone after signing out', async () => {
  const login = await account('support');
  const token = tokenOf(await signIn(place, { login: ` ${login.toUpperCase()} `, password }, from()));
  const session = await sessionOf(token);
  expect(session).toMatchObject({ stage: 'full', account: { login, roles: ['support'] } });
  await signOut(place, session.account.id, token);
  await expect(sessionOfToken(place, token)).resolves.toBeUndefined();
  await expect(entries(login)).resolves.toEqual([
    'account_changed CREATED',
    'account_changed PASSWORD',
    'signed_in',
    'signed_out SIGNED_OUT',
  ]);
});

test('a wrong password, a login nobody has and an ended account are answered alike', async () => {
  const login = await account('support');
  const ended = await account('support');
  await closeAccount(place, ended, 'tester');
  for (const given of [
    { login, password: 'le chien dort sous la table' },
    { login: 'nobody.here', password },
    { login: ended, password },
    { login: '', password: '' },
  ])
    await expect(signIn(place, given, from())).resolves.toEqual({ kind: 'refused' });
  expect((await entries(login)).at(-1)).toBe('sign_in_refused PASSWORD');
});

test('C38: an administrator comes no further than setting up a second factor, then needs it each time', async () => {
  const login = await account('admin');
  const halfway = await signIn(place, { login, password }, from());
  expect(halfway).toMatchObject({ stage: 'enrol' });
  const { totp, token } = await enrolled(login);
  await expect(sessionOf(token)).resolves.toMatchObject({ stage: 'full' });
  const next = await signIn(place, { login, password }, from());
  expect(next).toMatchObject({ stage: 'factor' });
  const given = { token: tokenOf(next), code: totp.generate({ timestamp: Date.now() + 30_000 }) };
  const session = await sessionOf(given.token);
  await expect(confirmFactor(place, session, { ...given, code: '000000' }, from())).resolves.toEqual({
    kind: 'refused',
  });
  const whole = await confirmFactor(place, session, given, from());
  expect(whole).toMatchObject({ kind: 'signed_in', stage: 'full' });
  // The halfway token opens nothing any more, and the code is worth nothing to who read it over a shoulder.
  await expect(sessionOfToken(place, given.token)).resolves.toBeUndefined();
  const again = tokenOf(await signIn(place, { login, password }, from()));
  await expect(
    confirmFactor(place, await sessionOf(again), { token: again, code: given.code }, from()),
  ).resolves.toEqual({ kind: 'refused' });
});

test('of ten who show one code at once, one comes in', async () => {
  const login = await account('dpo');
  const { totp } = await enrolled(login);
  const code = totp.generate({ timestamp: Date.now() + 30_000 });
  const tokens = await Promise.all(
    [1, 2, 3, 4, 5].map(async () => tokenOf(await signIn(place, { login, password }, from()))),
  );
  const sessions = await Promise.all(tokens.map(sessionOf));
  const outcomes = await Promise.all(
    tokens.map((token, index) => confirmFactor(place, sessions[index] as Session, { token, code }, from())),
  );
  expect(outcomes.filter(({ kind }) => kind === 'signed_in')).toHaveLength(1);
});

test('a recovery code opens one sign-in', async () => {
  const login = await account('dpo');
  const { recoveryCodes } = await enrolled(login);
  const use = async (): Promise<SignedIn> => {
    const token = tokenOf(await signIn(place, { login, password }, from()));
    return confirmFactor(place, await sessionOf(token), { token, code: recoveryCodes[0] ?? '' }, from());
  };
  await expect(use()).resolves.toMatchObject({ kind: 'signed_in' });
  await expect(use()).resolves.toEqual({ kind: 'refused' });
});

test('of a hundred guesses at once at most five are judged, and whose login it is comes in from elsewhere', async () => {
  const login = await account('support');
  const caller = from('198.51.100.7');
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      signIn(place, { login, password: `guess number ${index}` }, caller),
    ),
  );
  expect(outcomes.filter(({ kind }) => kind === 'refused').length).toBeLessThanOrEqual(5);
  for (let index = 0; index < 5; index += 1) await signIn(place, { login, password: 'a wrong one' }, caller);
  await expect(signIn(place, { login, password }, caller)).resolves.toMatchObject({ kind: 'wait' });
  // Not its person, at another place.
  await expect(signIn(place, { login, password }, from())).resolves.toMatchObject({ kind: 'signed_in' });
});

test('strangers who guess at a login from everywhere do not lock its person out of a browser they have signed in with', async () => {
  const login = await account('support');
  for (let index = 0; index < 35; index += 1)
    await signIn(place, { login, password: 'a wrong one' }, from(`198.51.100.${index}`));
  await expect(signIn(place, { login, password }, from())).resolves.toMatchObject({ kind: 'wait' });
  const known = knownBrowser(place, login);
  // What is another's, or made up, is worth nothing.
  for (const other of [knownBrowser(place, 'somebody'), '', known.slice(1)])
    await expect(signIn(place, { login, password, known: other }, from())).resolves.toMatchObject({
      kind: 'wait',
    });
  await expect(signIn(place, { login, password, known }, from())).resolves.toMatchObject({
    kind: 'signed_in',
  });
  // Nor does it give more tries from one place.
  const outcomes = [];
  for (let index = 0; index < 7; index += 1)
    outcomes.push((await signIn(place, { login, password: 'a wrong one', known }, from('203.0.113.8'))).kind);
  expect(outcomes.slice(5)).toEqual(['wait', 'wait']);
});

test('a person who loses a role, the password or the account loses the sessions at once', async () => {
  const login = await account('support', 'integrator');
  const fresh = async (): Promise<string> => tokenOf(await signIn(place, { login, password }, from()));
  const one = await fresh();
  await changeRoles(place, login, ['support'], 'tester');
  await expect(sessionOfToken(place, one)).resolves.toBeUndefined();
  const two = await fresh();
  const code = await resetAccount(place, login, 'tester');
  await expect(sessionOfToken(place, two)).resolves.toBeUndefined();
  await expect(signIn(place, { login, password }, from())).resolves.toEqual({ kind: 'refused' });
  await setPasswordWithCode(place, code, password);
  await expect(setPasswordWithCode(place, code, password)).rejects.toThrow(/was used/);
  const three = await fresh();
  await closeAccount(place, login, 'tester');
  await expect(sessionOfToken(place, three)).resolves.toBeUndefined();
});

test('one ends one’s own sessions elsewhere, and nobody else’s', async () => {
  const [mine, theirs] = [await account('support'), await account('support')];
  const here = tokenOf(await signIn(place, { login: mine, password }, from()));
  const elsewhere = tokenOf(await signIn(place, { login: mine, password }, from()));
  const other = tokenOf(await signIn(place, { login: theirs, password }, from()));
  const { account: me } = await sessionOf(here);
  await expect(ownSessions(place, me.id)).resolves.toHaveLength(2);
  await expect(endOwnSession(place, me.id, (await sessionOf(other)).row.id)).resolves.toBe(false);
  await expect(endOtherSessions(place, me.id, here)).resolves.toBe(1);
  await expect(sessionOfToken(place, elsewhere)).resolves.toBeUndefined();
  await expect(sessionOf(other)).resolves.toBeDefined();
});

test('a session ends after half an hour without a request, and after twelve hours in all', async () => {
  const login = await account('support');
  const begin = async (): Promise<string> => tokenOf(await signIn(place, { login, password }, from()));
  const age = (column: string, minutes: number): Promise<unknown> =>
    home.owner.run(
      `UPDATE sessions SET ${column} = TIMESTAMPADD(MINUTE, ?, ${column}) ORDER BY id DESC LIMIT 1`,
      [-minutes],
    );
  const idle = await begin();
  await age('seen_at', 29);
  await expect(sessionOf(idle)).resolves.toBeDefined();
  await age('seen_at', 31);
  await expect(sessionOfToken(place, idle)).resolves.toBeUndefined();
  const long = await begin();
  await age('ends_at', 12 * 60 + 1);
  await expect(sessionOfToken(place, long)).resolves.toBeUndefined();
});

test('the last administrator can neither end nor lose the role', async () => {
  await home.owner.run("UPDATE accounts SET ended_at = UTC_TIMESTAMP(3) WHERE login <> 'root.admin'");
  await expect(closeAccount(place, 'root.admin', 'tester')).rejects.toThrow(/last administrator/);
  await expect(changeRoles(place, 'root.admin', ['support'], 'tester')).rejects.toThrow(/last administrator/);
});

test.each([
  [{ login: 'x', roles: ['support'] as const }, /3 to 190/],
  [{ login: 'root.admin', roles: ['support'] as const }, /taken/],
  [{ login: 'some.one', roles: ['viewer'] as const, clientId: 'nobody' }, /No client is called nobody/],
])('an account is refused: %j', async (asked, problem) => {
  await expect(createAccount(place, asked, 'tester')).rejects.toThrow(problem);
});
