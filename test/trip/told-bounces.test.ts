// A mail provider tells of a bounce by itself: its delivery has failed, once, and the replay goes to that mailbox.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { startCallbacks } from '../../src/callbacks/server.ts';
import { silentLog } from '../../src/log.ts';
import { replay } from '../support/replay.ts';
import { certificateFor } from '../connectors/servers/certificate.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { leadRow, openGateway, type Gateway } from './gateway.ts';

let smtp: SmtpRecipient;
let folder: string;
let gateway: Gateway;
let door: Awaited<ReturnType<typeof startCallbacks>>;
const [leads, adv] = ['leads@essai.example', 'adv@essai.example'] as const;
const token = 'jeton-de-plus-de-vingt-caracteres';
const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-told-'));
  const certificate = await certificateFor('localhost');
  smtp = await startSmtpRecipient(certificate);
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  gateway = await openGateway({
    files: {
      'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
mailboxes: [${leads}, ${adv}]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai ADV, destination: essai-mail, targets: [${leads}, ${adv}], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
      'essai/mail.yaml': `destination: essai-mail
connector: email
send: { to: [${leads}, ${adv}], from: 'Relais <relais@centre.example>', smtp: secret:SMTP }
consent:
  - { to: OPTIN, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETIRE } }
fields:
  - { to: NOM, from: identity.lastName }
`,
    },
    environment: {
      RELAIS_CA_FILE: ca,
      RELAIS_SECRET_SMTP: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
      RELAIS_SECRET_BOUNCES_BREVO: token,
      RELAIS_SECRET_BOUNCES_RELAIS: secret,
    },
  });
  const { database, published, callbackKey } = gateway.app;
  const { secrets, network } = gateway.config;
  door = await startCallbacks({
    database,
    published,
    callbackKey,
    secrets,
    network,
    log: silentLog,
    host: '127.0.0.1',
    port: 0,
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-mail', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterEach(async () => {
  await door.close();
  await gateway.close();
  await smtp.close();
  rmSync(folder, { recursive: true, force: true });
});

const rowOf = async () => (await gateway.states())[0];
const ends = (state: string): Promise<void> =>
  gateway.until(state, async () => (await rowOf())?.state === state);
const messageId = (): string =>
  /^Message-ID: (.*)$/im.exec(smtp.received.at(-1)?.raw.toString() ?? '')?.[1]?.trim() ?? '';
async function post(
  provider: string,
  body: string,
  headers: Readonly<Record<string, string>> = { authorization: `Bearer ${token}` },
): Promise<number> {
  const address = `http://127.0.0.1:${door.port}/bounces/${provider}`;
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  expect(await answer.text()).toBe('');
  return answer.status;
}
const brevo = (mailbox: string, event = 'hard_bounce', of = messageId()): Promise<number> =>
  post(
    'brevo',
    JSON.stringify({
      event,
      email: mailbox,
      'message-id': of,
      reason: '550 5.1.1 Zoé Martin unknown',
      id: 7,
    }),
  );
const noted = async (): Promise<readonly { target: string; reason: string }[]> =>
  gateway.owner.all("SELECT target, reason FROM handovers WHERE entry = 'bounced' ORDER BY id");
const alerts = async (kind: string): Promise<number> =>
  (await gateway.owner.all('SELECT id FROM alerts WHERE kind = ?', [kind])).length;

test('a bounce fails the delivery that its Message-ID names, once however often it is told; the replay goes to that mailbox', async () => {
  await gateway.send(leadRow('T-1'));
  await ends('delivered');
  expect(await brevo(adv)).toBe(200);
  expect(await brevo(adv.toUpperCase())).toBe(200);
  expect(await rowOf()).toMatchObject({ state: 'failed', reason: 'bounced:5.1.1' });
  expect(await noted()).toEqual([{ target: adv, reason: '5.1.1' }]);
  expect(await alerts('delivery_failed')).toBe(1);
  const first = messageId();
  await replay(gateway.app, [(await rowOf())?.id ?? 0], { actor: 'tester', reason: 'mailbox repaired' });
  await ends('delivered');
  expect(smtp.received.map(({ to }) => to)).toEqual([[leads, adv], [adv]]);
  expect(messageId()).not.toBe(first);
  // Told once more of the first mail: the second is not what came back.
  expect(await brevo(adv, 'hard_bounce', first)).toBe(200);
  expect((await rowOf())?.state).toBe('delivered');
  expect(await brevo(adv)).toBe(200);
  expect((await rowOf())?.state).toBe('failed');
});

test('what cannot prove itself moves nothing and learns nothing; what names no mail of ours is an alert', async () => {
  await gateway.send(leadRow('T-1'));
  await ends('delivered');
  const body = JSON.stringify({ event: 'hard_bounce', email: adv, 'message-id': messageId() });
  expect(await post('brevo', body, { authorization: 'Bearer un-autre-jeton-tout-aussi-long' })).toBe(401);
  expect(await post('brevo', body, {})).toBe(401);
  // No secret was given for it, and there is no such provider.
  expect(await post('sendgrid', body)).toBe(401);
  expect(await post('constructor', body)).toBe(401);
  expect((await rowOf())?.state).toBe('delivered');
  expect(await alerts('bounce_unmatched')).toBe(0);
  expect(await post('brevo', 'no JSON')).toBe(422);
  expect(await brevo(adv, 'hard_bounce', '<dlv_0000000000@centre.example>')).toBe(200);
  expect(await alerts('bounce_unmatched')).toBe(1);
  expect(await brevo(adv, 'deferred')).toBe(200);
  expect((await rowOf())?.state).toBe('delivered');
  // Nothing of what a provider says is kept but its code.
  const log = JSON.stringify(await gateway.owner.all('SELECT * FROM handovers'));
  expect(log).not.toMatch(/zo[eé]|martin/i);
});

test('an error of our own over an event is one alert, and the provider tells it again', async () => {
  await gateway.send(leadRow('T-1'));
  await ends('delivered');
  await gateway.owner.text(
    `CREATE TRIGGER poison BEFORE INSERT ON alerts FOR EACH ROW
       IF NEW.kind = 'bounce_unmatched' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF`,
  );
  const foreign = '<dlv_0000000000@centre.example>';
  expect([await brevo(adv, 'hard_bounce', foreign), await brevo(adv, 'hard_bounce', foreign)]).toEqual([
    503, 503,
  ]);
  expect(
    await gateway.owner.all("SELECT destination_id AS id, reason FROM alerts WHERE kind = 'internal_error'"),
  ).toEqual([{ id: '', reason: 'BOUNCE:SQL_1644' }]);
});

test('our own form, signed: a bounce while the delivery is being sent is to be told again', async () => {
  await gateway.send(leadRow('T-1'));
  await ends('delivered');
  const signed = (status: string): Promise<number> => {
    const body = JSON.stringify({ bounces: [{ messageId: messageId(), mailbox: leads, status }] });
    const at = new Date();
    return post('relais', body, {
      'webhook-id': 'b1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign('b1', at, body),
    });
  };
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'sending', lease_until = TIMESTAMPADD(HOUR, 1, UTC_TIMESTAMP(3))",
  );
  expect(await signed('5.2.2')).toBe(503);
  expect(await noted()).toEqual([]);
  await gateway.owner.run("UPDATE deliveries SET state = 'delivered', lease_until = NULL");
  expect(await signed('5.2.2')).toBe(200);
  expect(await rowOf()).toMatchObject({ state: 'failed', reason: 'bounced:5.2.2' });
});
