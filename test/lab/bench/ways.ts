// npm run bench -- ways [--leads N] [--mails N]: mails, CSV and XML files end to end; a file taken in; intake and planning.
// One planner and one worker process as a person starts them; the recipients' servers run in this process.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { requestFile } from '../../../src/delivery/files/collect.ts';
import { importFile } from '../../../src/intake/import.ts';
import { insertIntakeRows } from '../../../src/store/intake/intake.ts';
import { certificateFor } from '../../connectors/servers/certificate.ts';
import { sftpUser, startSftpRecipient } from '../../connectors/servers/sftp.ts';
import { smtpUser, startSmtpRecipient } from '../../connectors/servers/smtp.ts';
import { leadRow, openGateway, type Gateway } from '../../trip/gateway.ts';
import { startProcess } from '../../trip/process.ts';
import { cpuSeconds, machine, option, pause, withServices, type Bench } from './measure.ts';

const leads = option('leads', 10_000);
const mails = option('mails', 3_000);
const client = (destination: string, target: string): string => `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [localhost]
folders: ['sftp:essai/in']
mailboxes: [leads@essai.example]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai SI, destination: ${destination}, targets: ['${target}'], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`;
const fields = `consent:
  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: '', withdrawn: R } }
fields:
  - { to: REF, from: id }
  - { to: NOM, from: identity.lastName, required: true }
  - { to: PRENOM, from: identity.firstName }
  - { to: TEL, from: identity.mobile, as: { phone: national } }
  - { to: PROGRAMME, from: project.programme }
  - { to: DATE, from: collectedAt, as: { date: dd/MM/yyyy } }
`;

interface Way {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly count: number;
  /** Of a file flow: its destination, whose file is asked for. */
  readonly flow?: string;
  readonly environment: Readonly<Record<string, string>>;
}

const countOf = async (gateway: Gateway, where: string): Promise<number> =>
  (await gateway.owner.all<{ n: number }>(`SELECT COUNT(*) AS n FROM deliveries WHERE ${where}`))[0]?.n ?? 0;

/** Rate from the worker's start, or from the request for the file, until the last delivery is settled. */
async function measure(bench: Bench, way: Way): Promise<void> {
  const gateway = await openGateway({ files: way.files, environment: way.environment });
  const destinationId = way.flow ?? 'essai-mail';
  const processes: ReturnType<typeof startProcess>[] = [];
  const start = (role: 'planner' | 'worker'): void =>
    void processes.push(startProcess(gateway, role, { RELAIS_LOG_LEVEL: 'error', ...way.environment }));
  try {
    await gateway.app.publishing.publish({ destinationId, author: 'bench', note: 'bench' });
    for (let start = 0; start < way.count; start += 500)
      await gateway.send(
        ...Array.from({ length: Math.min(500, way.count - start) }, (_, index) =>
          leadRow(`W-${start + index}`),
        ),
      );
    start('planner');
    while ((await countOf(gateway, '1 = 1')) < way.count) await pause(50);
    start('worker');
    await pause(2_000);
    const [worker] = processes.slice(-1);
    const before = [await cpuSeconds(worker?.child.pid ?? 0), (await bench.serverSeconds()).database];
    const [from, startedAt] = [await countOf(gateway, "state = 'delivered'"), performance.now()];
    if (way.flow !== undefined)
      await requestFile(gateway.app.database, { id: way.flow, clientId: 'essai' }, 'bench', 'bench');
    while ((await countOf(gateway, "state = 'delivered'")) < way.count) await pause(50);
    const seconds = (performance.now() - startedAt) / 1000;
    const count = Math.max(1, way.count - from);
    const after = [await cpuSeconds(worker?.child.pid ?? 0), (await bench.serverSeconds()).database];
    const each = (index: 0 | 1): string =>
      ((((after[index] ?? 0) - (before[index] ?? 0)) / count) * 1000).toFixed(2);
    console.log(
      `${way.name.padEnd(34)} ${Math.round(count / seconds)
        .toString()
        .padStart(6)} leads/s   CPU seconds per 1,000: worker ${each(0)}, database ${each(1)}`,
    );
  } finally {
    for (const one of processes) one.child.kill('SIGTERM');
    await Promise.all(processes.map((one) => one.exit));
    await gateway.close();
  }
}

/** A file of leads into lead_intake, then intake and planning by one planner process. */
async function takeIn(folder: string): Promise<void> {
  const gateway = await openGateway({
    files: {
      'essai/client.yaml': client('essai-mail', 'leads@essai.example'),
      'essai/mail.yaml': mailFile,
    },
    environment: { RELAIS_SECRET_SMTP: 'smtp://localhost:9' },
  });
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-mail', author: 'bench', note: 'bench' });
    const rows = Array.from({ length: leads }, (_, index) => leadRow(`T-${index}`));
    const file = join(folder, 'leads.csv');
    writeFileSync(
      file,
      stringify(rows, { header: true, delimiter: ';', cast: { date: (at) => at.toISOString() } }),
    );
    const startedAt = performance.now();
    const result = await importFile({
      file,
      now: gateway.owner.now,
      insert: (some) => insertIntakeRows(gateway.owner, some),
    });
    if (result.rejected > 0)
      throw new Error(`the bench's own file has bad rows: ${JSON.stringify(result.codes)}`);
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(
      `${'a CSV file taken in'.padEnd(34)} ${Math.round(result.inserted / seconds)
        .toString()
        .padStart(6)} rows/s`,
    );
    const planner = startProcess(gateway, 'planner', { RELAIS_LOG_LEVEL: 'error' });
    const from = performance.now();
    while ((await countOf(gateway, '1 = 1')) < leads) await pause(50);
    console.log(
      `${'intake and planning'.padEnd(34)} ${Math.round(leads / ((performance.now() - from) / 1000))
        .toString()
        .padStart(6)} leads/s`,
    );
    planner.child.kill('SIGTERM');
    await planner.exit;
  } finally {
    await gateway.close();
  }
}

const mailFile = `destination: essai-mail
connector: email
send: { to: leads@essai.example, from: Centre de contact <leads@relais.example>, smtp: secret:SMTP, subject: 'Nouveau lead {leadReference}' }
limits: { concurrency: 20 }
${fields}`;

await withServices(async (bench) => {
  const folder = mkdtempSync(join(tmpdir(), 'relais-ways-'));
  mkdirSync(join(folder, 'in'));
  const sftp = await startSftpRecipient(folder);
  const certificate = await certificateFor('localhost');
  const smtp = await startSmtpRecipient(certificate);
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  const flow = (kind: 'csv' | 'xml', format: string): Way => ({
    name: `one ${kind.toUpperCase()} file of ${leads} leads by SFTP`,
    count: leads,
    flow: `essai-${kind}`,
    environment: { RELAIS_SECRET_SFTP: sftpUser.password },
    files: {
      'essai/client.yaml': client(`essai-${kind}`, 'sftp:essai/in'),
      [`essai/${kind}.yaml`]: `destination: essai-${kind}
connector: flow
file:
  name: 'L_{seq:6}.${kind}'
  to: sftp:essai/in
  server: { host: localhost, port: ${sftp.port}, user: ${sftpUser.user}, password: secret:SFTP, hostKey: '${sftp.hostKey}' }
  schedule: { cron: '0 0 1 1 *' }
${format}
${kind === 'xml' ? fields.replaceAll('{ to: ', '{ to: lead.') : fields}`,
    },
  });
  try {
    console.log(`${machine()}; ${leads} leads, ${mails} mails`);
    await measure(bench, {
      name: 'mails, one each, STARTTLS',
      count: mails,
      files: {
        'essai/client.yaml': client('essai-mail', 'leads@essai.example'),
        'essai/mail.yaml': mailFile,
      },
      environment: {
        RELAIS_CA_FILE: ca,
        RELAIS_SECRET_SMTP: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
      },
    });
    await measure(
      bench,
      flow('csv', "csv: { delimiter: ';', quote: all, encoding: windows-1252, eol: crlf, header: true }"),
    );
    await measure(bench, flow('xml', 'xml: { root: leads, record: lead }'));
    await takeIn(folder);
  } finally {
    await sftp.close();
    await smtp.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
