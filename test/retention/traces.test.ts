// C30, C34: after a deletion, and after an anonymising, nothing leads back: a marked person is looked for in every table, every queue
// and every archive, raw, encoded and plainly hashed, by every name they had: their own values, references, receipts, numbers of CRMs.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { silentLog } from '../../src/log.ts';
import { archiveLog } from '../../src/privacy/archive.ts';
import { sendClientMails } from '../../src/client-mails/send.ts';
import { recordOperation } from '../../src/retention/register.ts';
import { writeLedger } from '../../src/backups/ledger.ts';
import { createRetention } from '../../src/retention/run.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, leadRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { markersIn, tableText } from '../trip/markers.ts';

let crm: HttpRecipient;
let smtp: SmtpRecipient;
let gateway: Gateway;
let relais: Relais;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-traces-'));
  [crm, smtp] = [await startHttpRecipient(), await startSmtpRecipient(undefined)];
  crm.answer = (request, response) => {
    const { nom = '' } = JSON.parse(request.body.toString() || '{}') as { nom?: string };
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: `CRM-NUMERO-${nom.length}-88231` }));
  };
  const environment = {
    RELAIS_MAIL_SMTP_URL: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
    RELAIS_MAIL_FROM: 'Centre <relais@centre.example>',
    RELAIS_DPO_NAME: 'Claude Exemple',
    RELAIS_RIGHTS_MAILBOX: 'droits@centre.example',
  };
  gateway = await openGateway({ files: webhookFiles(crm.port), environment });
  relais = terminalOf(environmentOf(gateway, environment));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(async () => {
  await gateway.close();
  await Promise.all([crm.close(), smtp.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const person = {
  last_name: 'Canarinézumque',
  first_name: 'Zéphyrandre',
  email: 'canari.zephyr7491@courriel.example',
  mobile: '+33639987491',
  comment: 'Phrase-témoin 88231 « appartement »',
  address_line1: '17 rue du Marqueur-7491',
  recording: 'enregistrement-7491-88231',
};
const markers = {
  ...person,
  reference: 'HZ-CANARI-7491',
  refused: 'HZ-CANARI-REFUSE',
  crm: `CRM-NUMERO-${'Canarinézumque'.length}-88231`,
  corrected: 'canari.corrige7491@courriel.example',
  demand: 'DEMANDE-CANARI-7491',
};
const consents = JSON.stringify([
  {
    purpose: 'marketing',
    channel: 'email',
    state: 'granted',
    recordedAt: '2026-01-05T10:00:00Z',
    source: 'page-canari-7491',
  },
]);

/** A life of a lead: sent, looked up, corrected by a request, exported, refused once, answered; then its day comes. */
async function lived(operation: object, mails: 'sent' | 'unsent'): Promise<void> {
  const { requests } = gateway.app;
  const roles = await gateway.start('planner', 'worker');
  await gateway.send(
    leadRow(markers.reference, { ...person, consents, ...operation }),
    leadRow(markers.refused, { ...person, channel: 'nonsense', ...operation }),
  );
  const told = (action: string): Promise<void> =>
    gateway.until(`${action} told`, async () =>
      (await gateway.states(`d.action = '${action}'`)).some(({ state }) => state === 'delivered'),
    );
  await told('create');
  await relais('lead', 'show', markers.reference, '--client', 'essai', '--reveal', '--reason', 'ticket 8');
  await relais(...['delivery', 'list', '--client', 'essai']);
  const by = { actor: 'tester' };
  const open = async (kind: 'rectification' | 'access'): Promise<number> =>
    (
      await requests.open({
        ...{ clientId: 'essai', kind, email: person.email, identity: 'seen', ...by },
        demand: { name: `${markers.demand}.eml`, bytes: Buffer.from(`${markers.demand} ${person.email}`) },
      })
    ).id;
  const close = async (id: number): Promise<void> => {
    await requests.show(id);
    await requests
      .acknowledge(id, { ...by, destinationId: 'essai-crm', evidence: 'their screen', isExplained: false })
      .catch(() => undefined);
    await requests.declareInformed(id, { ...by, evidence: 'letter of 2026-12-12' });
    await requests.close(id, { ...by, outcome: 'done', reason: '' });
  };
  const rectification = await open('rectification');
  await requests.apply(rectification, {
    ...by,
    selection: { leads: 'all', rows: [] },
    corrections: { values: { email: markers.corrected }, clear: ['landline'] },
  });
  await gateway.until('nothing to plan', async () => {
    const waiting = await gateway.owner.all('SELECT 1 FROM lead_changes');
    return (
      waiting.length === 0 &&
      (await gateway.states("d.state NOT IN ('delivered', 'cancelled', 'failed')")).length === 0
    );
  });
  await close(rectification);
  const access = await open('access');
  await requests.answered(access, { ...by, evidence: 'letter of 2026-12-10' });
  await close(access);
  const { database, config } = gateway.app;
  if (mails === 'sent')
    await sendClientMails({ database, mail: config.clientMail, network: config.network, log: silentLog });
  for (const role of roles) await role.stop();
}

async function leave(today: string): Promise<void> {
  const { app, owner } = gateway;
  const retention = createRetention({
    database: app.database,
    secrets: app.secrets,
    oppositionKey: app.oppositionKey,
    phoneProofs: { folder: undefined, recipient: undefined },
    log: silentLog,
    today: () => today,
  });
  await retention.finish(await retention.begin('essai', 'tester'));
  await owner.run('UPDATE retention_items SET next_at = UTC_TIMESTAMP(3)');
  await retention.step();
  expect(await owner.all('SELECT reference, gone FROM leads')).toEqual([]);
  // As the planner's loop does within a second.
  await writeLedger({ ...app, sealKeys: app.keys.seal, folder: undefined });
  // By its number too it is nowhere but in the log, where it leads nowhere.
  const named = await owner.all<{ name: string; col: string }>(
    `SELECT TABLE_NAME AS name, COLUMN_NAME AS col FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ? AND COLUMN_NAME IN ('lead_id', 'delivery_id') AND TABLE_NAME <> 'handovers'`,
    [app.database.name],
  );
  expect(named.map(({ name }) => name)).toContain('request_recipients');
  expect(await owner.all("SELECT 1 FROM request_subjects WHERE kind = 'lead'")).toEqual([]);
  for (const { name, col } of named)
    expect([name, await owner.all(`SELECT 1 FROM \`${name}\` WHERE \`${col}\` > 0 LIMIT 1`)]).toEqual([
      name,
      [],
    ]);
}

async function everywhere(): Promise<readonly string[]> {
  const { owner, app, redis, config } = gateway;
  const found: string[] = [];
  const schemas = [app.database.name, `${app.database.name}_keys`];
  const tables = await owner.all<{ place: string; name: string }>(
    'SELECT TABLE_SCHEMA AS place, TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA IN (?, ?)',
    schemas,
  );
  expect(tables.length).toBeGreaterThan(60);
  for (const { place, name } of tables)
    found.push(...markersIn(markers, name, await tableText(owner, `\`${place}\`.\`${name}\``)));
  let queues = '';
  for (const key of await redis.keys(`${config.redis.prefix}:*`)) {
    queues += `${key} ${(await redis.dump(key)) ?? ''} `;
    if ((await redis.type(key)) === 'hash') queues += JSON.stringify(await redis.hgetall(key));
  }
  found.push(...markersIn(markers, 'redis', queues));
  while ((await app.sealer.seal(500)) > 0);
  await archiveLog({ owner, sealKeys: app.keys.seal, folder }, '2099-01');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  expect(files.length).toBeGreaterThan(0);
  for (const file of files)
    found.push(...markersIn(markers, file.name, unpacked(readFileSync(join(file.parentPath, file.name)))));
  expect((await relais('log', 'verify')).code).toBe(0);
  return [...new Set(found)].sort();
}

function unpacked(bytes: Buffer): string {
  const plain = [gunzipSync, zstdDecompressSync].flatMap((open) => {
    try {
      return [open(bytes)];
    } catch {
      return [];
    }
  });
  return [bytes, ...plain].map((part) => `${part.toString('latin1')} ${part.toString('utf8')}`).join(' ');
}

test('C30: after a deletion nothing leads back to a lead, and the log verifies', async () => {
  await recordOperation(gateway.app.database, {
    ...{ clientId: 'essai', code: 'OP-A', kind: 'one_off', endsOn: '2027-03-31', recordedBy: 'tester' },
  });
  await lived({ operation: 'OP-A', operation_kind: 'one_off' }, 'sent');
  // The finder finds: before, the person is in the tables.
  const before = await everywhere();
  for (const name of ['email', 'reference', 'refused', 'crm', 'corrected'])
    expect(before.some((found) => found.endsWith(`: ${name}`))).toBe(true);
  await leave('2027-05-31');
  expect(await everywhere()).toEqual([]);
});

test('C34: after an anonymising nothing leads back to a lead, not even a mail that never left, and the log verifies', async () => {
  await lived({}, 'unsent');
  expect((await everywhere()).length).toBeGreaterThan(5);
  await leave('2032-01-01');
  expect(await everywhere()).toEqual([]);
});
