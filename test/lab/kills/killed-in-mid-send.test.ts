// A worker killed while it sends a file, through the whole gateway, by each transport besides SFTP (long-files.test.ts has that one).
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestFile } from '../../../src/delivery/files/collect.ts';
import { startFtps, type FtpsStep } from '../../../sandbox/recipients/ftps.ts';
import { certificateFor, type Certificate } from '../../connectors/servers/certificate.ts';
import { startFileRecipient, type FileStep } from '../../connectors/servers/files.ts';
import { s3Bucket, s3Keys, startS3Recipient, type S3Step } from '../../connectors/servers/s3.ts';
import { waitsForFile } from '../../trip/drop.ts';
import { openGateway, strangerRow, type Gateway } from '../../trip/gateway.ts';
import { lapse, startProcess, type GatewayProcess } from '../../trip/process.ts';

/** Where it stands still: with the bytes on their way, or when all of it stands there and nobody was told. */
type Moment = 'its bytes travel' | 'it stands there, unanswered';

interface Place {
  readonly to: string;
  readonly server: string;
  readonly secrets: Readonly<Record<string, string>>;
  /** From now on it stands still at that moment; `undefined`: it goes on. */
  readonly stop: (moment: Moment | undefined) => void;
  readonly isStill: () => boolean;
  /** What a write that was broken off leaves behind, where it leaves something. */
  readonly leaveHalf?: () => void;
  /** Files under their final names, and what has been left beside them. */
  readonly files: () => ReadonlyMap<string, string>;
  /** How often a file appeared. */
  readonly appeared: () => number;
  readonly close: () => Promise<void>;
}

/** Hangs at the step of a moment, and tells that it does. */
function still<Step extends string>(steps: Readonly<Record<Moment, Step>>) {
  let at: Moment | undefined;
  let isStill = false;
  return {
    stop: (moment: Moment | undefined): void => {
      at = moment;
      isStill = false;
    },
    isStill: () => isStill,
    fault: (step: Step): 'hang' | undefined => {
      if (at === undefined || step !== steps[at]) return undefined;
      isStill = true;
      return 'hang';
    },
  };
}

async function ftps(certificate: Certificate): Promise<Place> {
  const home = mkdtempSync(join(tmpdir(), 'relais-ftps-'));
  const folder = join(home, 'in');
  mkdirSync(folder);
  const { fault, ...standing } = still<FtpsStep>({
    'its bytes travel': 'open',
    'it stands there, unanswered': 'renamed',
  });
  const login = { user: 'relais', password: 'mot-de-passe-ftps' };
  const recipient = await startFtps({ login, home, certificate, encryption: 'explicit', fault });
  return {
    ...standing,
    to: 'ftps:essai/in',
    server: `{ host: localhost, port: ${recipient.port}, user: ${login.user}, password: secret:FTPS }`,
    secrets: { RELAIS_SECRET_FTPS: login.password },
    leaveHalf: () => {
      const [path = ''] = recipient.log.flatMap((line) => (line.startsWith('open ') ? line.slice(5) : []));
      writeFileSync(join(home, path), 'longer than the file itself\n'.repeat(100));
    },
    files: () => new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
    appeared: () => recipient.log.filter((line) => line.startsWith('rename ')).length,
    close: async () => {
      await recipient.close();
      rmSync(home, { recursive: true });
    },
  };
}

const textsOf = (files: ReadonlyMap<string, Buffer>): ReadonlyMap<string, string> =>
  new Map([...files].map(([path, bytes]) => [path.split('/').at(-1) ?? '', bytes.toString()]));

async function s3(certificate: Certificate): Promise<Place> {
  const recipient = await startS3Recipient(certificate);
  const { fault, ...standing } = still<S3Step>({
    'its bytes travel': 'put',
    'it stands there, unanswered': 'stored',
  });
  recipient.fault = fault;
  return {
    ...standing,
    to: 's3:essai/in',
    server: `{ endpoint: 'https://localhost:${recipient.port}', region: eu-west-3, bucket: ${s3Bucket}, addressing: path, accessKeyId: secret:S3_KEY, secretAccessKey: secret:S3_SECRET }`,
    secrets: { RELAIS_SECRET_S3_KEY: s3Keys.accessKeyId, RELAIS_SECRET_S3_SECRET: s3Keys.secretAccessKey },
    files: () => textsOf(recipient.objects),
    appeared: () => recipient.objects.size + recipient.replaced.length,
    close: recipient.close,
  };
}

async function put(certificate: Certificate): Promise<Place> {
  const recipient = await startFileRecipient(certificate);
  recipient.letsIn = (token) => token === 'jeton-des-fichiers';
  const { fault, ...standing } = still<FileStep>({
    'its bytes travel': 'sent',
    'it stands there, unanswered': 'stored',
  });
  recipient.fault = fault;
  return {
    ...standing,
    to: 'https:essai/in',
    server: `{ url: 'https://localhost:${recipient.port}/files', auth: { bearer: secret:FILES } }`,
    secrets: { RELAIS_SECRET_FILES: 'jeton-des-fichiers' },
    files: () => textsOf(recipient.files),
    appeared: () => recipient.files.size + recipient.replaced.length,
    close: recipient.close,
  };
}

const filesOf = ({ to, server }: Place): Readonly<Record<string, string>> => ({
  'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [localhost]
folders: ['${to}']
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai SI, destination: essai-csv, targets: ['${to}'], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
  'essai/csv.yaml': `destination: essai-csv
connector: flow
file:
  name: 'L_{seq:6}.csv'
  to: ${to}
  server: ${server}
  schedule: { cron: '0 0 1 1 *' }
timeouts: { connect: 10s, response: 30s, total: 40s }
retry: [1s, 1s, 1s, 1s, 1s]
csv: { delimiter: ';', quote: all, encoding: utf-8, eol: lf, header: false, formulaGuard: false }
consent:
  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: '', withdrawn: R } }
fields: [{ consent: rest }, { to: REF, from: id }, { to: NOM, from: identity.lastName, required: true }]
`,
});

let folder: string;
let certificate: Certificate;
let place: Place;
let gateway: Gateway;
let killed: GatewayProcess | undefined;
beforeAll(async () => {
  certificate = await certificateFor('localhost', '127.0.0.1');
  folder = mkdtempSync(join(tmpdir(), 'relais-ca-'));
  writeFileSync(join(folder, 'ca.pem'), certificate.cert);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  killed?.child.kill('SIGKILL');
  await killed?.exit;
  await gateway.close();
  await place.close();
});

const leads = Array.from({ length: 8 }, (_, index) => `X-${index + 1}`);
const states = async (where: string): Promise<number> => (await gateway.states(where)).length;

const transports = { FTPS: ftps, S3: s3, 'HTTPS PUT': put } as const;
type Case = readonly [transport: keyof typeof transports, moment: Moment, partRows: string];

test.each<Case>([
  ['FTPS', 'its bytes travel', '1000'],
  ['FTPS', 'it stands there, unanswered', '1000'],
  ['S3', 'its bytes travel', '1000'],
  ['S3', 'it stands there, unanswered', '1000'],
  ['HTTPS PUT', 'its bytes travel', '1000'],
  ['HTTPS PUT', 'it stands there, unanswered', '1000'],
  // A file of several parts goes another way through the worker.
  ['FTPS', 'its bytes travel', '3'],
  ['S3', 'it stands there, unanswered', '3'],
  ['HTTPS PUT', 'its bytes travel', '3'],
])(
  '%s: a worker killed while %s (parts of %s rows) leaves one whole file, which appeared once',
  async (...[transport, moment, partRows]) => {
    place = await transports[transport](certificate);
    const environment = {
      RELAIS_LEASE_MS: '8500',
      RELAIS_CA_FILE: join(folder, 'ca.pem'),
      RELAIS_FILE_PART_ROWS: partRows,
      ...place.secrets,
    };
    gateway = await openGateway({ files: filesOf(place), environment });
    await gateway.app.publishing.publish({ destinationId: 'essai-csv', author: 'tester', note: 'first' });
    await gateway.start('planner');
    await gateway.send(...leads.map((name) => strangerRow(name)));
    await gateway.until('to collect', async () => (await states(waitsForFile)) === leads.length);
    await requestFile(gateway.app.database, { id: 'essai-csv', clientId: 'essai' }, 'tester', 'now');
    await gateway.until('queued', async () => (await states("d.state = 'queued'")) === leads.length);

    place.stop(moment);
    const folders = { RELAIS_MAPPINGS_DIR: gateway.config.mappingsDir };
    killed = startProcess(gateway, 'worker', { ...environment, ...folders });
    await gateway.until('it stands still', place.isStill);
    // The log knew of it before the first byte.
    expect(await states('d.departures = 1')).toBe(leads.length);
    killed.child.kill('SIGKILL');
    await killed.exit;
    await lapse(gateway);
    if (moment === 'its bytes travel') place.leaveHalf?.();
    place.stop(undefined);

    await gateway.start('worker');
    await gateway.soon('delivered', async () => (await states("d.state = 'delivered'")) === leads.length);
    const standing = place.files();
    expect([...standing.keys()]).toEqual(['L_000001.csv']);
    const rows = (standing.get('L_000001.csv') ?? '').trim().split('\n');
    const references = rows.map((row) => row.split(';')[1]?.replaceAll('"', '') ?? '');
    expect(references.toSorted()).toEqual(leads);
    expect(place.appeared()).toBe(1);
    // Of each departure the log has an outcome: of the killed worker's, that nobody knows.
    const entries = await gateway.entries();
    const count = (entry: string): number => entries.filter((one) => one.entry === entry).length;
    expect([count('departed'), count('outcome_unknown'), count('outcome')]).toEqual([16, 8, 8]);
  },
);
