// What somebody changes while a sign-in is under way: it ends the sessions that are there, and must not miss the one that is not yet.
import { Secret, TOTP } from 'otpauth';
import { randomBytes } from 'node:crypto';
import {
  accounts,
  changeRoles,
  closeAccount,
  createAccount,
  resetAccount,
  setPasswordWithCode,
} from '../../src/access/accounts.ts';
import { createApiKey } from '../../src/access/api-keys.ts';
import { linkIdentity, signInAs } from '../../src/access/oidc.ts';
import type { Role } from '../../src/access/permissions.ts';
import type { AccessPlace } from '../../src/access/place.ts';
import { begin, forget, keep, requestKey } from '../../src/access/request-keys.ts';
import { sessionOfToken, type Session } from '../../src/access/sessions.ts';
import {
  beginEnrolment,
  confirmFactor,
  finishEnrolment,
  signIn,
  type SignedIn,
} from '../../src/access/sign-in.ts';
import { crossed } from '../support/crossed.ts';
import { crossing } from '../store/crossing.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

const password = 'le chat dort sous la table';
let home: StoreHome;
let place: AccessPlace;
let named = 0;
beforeAll(async () => {
  home = await openStoreHome();
  place = { database: home.gateway, factorKey: randomBytes(32), tryKey: randomBytes(32) };
});
afterAll(() => home.close());

const from = () => ({ address: `192.0.2.${(named += 1) % 250}`, agent: 'Firefox' });
async function account(...roles: readonly Role[]): Promise<string> {
  const login = `person-${(named += 1)}`;
  const { setupCode } = await createAccount(place, { login, roles }, 'tester');
  await setPasswordWithCode(place, setupCode, password);
  return login;
}
/** The place of somebody whose first transaction begins after another has done something. */
const after = (meanwhile: () => Promise<unknown>): AccessPlace => ({
  ...place,
  database: crossed(place.database, meanwhile),
});
const sessionsOf = async (login: string): Promise<readonly { stage: string }[]> =>
  home.owner.all('SELECT s.stage FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE a.login = ?', [
    login,
  ]);
const tokenOf = (signed: SignedIn): string => (signed.kind === 'signed_in' ? signed.token : '');
async function sessionOf(token: string): Promise<Session> {
  const session = await sessionOfToken(place, token);
  if (session === undefined) throw new Error('no session');
  return session;
}

test.each([
  ['reset', (login: string) => resetAccount(place, login, 'tester')],
  ['ended', (login: string) => closeAccount(place, login, 'tester')],
  [
    'given a role that needs a second factor',
    (login: string) => changeRoles(place, login, ['dpo'], 'tester'),
  ],
] as const)(
  'C38: an account that is %s while its password is looked at has no session afterwards',
  async (_, change) => {
    const login = await account('support');
    const signed = await signIn(
      after(() => change(login)),
      { login, password },
      from(),
    );
    expect([signed, await sessionsOf(login)]).toEqual([{ kind: 'refused' }, []]);
  },
);

test('an identity that is taken away while its person comes back from the provider opens nothing', async () => {
  const login = await account('support');
  const identity = { issuer: 'https://login.centre.example', subject: 'sujet-1' };
  await linkIdentity(place, { login, ...identity }, 'tester');
  const proved = { ...identity, hasSecondFactor: true };
  const unlink = () => linkIdentity(place, { login, ...identity, subject: '' }, 'tester');
  expect(await signInAs(after(unlink), proved, from())).toEqual({ kind: 'refused' });
  expect(await sessionsOf(login)).toEqual([]);
});

test('C38: who knows the password cannot put a second factor beside the one its person has set up meanwhile', async () => {
  const login = await account('dpo');
  const enrolling = async (): Promise<{ token: string; totp: TOTP }> => {
    const token = tokenOf(await signIn(place, { login, password }, from()));
    const { typed } = await beginEnrolment(place, await sessionOf(token), token);
    return { token, totp: new TOTP({ secret: Secret.fromBase32(typed.replaceAll(' ', '')) }) };
  };
  const [thief, person] = [await enrolling(), await enrolling()];
  const finished = async ({ token, totp }: typeof thief, steps: number) =>
    finishEnrolment(
      place,
      await sessionOf(token),
      { token, code: totp.generate({ timestamp: Date.now() + steps * 30_000 }) },
      from(),
    );
  expect(await finished(person, -1)).toBeDefined();
  expect(await finished(thief, 0)).toBeUndefined();
  const next = tokenOf(await signIn(place, { login, password }, from()));
  const shown = { token: next, code: thief.totp.generate({ timestamp: Date.now() + 30_000 }) };
  expect(await confirmFactor(place, await sessionOf(next), shown, from())).toEqual({ kind: 'refused' });
  const own = { token: next, code: person.totp.generate({ timestamp: Date.now() + 30_000 }) };
  expect(await confirmFactor(place, await sessionOf(next), own, from())).toMatchObject({ kind: 'signed_in' });
});

test('of two administrators who end each other at once one stays', async () => {
  const places = [place, { ...place, database: home.another() }] as const;
  let stays = await account('admin');
  for (let round = 0; round < 10; round += 1) {
    const other = await account('admin');
    const ended = await Promise.allSettled([
      closeAccount(places[0], stays, 'tester'),
      closeAccount(places[1], other, 'tester'),
    ]);
    const left = (await accounts(place)).filter(
      ({ roles, endedAt }) => roles.includes('admin') && endedAt === undefined,
    );
    expect([round, ended.filter(({ status }) => status === 'fulfilled').length, left.length]).toEqual([
      round,
      1,
      1,
    ]);
    stays = left[0]?.login ?? '';
  }
});

test.each([
  [
    'an account',
    () => createAccount(place, { login: 'client.tardif', roles: ['viewer'], clientId: 'essai' }, 'tester'),
  ],
  [
    'a key',
    () =>
      createApiKey(
        place,
        { name: 'tardive', scopes: ['delivery.read'], clientId: 'essai', addresses: [], days: 1 },
        'tester',
      ),
  ],
] as const)('C55: %s that is made while the contract of its client ends is not made', async (_, make) => {
  const [made] = await crossing<unknown>(
    home.owner,
    (tx) => tx.run("UPDATE clients SET closed_at = UTC_TIMESTAMP(3) WHERE id = 'essai'"),
    [make],
  );
  await home.owner.run("UPDATE clients SET closed_at = NULL WHERE id = 'essai'");
  expect(made).toMatchObject({ status: 'rejected', reason: { code: 'ACCESS-001' } });
});

test('what one request came to is never the answer of another that came under its key since', async () => {
  const [first, other] = ['{"reason":"ticket 1"}', '{"reason":"ticket 2"}'].map((body) =>
    requestKey(place, 'key:1', 'ticket', body),
  ) as [ReturnType<typeof requestKey>, ReturnType<typeof requestKey>];
  const kind = async (key: typeof first): Promise<string> => (await begin(place, key)).kind;
  // Its process is thought dead, and another takes it over; then the first fails after all, and a new request takes the key.
  const taken = [await kind(first)];
  await home.owner.run('UPDATE idempotency_keys SET begun_at = TIMESTAMPADD(SECOND, -61, begun_at)');
  taken.push(await kind(first), String(await forget(place, first)), await kind(other));
  expect(taken).toEqual(['new', 'new', 'true', 'new']);
  expect(await keep(place, first, 200, '{"done":"ticket 1"}')).toBe(false);
  expect(await kind(other)).toBe('under_way');
  expect(await forget(place, first)).toBe(false);
  expect(await keep(place, other, 200, '{"done":"ticket 2"}')).toBe(true);
});
