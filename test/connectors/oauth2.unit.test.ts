// OAuth2 of the webhook against HTTPS servers: what is asked, what is made of the answers, and hostile token endpoints.
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OAuth2Server } from 'oauth2-mock-server';
import type { OAuth2 } from '../../connectors/access/settings.ts';
import { accessRig, json, type AccessRig } from './access-rig.ts';
import { certificateFor } from './servers/certificate.ts';
import { startHttpRecipient } from './servers/http.ts';

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
  rig.good.add('Bearer jeton-1');
  Object.assign(rig.secrets, {
    ID: 'relais-app',
    SECRET: 'secret-de-lapplication',
    REFRESH: 'renouvellement-0',
  });
  rig.door.answer = json(200, { access_token: 'jeton-1', token_type: 'Bearer', expires_in: 3600 });
});

const oauth2 = (over: Partial<OAuth2> = {}): { auth: { oauth2: OAuth2 } } => ({
  auth: {
    oauth2: {
      grant: 'client_credentials',
      tokenUrl: `https://localhost:${rig.door.port}/oauth/token`,
      clientId: 'secret:ID',
      clientSecret: 'secret:SECRET',
      ...over,
    },
  },
});
const asked = (index = 0): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(rig.door.received[index]?.body.toString()));

describe('the request', () => {
  test('client credentials in the body, with scope, audience and further parameters; the lead leaves with the token', async () => {
    const settings = oauth2({
      scope: 'leads:write',
      audience: 'https://api.example',
      params: { tenant: 't1' },
    });
    expect(await rig.send(settings)).toMatchObject({ kind: 'accepted' });
    expect(asked()).toEqual({
      grant_type: 'client_credentials',
      client_id: 'relais-app',
      client_secret: 'secret-de-lapplication',
      scope: 'leads:write',
      audience: 'https://api.example',
      tenant: 't1',
    });
    expect(rig.door.received[0]?.headers['user-agent']).toBe('Relais/1');
    expect(rig.crm.received[0]?.headers.authorization).toBe('Bearer jeton-1');
  });

  test('as JSON, for an endpoint that reads no form', async () => {
    expect(
      await rig.send(oauth2({ requestAs: 'json', audience: 'https://api.example/leads/v1' })),
    ).toMatchObject({ kind: 'accepted' });
    const [request] = rig.door.received;
    expect(request?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(request?.body.toString() ?? '')).toEqual({
      grant_type: 'client_credentials',
      client_id: 'relais-app',
      client_secret: 'secret-de-lapplication',
      audience: 'https://api.example/leads/v1',
    });
  });

  test('client credentials as HTTP Basic', async () => {
    await rig.send(oauth2({ clientAuth: 'client_secret_basic', clientId: 'appli' }));
    const [, encoded = ''] = (rig.door.received[0]?.headers.authorization ?? '').split(' ');
    const [user, password = ''] = Buffer.from(encoded, 'base64').toString().split(':');
    expect([user, decodeURIComponent(password)]).toEqual(['appli', 'secret-de-lapplication']);
    expect(asked()).toEqual({ grant_type: 'client_credentials' });
  });

  test('a refresh token that changes with each use: the next request has the last one given', async () => {
    const settings = oauth2({ grant: 'refresh_token', refreshToken: 'secret:REFRESH' });
    rig.good.clear();
    rig.door.answer = (request, response) =>
      json(200, { access_token: `jeton-${rig.door.received.length}`, refresh_token: 'renouvellement-1' })(
        request,
        response,
      );
    rig.good.add('Bearer jeton-2');
    expect(await rig.send(settings)).toMatchObject({ kind: 'accepted' });
    expect([asked(0)['refresh_token'], asked(1)['refresh_token']]).toEqual([
      'renouvellement-0',
      'renouvellement-1',
    ]);
  });

  test('a signed statement, verified with its public key, and no secret beside it', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    rig.secrets['KEY'] = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
    const { clientSecret: _, ...settings } = oauth2({
      grant: 'jwt_bearer',
      assertion: {
        key: 'secret:KEY',
        keyId: 'k1',
        subject: 'relais@horizon.example',
        audience: 'https://login.example',
        claims: { scope: 'leads' },
      },
    }).auth.oauth2;
    expect(await rig.send({ auth: { oauth2: settings } })).toMatchObject({ kind: 'accepted' });
    expect(Object.keys(asked()).toSorted()).toEqual(['assertion', 'grant_type']);
    const [head = '', body = '', signature = ''] = (asked()['assertion'] ?? '').split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({
      alg: 'RS256',
      typ: 'JWT',
      kid: 'k1',
    });
    const now = Date.parse('2026-11-20T12:00:00Z') / 1_000;
    expect(JSON.parse(Buffer.from(body, 'base64url').toString())).toEqual({
      scope: 'leads',
      iss: 'relais-app',
      sub: 'relais@horizon.example',
      aud: 'https://login.example',
      iat: now,
      exp: now + 180,
    });
    const isOurs = verify(
      'sha256',
      Buffer.from(`${head}.${body}`),
      createPublicKey(publicKey.export({ type: 'spki', format: 'pem' })),
      Buffer.from(signature, 'base64url'),
    );
    expect(isOurs).toBe(true);
  });

  test('the token travels in the header, and behind the word, the file names', async () => {
    rig.good.add('Zoho-oauthtoken jeton-1');
    const settings = oauth2({ sendAs: { header: 'X-Auth-Token', prefix: 'Zoho-oauthtoken' } });
    expect(await rig.send(settings)).toMatchObject({ kind: 'accepted' });
    expect(rig.crm.received[0]?.headers.authorization).toBeUndefined();
  });
});

describe('a token that the recipient refuses', () => {
  test('is thrown away and got anew once, and the same delivery leaves again with the new one', async () => {
    expect(await rig.send(oauth2())).toMatchObject({ kind: 'accepted' });
    rig.good.clear();
    rig.good.add('Bearer jeton-2');
    rig.door.answer = json(200, { access_token: 'jeton-2', token_type: 'Bearer' });
    expect(await rig.send(oauth2())).toMatchObject({ kind: 'accepted' });
    expect(rig.door.received).toHaveLength(2);
    expect(rig.crm.received.map((request) => request.headers['idempotency-key'])).toEqual([
      'dlv_7f3a',
      'dlv_7f3a',
      'dlv_7f3a',
    ]);
  });

  test('a second refusal is the outcome, and no third token is asked for', async () => {
    rig.good.clear();
    expect(await rig.send(oauth2())).toMatchObject({ kind: 'unauthorized', reason: 'HTTP_401' });
    expect([rig.door.received.length, rig.crm.received.length]).toEqual([2, 2]);
  });

  test('and cannot be renewed: the outcome says that a request had left', async () => {
    await rig.send(oauth2());
    rig.good.clear();
    rig.door.answer = json(503, {});
    expect(await rig.send(oauth2())).toMatchObject({
      kind: 'unavailable',
      reason: 'RENEWAL_TOKEN_HTTP_503',
      maybeReceived: false,
    });
  });

  test('an answer that is no refusal of the token leaves it alone', async () => {
    rig.crm.answer = json(422, { error: 'phone' });
    await rig.send(oauth2());
    expect([rig.door.received.length, rig.crm.received.length]).toEqual([1, 1]);
    rig.crm.answer = (request, response) =>
      json(201, { success: request.headers.authorization === 'Bearer jeton-1' })(request, response);
  });
});

describe('the endpoint', () => {
  test.each([
    ['says 503', json(503, {}), { kind: 'unavailable', reason: 'TOKEN_HTTP_503', maybeReceived: false }],
    ['says 500 with a page', json(500, '<html>'), { kind: 'unavailable', reason: 'TOKEN_HTTP_500' }],
    [
      'is too busy',
      json(429, {}, { 'retry-after': '7' }),
      { kind: 'throttled', reason: 'TOKEN_HTTP_429', afterMs: 7_000 },
    ],
    [
      'knows no such client',
      json(401, { error: 'invalid_client' }),
      { kind: 'unauthorized', reason: 'TOKEN_INVALID_CLIENT' },
    ],
    [
      'takes the grant back',
      json(400, { error: 'invalid_grant', error_description: 'Zoe Martin' }),
      { kind: 'unauthorized', reason: 'TOKEN_INVALID_GRANT' },
    ],
    [
      'tells an error with status 200',
      json(200, { error: 'invalid_client' }),
      { kind: 'unauthorized', reason: 'TOKEN_INVALID_CLIENT' },
    ],
    [
      'has a word of its own',
      json(400, { error: 'zoe.martin@courriel.example' }),
      { kind: 'unauthorized', reason: 'TOKEN_REFUSED' },
    ],
    [
      'is busy for a while',
      json(400, { error: 'temporarily_unavailable' }),
      { kind: 'unavailable', reason: 'TOKEN_TEMPORARILY_UNAVAILABLE' },
    ],
    [
      'had a fault of its own (Salesforce)',
      json(400, { error: 'unknown_error', error_description: 'retry your request' }),
      { kind: 'unavailable', reason: 'TOKEN_UNKNOWN_ERROR' },
    ],
    [
      'was asked too often, and calls it a refusal (Zoho)',
      json(400, {
        error: 'Access Denied',
        error_description: 'You have made too many requests continuously. Please try again after some time.',
        status: 'failure',
      }),
      { kind: 'throttled', reason: 'TOKEN_TOO_MANY_REQUESTS', afterMs: 60_000 },
    ],
    [
      'was asked too often, and calls it a wrong grant (Salesforce)',
      json(400, { error: 'invalid_grant', error_description: 'login rate exceeded' }),
      { kind: 'throttled', reason: 'TOKEN_TOO_MANY_REQUESTS', afterMs: 60_000 },
    ],
    [
      'has moved',
      json(302, {}, { location: 'http://169.254.169.254/latest' }),
      { kind: 'unauthorized', reason: 'TOKEN_HTTP_302' },
    ],
    [
      'gives a page',
      json(200, '<html>Bonjour</html>'),
      { kind: 'unauthorized', reason: 'TOKEN_ANSWER_UNREADABLE' },
    ],
    [
      'gives a token with a line break',
      json(200, { access_token: 'a\r\nx-evil: 1', token_type: 'Bearer' }),
      { kind: 'unauthorized', reason: 'TOKEN_MALFORMED' },
    ],
    [
      'gives a token that is a list',
      json(200, { access_token: ['a'] }),
      { kind: 'unauthorized', reason: 'TOKEN_ANSWER_UNREADABLE' },
    ],
  ] as const)('%s', async (_name, answer, expected) => {
    rig.door.answer = answer;
    const outcome = await rig.send(oauth2());
    expect(outcome).toMatchObject(expected);
    expect(rig.crm.received).toEqual([]);
    expect(JSON.stringify(outcome)).not.toMatch(/Martin|secret|jeton|evil/i);
  });

  test('a refusal is not asked about again for a while, an outage is', async () => {
    rig.door.answer = json(401, { error: 'invalid_client' });
    await rig.send(oauth2());
    rig.door.answer = json(503, {});
    await rig.send(oauth2());
    expect(rig.got.map((got) => (got.ok ? 'ok' : got.againAfterMs))).toEqual([300_000, undefined]);
  });

  test.each([
    ['a page of a CRM whose database is away', json(400, '<html>Échec de la base de données</html>')],
    ['an error in the words of something else', json(400, { errors: { status: 400, title: null } })],
    ['a framework that does not know the address', json(404, { statusCode: 404, error: 'Not Found' })],
    ['a page of maintenance', json(200, '<html>Maintenance</html>')],
    ['a token that is none', json(200, { access_token: 'a b', token_type: 'Bearer' })],
  ])('%s is no refusal of ours: it is asked about soon, then less often', async (_name, answer) => {
    rig.door.answer = answer;
    for (let tries = 0; tries < 8; tries += 1) await rig.send(oauth2());
    expect(rig.got.map((got) => (got.ok ? 'ok' : got.againAfterMs))).toEqual(
      [5, 10, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * 1_000),
    );
  });

  test('an answer without end is cut, one that never comes is not waited for', async () => {
    rig.door.answer = (_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', more);
      more();
    };
    expect(await rig.send(oauth2())).toMatchObject({ kind: 'unavailable', reason: 'TOKEN_ANSWER_TOO_LARGE' });
    const hung: { destroy: () => void }[] = [];
    rig.door.answer = (_request, response) => void hung.push(response);
    const timeouts = { connectMs: 2_000, responseMs: 300, totalMs: 2_000 };
    expect(await rig.send(oauth2(), { timeouts })).toMatchObject({
      kind: 'unavailable',
      reason: 'TOKEN_RESPONSE_TIMEOUT',
      maybeReceived: false,
    });
    for (const response of hung) response.destroy();
  });

  test('a redirect is not followed, whereto it may lead', async () => {
    const elsewhere = await startHttpRecipient();
    rig.door.answer = json(307, {}, { location: `http://127.0.0.1:${elsewhere.port}/` });
    await rig.send(oauth2());
    expect(elsewhere.received).toEqual([]);
    await elsewhere.close();
  });

  test('on an address that is not allowed, nothing is dialled', async () => {
    const settings = oauth2({ tokenUrl: 'https://10.0.0.1/token' });
    expect(await rig.send(settings)).toMatchObject({
      kind: 'unauthorized',
      reason: 'TOKEN_ADDRESS_NOT_ALLOWED',
    });
    expect(await rig.send(oauth2({ tokenUrl: 'http://localhost/token' }))).toMatchObject({
      kind: 'unauthorized',
      reason: 'PLAINTEXT_NOT_ALLOWED',
    });
    expect(rig.crm.received).toEqual([]);
  });

  test('with a certificate nobody knows: held, nothing of the secret leaves', async () => {
    const stranger = await startHttpRecipient(await certificateFor('localhost'));
    const settings = oauth2({ tokenUrl: `https://localhost:${stranger.port}/token` });
    expect(await rig.send(settings)).toMatchObject({ kind: 'unauthorized', reason: 'TOKEN_TLS_CERTIFICATE' });
    expect(stranger.received).toEqual([]);
    await stranger.close();
  });

  test('that is away is an outage', async () => {
    expect(await rig.send(oauth2({ tokenUrl: 'https://localhost:1/token' }))).toMatchObject({
      kind: 'unavailable',
      reason: 'TOKEN_CONNECT_REFUSED',
      maybeReceived: false,
    });
  });
});

test('a secret without a value, and a key that is none, hold the destination before anything is asked', async () => {
  expect(await rig.send(oauth2({ clientSecret: 'secret:ABSENT' }))).toEqual({
    kind: 'unauthorized',
    reason: 'SECRET_MISSING',
  });
  const assertion = { key: 'secret:SECRET' };
  expect(await rig.send(oauth2({ grant: 'jwt_bearer', assertion }))).toEqual({
    kind: 'unauthorized',
    reason: 'SECRET_MALFORMED',
  });
  expect(rig.door.received).toEqual([]);
});

test('in a trial nothing is shared: a token serves one send, and a refresh token is not used up', async () => {
  const settings = oauth2({ grant: 'refresh_token', refreshToken: 'secret:REFRESH' });
  expect(await rig.trial(settings)).toMatchObject({ kind: 'unauthorized', reason: 'TOKEN_NOT_SHARED' });
  expect(await rig.trial(oauth2())).toMatchObject({ kind: 'accepted' });
  expect(await rig.trial(oauth2())).toMatchObject({ kind: 'accepted' });
  expect(rig.door.received).toHaveLength(2);
});

test('a test of the destination gets a token anew and says so', async () => {
  await rig.send(oauth2());
  expect(await rig.test(oauth2())).toMatchObject({
    kind: 'accepted',
    tried: 'credentials',
    notes: [['localhost a donné un jeton.', 'localhost gave a token.']],
  });
  expect(rig.door.received).toHaveLength(2);
  rig.door.answer = json(401, { error: 'invalid_client' });
  expect(await rig.test(oauth2())).toMatchObject({ kind: 'unauthorized', reason: 'TOKEN_INVALID_CLIENT' });
});

test("another project's OAuth2 server understands us", async () => {
  const { certificate } = rig;
  const folder = mkdtempSync(join(tmpdir(), 'relais-oauth2-'));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  writeFileSync(keyFile, certificate.key);
  writeFileSync(certFile, certificate.cert);
  const server = new OAuth2Server(keyFile, certFile);
  await server.issuer.keys.generate('RS256');
  await server.start(0, 'localhost');
  server.service.once('beforeTokenSigning', (token: { payload: Record<string, unknown> }) => {
    token.payload['aud'] = 'leads';
  });
  const { port } = server.address();
  let bearer = '';
  rig.crm.answer = (request, response) => {
    bearer = request.headers.authorization ?? '';
    json(201, { success: true })(request, response);
  };
  try {
    const network = {
      allowedRanges: ['127.0.0.0/8', '::1/128'],
      allowPlaintext: false,
      extraCa: certificate.cert,
    };
    const settings = oauth2({ tokenUrl: `https://localhost:${port}/token`, scope: 'leads' });
    expect(await rig.send(settings, { network })).toMatchObject({ kind: 'accepted' });
    const [, payload = ''] = bearer.split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({
      aud: 'leads',
      scope: 'leads',
    });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
