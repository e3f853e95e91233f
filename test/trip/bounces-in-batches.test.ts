// Bounces that a provider reports by the thousand: each moves its delivery once, however the batch is mixed, and whoever else reports.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusalsAMinute, startCallbacks } from '../../src/callbacks/server.ts';
import { raiseHourly } from '../../src/delivery/background/bounces.ts';
import { silentLog, type Log } from '../../src/log.ts';
import { certificateFor } from '../connectors/servers/certificate.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { openGateway, strangerRow, type Gateway } from './gateway.ts';

let smtp: SmtpRecipient;
let folder: string;
let gateway: Gateway;
let warnings: string[];
let door: Awaited<ReturnType<typeof startCallbacks>>;
const clients = ['essai', 'autre'] as const;
const mailbox = (client: string): string => `leads@${client}.example`;
const token = 'jeton-de-plus-de-vingt-caracteres';

const filesOf = (client: string): Readonly<Record<string, string>> => ({
  [`${client}/client.yaml`]: `id: ${client}
name: ${client}
legalEntity: ESSAI PROMOTION SAS
mailboxes: [${mailbox(client)}]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai ADV, destination: ${client}-mail, targets: [${mailbox(client)}], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
  [`${client}/mail.yaml`]: `destination: ${client}-mail
connector: email
send: { to: ${mailbox(client)}, from: 'Relais <relais@centre.example>', smtp: secret:SMTP }
consent:
  - { to: OPTIN, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETIRE } }
fields:
  - { to: NOM, from: identity.lastName }
`,
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-batches-'));
  const certificate = await certificateFor('localhost');
  smtp = await startSmtpRecipient(certificate);
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  gateway = await openGateway({
    files: { ...filesOf('essai'), ...filesOf('autre') },
    environment: {
      RELAIS_CA_FILE: ca,
      RELAIS_SECRET_SMTP: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
      RELAIS_SECRET_BOUNCES_BREVO: token,
    },
  });
  const { database, published, callbackKey } = gateway.app;
  const { secrets, network } = gateway.config;
  warnings = [];
  const log: Log = {
    ...silentLog,
    warn: (event, fields) => void warnings.push(`${event}:${String(fields?.['code'])}`),
  };
  const place = { database, published, callbackKey, secrets, network, log };
  door = await startCallbacks({ ...place, host: '127.0.0.1', port: 0 });
  for (const client of clients)
    await gateway.app.publishing.publish({
      destinationId: `${client}-mail`,
      author: 'tester',
      note: 'first',
    });
});
afterEach(async () => {
  await door.close();
  await gateway.close();
  await smtp.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Mail {
  readonly id: number;
  readonly key: string;
  readonly client: string;
}
/** Mails that left, as the worker records them: one of each client really, the others copied from it. */
async function mails(each: number): Promise<readonly Mail[]> {
  const { owner } = gateway;
  await gateway.start('planner', 'worker');
  await gateway.send(...clients.map((client_id) => strangerRow(`M-${client_id}`, { client_id })));
  await gateway.until(
    'both left',
    async () => (await gateway.states()).filter(({ state }) => state === 'delivered').length === 2,
  );
  for (const client of clients) {
    const names = Array.from({ length: each - 1 }, (_, n) => `COPY-${client}-${n}`);
    for (let start = 0; start < names.length; start += 500)
      await owner.run(
        `INSERT INTO leads (client_id, reference, channel, collected_at, operation_kind)
         VALUES ${names
           .slice(start, start + 500)
           .map(() => "(?, ?, 'web_form', UTC_TIMESTAMP(3), 'recurring')")
           .join(', ')}`,
        names.slice(start, start + 500).flatMap((name) => [client, name]),
      );
    const columns = await owner.all<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'deliveries'
          AND extra NOT LIKE '%GENERATED%' AND extra NOT LIKE '%auto_increment%'`,
    );
    const values: Readonly<Record<string, string>> = {
      lead_id: 'l.id',
      delivery_key: "CONCAT('dlv_', l.id + 1000000000)",
    };
    await owner.run(
      `INSERT INTO deliveries (${columns.map(({ name }) => name).join(', ')})
       SELECT ${columns.map(({ name }) => values[name] ?? `d.${name}`).join(', ')} FROM leads l JOIN
         (SELECT * FROM deliveries WHERE client_id = ? ORDER BY id LIMIT 1) d WHERE l.reference LIKE ?`,
      [client, `COPY-${client}-%`],
    );
    await owner.run(
      `INSERT INTO handovers (at, entry, client_id, destination_id, delivery_id, lead_id, run, attempt, action)
       SELECT UTC_TIMESTAMP(6), 'departed', d.client_id, d.destination_id, d.id, d.lead_id, 1, 1, 'create'
         FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.reference LIKE ?`,
      [`COPY-${client}-%`],
    );
  }
  return owner.all<Mail>('SELECT id, delivery_key AS `key`, client_id AS client FROM deliveries ORDER BY id');
}
const eventOf = ({ key, client }: Mail) => ({
  event: 'hard_bounce',
  email: mailbox(client),
  'message-id': `<${key}@centre.example>`,
  reason: '550 5.1.1 unknown',
});
async function post(body: unknown): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${door.port}/bounces/brevo`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  expect(await answer.text()).toBe('');
  return answer.status;
}
const counts = async (): Promise<readonly { state: string; n: number }[]> =>
  gateway.owner.all('SELECT state, COUNT(*) AS n FROM deliveries GROUP BY state ORDER BY state');
const bouncesOfEach = async (): Promise<readonly number[]> =>
  (
    await gateway.owner.all<{ n: number }>(
      "SELECT COUNT(*) AS n FROM handovers WHERE entry = 'bounced' GROUP BY delivery_id",
    )
  ).map(({ n }) => n);
const alerts = async (kind: string): Promise<readonly string[]> =>
  (
    await gateway.owner.all<{ reason: string }>('SELECT reason FROM alerts WHERE kind = ? ORDER BY id', [
      kind,
    ])
  ).map(({ reason }) => reason);

test('a full batch of two clients, twice, told by eight connections at once: each bounce once', async () => {
  const all = await mails(250);
  const events = all.map(eventOf);
  const batch = [
    ...events,
    ...events.slice(0, 80),
    7,
    null,
    { event: 'hard_bounce' },
    { ...eventOf({ id: 0, key: 'dlv_unknown00', client: 'essai' }) },
  ];
  const statuses = await Promise.all(
    [batch, batch.toReversed(), ...Array.from({ length: 6 }, (_, n) => batch.slice(n * 80, n * 80 + 80))].map(
      post,
    ),
  );
  expect(statuses).toEqual(statuses.map(() => 200));
  expect(await counts()).toEqual([{ state: 'failed', n: all.length }]);
  expect((await bouncesOfEach()).filter((n) => n !== 1)).toEqual([]);
  expect(await bouncesOfEach()).toHaveLength(all.length);
  expect(await alerts('delivery_failed')).toHaveLength(all.length);
  expect(await alerts('bounce_unmatched')).not.toEqual([]);
});

test('a batch of the shortest events, with one bounce among thousands that arrived, is read', async () => {
  const all = await mails(1);
  const arrived = {
    event: 'delivered',
    email: mailbox('essai'),
    'message-id': '<dlv_0000000000@centre.example>',
  };
  expect(await post([...Array.from({ length: 4_998 }, () => arrived), ...all.map(eventOf)])).toBe(200);
  expect(await counts()).toEqual([{ state: 'failed', n: 2 }]);
});

test('a proved batch that cannot be read is told to support, once an hour, beside any other cause', async () => {
  const { database } = gateway.app;
  await raiseHourly(database, { kind: 'bounces_unread', reason: 'IMAP_AUTH' });
  for (const _ of ['first', 'again'])
    expect(await post(Array.from({ length: 5_001 }, () => ({ event: 'delivered' })))).toBe(422);
  expect(await alerts('bounces_unread')).toEqual(['IMAP_AUTH', 'NOT_UNDERSTOOD']);
});

test('a body too large to be proved leaves a line in the log, and as few of them as any stranger', async () => {
  const body = { event: 'hard_bounce', tag: 'x'.repeat(1_048_576) };
  for (let time = 0; time < refusalsAMinute + 2; time += 1) expect(await post(body)).toBe(413);
  expect(warnings).toEqual(Array.from({ length: refusalsAMinute }, () => 'callback.failed:TOO_LARGE'));
});
