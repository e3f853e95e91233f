// Tokens and sessions shared by processes: each of `process()` is one, with a memory of its own.
import { randomBytes } from 'node:crypto';
import type { Credential, CredentialNeed, Got, Obtained } from '../../connectors/contract.ts';
import { createCredentials } from '../../src/delivery/content/credentials.ts';
import { createKeyRing, type KeyRing } from '../../src/domain/key-ring.ts';
import { createLog, silentLog, type Log } from '../../src/log.ts';
import { rewrapCredentials } from '../../src/store/destinations/access-credentials.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
const masterKey = randomBytes(32);
const nameKey = randomBytes(32);
const process = (log: Log = silentLog, masterKeys: KeyRing = createKeyRing([masterKey])) =>
  createCredentials({ database: home.gateway, masterKeys, nameKey, log })('essai');

/** A token endpoint: counts, and answers as told. */
interface Endpoint {
  asked: number;
  atOnce: number;
  mostAtOnce: number;
  readonly refreshTokens: (string | undefined)[];
  answer: (count: number) => Got | Promise<Got>;
}
let endpoint: Endpoint;
const need = (over: Partial<CredentialNeed> = {}): CredentialNeed => ({
  gotWith: 'https://login.example/token app s3cret',
  longestMs: 2_000,
  get: async ({ refreshToken, refusals: _ }) => {
    endpoint.asked += 1;
    endpoint.atOnce += 1;
    endpoint.mostAtOnce = Math.max(endpoint.mostAtOnce, endpoint.atOnce);
    endpoint.refreshTokens.push(refreshToken);
    try {
      return await endpoint.answer(endpoint.asked);
    } finally {
      endpoint.atOnce -= 1;
    }
  },
  ...over,
});
const credentialOf = (obtained: Obtained): Credential => {
  if (!obtained.ok) throw new Error(JSON.stringify(obtained.outcome));
  return obtained.credential;
};
const slowly = async (got: Got): Promise<Got> => {
  await new Promise((done) => setTimeout(done, 300));
  return got;
};
const refused: Got = {
  ok: false,
  outcome: { kind: 'unauthorized', reason: 'LOGIN_HTTP_401' },
  againAfterMs: 'never',
};
const inDatabase = (): Promise<readonly { version: number; refusal: string; sealed: Buffer | null }[]> =>
  home.owner.all('SELECT version, refusal, sealed FROM access_credentials');

beforeAll(async () => {
  home = await openStoreHome();
});
afterAll(() => home.close());
beforeEach(async () => {
  await home.owner.run('DELETE FROM access_credentials');
  endpoint = {
    asked: 0,
    atOnce: 0,
    mostAtOnce: 0,
    refreshTokens: [],
    answer: (count) => slowly({ ok: true, token: `token-${count}`, livesMs: 3_600_000 }),
  };
});

test('twenty processes at once get one token, which is asked for once', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => process().obtain(need())));
  expect(new Set(all.map((obtained) => credentialOf(obtained).token))).toEqual(new Set(['token-1']));
  expect(endpoint.asked).toBe(1);
});

test('a process that has one asks neither endpoint nor MySQL for the next delivery', async () => {
  const own = process();
  await own.obtain(need());
  await home.owner.run('UPDATE access_credentials SET sealed = NULL, version = 99');
  expect(credentialOf(await own.obtain(need())).token).toBe('token-1');
  expect(endpoint.asked).toBe(1);
});

test('a refused one is got anew once, by one process, and goes to all of them', async () => {
  const all = Array.from({ length: 10 }, () => process());
  const first = await Promise.all(all.map((own) => own.obtain(need())));
  const second = await Promise.all(
    all.flatMap((own, index) =>
      [1, 2].map(() => own.obtain(need({ refused: credentialOf(first[index] as Obtained) }))),
    ),
  );
  expect(new Set(second.map((obtained) => credentialOf(obtained).token))).toEqual(new Set(['token-2']));
  expect(endpoint.asked).toBe(2);
});

test('renewed a little before its end: whoever sends meanwhile goes on with the old one', async () => {
  const [own, other] = [process(), process()];
  await own.obtain(need());
  await home.owner.run(
    'UPDATE access_credentials SET expires_at = TIMESTAMPADD(SECOND, 60, UTC_TIMESTAMP(3)), got_at = TIMESTAMPADD(SECOND, -3540, UTC_TIMESTAMP(3))',
  );
  let done = (_: Got): void => undefined;
  endpoint.answer = () => new Promise((resolve) => (done = resolve));
  const renewing = process().obtain(need());
  while (endpoint.asked < 2) await new Promise((next) => setTimeout(next, 10));
  expect(credentialOf(await other.obtain(need())).token).toBe('token-1');
  done({ ok: true, token: 'token-2', livesMs: 3_600_000 });
  expect(credentialOf(await renewing).token).toBe('token-2');
  expect(endpoint.asked).toBe(2);
});

test('a process that dies while it gets one holds the others up no longer than it could have taken', async () => {
  endpoint.answer = () => new Promise(() => undefined);
  void process().obtain(need({ longestMs: 1_000 }));
  while (endpoint.asked === 0) await new Promise((next) => setTimeout(next, 10));
  // A second that getting it may take, and four in which it may be late.
  expect(
    await home.owner.run(
      `UPDATE access_credentials SET get_until = TIMESTAMPADD(SECOND, -5, get_until)
        WHERE get_until <= TIMESTAMPADD(SECOND, 5, UTC_TIMESTAMP(3))`,
    ),
  ).toMatchObject({ affected: 1 });
  endpoint.answer = () => ({ ok: true, token: 'token-of-the-next' });
  expect(credentialOf(await process().obtain(need({ longestMs: 1_000 }))).token).toBe('token-of-the-next');
});

test('what a process got too late does not replace what another one got meanwhile', async () => {
  let late = (_: Got): void => undefined;
  endpoint.answer = () => new Promise((resolve) => (late = resolve));
  const frozen = process().obtain(need());
  while (endpoint.asked === 0) await new Promise((next) => setTimeout(next, 10));
  await home.owner.run(
    'UPDATE access_credentials SET get_until = TIMESTAMPADD(SECOND, -1, UTC_TIMESTAMP(3))',
  );
  endpoint.answer = () => ({ ok: true, token: 'newer' });
  await process().obtain(need());
  late({ ok: true, token: 'older' });
  expect(credentialOf(await frozen).token).toBe('newer');
  expect(credentialOf(await process().obtain(need())).token).toBe('newer');
});

test('a login that was refused is tried once by all processes together, and not again by itself', async () => {
  endpoint.answer = () => slowly(refused);
  const all = await Promise.all(Array.from({ length: 12 }, () => process().obtain(need())));
  const later = await process().obtain(need());
  for (const obtained of [...all, later])
    expect(obtained).toMatchObject({
      ok: false,
      outcome: { kind: 'unauthorized', reason: 'LOGIN_HTTP_401' },
    });
  expect(endpoint.asked).toBe(1);
});

test('after a refusal another secret is tried at once, and a person may try the same', async () => {
  endpoint.answer = () => refused;
  await process().obtain(need());
  endpoint.answer = (count) => ({ ok: true, token: `token-${count}` });
  expect(credentialOf(await process().obtain(need({ gotWith: 'another secret' }))).token).toBe('token-2');
  expect(await process().obtain(need())).toMatchObject({ ok: false });
  expect(credentialOf(await process().obtain(need({ anew: true }))).token).toBe('token-3');
  expect(credentialOf(await process().obtain(need())).token).toBe('token-3');
});

test('a refusal that may heal is asked about again after its time', async () => {
  endpoint.answer = () => ({ ...refused, againAfterMs: 300_000 });
  await process().obtain(need());
  await process().obtain(need());
  expect(endpoint.asked).toBe(1);
  await home.owner.run('UPDATE access_credentials SET again_at = UTC_TIMESTAMP(3)');
  endpoint.answer = () => ({ ok: true, token: 'healed' });
  expect(credentialOf(await process().obtain(need())).token).toBe('healed');
});

test('one that was refused serves nobody any more, even where no other can be got', async () => {
  const own = process();
  const first = credentialOf(await own.obtain(need()));
  endpoint.answer = () => ({
    ok: false,
    outcome: { kind: 'unavailable', reason: 'TOKEN_HTTP_503', maybeReceived: false },
  });
  expect(await own.obtain(need({ refused: first }))).toMatchObject({ ok: false });
  expect(await own.obtain(need())).toMatchObject({ outcome: { reason: 'TOKEN_HTTP_503' } });
  expect(await process().obtain(need())).toMatchObject({ outcome: { reason: 'TOKEN_HTTP_503' } });
});

test('an endpoint that is down is an outage: nothing is remembered, the next delivery asks again', async () => {
  endpoint.answer = () => ({
    ok: false,
    outcome: { kind: 'unavailable', reason: 'TOKEN_HTTP_503', maybeReceived: false },
  });
  expect(await process().obtain(need())).toMatchObject({ outcome: { reason: 'TOKEN_HTTP_503' } });
  endpoint.answer = () => ({ ok: true, token: 'back' });
  expect(credentialOf(await process().obtain(need())).token).toBe('back');
});

test('a renewal that fails takes nothing away while the old one lives', async () => {
  await process().obtain(need());
  await home.owner.run(
    'UPDATE access_credentials SET expires_at = TIMESTAMPADD(SECOND, 60, UTC_TIMESTAMP(3)), got_at = TIMESTAMPADD(SECOND, -3540, UTC_TIMESTAMP(3))',
  );
  endpoint.answer = () => ({
    ok: false,
    outcome: { kind: 'unauthorized', reason: 'TOKEN_INVALID_CLIENT' },
    againAfterMs: 300_000,
  });
  expect(credentialOf(await process().obtain(need())).token).toBe('token-1');
  expect(credentialOf(await process().obtain(need())).token).toBe('token-1');
  expect(endpoint.asked).toBe(2);
});

test('each use of a refresh token that gives a new one continues with that one, in every process', async () => {
  endpoint.answer = (count) => ({ ok: true, token: `token-${count}`, refreshToken: `refresh-${count}` });
  const first = credentialOf(await process().obtain(need()));
  const second = credentialOf(await process().obtain(need({ refused: first })));
  endpoint.answer = (count) => ({ ok: true, token: `token-${count}` });
  const third = credentialOf(await process().obtain(need({ refused: second })));
  await process().obtain(need({ refused: third }));
  expect(endpoint.refreshTokens).toEqual([undefined, 'refresh-1', 'refresh-2', 'refresh-2']);
});

test('nothing of it can be read in MySQL or in the log, and the key of the row says nothing of the secret', async () => {
  const lines: string[] = [];
  endpoint.answer = () => ({ ok: true, token: 'jeton-tres-secret', refreshToken: 'renouvellement-secret' });
  await process(createLog({ level: 'debug', stream: { write: (line) => void lines.push(line) } })).obtain(
    need(),
  );
  const dump = JSON.stringify(
    await home.owner.all(
      'SELECT HEX(name) AS name, client_id, HEX(sealed) AS sealed, refusal, getter FROM access_credentials',
    ),
  );
  for (const secret of ['jeton-tres-secret', 'renouvellement-secret', 's3cret']) {
    expect(dump.toLowerCase()).not.toContain(Buffer.from(secret).toString('hex'));
    expect(dump).not.toContain(secret);
    expect(lines.join()).not.toContain(secret);
  }
  expect(lines.join()).toContain('credential.got');
});

test('under another master key, and after a change of key, it is still readable', async () => {
  endpoint.answer = (count) => ({ ok: true, token: `token-${count}`, refreshToken: `refresh-${count}` });
  await process().obtain(need());
  const newKey = randomBytes(32);
  const both = createKeyRing([newKey, masterKey]);
  expect(credentialOf(await process(silentLog, both).obtain(need())).token).toBe('token-1');
  await expect(home.owner.transaction((tx) => rewrapCredentials(tx, both))).resolves.toEqual({
    changed: 1,
    unreadable: 0,
  });
  const alone = createKeyRing([newKey]);
  expect(credentialOf(await process(silentLog, alone).obtain(need())).token).toBe('token-1');
  expect(endpoint.asked).toBe(1);
});

test('two clients never share one, even with the same secret', async () => {
  await process().obtain(need());
  const log = silentLog;
  const other = createCredentials({
    database: home.gateway,
    masterKeys: createKeyRing([masterKey]),
    nameKey,
    log,
  });
  await other('voisin').obtain(need());
  expect(endpoint.asked).toBe(2);
  expect(await inDatabase()).toHaveLength(2);
});
