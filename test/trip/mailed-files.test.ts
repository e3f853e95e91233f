// A file that travels as the attachment of a mail: one trip with the others, and never sent twice by itself.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { recordBounces } from '../../src/delivery/background/provider-bounces.ts';
import { requestFile } from '../../src/delivery/files/collect.ts';
import { silentLog } from '../../src/log.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
import { certificateFor } from '../connectors/servers/certificate.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { waitsForFile } from './drop.ts';
import { leadRow, openGateway, type Gateway } from './gateway.ts';

let smtp: SmtpRecipient;
let folder: string;
let gateway: Gateway;
const flow = { id: 'essai-file', clientId: 'essai' };
const ask = (): Promise<void> => requestFile(gateway.app.database, flow, 'tester', 'now');
const [leads, si] = ['leads@essai.example', 'si@essai.example'] as const;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-mailed-'));
  const certificate = await certificateFor('localhost');
  smtp = await startSmtpRecipient(certificate);
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  gateway = await openGateway({
    files: {
      'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
mailboxes: [${leads}, ${si}]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai SI, destination: essai-file, targets: [${leads}, ${si}], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
      'essai/file.yaml': `destination: essai-file
connector: flow
file:
  name: 'L_{seq:6}.csv'
  to: mailto:${leads},${si}
  server: { smtp: secret:SMTP, from: 'Relais <relais@centre.example>', rows: 2 }
  schedule: { cron: '0 7 1 1 *', timezone: Europe/Paris }
csv: { delimiter: ';', quote: minimal, header: true }
retry: [1s, 2s]
consent:
  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: N, withdrawn: R } }
fields:
  - { to: REF, from: id }
  - { to: NOM, from: identity.lastName }
`,
    },
    environment: {
      RELAIS_CA_FILE: ca,
      RELAIS_SECRET_SMTP: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-file', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterEach(async () => {
  await gateway.close();
  await smtp.close();
  rmSync(folder, { recursive: true, force: true });
});

const standing = async (): Promise<readonly string[]> =>
  (await gateway.states()).map(({ state, reason }) => `${state}:${reason}`);
const all = (what: string, count: number): Promise<void> =>
  gateway.until(
    `${count} ${what}`,
    async () => (await standing()).filter((one) => one === what).length === count,
  );
const collectable = (count: number): Promise<void> =>
  gateway.until(`${count} to collect`, async () => (await gateway.states(waitsForFile)).length === count);
async function contents(): Promise<readonly string[]> {
  const mails = await Promise.all(smtp.received.map(({ raw }) => simpleParser(raw)));
  return mails.map((mail) => mail.attachments.map(({ content }) => content.toString()).join('|'));
}

test('the leads of an hour leave in as many mails as it takes, each to all mailboxes, and the log says who received them', async () => {
  await gateway.send(leadRow('M-1'), leadRow('M-2'), leadRow('M-3'));
  await collectable(3);
  await ask();
  await all('delivered:unproved', 3);
  // Which of two leads of one moment comes first, and which of two mails, is nobody's promise.
  const files = (await contents()).map((text) => text.split('\r\n'));
  expect(files.map(([heading]) => heading)).toEqual(['REF;NOM;OPTIN', 'REF;NOM;OPTIN']);
  expect(files.map((lines) => lines.length).toSorted((a, b) => a - b)).toEqual([3, 4]);
  expect(
    files
      .flat()
      .filter((row) => row.startsWith('M-'))
      .toSorted(),
  ).toEqual(['M-1;Lefèvre;O', 'M-2;Lefèvre;O', 'M-3;Lefèvre;O']);
  expect(smtp.received.map(({ to }) => to)).toEqual([
    [leads, si],
    [leads, si],
  ]);
  const logged = await gateway.owner.all<{ entry: string; target: string }>(
    "SELECT entry, target FROM handovers WHERE entry IN ('departed', 'outcome') ORDER BY id",
  );
  expect(logged.filter(({ entry }) => entry === 'departed').map(({ target }) => target)).toEqual(
    Array.from({ length: 3 }, () => `${leads}, ${si}`),
  );
  expect(logged.filter(({ entry }) => entry === 'outcome')).toHaveLength(3);
  // One of them comes back later: in the log, and a task, once for each mailbox however often it is told.
  const mails = await Promise.all(smtp.received.map(({ raw }) => simpleParser(raw)));
  const mail = mails.find(({ attachments }) => attachments[0]?.content.toString().split('\r\n').length === 4);
  const [first, number] = [mail?.messageId, /\d+/.exec(mail?.attachments[0]?.filename ?? '')?.[0]];
  const needs = { ...gateway.app, log: silentLog };
  const told = [si, leads, si].map((target) => ({ messageId: first ?? '', target, code: '5.1.1' }));
  expect(await recordBounces(needs, told)).toEqual({ later: false, noted: 3, foreign: 0 });
  expect(
    await recordBounces(needs, [
      { ...told[0], messageId: `${String(first)}`.replace('.1.', '.9.') } as never,
    ]),
  ).toMatchObject({
    foreign: 1,
  });
  expect(
    await gateway.owner.all("SELECT target, reason FROM handovers WHERE entry = 'bounced' ORDER BY id"),
  ).toEqual([
    { target: si, reason: '5.1.1' },
    { target: leads, reason: '5.1.1' },
  ]);
  expect(await gateway.owner.all("SELECT DISTINCT reason FROM alerts WHERE kind = 'file_bounced'")).toEqual([
    { reason: `FILE_${Number(number)}.5.1.1` },
  ]);
  expect((await standing()).every((one) => one === 'delivered:unproved')).toBe(true);
});

test('a connection that is lost after the content is for support to decide: nothing is sent again by itself', async () => {
  smtp.faults = { content: 'reset' };
  await gateway.send(leadRow('M-1'), leadRow('M-2'));
  await collectable(2);
  await ask();
  await all('waiting:unknown_hold:CONNECTION_RESET', 2);
  smtp.faults = {};
  // Further files leave, and the one that is held stays.
  await gateway.send(leadRow('M-3'));
  await collectable(1);
  await ask();
  await all('delivered:unproved', 1);
  expect((await contents()).map((text) => text.match(/M-\d/g)?.toSorted().join())).toEqual([
    'M-1,M-2',
    'M-3',
  ]);
  const [first, second] = await gateway.states("d.state = 'waiting'");
  const terminal = terminalOf(environmentOf(gateway));
  const said = ['--evidence', 'Appel du 20 novembre'];
  for (const row of [first, second])
    await terminal('delivery', 'resolve', String(row?.id), '--not-received', ...said);
  // What support says did not arrive leaves with the next file, under a number of its own.
  await collectable(2);
  await ask();
  await all('delivered:unproved', 3);
  const names = await Promise.all(
    smtp.received.map(async ({ raw }) => (await simpleParser(raw)).attachments[0]?.filename),
  );
  expect(names).toEqual(['L_000001.csv', 'L_000002.csv', 'L_000003.csv']);
});

test('C18: without an authorisation for one of the mailboxes the file goes to none', async () => {
  await gateway.owner.run('UPDATE authorisations SET targets = JSON_ARRAY(?)', [leads]);
  await gateway.send(leadRow('M-1'));
  await collectable(1);
  await ask();
  await gateway.until('withheld', async () => (await standing())[0]?.startsWith('withheld') === true);
  expect(smtp.connections()).toBe(0);
});
