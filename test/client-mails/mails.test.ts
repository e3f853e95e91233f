// The centre's own mails to a client, against a real mail server: written with what they report, sent once, never given up.
import { simpleParser, type ParsedMail } from 'mailparser';
import { queueClientMail, type ClientMail } from '../../src/client-mails/queue.ts';
import { sendClientMails, type ClientMailOptions } from '../../src/client-mails/send.ts';
import { silentLog } from '../../src/log.ts';
import { listClientMails } from '../../src/store/alerts/client-mails.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { openStoreHome, type StoreHome } from '../store/home.ts';

let home: StoreHome;
let smtp: SmtpRecipient;
let options: ClientMailOptions;

beforeEach(async () => {
  [home, smtp] = [await openStoreHome(), await startSmtpRecipient(undefined)];
  await contact('dpo@essai.example');
  options = {
    database: home.gateway,
    log: silentLog,
    network: { allowedRanges: ['127.0.0.0/8'], allowPlaintext: true },
    mail: {
      smtpUrl: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
      from: 'Centre <relais@centre.example>',
      dpoName: 'Claude Exemple',
      dpoMailbox: 'dpo@centre.example',
      rightsMailbox: 'droits@centre.example',
    },
  };
});
afterEach(() => Promise.all([home.close(), smtp.close()]));

const contact = (rights: string | undefined): Promise<unknown> =>
  home.owner.run("UPDATE clients SET facts = ? WHERE id = 'essai'", [
    JSON.stringify({ contacts: rights === undefined ? {} : { rights }, mailboxes: ['leads@essai.example'] }),
  ]);
const note: ClientMail = {
  clientId: 'essai',
  kind: 'note',
  key: 'note-1',
  to: ['contact', 'dpo'],
  subject: 'Note n° 1',
  paragraphs: ['Le format « essai-crm » a été publié.'],
};
const queue = (mail: ClientMail = note): Promise<readonly number[]> =>
  home.gateway.transaction((tx) => queueClientMail(tx, mail));
const due = (): Promise<unknown> =>
  home.owner.run('UPDATE client_mails SET next_try_at = UTC_TIMESTAMP(3) WHERE sent_at IS NULL');
const received = (): Promise<readonly ParsedMail[]> =>
  Promise.all(smtp.received.map((mail) => simpleParser(mail.raw)));
const open = async (): Promise<readonly string[]> =>
  (await listClientMails(home.gateway, { unsent: true }, 10)).map(
    ({ addressee, reason }) => `${addressee} ${reason}`,
  );

test('C59: every mail to a client is French and names the officer and the mailbox for rights', async () => {
  await queue();
  expect(await sendClientMails(options)).toBe(2);
  const mails = await received();
  expect(smtp.received.map((mail) => mail.to)).toEqual([['dpo@essai.example'], ['dpo@centre.example']]);
  for (const mail of mails) {
    expect(mail.subject).toBe('Note n° 1');
    expect(mail.text).toMatch(/^Bonjour,\n\nLe format « essai-crm » a été publié\.\n\n/);
    expect(mail.text).toContain('Délégation à la protection des données (DPO) : Claude Exemple');
    expect(mail.text).toContain(
      'Pour exercer les droits d’une personne ou poser une question à leur sujet : droits@centre.example',
    );
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
  }
  expect(await open()).toEqual([]);
  expect(
    await home.owner.all(
      "SELECT client_id, actor, purpose, recipient, target, outcome FROM handovers WHERE entry = 'mailed' ORDER BY id",
    ),
  ).toEqual(
    ['contact', 'dpo'].map((recipient, index) => ({
      ...{ client_id: 'essai', actor: 'relais', purpose: 'note-1', recipient, outcome: 'unconfirmed' },
      target: ['dpo@essai.example', 'dpo@centre.example'][index],
    })),
  );
  expect(await sendClientMails(options)).toBe(0);
});

test('a mail stands with what it reports, or not at all; the same again is the same mail', async () => {
  await home.gateway
    .transaction(async (tx) => {
      await queueClientMail(tx, note);
      throw new Error('undone');
    })
    .catch(() => undefined);
  expect(await open()).toEqual([]);
  expect(await queue()).toEqual(await queue());
  expect(await open()).toHaveLength(2);
});

test('no prospect is named in it: an address or a phone number is masked, but for the mailboxes of the contract', async () => {
  await queue({
    ...note,
    subject: 'Demande de zoe.martin@courriel.example',
    paragraphs: [
      'Zoe a le +33 6 39 98 11 22 depuis le 2026-03-01, boîte leads@essai.example.',
      '０６ ３９ ９８ １１ ２２',
    ],
  });
  await sendClientMails(options);
  const [mail] = await received();
  expect(mail?.subject).toBe('Demande de [adresse masquée]');
  expect(mail?.text).toContain(
    'Zoe a le [numéro masqué] depuis le 2026-03-01, boîte leads@essai.example.\n\n[numéro masqué]',
  );
  const rows = JSON.stringify(await home.owner.all('SELECT * FROM client_mails'));
  for (const marker of ['zoe.martin', '39 98', '９８']) expect(rows).not.toContain(marker);
});

test('a mailbox that refuses holds up nobody and is tried again, under the same Message-ID, until it takes the mail', async () => {
  await queue();
  smtp.faults.recipient = (address) => (address === 'dpo@essai.example' ? 550 : undefined);
  expect(await sendClientMails(options)).toBe(1);
  expect(await open()).toEqual(['contact SMTP_550']);
  // Not before its time.
  expect(await sendClientMails(options)).toBe(0);
  smtp.faults = { content: 451 };
  await due();
  await sendClientMails(options);
  smtp.faults = {};
  await due();
  expect(await sendClientMails(options)).toBe(1);
  const ids = (await received())
    .filter((mail) => JSON.stringify(mail.to).includes('dpo@essai.example'))
    .map((mail) => mail.messageId);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^<essai\.note-1\.contact\.\d+@centre\.example>$/);
});

test('a contact that is missing or corrected meanwhile: the mail goes to the one that is designated when it leaves', async () => {
  await contact(undefined);
  await queue({ ...note, to: ['contact'] });
  await sendClientMails(options);
  expect(await open()).toEqual(['contact CONTACT_MISSING']);
  await contact('nouveau@essai.example');
  await due();
  await sendClientMails(options);
  expect(smtp.received.map((mail) => mail.to)).toEqual([['nouveau@essai.example']]);
});

test('a mail server that is away costs one try a round; what stays unsent is a task, which ends when it has left', async () => {
  await queue();
  smtp.faults.connect = 421;
  await sendClientMails(options);
  expect(smtp.connections()).toBe(1);
  expect(await open()).toEqual(['dpo ', 'contact SMTP_421']);
  await sendClientMails({ ...options, mail: undefined, unsentMinutes: -1 });
  await sendClientMails({ ...options, mail: undefined, unsentMinutes: -1 });
  const tasks = (): Promise<readonly unknown[]> =>
    home.owner.all(
      "SELECT client_id, reason FROM alerts WHERE kind = 'client_mail_unsent' AND closed_at IS NULL ORDER BY id",
    );
  expect(await tasks()).toEqual([
    { client_id: 'essai', reason: expect.stringMatching(/^mail_\d+:SMTP_421$/) as string },
    { client_id: 'essai', reason: expect.stringMatching(/^mail_\d+:MAIL_NOT_CONFIGURED$/) as string },
  ]);
  smtp.faults = {};
  await due();
  expect(await sendClientMails(options)).toBe(2);
  expect(await tasks()).toEqual([]);
});

test('two planners at once never send one mail twice', async () => {
  for (let index = 1; index <= 20; index += 1) await queue({ ...note, key: `note-${index}` });
  const other = { ...options, database: home.another(4) };
  const counts = await Promise.all([
    sendClientMails(options),
    sendClientMails(other),
    sendClientMails(options),
  ]);
  expect(counts.reduce((sum, count) => sum + count)).toBe(40);
  expect(new Set((await received()).map((mail) => mail.messageId)).size).toBe(40);
  expect(smtp.received).toHaveLength(40);
});

test('a row that breaks is told and tried again; the others leave', async () => {
  await queue();
  await home.owner.run("UPDATE client_mails SET body = '{' WHERE addressee = 'contact'");
  expect(await sendClientMails(options)).toBe(1);
  expect(await open()).toEqual(['contact BROKEN']);
});

test('without TLS nothing leaves where plaintext is not allowed, and an attachment arrives as it was given', async () => {
  const bytes = Buffer.from('{"preuve":"é"}\n');
  await queue({
    ...note,
    to: [{ mailbox: 'crm@essai.example' }],
    attachments: [{ name: 'preuve 1.json', mediaType: 'application/json', bytes }],
  });
  await sendClientMails({ ...options, network: { ...options.network, allowPlaintext: false } });
  expect(smtp.received).toEqual([]);
  expect(await open()).toEqual([expect.stringMatching(/^mailbox (ETLS|SMTP_50\d)$/)]);
  await due();
  await sendClientMails(options);
  const [mail] = await received();
  expect(mail?.attachments.map(({ filename, content }) => [filename, content])).toEqual([
    ['preuve_1.json', bytes],
  ]);
});

test('a mail whose process was frozen before the server’s go-ahead, longer than its lease, does not leave, and leaves once at its next try', async () => {
  await queue({ ...note, to: ['contact'] });
  // The clock that goes on in a frozen process jumps; no timer of the process has fired.
  const real = performance.now.bind(performance);
  let frozenMs = 0;
  performance.now = () => real() + frozenMs;
  smtp.beforeGoAhead = () => (frozenMs = 121_000);
  try {
    expect(await sendClientMails(options)).toBe(0);
  } finally {
    performance.now = real;
  }
  expect(smtp.received).toEqual([]);
  expect(await open()).toEqual(['contact LEASE_LOST']);
  smtp.beforeGoAhead = () => undefined;
  await due();
  expect(await sendClientMails(options)).toBe(1);
  expect(smtp.received).toHaveLength(1);
});
