// Session logins of the webhook against HTTPS servers: where the token is, and a password that is never tried in a loop.
import type { Login } from '../../connectors/access/settings.ts';
import { accessRig, json, type AccessRig } from './access-rig.ts';

let rig: AccessRig;
beforeAll(async () => {
  rig = await accessRig();
});
afterAll(() => rig.close());
beforeEach(() => {
  rig.forget();
  rig.got.length = 0;
  rig.crm.received.length = 0;
  rig.door.received.length = 0;
  rig.good.clear();
  Object.assign(rig.secrets, { USER: 'relais', PASSWORD: 'mot de passe é€' });
});

const login = (over: Partial<Login> = {}): { auth: { login: Login } } => ({
  auth: {
    login: {
      url: `https://localhost:${rig.door.port}/login`,
      json: { user: 'secret:USER', password: 'secret:PASSWORD' },
      token: { json: '$.token' },
      ...over,
    },
  },
});
const sent = (): string => rig.door.received[0]?.body.toString() ?? '';

describe('the session', () => {
  test('a token in a JSON answer, by a login in JSON with secrets at any depth', async () => {
    rig.good.add('Bearer seance-1');
    rig.door.answer = json(200, { result: { token: 'seance-1' } });
    const body = {
      jsonrpc: '2.0',
      params: { db: 'crm', login: 'secret:USER', list: ['secret:PASSWORD', 1, null] },
    };
    const settings = login({ json: body, token: { json: '$.result.token' } });
    expect(await rig.send(settings)).toMatchObject({ kind: 'accepted' });
    expect(JSON.parse(sent())).toEqual({
      jsonrpc: '2.0',
      params: { db: 'crm', login: 'relais', list: ['mot de passe é€', 1, null] },
    });
  });

  test('a cookie, by a login as a form; the last cookie of that name counts', async () => {
    rig.good.add('session_id=abc');
    rig.door.answer = json(
      200,
      {},
      {
        'set-cookie': [
          'session_id=; Max-Age=0',
          'lang=fr; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
          'session_id=abc; Path=/; HttpOnly',
        ],
      },
    );
    const { json: _, ...rest } = login().auth.login;
    const form = { login: 'secret:USER', password: 'secret:PASSWORD' };
    const settings = { auth: { login: { ...rest, form, token: { cookie: 'session_id' } } } };
    expect(await rig.send(settings)).toMatchObject({ kind: 'accepted' });
    expect(Object.fromEntries(new URLSearchParams(sent()))).toEqual({
      login: 'relais',
      password: 'mot de passe é€',
    });
    expect(rig.crm.received[0]?.headers.cookie).toBe('session_id=abc');
  });

  test('a header of the answer, by HTTP Basic; it travels where the file says', async () => {
    rig.good.add('seance-2');
    rig.door.answer = json(204, undefined, { 'x-session': 'seance-2' });
    const { json: _, ...rest } = login().auth.login;
    const basic = { user: 'secret:USER', password: 'secret:PASSWORD' };
    const token = { header: 'X-Session' };
    const settings = { auth: { login: { ...rest, basic, token, sendAs: { header: 'X-Auth-Token' } } } };
    expect(await rig.send(settings)).toMatchObject({ kind: 'accepted' });
    expect(rig.door.received[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('relais:mot de passe é€').toString('base64')}`,
    );
  });

  test('is opened once, and again when it is refused: the same delivery leaves with the new one', async () => {
    rig.door.answer = (request, response) =>
      json(200, { token: `seance-${rig.door.received.length}` })(request, response);
    rig.good.add('Bearer seance-1');
    await rig.send(login());
    await rig.send(login());
    expect(rig.door.received).toHaveLength(1);
    rig.good.clear();
    rig.good.add('Bearer seance-2');
    expect(await rig.send(login())).toMatchObject({ kind: 'accepted' });
    expect(rig.door.received).toHaveLength(2);
  });

  test('lasts as long as the file says', async () => {
    rig.good.add('Bearer s');
    rig.door.answer = json(200, { token: 's' });
    await rig.send(login({ lifetime: '20m' }));
    expect(rig.got).toMatchObject([{ ok: true, livesMs: 1_200_000 }]);
  });
});

describe('a login that gives no session', () => {
  const reasons = (): unknown[] =>
    rig.got.map((got) => (got.ok ? 'ok' : [(got.outcome as { reason: string }).reason, got.againAfterMs]));

  test.each([[401], [403], [400], [422]])(
    '%i is a plain no: held at once, not tried again by itself',
    async (status) => {
      rig.door.answer = json(status, { error: 'Zoe Martin' });
      expect(await rig.send(login())).toMatchObject({ kind: 'unauthorized', reason: `LOGIN_HTTP_${status}` });
      expect(reasons()).toEqual([[`LOGIN_HTTP_${status}`, 'never']]);
      expect(rig.crm.received).toEqual([]);
    },
  );

  test('an answer in doubt is asked about twice more, never five times', async () => {
    rig.door.answer = json(200, { error: 'OperationalError' });
    for (let tries = 0; tries < 3; tries += 1) await rig.send(login());
    expect(reasons()).toEqual([
      ['LOGIN_TOKEN_MISSING', 300_000],
      ['LOGIN_TOKEN_MISSING', 1_800_000],
      ['LOGIN_TOKEN_MISSING', 'never'],
    ]);
  });

  test('so is a page with 400: a CRM shows it before it has looked at the password, while its database is away', async () => {
    rig.door.answer = (_request, response) =>
      response.writeHead(400, { 'content-type': 'text/html; charset=utf-8' }).end('<h1>Bad Request</h1>');
    for (let tries = 0; tries < 3; tries += 1) await rig.send(login());
    expect(reasons()).toEqual([
      ['LOGIN_HTTP_400', 300_000],
      ['LOGIN_HTTP_400', 1_800_000],
      ['LOGIN_HTTP_400', 'never'],
    ]);
  });

  test('a cookie for everybody is no login where the file names a proof', async () => {
    const settings = login({ token: { cookie: 'session_id' }, proof: '$.result.uid' });
    rig.good.add('session_id=abc');
    rig.door.answer = json(200, { result: { uid: false } }, { 'set-cookie': 'session_id=abc' });
    expect(await rig.send(settings)).toMatchObject({ kind: 'unauthorized', reason: 'LOGIN_NOT_PROVED' });
    rig.forget();
    rig.door.answer = json(200, { result: { uid: 7 } }, { 'set-cookie': 'session_id=abc' });
    expect(await rig.send(settings)).toMatchObject({ kind: 'accepted' });
  });

  test('a redirect counts only where the file accepts it', async () => {
    const settings = login({ token: { cookie: 'sid' } });
    rig.good.add('sid=1');
    rig.door.answer = json(302, {}, { 'set-cookie': 'sid=1', location: '/home' });
    expect(await rig.send(settings)).toMatchObject({ kind: 'unauthorized', reason: 'LOGIN_HTTP_302' });
    rig.forget();
    expect(await rig.send(login({ token: { cookie: 'sid' }, accepted: [302] }))).toMatchObject({
      kind: 'accepted',
    });
  });

  test('an outage is an outage: 503, a busy server, a token no header can carry', async () => {
    rig.door.answer = json(503, {});
    expect(await rig.send(login())).toMatchObject({
      kind: 'unavailable',
      reason: 'LOGIN_HTTP_503',
      maybeReceived: false,
    });
    rig.door.answer = json(429, {});
    expect(await rig.send(login())).toMatchObject({ kind: 'throttled', reason: 'LOGIN_HTTP_429' });
    expect(reasons()).toEqual([
      ['LOGIN_HTTP_503', undefined],
      ['LOGIN_HTTP_429', undefined],
    ]);
    rig.door.answer = json(200, { token: 'a\nb' });
    expect(await rig.send(login())).toMatchObject({ kind: 'unauthorized', reason: 'LOGIN_TOKEN_MALFORMED' });
  });
});

test('a test of the destination logs in and says so', async () => {
  rig.door.answer = json(200, { token: 's' });
  expect(await rig.test(login())).toMatchObject({
    kind: 'accepted',
    tried: 'credentials',
    notes: [
      [
        'localhost a accepté la connexion et ouvert une session.',
        'localhost took the login and gave a session.',
      ],
    ],
  });
});
