// Signatures of requests: schemes of CRMs as their documentation computes them, and ed25519 beside HMAC.
import { createHmac, createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { hmacHeaders } from '../../connectors/webhook/hmac.ts';
import type { HmacScheme } from '../../connectors/webhook/signature-settings.ts';
import { signatureOf } from '../../connectors/webhook/signature.ts';
import { accessRig, json, type AccessRig } from './access-rig.ts';

const request = {
  method: 'POST',
  url: new URL('https://crm.example/api/v1/Lead?a=1'),
  key: 'dlv_1',
  body: Buffer.from('{"nom":"Zoé"}'),
  now: 1_795_600_500_123,
};
const secrets: Readonly<Record<string, string>> = {
  KEY: 'cle-secrete',
  ID: 'cle-api',
  HEX: '00ff',
  BAD: 'pas hex',
};
const of = (scheme: Omit<HmacScheme, 'secret'> & { secret?: string }) =>
  hmacHeaders({ secret: 'secret:KEY', ...scheme }, request, (name) => secrets[name]);
const mac = (text: string | Buffer, key: string | Buffer = 'cle-secrete', algorithm = 'sha256') =>
  createHmac(algorithm, key).update(text).digest();

describe('schemes of recipients', () => {
  test('EspoCRM: X-Hmac-Authorization, base64 of key and raw HMAC over method and path', () => {
    const headers = of({
      header: 'X-Hmac-Authorization',
      sign: '{method} {path}',
      pathFrom: '/api/v1',
      value: '{keyId}:{raw}',
      encode: 'base64',
      keyId: 'secret:ID',
    });
    expect(headers).toEqual({
      'x-hmac-authorization': Buffer.concat([Buffer.from('cle-api:'), mac('POST /Lead')]).toString('base64'),
    });
  });

  test('GitHub: sha256=hex over the body', () => {
    expect(of({ header: 'X-Hub-Signature-256', value: 'sha256={hex}' })).toEqual({
      'x-hub-signature-256': `sha256=${mac(request.body).toString('hex')}`,
    });
  });

  test('Stripe: a timestamp in value and signature', () => {
    expect(
      of({ header: 'X-Signature', sign: '{timestamp}.{body}', value: 't={timestamp},v1={hex}' }),
    ).toEqual({
      'x-signature': `t=1795600500,v1=${mac('1795600500.{"nom":"Zoé"}').toString('hex')}`,
    });
  });

  test('a timestamp of its own header, in milliseconds; another hash, a key in hexadecimal, every part of the request', () => {
    const headers = of({
      secret: 'secret:HEX',
      secretAs: 'hex',
      algorithm: 'sha512',
      header: 'X-Sign',
      sign: '{method}|{host}|{path}|{query}|{key}|{timestamp}',
      value: '{base64}',
      timestamp: 'milliseconds',
      timestampHeader: 'X-Time',
    });
    const text = 'POST|crm.example|/api/v1/Lead|a=1|dlv_1|1795600500123';
    expect(headers).toEqual({
      'x-time': '1795600500123',
      'x-sign': mac(text, Buffer.from('00ff', 'hex'), 'sha512').toString('base64'),
    });
  });

  test('a secret that is missing or not in the form it is said to have signs nothing', () => {
    expect(of({ header: 'X', secret: 'secret:ABSENT' })).toBeUndefined();
    expect(of({ header: 'X', secret: 'secret:BAD', secretAs: 'hex' })).toBeUndefined();
  });
});

describe('Standard Webhooks', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');

  test.each([
    ['32 bytes', seed],
    ['64 bytes, the public key behind', Buffer.concat([seed, raw])],
  ])('ed25519 with a key of %s: v1a, which the public key verifies', (_name, bytes) => {
    const value = signatureOf('dlv_1', 1_795_600_500, request.body, [`whsk_${bytes.toString('base64')}`]);
    const [version, signature = ''] = value?.split(',') ?? [];
    expect(version).toBe('v1a');
    const signed = Buffer.concat([Buffer.from('dlv_1.1795600500.'), request.body]);
    const key = createPublicKey(publicKey.export({ format: 'pem', type: 'spki' }));
    expect(verify(null, signed, key, Buffer.from(signature, 'base64'))).toBe(true);
  });

  test('both kinds side by side while a recipient changes from one to the other', () => {
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    const value = signatureOf('dlv_1', 1, request.body, [`whsk_${seed.toString('base64')}`, secret]);
    expect(value).toMatch(/^v1a,\S+ v1,\S+$/);
  });

  test('a private key of another length is not used, nor taken for an HMAC key', () => {
    expect(
      signatureOf('dlv_1', 1, request.body, [`whsk_${Buffer.alloc(24, 7).toString('base64')}`]),
    ).toBeUndefined();
  });
});

describe('on the way', () => {
  let rig: AccessRig;
  beforeAll(async () => {
    rig = await accessRig();
    rig.crm.answer = json(201, { success: true });
    Object.assign(rig.secrets, secrets);
  });
  afterAll(() => rig.close());

  test('a request leaves signed; a secret that cannot be used holds the destination', async () => {
    const hmac = { secret: 'secret:KEY', header: 'X-Signature', value: 'sha256={hex}' };
    expect(await rig.send({ signature: { hmac } })).toMatchObject({ kind: 'accepted' });
    const [got] = rig.crm.received;
    expect(got?.headers['x-signature']).toBe(`sha256=${mac(got?.body ?? '').toString('hex')}`);
    expect(await rig.send({ signature: { hmac: { ...hmac, secret: 'secret:ABSENT' } } })).toEqual({
      kind: 'unauthorized',
      reason: 'SECRET_MISSING',
    });
    expect(
      await rig.send({
        signature: { hmac: { ...hmac, value: '{keyId}:{hex}', keyId: 'secret:ABSENT' } },
      }),
    ).toEqual({
      kind: 'unauthorized',
      reason: 'SECRET_MISSING',
    });
    expect(
      await rig.send({ signature: { hmac: { ...hmac, secret: 'secret:BAD', secretAs: 'hex' } } }),
    ).toEqual({
      kind: 'unauthorized',
      reason: 'SECRET_MALFORMED',
    });
  });

  test('a question is signed as well: the scheme is how the recipient lets us in', async () => {
    rig.crm.received.length = 0;
    const hmac = { secret: 'secret:KEY', header: 'X-Signature', sign: '{method} {path}' };
    const lookup = { url: `https://localhost:${rig.crm.port}/api/leads/{key}` };
    expect(await rig.test({ signature: { hmac }, lookup })).toMatchObject({ kind: 'accepted' });
    expect(rig.crm.received[0]?.headers['x-signature']).toBe(mac('GET /api/leads/test').toString('hex'));
  });
});
