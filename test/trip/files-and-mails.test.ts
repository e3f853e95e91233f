// The same trip by file and by mail: one code path, many leads in a parcel, bytes fixed once.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import iconv from 'iconv-lite';
import { simpleParser } from 'mailparser';
import { requestFile } from '../../src/delivery/files/collect.ts';
import { replay } from '../support/replay.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
import { certificateFor } from '../connectors/servers/certificate.ts';
import { sftpUser, startSftpRecipient, type SftpRecipient } from '../connectors/servers/sftp.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { leadRow, openGateway, type Gateway } from './gateway.ts';

let sftp: SftpRecipient;
let smtp: SmtpRecipient;
let root: string;
let gateway: Gateway;
const flow = { id: 'essai-csv', clientId: 'essai' };
const ask = (): Promise<void> => requestFile(gateway.app.database, flow, 'tester', 'now');

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'relais-drop-'));
  mkdirSync(join(root, 'in'));
  sftp = await startSftpRecipient(root);
  const certificate = await certificateFor('localhost');
  smtp = await startSmtpRecipient(certificate);
  const ca = join(root, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  gateway = await openGateway({
    files: files(),
    environment: {
      RELAIS_CA_FILE: ca,
      RELAIS_SECRET_SFTP: sftpUser.password,
      RELAIS_SECRET_SMTP: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
    },
  });
  for (const destinationId of ['essai-csv', 'essai-mail'])
    await gateway.app.publishing.publish({ destinationId, author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterEach(async () => {
  await gateway.close();
  await sftp.close();
  await smtp.close();
  rmSync(root, { recursive: true, force: true });
});

const drops = (): readonly string[] =>
  readdirSync(join(root, 'in'))
    .filter((name) => name.endsWith('.csv'))
    .sort();
const csv = (name: string): string => iconv.decode(readFileSync(join(root, 'in', name)), 'windows-1252');
/** However long the test takes between two tries, the second one waits for it. */
async function withoutHaste(): Promise<void> {
  gateway.file('essai/csv.yaml', (files()['essai/csv.yaml'] ?? '').replace(/retry: .*/, 'retry: [1h, 1h]'));
  await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 'tester', note: 'patient' });
}
/** Waits until so many rows have been in a file whose try failed, and it is at rest: its rows wait before it does. */
async function waiting(count: number): Promise<readonly { id: number }[]> {
  const rows = () =>
    gateway.states("d.destination_id = 'essai-csv' AND d.state = 'waiting' AND d.maybe_received = 1");
  await gateway.until('waiting', async () => {
    const queued = await gateway.owner.all('SELECT 1 FROM batches WHERE queued_at IS NOT NULL');
    return queued.length === 0 && (await rows()).length === count;
  });
  return rows();
}
/** So many rows of the flow were planned, and each waits for its file or was in one. */
const planned = async (count: number): Promise<boolean> => {
  const rows = await gateway.states("d.destination_id = 'essai-csv'");
  return rows.length === count && rows.every(({ state }) => state !== 'planned');
};
const delivered = async (destination: string): Promise<number> =>
  (await gateway.states(`d.destination_id = '${destination}' AND d.state = 'delivered'`)).length;

test('leads of a slot leave in one file with its sequence, in windows-1252, opt-in included; the next file has the next number', async () => {
  await gateway.send(
    leadRow('V-1'),
    leadRow('V-2', { last_name: 'Œuvrard' }),
    leadRow('V-3', { consents: null }),
  );
  await gateway.until('planned', () => planned(3));
  await ask();
  await gateway.soon('delivered', async () => (await delivered('essai-csv')) === 2);
  expect(drops()).toEqual([expect.stringMatching(/_000001\.csv$/)]);
  // Which of two leads of one moment is planned first is nobody's promise.
  expect(
    csv(drops()[0] ?? '')
      .split('\r\n')
      .toSorted(),
  ).toEqual(
    [
      '"OPTIN";"REF";"NOM";"TEL"',
      '"O";"V-1";"Lefèvre";"0639980123"',
      '"O";"V-2";"Œuvrard";"0639980123"',
      '',
    ].toSorted(),
  );
  expect(
    (await gateway.states("d.destination_id = 'essai-csv' AND d.state = 'withheld'")).map(
      (row) => row.reference,
    ),
  ).toEqual(['V-3']);
  await gateway.send(leadRow('V-4'));
  await gateway.until('planned', () => planned(4));
  await ask();
  await gateway.until('second file', async () => (await delivered('essai-csv')) === 3);
  expect(drops().at(-1)).toMatch(/_000002\.csv$/);
  const [kept] = await gateway.owner.all<{ n: number }>(
    'SELECT COUNT(*) AS n FROM batches WHERE content IS NOT NULL',
  );
  expect(kept?.n).toBe(0);
});

test('a file cut off on its way is sent again under the same name with the same bytes', async () => {
  let cuts = 0;
  sftp.fault = (step) => (step === 'rename' && (cuts += 1) === 1 ? 'reset' : undefined);
  await gateway.send(leadRow('W-1'));
  await gateway.until('planned', () => planned(1));
  await ask();
  await gateway.soon('delivered', async () => (await delivered('essai-csv')) === 1);
  expect(cuts).toBe(2);
  expect(drops()).toEqual([expect.stringMatching(/_000001\.csv$/)]);
  const digests = await gateway.owner.all<{ digest: Buffer }>(
    "SELECT digest FROM handovers WHERE entry = 'departed' AND destination_id = 'essai-csv'",
  );
  expect(digests).toHaveLength(2);
  expect(digests[0]?.digest.equals(digests[1]?.digest ?? Buffer.alloc(0))).toBe(true);
});

test('C22: a lead erased between two tries of its file voids it: the others leave in a new sequence without the person', async () => {
  await withoutHaste();
  let down = true;
  sftp.fault = (step) => (step === 'rename' && down ? 'reset' : undefined);
  await gateway.send(leadRow('X-1', { last_name: 'Dupond' }), leadRow('X-2'));
  await gateway.until('planned', () => planned(2));
  await ask();
  await waiting(2);
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'X-1', actor: 'tester', reason: 'asked' });
  // Not before: a try that had begun meanwhile would still bring the first one through.
  await gateway.soon('voided', async () =>
    (await gateway.entries()).some(({ entry }) => entry === 'batch_voided'),
  );
  down = false;
  await gateway.soon(
    'the other left',
    async () =>
      (await gateway.states("d.destination_id = 'essai-csv' AND l.reference = 'X-2'"))[0]?.state ===
      'delivered',
  );
  expect(drops()).toEqual([expect.stringMatching(/_000002\.csv$/)]);
  expect(csv(drops()[0] ?? '')).not.toContain('Dupond');
  const [other] = await gateway.states("d.destination_id = 'essai-csv' AND l.reference = 'X-2'");
  const story = await terminalOf(environmentOf(gateway))('delivery', 'show', String(other?.id ?? 0));
  expect(story.out).toMatch(/Fichier annulé : .*nouveau fichier/);
  // The first sequence may have reached the server under a temporary name: the client is asked to erase.
  await gateway.until(
    'task',
    async () =>
      (await gateway.states("d.action = 'erase' AND d.destination_id = 'essai-csv'"))[0]?.reason ===
      'manual_erasure_required',
  );
});

test('replaying a row of a file that waits brings its file forward', async () => {
  await withoutHaste();
  let down = true;
  sftp.fault = (step) => (step === 'rename' && down ? 'reset' : undefined);
  await gateway.send(leadRow('Y-1'));
  await gateway.until('planned', () => planned(1));
  await ask();
  const [row] = await waiting(1);
  down = false;
  expect(await replay(gateway.app, [row?.id ?? 0], { actor: 'tester', reason: 'repaired' })).toEqual([
    { id: row?.id, done: 'brought_forward' },
  ]);
  await gateway.soon('delivered', async () => (await delivered('essai-csv')) === 1);
});

test('a file whose recipient answers later is pending until its acknowledgement is read', async () => {
  gateway.file(
    'essai/csv.yaml',
    `${(files()['essai/csv.yaml'] ?? '').replace('  schedule:', '  ack: { path: "in/ACK_{seq}.txt" }\n  schedule:')}pending: { for: 1h, every: 1s }
response:
  - { accepted: { text: OK }, on: lookup }
  - { refused: { text: KO }, on: lookup }
`,
  );
  await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 'tester', note: 'ack' });
  await gateway.send(leadRow('A-1'), leadRow('A-2'));
  await gateway.until('planned', () => planned(2));
  await ask();
  const pending = async (): Promise<number> =>
    (await gateway.states("d.destination_id = 'essai-csv' AND d.state = 'pending'")).length;
  await gateway.until('pending', async () => (await pending()) === 2);
  expect(drops()).toHaveLength(1);
  writeFileSync(join(root, 'in', 'ACK_1.txt'), 'OK');
  await gateway.soon('acknowledged', async () => (await delivered('essai-csv')) === 2);
  expect(drops()).toHaveLength(1);
  expect(
    (await gateway.entries()).filter((one) => one.entry === 'lookup' && one.outcome === 'accepted'),
  ).toHaveLength(2);
});

test('a mail carries the opt-in in a readable French sheet, no name in its subject, the same Message-ID on every try', async () => {
  smtp.faults = { content: 451 };
  await gateway.send(leadRow('M-1'));
  await gateway.until(
    'waiting',
    async () => (await gateway.states("d.destination_id = 'essai-mail'"))[0]?.state === 'waiting',
  );
  smtp.faults = {};
  await gateway.soon('sent', async () => (await delivered('essai-mail')) === 1);
  const mail = await simpleParser(smtp.received.at(-1)?.raw ?? '');
  const [row] = await gateway.owner.all<{ delivery_key: string }>(
    "SELECT delivery_key FROM deliveries WHERE destination_id = 'essai-mail'",
  );
  expect(mail.messageId).toContain(row?.delivery_key);
  expect(mail.subject).not.toMatch(/Lef|Zo/);
  expect(mail.text).toContain('Lefèvre');
  expect(mail.text).toMatch(/OPTIN_MAIL[\s\S]*Oui/);
  expect((await gateway.states("d.destination_id = 'essai-mail'"))[0]).toMatchObject({
    state: 'delivered',
    reason: 'unproved',
  });
});

function files(): Readonly<Record<string, string>> {
  return {
    'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [localhost]
folders: ['sftp:essai/in']
mailboxes: [leads@essai.example]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai SI, destination: essai-csv, targets: ['sftp:essai/in'], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
  - { recipient: Essai commerce, destination: essai-mail, targets: [leads@essai.example], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
    'essai/csv.yaml': `destination: essai-csv
connector: flow
file:
  name: 'LEADS_{date:yyyyMMdd}_{seq:6}.csv'
  to: sftp:essai/in
  server: { host: localhost, port: ${sftp.port}, user: ${sftpUser.user}, password: secret:SFTP, hostKey: '${sftp.hostKey}' }
  schedule: { cron: '0 0 1 1 *' }
timeouts: { connect: 10s, response: 20s, total: 30s }
retry: [1s, 1s, 1s, 1s]
csv: { delimiter: ';', quote: all, encoding: windows-1252, unmappable: transliterate, eol: crlf, header: true, formulaGuard: false }
consent:
  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: '', withdrawn: R } }
fields: [{ consent: rest }, { to: REF, from: id }, { to: NOM, from: identity.lastName, required: true }, { to: TEL, from: identity.mobile, as: { phone: national } }]
`,
    'essai/mail.yaml': `destination: essai-mail
connector: email
send: { to: leads@essai.example, from: Centre de contact <leads@relais.example>, smtp: secret:SMTP, subject: 'Nouveau lead {leadReference}' }
retry: [1h, 1h]
consent:
  - { to: OPTIN_MAIL, channel: email, values: { granted: Oui, refused: 'Non', not_asked: Non demandé, withdrawn: Retiré } }
fields: [{ to: nom, label: Nom, from: identity.lastName }]
`,
  };
}
