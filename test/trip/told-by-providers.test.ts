// Bounces as Postmark and Amazon SES tell them, through real servers: the mail that left, SNS's certificate, its confirmation.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCallbacks, refusalsAMinute } from '../../src/callbacks/server.ts';
import { silentLog } from '../../src/log.ts';
import {
  certificatePath,
  confirmation,
  notification,
  sesBounce,
  signedSns,
  snsHost,
  topic,
} from '../callbacks/sns-messages.ts';
import { certificateFor, rsaCertificateFor, type Certificate } from '../connectors/servers/certificate.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { leadRow, openGateway, type Gateway } from './gateway.ts';

const smtpHost = 'smtp.postmarkapp.com';
const leads = 'leads@essai.example';
const login = 'relais:mot-de-passe-de-plus-de-vingt';
let signer: Certificate;
let smtp: SmtpRecipient;
let sns: Server;
/** What SNS was asked for, and what it answers. */
let visits: string[];
let status: number;
let folder: string;
let gateway: Gateway;
let door: Awaited<ReturnType<typeof startCallbacks>>;

async function startSns(certificate: Certificate): Promise<Server> {
  const server = createServer(certificate, (request, response) => {
    visits.push(request.url ?? '');
    response.statusCode = status;
    response.end(request.url === certificatePath ? signer.cert : '<ConfirmSubscriptionResponse/>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return server;
}

beforeEach(async () => {
  [visits, status] = [[], 200];
  folder = mkdtempSync(join(tmpdir(), 'relais-providers-'));
  const certificate = await certificateFor(smtpHost, snsHost);
  signer = await rsaCertificateFor('sns.amazonaws.com');
  [smtp, sns] = [await startSmtpRecipient(certificate), await startSns(certificate)];
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  const snsPort = (sns.address() as AddressInfo).port;
  gateway = await openGateway({
    files: {
      'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
mailboxes: [${leads}]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai ADV, destination: essai-mail, targets: [${leads}], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
      'essai/mail.yaml': `destination: essai-mail
connector: email
send: { to: ${leads}, from: 'Relais <relais@centre.example>', smtp: secret:SMTP }
consent:
  - { to: OPTIN, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETIRE } }
fields:
  - { to: NOM, from: identity.lastName }
`,
    },
    environment: {
      RELAIS_CA_FILE: ca,
      RELAIS_CONNECT_TO: `${smtpHost}=127.0.0.1:${smtp.port},${snsHost}=127.0.0.1:${snsPort}`,
      RELAIS_SECRET_SMTP: `smtp://${smtpUser.user}:${smtpUser.password}@${smtpHost}:587`,
      RELAIS_SECRET_BOUNCES_POSTMARK: login,
      RELAIS_SECRET_BOUNCES_SES: topic,
    },
  });
  const { database, published, callbackKey } = gateway.app;
  const { secrets, network } = gateway.config;
  const place = { database, published, callbackKey, secrets, network, log: silentLog };
  door = await startCallbacks({ ...place, host: '127.0.0.1', port: 0 });
  await gateway.app.publishing.publish({ destinationId: 'essai-mail', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('T-1'));
  await gateway.until('delivered', async () => (await rowOf())?.state === 'delivered');
});
afterEach(async () => {
  await door.close();
  await gateway.close();
  await smtp.close();
  await new Promise((resolve) => sns.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const rowOf = async () => (await gateway.states())[0];
const header = (name: string): string =>
  new RegExp(`^${name}: (.*)$`, 'im').exec(smtp.received.at(-1)?.raw.toString() ?? '')?.[1]?.trim() ?? '';
const alerts = async (kind: string): Promise<readonly string[]> =>
  (await gateway.owner.all<{ reason: string }>('SELECT reason FROM alerts WHERE kind = ?', [kind])).map(
    ({ reason }) => reason,
  );
async function post(provider: string, body: unknown, authorization?: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${door.port}/bounces/${provider}`, {
    method: 'POST',
    headers: {
      'content-type': 'text/plain; charset=UTF-8',
      ...(authorization === undefined ? {} : { authorization }),
    },
    body: JSON.stringify(body),
  });
  expect(await answer.text()).toBe('');
  return answer.status;
}
const fromSns = (fields: Readonly<Record<string, unknown>>, key = signer.key): Promise<number> =>
  post('ses', signedSns(key, fields));
const bounced = (): Readonly<Record<string, unknown>> =>
  notification(sesBounce({ messageId: header('Message-ID'), mailbox: leads }), new Date());

test('Postmark gives back what the mail carried for it, and the delivery has failed', async () => {
  const name = header('X-PM-Metadata-relais');
  expect(header('Message-ID')).toBe(`<${name}@centre.example>`);
  expect(header('X-PM-KeepID')).toBe('true');
  const bounce = {
    RecordType: 'Bounce',
    Type: 'HardBounce',
    MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
    Email: leads,
    Details: 'smtp;550 5.1.1 unknown',
    Metadata: { relais: name },
  };
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  expect(await post('postmark', bounce)).toBe(401);
  expect(await post('postmark', bounce, basic('relais:un-autre-mot-de-plus-de-vingt'))).toBe(401);
  expect((await rowOf())?.state).toBe('delivered');
  expect(await post('postmark', bounce, basic(login))).toBe(200);
  expect(await post('postmark', bounce, basic(login))).toBe(200);
  expect(await rowOf()).toMatchObject({ state: 'failed', reason: 'bounced:5.1.1' });
  expect(await alerts('delivery_failed')).toHaveLength(1);
  // A mail of somebody else through the same account.
  expect(await post('postmark', { ...bounce, Metadata: {} }, basic(login))).toBe(200);
  expect(await alerts('bounce_unmatched')).toEqual(['1']);
});

test('SES through SNS: signed by its certificate, the delivery has failed; the certificate is fetched once', async () => {
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
  expect(await fromSns(bounced(), stranger.export({ type: 'pkcs8', format: 'pem' }) as string)).toBe(401);
  expect(await post('ses', { ...bounced(), Signature: '' })).toBe(401);
  expect((await rowOf())?.state).toBe('delivered');
  expect(await fromSns(bounced())).toBe(200);
  expect(await fromSns(bounced())).toBe(200);
  expect(await rowOf()).toMatchObject({ state: 'failed', reason: 'bounced:5.1.1' });
  expect(await alerts('delivery_failed')).toHaveLength(1);
  expect(visits).toEqual([certificatePath]);
  expect(await fromSns(notification('no JSON', new Date()))).toBe(200);
  expect(await fromSns(notification({ eventType: 'Bounce' }, new Date()))).toBe(422);
});

test('SNS away is no refusal: to be told again; an address without a certificate is one', async () => {
  status = 503;
  for (let time = 0; time <= refusalsAMinute; time += 1) expect(await fromSns(bounced())).toBe(503);
  status = 404;
  expect(await fromSns(bounced())).toBe(401);
  status = 200;
  expect(await fromSns(bounced())).toBe(200);
  expect((await rowOf())?.state).toBe('failed');
});

test('a subscription is confirmed for the named topic alone; its end is an alert', async () => {
  const foreign = { TopicArn: 'arn:aws:sns:eu-west-3:999999999999:foreign' };
  expect(await fromSns(confirmation(new Date(), 'SubscriptionConfirmation', foreign))).toBe(401);
  expect(visits).toEqual([]);
  const asked = confirmation(new Date());
  expect(await fromSns(asked)).toBe(200);
  const { pathname, search } = new URL(String(asked['SubscribeURL']));
  expect(visits).toEqual([certificatePath, pathname + search]);
  status = 500;
  expect(await fromSns(asked)).toBe(503);
  status = 302;
  expect(await fromSns(asked)).toBe(503);
  const elsewhere = { SubscribeURL: 'https://evil.example/?Action=ConfirmSubscription' };
  expect(await fromSns(confirmation(new Date(), 'SubscriptionConfirmation', elsewhere))).toBe(422);
  // Told once, and of no less weight for another cause within the hour.
  for (const _ of ['first', 'again'])
    expect(await fromSns(confirmation(new Date(), 'UnsubscribeConfirmation'))).toBe(200);
  expect(await alerts('bounces_unread')).toEqual(['NOT_UNDERSTOOD', 'SNS_UNSUBSCRIBED']);
  expect((await rowOf())?.state).toBe('delivered');
});
