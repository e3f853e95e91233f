// Mutual TLS of the webhook against a server that asks for a certificate of an authority of its own.
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';
import { createWebhookConnector } from '../../connectors/webhook/index.ts';
import { certificateExpiry } from '../../connectors/access/tls.ts';
import { contextOf, parcelOf } from './rigs.ts';
import { certificateFor, type Certificate } from './servers/certificate.ts';

let server: https.Server;
let ours: Certificate;
let other: Certificate;
let serverCertificate: Certificate;
const seen: { subject: string; connection: number }[] = [];
let connections = 0;
const webhook = createWebhookConnector();
const secrets: Record<string, string> = {};

beforeAll(async () => {
  [ours, other, serverCertificate] = [
    await certificateFor('relais'),
    await certificateFor('un-autre'),
    await certificateFor('localhost', '127.0.0.1'),
  ];
  server = https.createServer(
    {
      key: serverCertificate.key,
      cert: serverCertificate.cert,
      // Self-signed: each is its own authority.
      ca: [ours.cert, other.cert],
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      const socket = request.socket as TLSSocket & { number?: number };
      socket.number ??= connections += 1;
      const [subject] = [socket.getPeerCertificate().subject?.CN].flat();
      seen.push({ subject: subject ?? '', connection: socket.number });
      response.writeHead(201, { 'content-type': 'application/json' }).end('{"success":true}');
    },
  );
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  Object.assign(secrets, {
    CERT: ours.cert,
    KEY: ours.key,
    OTHER_CERT: other.cert,
    OTHER_KEY: other.key,
    CA: serverCertificate.cert,
    NONSENSE: 'no certificate',
  });
});
afterAll(async () => {
  await webhook.close?.();
  await new Promise((done) => server.close(done));
});
beforeEach(() => (seen.length = 0));

const settings = (tls?: object) => ({
  url: `https://localhost:${(server.address() as AddressInfo).port}/leads`,
  ...(tls === undefined ? {} : { tls }),
});
const context = (ca: string | undefined = serverCertificate.cert) =>
  contextOf({ secrets, target: 'localhost', ...(ca === '' ? {} : { ca }) });
const send = (tls?: object, ca?: string) => webhook.send(parcelOf(), settings(tls), context(ca));
const own = { cert: 'secret:CERT', key: 'secret:KEY' };

test('our certificate is shown, and lets us in', async () => {
  expect(await send(own)).toMatchObject({ kind: 'accepted' });
  expect(seen.map(({ subject }) => subject)).toEqual(['relais']);
});

test('connections of one certificate are used again, and never for another one', async () => {
  await send(own);
  // A connection is free for the next request once the answer's end is read: on a busy machine not for the very next one.
  let isUsedAgain = false;
  for (let turn = 0; turn < 20 && !isUsedAgain; turn += 1) {
    const before = connections;
    await send(own);
    isUsedAgain = connections === before;
  }
  expect(isUsedAgain).toBe(true);
  const before = connections;
  await send({ cert: 'secret:OTHER_CERT', key: 'secret:OTHER_KEY' });
  expect(seen.at(-1)).toEqual({ subject: 'un-autre', connection: before + 1 });
});

test('without a certificate the recipient lets nobody in: held, nothing has arrived', async () => {
  expect(await send()).toMatchObject({ kind: 'unauthorized', reason: 'CLIENT_CERTIFICATE' });
  expect(seen).toEqual([]);
});

test("the recipient's own authority is trusted where the file names it, and only there", async () => {
  expect(await send({ ...own, ca: 'secret:CA' }, '')).toMatchObject({ kind: 'accepted' });
  expect(await send(own, '')).toMatchObject({ kind: 'unauthorized', reason: 'TLS_CERTIFICATE' });
});

test.each([
  [{ cert: 'secret:CERT', key: 'secret:ABSENT' }, 'SECRET_MISSING'],
  [{ cert: 'secret:NONSENSE', key: 'secret:KEY' }, 'SECRET_MALFORMED'],
  [{ cert: 'secret:CERT', key: 'secret:OTHER_KEY' }, 'SECRET_MALFORMED'],
])(
  'a certificate and a key that do not go together hold the destination before anything is dialled: %j',
  async (tls, reason) => {
    expect(await send(tls)).toEqual({ kind: 'unauthorized', reason });
  },
);

test('a test of the destination says until when the certificate is valid', async () => {
  const made = await generate([{ name: 'commonName', value: 'relais' }], {
    keySize: 2048,
    algorithm: 'sha256',
    notBeforeDate: new Date('2026-11-01T00:00:00Z'),
    notAfterDate: new Date('2026-12-01T00:00:00Z'),
  });
  secrets['SOON'] = made.cert;
  expect(certificateExpiry({ cert: 'secret:SOON', key: 'secret:KEY' }, (name) => secrets[name])).toEqual([
    { secret: 'SOON', at: new Date('2026-12-01T00:00:00Z') },
  ]);
  const tested = await webhook.test(settings(own), context());
  const [french = '', english = ''] = tested.notes?.[0] ?? [];
  expect(english).toMatch(/^Our certificate CERT is valid until \d{4}-\d\d-\d\d \(\d+ days\)\.$/);
  expect(french).toMatch(/^Notre certificat CERT est valable jusqu’au \d\d\/\d\d\/\d{4} \(\d+ jours\)\.$/);
});

test("the recipient's own authority may stand alone, and a certificate never without its key", async () => {
  const plain = settings();
  expect(webhook.check({ ...plain, tls: { ca: 'secret:CA' } })).toEqual([]);
  // It asks for a certificate, which we do not show: its own is believed all the same.
  expect(await send({ ca: 'secret:CA' }, '')).toMatchObject({ reason: 'CLIENT_CERTIFICATE' });
  expect(await send(undefined, '')).toMatchObject({ reason: 'TLS_CERTIFICATE' });
  expect(webhook.check({ ...plain, tls: { cert: 'secret:CERT' } })).toEqual([
    {
      path: '/tls',
      message: [
        'cert et key vont ensemble : le certificat et sa clé privée.',
        'cert and key go together: the certificate and its private key.',
      ],
    },
  ]);
});
