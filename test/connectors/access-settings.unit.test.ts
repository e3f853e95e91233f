// What a file may say of tokens, logins, signatures and certificates: what is refused, listed, masked and signed.
import type { WebhookSettings } from '../../connectors/webhook/settings.ts';
import { createWebhookConnector } from '../../connectors/webhook/index.ts';
import { parcelOf } from './rigs.ts';

const webhook = createWebhookConnector();
const url = 'https://crm.example/leads';
const oauth2 = {
  grant: 'client_credentials',
  tokenUrl: 'https://Login.CRM.example/token',
  clientId: 'secret:ID',
  clientSecret: 'secret:SECRET',
} as const;
const login = {
  url: 'https://door.example/login',
  json: { params: { login: 'secret:USER', list: ['secret:PASSWORD'] } },
  token: { json: '$.token' },
} as const;
const hmac = { secret: 'secret:HMAC', header: 'X-Sign' } as const;
const tls = { cert: 'secret:CERT', key: 'secret:KEY', ca: 'secret:CA' };

const messagesOf = (settings: object): readonly string[] =>
  webhook.check({ url, ...settings }).map(({ path, message: [, english] }) => `${path} ${english}`);

test.each<[string, object, string]>([
  [
    'a secret address',
    { auth: { oauth2: { ...oauth2, tokenUrl: 'secret:URL' } } },
    '/auth/oauth2/tokenUrl This address is not a secret',
  ],
  [
    'a placeholder in it',
    { auth: { login: { ...login, url: 'https://door.example/{key}' } } },
    '/auth/login/url This address is the same for every lead',
  ],
  [
    'no secret',
    { auth: { oauth2: { ...oauth2, clientSecret: undefined } } },
    '/auth/oauth2 grant client_credentials needs clientSecret',
  ],
  [
    'no statement',
    { auth: { oauth2: { ...oauth2, grant: 'jwt_bearer' } } },
    '/auth/oauth2 assertion: { key: secret:NAME } belongs to grant jwt_bearer',
  ],
  [
    'a secret among the parameters',
    { auth: { oauth2: { ...oauth2, params: { client_secret: 'x' } } } },
    '/auth/oauth2/params/client_secret client_secret has a key of its own',
  ],
  [
    'a header of ours',
    { auth: { oauth2: { ...oauth2, sendAs: { header: 'webhook-id' } } } },
    '/auth/oauth2/sendAs/header Relais sets webhook-id itself',
  ],
  [
    'nobody who logs in',
    { auth: { login: { url: login.url, token: login.token } } },
    '/auth/login A login says who logs in',
  ],
  ['two bodies', { auth: { login: { ...login, form: {} } } }, '/auth/login A login has one body'],
  [
    'a password in clear in a form',
    { auth: { login: { url: login.url, token: login.token, form: { mot_de_passe: 'x', pwd: 'x' } } } },
    '/auth/login/form/pwd A secret must not stand in the file',
  ],
  [
    'a password in clear at any depth of a JSON body',
    { auth: { login: { ...login, json: { params: { user: 'x', list: [{ password: 'x' }] } } } } },
    '/auth/login/json/params/list/0/password A secret must not stand in the file',
  ],
  [
    'a password written as a number',
    { auth: { login: { ...login, json: { pwd: 1234 } } } },
    '/auth/login/json/pwd A secret must not stand in the file',
  ],
  [
    'a key in clear in a header of the login',
    { auth: { login: { ...login, headers: { 'X-Api-Key': 'x' } } } },
    '/auth/login/headers/X-Api-Key A secret must not stand in the file',
  ],
  [
    'another way for the question',
    { lookup: { url: `${url}/{key}`, auth: { oauth2: { ...oauth2, grant: 'refresh_token' } } } },
    '/lookup/auth/oauth2 refreshToken: secret:NAME belongs',
  ],
  [
    'an unknown part',
    { signature: { hmac: { ...hmac, sign: '{nom}' } } },
    '/signature/hmac/sign Unknown placeholder {nom}',
  ],
  [
    'a value without signature',
    { signature: { hmac: { ...hmac, value: 'x' } } },
    '/signature/hmac/value The value must hold the signature',
  ],
  [
    'a value that no header carries',
    { signature: { hmac: { ...hmac, value: 'v1={hex}\n' } } },
    '/signature/hmac/value A header value holds a line break or a character that HTTP cannot carry',
  ],
  [
    'raw bytes',
    { signature: { hmac: { ...hmac, value: '{raw}' } } },
    '/signature/hmac/value Raw bytes travel in no header',
  ],
  [
    'a key without name',
    { signature: { hmac: { ...hmac, value: '{keyId}:{hex}' } } },
    '/signature/hmac keyId and {keyId} in value belong together',
  ],
  [
    'a header of ours for it',
    { signature: { hmac: { ...hmac, header: 'Host' } } },
    '/signature/hmac/header Relais sets Host itself',
  ],
])('refused: %s', (_name, settings, expected) => {
  expect(messagesOf(settings).join('\n')).toContain(expected);
});

test('a complete file has nothing wrong with it', () => {
  expect(messagesOf({ auth: { oauth2 }, signature: { hmac }, tls })).toEqual([]);
  expect(messagesOf({ auth: { login } })).toEqual([]);
  const passwordCredentials = { username: 'relais', password: 'secret:PASSWORD' };
  expect(messagesOf({ auth: { login: { ...login, json: { passwordCredentials } } } })).toEqual([]);
});

test('hosts that are dialled besides, secrets and addresses in clear are listed', () => {
  const settings = {
    url,
    auth: { oauth2 },
    lookup: { url: `${url}/{key}`, auth: { login } },
    signature: { hmac },
    tls,
  };
  expect(webhook.dials?.(settings)).toEqual(['login.crm.example', 'door.example']);
  expect(webhook.targets(settings)).toEqual(['crm.example']);
  expect([...webhook.secretNames(settings)].toSorted()).toEqual(
    ['CA', 'CERT', 'HMAC', 'ID', 'KEY', 'PASSWORD', 'SECRET', 'USER'].toSorted(),
  );
  const plain = { url, auth: { oauth2: { ...oauth2, tokenUrl: 'http://login.example/t' } } };
  expect(webhook.inClear?.(plain)).toEqual(['/auth/oauth2/tokenUrl']);
});

test.each<[Partial<WebhookSettings>, string]>([
  [{ auth: { oauth2 } }, 'authorization: Bearer «token from login.crm.example»'],
  [
    { auth: { oauth2: { ...oauth2, sendAs: { header: 'X-Auth-Token' } } } },
    'x-auth-token: «token from login.crm.example»',
  ],
  [{ auth: { login: { ...login, token: { cookie: 'sid' } } } }, 'cookie: «session from door.example»'],
  [
    { signature: { hmac: { ...hmac, sign: '{timestamp}.{body}', timestampHeader: 'X-Time' } } },
    'x-sign: «{timestamp}.{body} signed with secret:HMAC»',
  ],
])('a preview shows where it stands, never its value: %j', (settings, line) => {
  expect(webhook.compose(parcelOf(), { url, ...settings }).head).toContain(line);
});

test('the document a client signs says it in French', () => {
  const rows = webhook.words
    .transport({ url, auth: { oauth2 }, signature: { hmac: { ...hmac, sign: '{method} {path}' } }, tls }, [])
    .map(({ point, agreed }) => `${point[0]} | ${agreed[0]}`);
  expect(rows).toEqual(
    expect.arrayContaining([
      'Authentification | OAuth 2 (identifiants de l’application), jeton obtenu auprès de login.crm.example',
      'Certificat client | TLS mutuel : notre certificat est demandé',
      'Signature | HMAC-SHA256 de {method} {path}, en-tête X-Sign',
    ]),
  );
  const [opened] = webhook.words
    .transport({ url, auth: { login } }, [])
    .filter(({ point }) => point[0] === 'Authentification');
  expect(opened?.agreed[0]).toBe('session ouverte par identifiant et mot de passe auprès de door.example');
});

test('a trial on this machine asks for no token, no session and no certificate', async () => {
  const standIn = await webhook.standIn([{ url, auth: { oauth2 }, tls }], {
    http: () => Promise.resolve({ port: 1, received: () => ({ count: 0 }), close: () => Promise.resolve() }),
  } as unknown as Parameters<typeof webhook.standIn>[1]);
  if (typeof standIn === 'string') throw new Error(standIn);
  const settings = standIn.settingsOf({ url, auth: { oauth2 }, tls });
  expect(settings).toEqual({ url, auth: { bearer: 'secret:SANDBOX_TOKEN' } });
  expect(standIn.secret('SANDBOX_TOKEN')).toBe('sandbox-placeholder');
});
