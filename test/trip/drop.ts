// A gateway with one file flow to an SFTP server of its own, for tests of what happens to files.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestFile } from '../../src/delivery/files/collect.ts';
import { silentLog, type Log } from '../../src/log.ts';
import { perform } from '../../src/support/acts/act.ts';
import { discardFile, releaseFile } from '../../src/support/acts/destinations.ts';
import { wholeCentre } from '../../src/support/place.ts';
import { sftpUser, startSftpRecipient, type SftpRecipient } from '../connectors/servers/sftp.ts';
import { openGateway, type Gateway } from './gateway.ts';

export interface DropGateway extends Gateway {
  readonly sftp: SftpRecipient;
  /** The recipient's folder. */
  readonly folder: string;
  /** Publishes the flow with other lines; the first version is published already. */
  readonly publish: (over: FlowLines) => Promise<void>;
  /** A file now, and the wait until its rows have left `planned`. */
  readonly ask: () => Promise<void>;
  /** Decides about the withheld file of a destination. */
  readonly decide: (destination: string, what: 'release' | 'discard') => Promise<unknown>;
  /** Names of the data files that stand. */
  readonly drops: () => readonly string[];
  readonly text: (name: string) => string;
  /** One of the flow's mapping files, as first published. */
  readonly fileOf: (name: string) => string;
  /** Waits until this many deliveries wait for their file: a file leaves out rows that a planner is about to show so. */
  readonly collectable: (count: number) => Promise<void>;
  /** How many deliveries stand in each state, as `state:reason` or `state`. */
  readonly counts: (where?: string) => Promise<Readonly<Record<string, number>>>;
  /** Deliveries that no file, slot, timer or person will ever move again before they expire. */
  readonly stranded: () => Promise<number>;
}

/** Condition of a delivery that no planner is about to lock. */
export const waitsForFile = "d.batch_id = 0 AND d.state = 'waiting' AND d.reason = 'slot'";

export interface FlowLines {
  readonly retry?: string;
  readonly timeouts?: string;
  readonly consent?: string;
  readonly fields?: string;
  /** Lines below `file:`, indented by two. */
  readonly file?: string;
  readonly header?: boolean;
  readonly extra?: string;
}

export async function openDropGateway(
  over: FlowLines = {},
  log: Log = silentLog,
  environment: Readonly<Record<string, string>> = {},
): Promise<DropGateway> {
  const root = mkdtempSync(join(tmpdir(), 'relais-drop-'));
  const folder = join(root, 'in');
  mkdirSync(folder);
  const sftp = await startSftpRecipient(root);
  const gateway = await openGateway({
    files: flowFiles(sftp, over),
    log,
    environment: { RELAIS_SECRET_SFTP: sftpUser.password, RELAIS_LEASE_MS: '8500', ...environment },
  });
  const publish = async (note: string): Promise<void> =>
    void (await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 'tester', note }));
  await publish('first');
  return {
    ...gateway,
    sftp,
    folder,
    publish: async (lines) => {
      gateway.file('essai/csv.yaml', flowFiles(sftp, lines)['essai/csv.yaml'] ?? '');
      await publish('another');
    },
    ask: async () => {
      // Two hours are two only in two milliseconds.
      await gateway.until(
        'a later moment',
        async () =>
          (await gateway.owner.all('SELECT 1 FROM slots WHERE slot_at = UTC_TIMESTAMP(3)')).length === 0,
      );
      await requestFile(gateway.app.database, { id: 'essai-csv', clientId: 'essai' }, 'tester', 'now');
    },
    decide: (destination, what) =>
      perform(
        gateway.app,
        what === 'release' ? releaseFile : discardFile,
        { scope: wholeCentre, actor: 'tester' },
        { to: [destination], input: { reason: 'ticket 9' } },
      ),
    drops: () =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.csv'))
        .sort(),
    fileOf: (name) => flowFiles(sftp, over)[name] ?? '',
    text: (name) => readFileSync(join(folder, name), 'utf8'),
    collectable: (count) =>
      gateway.until(`${count} to collect`, async () => (await gateway.states(waitsForFile)).length === count),
    counts: async (where = '1 = 1') => {
      const rows = await gateway.owner.all<{ what: string; n: number }>(
        `SELECT CONCAT(state, IF(reason = '', '', ':'), reason) AS what, COUNT(*) AS n FROM deliveries WHERE ${where} GROUP BY what`,
      );
      return Object.fromEntries(rows.map((row) => [row.what, row.n]));
    },
    stranded: async () => {
      const [row] = await gateway.owner.all<{ n: number }>(
        `SELECT COUNT(*) AS n FROM deliveries d LEFT JOIN batches b ON b.id = d.batch_id
          WHERE d.batch_id > 0 AND d.state IN ('queued', 'waiting', 'pending') AND (b.id IS NULL OR b.state NOT IN ('open', 'written'))`,
      );
      return row?.n ?? 0;
    },
    close: async () => {
      await gateway.close();
      await sftp.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function flowFiles(sftp: SftpRecipient, over: FlowLines): Readonly<Record<string, string>> {
  return {
    'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [localhost]
folders: ['sftp:essai/in']
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai SI, destination: essai-csv, targets: ['sftp:essai/in'], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
    'essai/csv.yaml': `destination: essai-csv
connector: flow
file:
  name: 'L_{seq:6}.csv'
  to: sftp:essai/in
  server: { host: localhost, port: ${sftp.port}, user: ${sftpUser.user}, password: secret:SFTP, hostKey: '${sftp.hostKey}' }
  schedule: { cron: '0 0 1 1 *' }
${over.file ?? ''}
timeouts: ${over.timeouts ?? '{ connect: 5s, response: 10s, total: 12s }'}
retry: ${over.retry ?? '[1s, 1s, 1s, 1s]'}
csv: { delimiter: ';', quote: all, encoding: utf-8, eol: lf, header: ${over.header ?? false}, formulaGuard: false }
consent:
${over.consent ?? "  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: '', withdrawn: R } }"}
fields: ${over.fields ?? '[{ consent: rest }, { to: REF, from: id }, { to: NOM, from: identity.lastName, required: true }]'}
${over.extra ?? ''}
`,
  };
}
