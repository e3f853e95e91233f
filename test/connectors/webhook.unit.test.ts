/** @own-context nock patches HTTP as it is loaded */
// The webhook connector: shapes of requests and answers, keys and signatures, and what its settings may not hold.
import { createHmac } from 'node:crypto';
import type { Readable } from 'node:stream';
import axios, { AxiosHeaders } from 'axios';
import nock from 'nock';
import { Webhook } from 'standardwebhooks';
import { Ajv } from 'ajv';
import type { Answer, Outcome, Parcel, SendContext } from '../../connectors/contract.ts';
import { createWebhookConnector } from '../../connectors/webhook/index.ts';
import type { WebhookSettings } from '../../connectors/webhook/settings.ts';
import { contextOf, parcelOf } from './rigs.ts';

const host = 'crm.horizon.example';
const base = `https://${host}`;
// nock stands under node:http and does not see undici: the shapes are read through axios' own adapter.
// What really carries runs against real servers in webhook-carrier.unit and conformance tests.
const webhook = createWebhookConnector({
  adapterFor:
    ({ headers }) =>
    async (config) => {
      const response = await axios.getAdapter('http')({
        ...config,
        headers: new AxiosHeaders(headers),
        responseType: 'stream',
        decompress: true,
        maxRedirects: 0,
      });
      return { ...response, data: { headers: response.headers, body: response.data as Readable } };
    },
  close: () => undefined,
});
const key = (letter: string): string => `whsec_${Buffer.from(letter.repeat(32)).toString('base64')}`;
const signing = {
  OLD: [key('b')],
  SIGN: [key('a'), key('b')],
  SHORT: ['whsec_YQ=='],
  ODD: ['not base64 !'],
} as Record<string, string[]>;
const secrets: Readonly<Record<string, string>> = {
  TOKEN: 'jeton',
  PASSWORD: 'mdp',
  URL: `${base}/hook/9f8e7d`,
  EVIL: 'a\r\nx: y',
  ELSEWHERE: 'https://evil.example/x',
};

let seen: { answer: Answer; stage: string }[] = [];
const context = (over: Partial<SendContext> = {}): SendContext =>
  contextOf(
    { secrets, target: host },
    {
      secrets: (name) => signing[name] ?? [],
      classify: (answer, stage) => {
        seen.push({ answer, stage });
        return Promise.resolve({ kind: 'accepted' });
      },
      ...over,
    },
  );
const send = async (
  settings: Partial<WebhookSettings>,
  parcel: Parcel = parcelOf(),
  over: Partial<SendContext> = {},
): Promise<Outcome> => await webhook.send(parcel, { url: `${base}/api/leads`, ...settings }, context(over));

beforeEach(() => (seen = []));
afterEach(() => {
  nock.cleanAll();
});
afterAll(async () => await webhook.close?.());

describe('the request', () => {
  test('carries the exact bytes, the media type and both keys', async () => {
    let got: { headers: Record<string, unknown>; body: unknown } = { headers: {}, body: undefined };
    nock(base)
      .post('/api/leads')
      .reply(function (_uri, body) {
        got = { headers: this.req.headers, body };
        return [200, '{}'];
      });
    const items = [{ deliveryId: 7, key: 'dlv_1', idempotencyKey: 'dlv_1.r2', leadReference: 'L-1' }];
    await send(
      { auth: { bearer: 'secret:TOKEN' }, headers: { 'X-Source': 'relais', 'X-Api-Key': 'secret:PASSWORD' } },
      parcelOf({ items }),
    );
    expect(got.body).toEqual({ nom: 'MARTIN', prenom: 'Zoé' });
    expect(got.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'dlv_1.r2',
      'webhook-id': 'dlv_1',
      authorization: 'Bearer jeton',
      'x-source': 'relais',
      'x-api-key': 'mdp',
      'user-agent': 'Relais/1',
    });
  });

  test.each([
    ['application/x-www-form-urlencoded', 'nom=MARTIN&prenom=Zo%C3%A9'],
    ['application/xml; charset=utf-8', '<lead><nom>MARTIN</nom></lead>'],
  ])('%s leaves as it was written', async (mediaType, text) => {
    const scope = nock(base, { reqheaders: { 'content-type': mediaType } })
      .post('/api/leads', text)
      .reply(200);
    await send({}, parcelOf({ body: { bytes: Buffer.from(text), mediaType, extension: 'x' } }));
    expect(scope.isDone()).toBe(true);
  });

  test('basic credentials, another method, another key header', async () => {
    const scope = nock(base, {
      reqheaders: {
        authorization: `Basic ${Buffer.from('moi:mdp').toString('base64')}`,
        'x-request-id': 'dlv_7f3a',
      },
      badheaders: ['idempotency-key'],
    })
      .put('/api/leads')
      .reply(200);
    await send({
      method: 'PUT',
      auth: { basic: { user: 'moi', password: 'secret:PASSWORD' } },
      idempotencyHeader: 'X-Request-Id',
    });
    expect(scope.isDone()).toBe(true);
  });

  test('an erasure without content has no body and no content type', async () => {
    const scope = nock(base, { badheaders: ['content-type'] })
      .delete('/api/leads/a%2Fb%20c')
      .reply(204);
    const items = [
      { deliveryId: 7, key: 'k', idempotencyKey: 'k', leadReference: 'L', recipientReference: 'a/b c' },
    ];
    const body = { bytes: Buffer.alloc(0), mediaType: '', extension: '' };
    await send(
      { method: 'DELETE', url: `${base}/api/leads/{reference}` },
      parcelOf({ action: 'erase', items, body }),
    );
    expect(scope.isDone()).toBe(true);
    expect(seen[0]).toMatchObject({ stage: 'erase', answer: { status: 204, text: '' } });
  });

  test.each([
    [undefined, 'REFERENCE_MISSING'],
    ['', 'REFERENCE_MISSING'],
    ['..', 'REFERENCE_MALFORMED'],
  ])('a reference %p stops the delivery', async (reference, reason) => {
    const items = [
      {
        deliveryId: 7,
        key: 'k',
        idempotencyKey: 'k',
        leadReference: 'L',
        ...(reference === undefined ? {} : { recipientReference: reference }),
      },
    ];
    expect(await send({ url: `${base}/api/leads/{reference}` }, parcelOf({ items }))).toMatchObject({
      kind: 'invalid',
      reason,
    });
  });

  test('an address that is a secret is checked when it is known', async () => {
    const scope = nock(base).post('/hook/9f8e7d').reply(200);
    expect(await send({ url: 'secret:URL' })).toMatchObject({ kind: 'accepted' });
    expect(scope.isDone()).toBe(true);
    expect(await send({ url: 'secret:ELSEWHERE' })).toMatchObject({
      kind: 'unauthorized',
      reason: 'TARGET_NOT_ALLOWED',
    });
    expect(await send({ url: 'secret:NOWHERE' })).toMatchObject({
      kind: 'unauthorized',
      reason: 'SECRET_MISSING',
    });
  });

  test('a secret that would add a header is refused', async () => {
    expect(await send({ auth: { bearer: 'secret:EVIL' } })).toMatchObject({
      kind: 'unauthorized',
      reason: 'SECRET_MALFORMED',
    });
  });
});

describe('Standard Webhooks', () => {
  const signed = async (
    name: string,
  ): Promise<{ headers: Record<string, string>; body: string; outcome: Outcome }> => {
    let headers: Record<string, string> = {};
    let body = '';
    nock(base)
      .post('/api/leads', (sent: unknown) => {
        body = JSON.stringify(sent);
        return true;
      })
      .reply(function () {
        headers = this.req.headers;
        return [200, ''];
      });
    const outcome = await send({ signature: { standard: `secret:${name}` } }, parcelOf(), {
      now: () => Date.now(),
    });
    return { headers, body, outcome };
  };

  test('both the new and the old secret verify during a rotation', async () => {
    const { headers, body } = await signed('SIGN');
    for (const secret of [key('a'), key('b')])
      expect(new Webhook(secret).verify(body, headers)).toEqual({ nom: 'MARTIN', prenom: 'Zoé' });
    expect(() => new Webhook(key('c')).verify(body, headers)).toThrow();
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(2);
    const first = headers['webhook-signature']?.split(' ')[0] ?? '';
    expect(() =>
      new Webhook(key('a')).verify(body, { ...headers, 'webhook-signature': first }),
    ).not.toThrow();
  });

  test('a changed body does not verify', async () => {
    const { headers, body } = await signed('SIGN');
    expect(() => new Webhook(key('a')).verify(body.replace('MARTIN', 'MARTEN'), headers)).toThrow();
  });

  test.each([
    ['NONE', 'SECRET_MISSING'],
    ['SHORT', 'SECRET_MALFORMED'],
    ['ODD', 'SECRET_MALFORMED'],
  ])('secret %s: nothing leaves unsigned', async (name, reason) => {
    const scope = nock(base).post('/api/leads').reply(200);
    expect(await send({ signature: { standard: `secret:${name}` } })).toMatchObject({
      kind: 'unauthorized',
      reason,
    });
    expect(scope.isDone()).toBe(false);
  });
});

describe('the answer', () => {
  test('reaches the rules with lower-case headers, media type and decoded text', async () => {
    nock(base).post('/api/leads').reply(200, Buffer.from('{"nom":"Zo\u00e9"}', 'latin1'), {
      'Content-Type': 'Application/JSON; charset=ISO-8859-1',
      'Retry-After': '7',
    });
    const outcome = await send({});
    expect(seen).toEqual([
      {
        stage: 'create',
        answer: {
          status: 200,
          headers: expect.objectContaining({ 'retry-after': '7' }) as unknown,
          mediaType: 'application/json',
          text: '{"nom":"Zoé"}',
          truncated: false,
        },
      },
    ]);
    expect(outcome).toEqual({
      kind: 'accepted',
      evidence: { status: 200, answerBytes: 13, host, durationMs: expect.any(Number) as unknown },
    });
  });

  test('every status is an answer for the rules', async () => {
    for (const status of [302, 400, 401, 404, 422, 429, 500, 503]) {
      nock(base).post('/api/leads').reply(status, 'x', { location: 'https://evil.example/' });
      await send({});
    }
    expect(seen.map(({ answer }) => answer.status)).toEqual([302, 400, 401, 404, 422, 429, 500, 503]);
  });

  test('a form’s own page of 72 KiB is read whole, an endless answer is cut at 128 KiB and marked', async () => {
    const page = `<div class="error">Duplicate entry</div>${'<option>Pays</option>'.repeat(3_500)}`;
    nock(base).post('/api/leads').reply(200, page);
    nock(base).post('/api/leads').reply(200, 'x'.repeat(1_000_000));
    await send({});
    await send({});
    expect(seen[0]?.answer).toMatchObject({ truncated: false, text: page });
    expect(seen[1]?.answer).toMatchObject({ truncated: true });
    expect(seen[1]?.answer.text).toHaveLength(128 * 1024);
  });
});

describe('secrets inside a body', () => {
  const body = {
    bytes: Buffer.from('{"key":"«secret:TOKEN»"}'),
    mediaType: 'application/json',
    extension: 'json',
    secrets: {
      names: ['TOKEN'],
      written: (value: (name: string) => string) => Buffer.from(`{"key":"${value('TOKEN')}"}`),
    },
  };
  const settings = { url: `${base}/api/leads`, lookup: { url: `${base}/rpc`, fields: [{}] } };

  test('the value leaves, the mask is what is digested and shown', async () => {
    const scope = nock(base).post('/api/leads', { key: 'jeton' }).reply(201, '{}');
    const parcel = { ...parcelOf(), body };
    await webhook.send(parcel, settings, context());
    expect(scope.isDone()).toBe(true);
    const { content, head } = webhook.compose(parcel, settings, () => 'jeton');
    expect(Buffer.from(content).toString()).toBe('{"key":"«secret:TOKEN»"}');
    expect(head.join()).not.toContain('jeton');
    nock(base).post('/rpc', { key: 'jeton' }).reply(200, '{}');
    expect(await webhook.lookup?.(parcel, settings, context())).toMatchObject({ kind: 'accepted' });
  });

  test.each([
    [undefined, 'SECRET_MISSING'],
    ['', 'SECRET_MISSING'],
    ['a\nb', 'SECRET_MALFORMED'],
  ])('%j: nothing leaves, and the destination is held', async (value, reason) => {
    const parcel = { ...parcelOf(), body };
    const own = { ...context(), secret: () => value };
    expect(await webhook.send(parcel, settings, own)).toEqual({ kind: 'unauthorized', reason });
    expect(await webhook.lookup?.(parcel, settings, own)).toEqual({ kind: 'unauthorized', reason });
  });

  test('a signature is over what leaves', async () => {
    const secret = `whsec_${Buffer.from('a key of some length').toString('base64')}`;
    let seenSignature = '';
    nock(base)
      .post('/api/leads')
      .reply(function reply() {
        seenSignature = String(this.req.headers['webhook-signature']);
        return [201, '{}'];
      });
    const own = { ...context(), secrets: () => [secret], secret: () => 'jeton' };
    await webhook.send({ ...parcelOf(), body }, { ...settings, signature: { standard: 'secret:SIGN' } }, own);
    const over = (text: string) => {
      const time = Math.floor(own.now() / 1000);
      const { key } = parcelOf().items[0] as { key: string };
      return `v1,${createHmac('sha256', Buffer.from('a key of some length')).update(`${key}.${time}.${text}`).digest('base64')}`;
    };
    expect(seenSignature).toBe(over('{"key":"jeton"}'));
  });
});

describe('lookup', () => {
  test('asks with the reference, without key, body or lead, and lets the rules judge', async () => {
    const scope = nock(base, {
      badheaders: ['idempotency-key', 'content-type'],
      reqheaders: { authorization: 'Bearer jeton' },
    })
      .get('/api/leads?ref=L-2026-0007')
      .reply(200, '{"found":true}');
    const settings = {
      url: `${base}/api/leads`,
      auth: { bearer: 'secret:TOKEN' },
      lookup: { url: `${base}/api/leads?ref={leadReference}` },
    };
    expect(await webhook.lookup?.(parcelOf(), settings, context())).toMatchObject({ kind: 'accepted' });
    expect(scope.isDone()).toBe(true);
    // The rules learn whom it was about: a search may find another lead.
    expect(seen).toMatchObject([{ stage: 'lookup', answer: { asked: 'L-2026-0007' } }]);
  });

  test('of a list it asks for what came since an hour before the lead left', async () => {
    const scope = nock(base).get('/agencies/7/leads?timestamp=1795597200').reply(200, '{"found":true}');
    const settings = {
      url: `${base}/agencies/7/leads`,
      lookup: { url: `${base}/agencies/7/leads?timestamp={since}` },
    };
    const parcel = { ...parcelOf(), writtenAt: new Date('2026-11-25T10:00:00.900Z') };
    expect(await webhook.lookup?.(parcel, settings, context())).toMatchObject({ kind: 'accepted' });
    expect(scope.isDone()).toBe(true);
    expect(webhook.composeQuestion?.(parcel, settings)?.head[0]).toBe(
      'GET /agencies/7/leads?timestamp=1795597200 HTTP/1.1',
    );
  });

  const question = {
    bytes: Buffer.from('{"ref":"L-2026-0007"}'),
    mediaType: 'application/json',
    extension: 'json',
  };

  test('asks by the method, headers and credentials of its own, with the body it was given', async () => {
    const scope = nock(base, {
      badheaders: ['idempotency-key', 'authorization', 'x-team'],
      reqheaders: {
        'x-api-key': 'jeton',
        accept: 'text/plain',
        'content-type': 'application/json',
        'x-kept': 'k',
      },
    })
      .post('/rpc', { ref: 'L-2026-0007' })
      .reply(200, '{"found":true}');
    const settings = {
      url: `${base}/api/leads`,
      auth: { bearer: 'secret:TOKEN' },
      headers: { 'X-Team': 't', Accept: 'application/json', 'X-Kept': 'k' },
      lookup: {
        url: `${base}/rpc`,
        auth: { header: { name: 'X-API-Key', value: 'secret:TOKEN' } },
        headers: { accept: 'text/plain', 'x-team': null },
        fields: [{ to: 'ref', from: 'id' }],
      },
    };
    const parcel = { ...parcelOf(), body: question };
    expect(await webhook.lookup?.(parcel, settings, context())).toMatchObject({ kind: 'accepted' });
    expect(scope.isDone()).toBe(true);
    nock(base).put('/rpc', { ref: 'L-2026-0007' }).reply(200, '{}');
    const put = { ...settings, lookup: { ...settings.lookup, method: 'PUT' } };
    expect(await webhook.lookup?.(parcel, put, context())).toMatchObject({ kind: 'accepted' });
    expect(webhook.secretNames({ ...settings, auth: undefined, headers: { 'X-A': 'secret:OTHER' } })).toEqual(
      ['OTHER', 'TOKEN'],
    );
  });

  test('an empty body where one is needed is no question: nothing is asked', async () => {
    const settings = { url: base, lookup: { url: `${base}/rpc`, fields: [{ to: 'ref', from: 'id' }] } };
    const empty = { bytes: new Uint8Array(0), mediaType: '', extension: '' };
    expect(await webhook.lookup?.({ ...parcelOf(), body: empty }, settings, context())).toEqual({
      kind: 'invalid',
      reason: 'REFERENCE_MISSING',
    });
  });

  test('without settings it says so', async () => {
    expect(await webhook.lookup?.(parcelOf(), { url: base }, context())).toEqual({
      kind: 'unknown',
      reason: 'LOOKUP_NOT_CONFIGURED',
    });
  });
});

describe('composition', () => {
  test('masks every secret and keeps the reference out of the target', () => {
    const items = [
      { deliveryId: 7, key: 'k', idempotencyKey: 'k', leadReference: 'L', recipientReference: 'CRM-9' },
    ];
    const settings = {
      url: `${base}/api/leads/{reference}`,
      auth: { basic: { user: 'moi', password: 'secret:PASSWORD' } },
      headers: { 'X-Api-Key': 'secret:TOKEN' },
      signature: { standard: 'secret:SIGN' },
    };
    const composed = webhook.compose(parcelOf({ items }), settings, (name) => secrets[name]);
    expect(composed.target).toBe(`${base}/api/leads/{reference}`);
    expect(composed.targetKeys).toEqual([host]);
    expect(composed.head).toEqual(
      expect.arrayContaining([
        'POST /api/leads/CRM-9 HTTP/1.1',
        `host: ${host}`,
        'authorization: Basic moi:«secret:PASSWORD»',
        'x-api-key: «secret:TOKEN»',
      ]),
    );
    expect(JSON.stringify(composed.head)).not.toMatch(/jeton|mdp|whsec/);
  });

  test('a secret address shows its host only, and only when it is known', () => {
    const known = webhook.compose(parcelOf(), { url: 'secret:URL' }, (name) => secrets[name]);
    expect(known).toMatchObject({ target: '«secret:URL»', targetKeys: [host] });
    expect(JSON.stringify(known.head)).not.toContain('9f8e7d');
    expect(webhook.compose(parcelOf(), { url: 'secret:URL' })).toMatchObject({
      target: '«secret:URL»',
      targetKeys: [],
    });
    expect(webhook.targets({ url: 'secret:URL' })).toEqual([]);
  });
});

describe('settings', () => {
  const ajv = new Ajv({ strict: true, keywords: ['x-forme'] });
  const valid = (settings: unknown): boolean => ajv.validate(webhook.settingsSchema, settings);
  const problems = (settings: Partial<WebhookSettings>): readonly string[] =>
    webhook.check({ url: `${base}/api`, ...settings }).map(({ path }) => path);

  test('the schema takes what the guide shows and nothing else', () => {
    expect(
      valid({
        url: `${base}/api`,
        method: 'PATCH',
        auth: { bearer: 'secret:T' },
        lookup: { url: `${base}/{key}` },
      }),
    ).toBe(true);
    for (const wrong of [
      {},
      { url: base, methode: 'PUT' },
      { url: base, auth: {} },
      { url: base, auth: { bearer: 'secret:A', basic: { user: 'u', password: 'secret:B' } } },
      { url: base, auth: { bearer: 'eyJhbGciOi' } },
      { url: base, method: 'HEAD' },
      { url: base, headers: { 'a b': 'x' } },
      { url: base, signature: { standard: 'whsec_abc' } },
    ]) {
      expect(valid(wrong)).toBe(false);
    }
  });

  test.each<[string, Partial<WebhookSettings>, string]>([
    ['a secret in clear', { auth: { bearer: 'eyJhbGciOi' } }, '/auth/bearer'],
    ['a key in clear in a header', { headers: { 'X-Api-Key': 'abc' } }, '/headers/X-Api-Key'],
    ['a header of ours', { headers: { 'Webhook-Id': 'abc' } }, '/headers/Webhook-Id'],
    ['a line break in a header', { headers: { 'X-A': 'a\nb' } }, '/headers/X-A'],
    ['personal data in the address', { url: `${base}/api?mail={email}` }, '/url'],
    ['an unfinished address', { url: 'crm.horizon.example/api' }, '/url'],
    ['another protocol', { url: 'ftp://crm.horizon.example/' }, '/url'],
    ['credentials in the address', { url: 'https://a:b@crm.horizon.example/' }, '/url'],
    ['a token in the address', { url: `${base}/api?api_key=abc` }, '/url'],
    ['a placeholder as host', { url: 'https://{reference}.example/' }, '/url'],
    ['a lookup elsewhere', { lookup: { url: 'https://other.example/{key}' } }, '/lookup/url'],
    ['a lookup that names no lead', { lookup: { url: `${base}/leads` } }, '/lookup/url'],
  ])('%s is a problem', (_name, settings, path) => {
    expect(problems(settings)).toContain(path);
  });

  test('a problem never repeats the secret', () => {
    expect(JSON.stringify(webhook.check({ url: base, auth: { bearer: 'eyJhbGciOi' } }))).not.toContain(
      'eyJhbGciOi',
    );
  });

  test('the host is the same in every spelling', () => {
    expect(webhook.targets({ url: 'https://CRM.Horizon.example.:8443/x' })).toEqual([host]);
    expect(webhook.targets({ url: 'http://0x7f.1/' })).toEqual(['127.0.0.1']);
  });
});

test('the place of later decisions stays on the host, names the lead, and is asked by its address alone', async () => {
  const lookup = (url: string) => ({ url: `${base}/find/{key}`, pending: { url } });
  const messages = (url: string): readonly string[] =>
    webhook.check({ url: `${base}/api/leads`, lookup: lookup(url) }).map(({ path }) => path);
  expect(messages(`${base}/decisions/{reference}`)).toEqual([]);
  expect(messages('https://evil.example/{reference}')).toEqual(['/lookup/pending/url']);
  expect(messages(`${base}/decisions`)).toEqual(['/lookup/pending/url']);
  expect(messages(`${base}/decisions/{email}`)).toEqual(['/lookup/pending/url']);
  const scope = nock(base, { badheaders: ['content-type'] })
    .get('/decisions/C-1')
    .reply(200);
  const items = [
    { deliveryId: 7, key: 'k', idempotencyKey: 'k', leadReference: 'L', recipientReference: 'C-1' },
  ];
  const settings = {
    url: `${base}/api/leads`,
    lookup: { ...lookup(`${base}/decisions/{reference}`), method: 'POST' as const, fields: [{}] },
  };
  await webhook.lookup?.(parcelOf({ items, decidesLater: true }), settings, context());
  expect(scope.isDone()).toBe(true);
});
