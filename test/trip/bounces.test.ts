// A mail that comes back after the server's yes: its delivery has failed, and only what we really sent can say so.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { connectorOf, connectors } from '../../connectors/index.ts';
import { handleReturned, readBounces } from '../../src/delivery/background/bounces.ts';
import { silentLog } from '../../src/log.ts';
import { replay } from '../support/replay.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
import { bounceMail, postfixDelay } from '../connectors/servers/bounces.ts';
import { certificateFor } from '../connectors/servers/certificate.ts';
import { imapUser, startImapServer, type ImapServer } from '../connectors/servers/imap.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { leadRow, openGateway, type Gateway } from './gateway.ts';

let smtp: SmtpRecipient;
let imap: ImapServer;
let folder: string;
let gateway: Gateway;
const by = { actor: 'tester', reason: 'mailbox repaired' };
const [leads, adv] = ['leads@essai.example', 'adv@essai.example'] as const;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-bounces-'));
  const certificate = await certificateFor('localhost');
  smtp = await startSmtpRecipient(certificate);
  imap = await startImapServer(certificate);
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  gateway = await openGateway({
    files,
    environment: {
      RELAIS_CA_FILE: ca,
      RELAIS_SECRET_SMTP: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
      RELAIS_BOUNCES_URL: `imaps://${imapUser.user}:${imapUser.password}@localhost:${imap.port}/INBOX`,
      RELAIS_BOUNCES_SECONDS: '1',
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-mail', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterEach(async () => {
  await gateway.close();
  await smtp.close();
  await imap.close();
  rmSync(folder, { recursive: true, force: true });
});

/** At each look the mailbox is read, without the wait for the planner's turn; one of the two reads at a time. */
const until: Gateway['until'] = (what, check) =>
  gateway.until(what, async () => {
    if (await check()) return true;
    const { app, config } = gateway;
    const needs = { ...app, connectors, masterKeys: app.keys.master, network: config.network };
    const signal = new AbortController().signal;
    await readBounces({ ...needs, log: silentLog, signal }, config.bounces.url ?? '');
    return false;
  });
const rowOf = async (action = 'create') => (await gateway.states(`d.action = '${action}'`))[0];
const ends = (state: string, action = 'create'): Promise<void> =>
  until(`${action} ${state}`, async () => (await rowOf(action))?.state === state);
const gone = (): Promise<void> => until('the report is removed', () => imap.mails.length === 0);
/** The address of return of the last mail. */
const returnPath = (): string => smtp.received.at(-1)?.from ?? '';
const bouncesIn = async (): Promise<readonly { target: string; reason: string }[]> =>
  gateway.owner.all("SELECT target, reason FROM handovers WHERE entry = 'bounced' ORDER BY id");
const alertsOf = async (kind: string): Promise<number> => {
  const [row] = await gateway.owner.all<{ n: number }>('SELECT COUNT(*) AS n FROM alerts WHERE kind = ?', [
    kind,
  ]);
  return row?.n ?? 0;
};
async function sent(reference: string): Promise<void> {
  await gateway.send(leadRow(reference));
  await ends('delivered');
}

test('a report fails the delivery it is about, with its code, an alert and words for support; the replay goes to that mailbox', async () => {
  await sent('B-1');
  expect(returnPath()).toMatch(/^retours\+[0-9a-z]+-1-1-[a-z2-7]{26}@relais\.example$/);
  imap.deliver(bounceMail({ to: returnPath(), mailbox: adv }));
  await ends('failed');
  await gone();
  expect((await rowOf())?.reason).toBe('bounced:5.1.1');
  expect(await bouncesIn()).toEqual([{ target: adv, reason: '5.1.1' }]);
  expect(await alertsOf('delivery_failed')).toBe(1);
  const id = (await rowOf())?.id ?? 0;
  const story = await terminalOf(environmentOf(gateway))('delivery', 'show', String(id));
  expect(story.out).toContain('renvoyé par la messagerie du destinataire après la remise');
  expect(story.out).toContain(`Renvoyé par la messagerie : ${adv} (5.1.1)`);
  await replay(gateway.app, [id], by);
  await ends('delivered');
  expect(smtp.received.map(({ to }) => to)).toEqual([[leads, adv], [adv]]);
  // A recipient's system must not take it for the one it gave back.
  const ids = await Promise.all(smtp.received.map(async ({ raw }) => (await simpleParser(raw)).messageId));
  expect(new Set(ids).size).toBe(2);
  expect(returnPath()).toMatch(/-2-1-[a-z2-7]{26}@/);
});

test('a report that comes again changes nothing, in its own life and in the next', async () => {
  await sent('B-2');
  const first = bounceMail({ to: returnPath(), mailbox: leads });
  imap.deliver(first);
  await ends('failed');
  imap.deliver(first);
  await gone();
  expect(await bouncesIn()).toHaveLength(1);
  await replay(gateway.app, [(await rowOf())?.id ?? 0], by);
  await ends('delivered');
  imap.deliver(first);
  await gone();
  expect((await rowOf())?.state).toBe('delivered');
  expect(await bouncesIn()).toHaveLength(1);
});

test('a report about the other mailbox that comes after the replay fails the delivery: the replay did not go there', async () => {
  await sent('B-10');
  const before = returnPath();
  imap.deliver(bounceMail({ to: before, mailbox: leads }));
  await ends('failed');
  await replay(gateway.app, [(await rowOf())?.id ?? 0], by);
  await ends('delivered');
  imap.deliver(bounceMail({ to: before, mailbox: adv }));
  await ends('failed');
  await gone();
  await replay(gateway.app, [(await rowOf())?.id ?? 0], by);
  await ends('delivered');
  // What had been sent again since then is not what came back.
  imap.deliver(bounceMail({ to: before, mailbox: 'quelquun@interne.essai.example' }));
  await gone();
  expect((await rowOf())?.state).toBe('delivered');
  expect(smtp.received.map(({ to }) => to)).toEqual([[leads, adv], [leads], [adv]]);
});

test('a mailbox that gives back the retry as well is not taken for the first report read twice', async () => {
  let isPutOff = true;
  smtp.faults = { recipient: (address) => (address === adv && isPutOff ? 450 : undefined) };
  await gateway.send(leadRow('B-11'));
  await ends('waiting');
  imap.deliver(bounceMail({ to: returnPath(), mailbox: leads }));
  await gone();
  isPutOff = false;
  // Its next try is an hour away, so that the report is read before it; the test brings it forward.
  await gateway.owner.run("UPDATE deliveries SET due_at = UTC_TIMESTAMP(3) WHERE state = 'waiting'");
  await ends('delivered');
  expect(smtp.received.at(-1)?.to).toEqual([leads, adv]);
  imap.deliver(bounceMail({ to: returnPath(), mailbox: leads }));
  await ends('failed');
  await gone();
  await replay(gateway.app, [(await rowOf())?.id ?? 0], by);
  await ends('delivered');
  expect(smtp.received.map(({ to }) => to)).toEqual([[leads], [leads, adv], [leads]]);
});

test('a delay and a notice of absence fail nothing', async () => {
  await sent('B-3');
  imap.deliver(postfixDelay(returnPath(), leads));
  imap.deliver(
    `From: jean@essai.example\r\nTo: ${returnPath()}\r\nSubject: Absent\r\nAuto-Submitted: auto-replied (vacation)\r\n\r\nDe retour lundi.`,
  );
  await gone();
  expect((await rowOf())?.state).toBe('delivered');
  expect(await bouncesIn()).toEqual([]);
});

test('a forged report fails nothing: not with a number, a key, a Message-ID, another proof or two deliveries', async () => {
  await sent('B-4');
  const tag = /\+(.*)@/.exec(returnPath())?.[1] ?? '';
  const mail = await simpleParser(smtp.received[0]?.raw ?? '');
  const other = tag.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
  const forged = [
    `retours+${tag.split('-')[0] ?? ''}@relais.example`,
    `retours+${other}@relais.example`,
    `retours+${tag.replace('-1-', '-2-')}@relais.example`,
    `retours+${tag.replace('-1-1-', '-1-2-')}@relais.example`,
    'retours@relais.example',
  ].map((to) => bounceMail({ to, mailbox: leads }));
  for (const report of forged) imap.deliver(`References: ${mail.messageId ?? ''}\r\n${report}`);
  await until('read', () => imap.mails.every(({ flags }) => flags.has(String.raw`\Seen`)));
  await gateway.send(leadRow('B-5', { email: 'autre@courriel.example', mobile: '+33639980999' }));
  await until('both', async () => (await gateway.states("d.state = 'delivered'")).length === 2);
  imap.deliver(
    `X-Two: ${returnPath()}\r\n${bounceMail({ to: `retours+${tag}@relais.example`, mailbox: leads })}`,
  );
  await until('read', () => imap.mails.every(({ flags }) => flags.has(String.raw`\Seen`)));
  expect((await gateway.states()).map(({ state }) => state)).toEqual(['delivered', 'delivered']);
  expect(await bouncesIn()).toEqual([]);
  // A person looks at what nobody knows, and is told once.
  expect(imap.mails).toHaveLength(6);
  expect(await alertsOf('bounce_unmatched')).toBe(1);
});

test('an erasure reaches the mailboxes of a delivery that came back', async () => {
  await sent('B-6');
  imap.deliver(bounceMail({ to: returnPath(), mailbox: adv }));
  await ends('failed');
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'B-6', actor: 'tester', reason: 'asked' });
  await ends('delivered', 'erase');
  expect(smtp.received.at(-1)?.to).toEqual([leads, adv]);
});

test('a report without one of our addresses fails the whole; the replay goes to all', async () => {
  await sent('B-7');
  imap.deliver(bounceMail({ to: returnPath(), mailbox: 'jean.dupont@interne.essai.example' }));
  await ends('failed');
  // The address of somebody behind ours stands nowhere.
  expect(await bouncesIn()).toEqual([{ target: '', reason: '5.1.1' }]);
  await replay(gateway.app, [(await rowOf())?.id ?? 0], by);
  await ends('delivered');
  expect(smtp.received.at(-1)?.to).toEqual([leads, adv]);
});

test('a delivery that is being sent is looked at after it has ended', async () => {
  await sent('B-8');
  const id = (await rowOf())?.id ?? 0;
  await gateway.owner.run(
    "UPDATE deliveries SET state = 'sending', lease_until = TIMESTAMPADD(HOUR, 1, UTC_TIMESTAMP(3)) WHERE id = ?",
    [id],
  );
  const returned = {
    text: returnPath(),
    kind: 'report' as const,
    failures: [{ target: leads, code: '5.1.1' }],
  };
  const email = connectorOf('email');
  if (email === undefined) throw new Error('no connector email');
  const { app } = gateway;
  const needs = { database: app.database, published: app.published, masterKeys: app.keys.master };
  expect(await handleReturned(needs, email, returned)).toBe('later');
  await gateway.owner.run("UPDATE deliveries SET state = 'delivered' WHERE id = ?", [id]);
  expect(await handleReturned(needs, email, returned)).toBe('done');
  expect((await rowOf())?.state).toBe('failed');
});

test('a mailbox that cannot be read is told, once', async () => {
  imap.fault = 'drop';
  await sent('B-9');
  imap.deliver(bounceMail({ to: returnPath(), mailbox: leads }));
  await until('told', async () => (await alertsOf('bounces_unread')) === 1);
  // What it said counts all the same, and counts once.
  expect((await rowOf())?.state).toBe('failed');
  imap.fault = 'none';
  await gone();
  expect(await bouncesIn()).toHaveLength(1);
});

const files: Readonly<Record<string, string>> = {
  'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
mailboxes: [leads@essai.example, adv@essai.example]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai commerce, destination: essai-mail, targets: [leads@essai.example, adv@essai.example], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
  'essai/mail.yaml': `destination: essai-mail
connector: email
send: { to: [leads@essai.example, adv@essai.example], from: Centre de contact <leads@relais.example>, smtp: secret:SMTP, returnPath: 'retours+{tag}@relais.example' }
retry: [1h, 1h]
consent:
  - { to: OPTIN_MAIL, channel: email, values: { granted: Oui, refused: 'Non', not_asked: Non demandé, withdrawn: Retiré } }
fields: [{ to: nom, label: Nom, from: identity.lastName }]
erase: { send: { subject: '{action} {leadReference}' }, fields: [{ to: reference, label: Référence, from: id }] }
`,
};

test('a report that breaks its taking is left for a person, and the next one is read', async () => {
  await sent('B-30');
  const first = returnPath();
  const id = (await rowOf())?.id ?? 0;
  await gateway.send(leadRow('B-31'));
  await until(
    'both',
    async () => (await gateway.states("d.state = 'delivered'")).length === 2 && returnPath() !== first,
  );
  await gateway.owner.text(
    `CREATE TRIGGER poison BEFORE INSERT ON handovers FOR EACH ROW
       IF NEW.entry = 'bounced' AND NEW.delivery_id = ${id} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'poison'; END IF`,
  );
  imap.deliver(bounceMail({ to: first, mailbox: adv }));
  imap.deliver(bounceMail({ to: returnPath(), mailbox: adv }));
  await until('the second failed', async () => {
    const [failed] = await gateway.states("d.state = 'failed'");
    return failed?.reference === 'B-31';
  });
  await until('told', async () => (await alertsOf('bounce_unmatched')) === 1);
  expect(imap.mails).toHaveLength(1);
  expect((await rowOf())?.state).toBe('delivered');
});
