// ci: the year of one client under the charter, as commands: withdrawal, statistic, erasure, backup, restore, long copy, lapse, purge, audit
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { startServices } from '../../../sandbox/services.ts';
import { writeLedger } from '../../../src/backups/ledger.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { environmentOf } from '../../cli/terminal.ts';
import { startHttpRecipient } from '../../connectors/servers/http.ts';
import { freshDatabase } from '../../support/database.ts';
import { askedEngine } from '../../support/engine.ts';
import { openGateway, strangerRow, type Gateway } from '../../trip/gateway.ts';
import { startDrive, type Drive } from '../years/drive.ts';
import { enterWorld, type World } from '../years/moved-time.ts';
import { filesFor } from '../years/recipients.ts';
import { commandLine, say, type CommandLine } from './commands.ts';
import {
  authorise,
  counted,
  filesOfOthers,
  issueMonth,
  makeStatistics,
  otherClients,
  sameMonth,
} from './statistic.ts';

// Told on real services with a clock of its own: every connection of this process says the time of the story.
// Invariant: each promise is looked up where it counts, at the recipient, in the tables or in the restored database; exit code 1 where
// one was not kept.

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
const clientId = 'essai';

interface Story {
  readonly gateway: Gateway;
  readonly world: World;
  readonly drive: Drive;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly relais: CommandLine;
  /** What the client's CRM received: action, reference and body. */
  readonly received: readonly string[];
  readonly check: (promise: string, isKept: boolean) => void;
}

const persons = [
  { reference: 'V-1', name: 'Martin', operation: undefined, phone: undefined },
  { reference: 'V-2', name: 'Bernard', operation: undefined, phone: undefined },
  { reference: 'V-3', name: 'Petit', operation: undefined, phone: undefined },
  { reference: 'V-4', name: 'Durand', operation: undefined, phone: '2026-09-30T08:00:00Z' },
  { reference: 'V-5', name: 'Moreau', operation: 'PORTES-OUVERTES', phone: undefined },
] as const;

async function takeLeads({ gateway, drive, world, received, check }: Story): Promise<void> {
  const at = world.now();
  const yes = { purpose: 'marketing', state: 'granted', recordedAt: at };
  await gateway.send(
    ...persons.map(({ reference, name, operation, phone }, index) => ({
      ...{ client_id: clientId, kind: 'lead' as const, reference, channel: 'web_form', collected_at: at },
      ...{ notice: 'n1', civility: 'ms', last_name: name, first_name: 'Zoé', programme: 'ES-LYON' },
      ...{ ...counted, email: `${name.toLowerCase()}@courriel.example`, mobile: `+3363998000${index}` },
      ...(operation === undefined ? {} : { operation, operation_kind: 'one_off' }),
      consents: JSON.stringify([
        { ...yes, channel: 'email' },
        phone === undefined
          ? { ...yes, channel: 'phone', state: 'refused' }
          : {
              ...{ ...yes, channel: 'phone', validUntil: phone },
              ...{ legalEntity: 'ESSAI PROMOTION SAS', wordingVersion: 'tel-3' },
            },
      ]),
    })),
  );
  await gateway.send(
    ...otherClients.flatMap((client, order) =>
      [1, 2, 3].map((number) =>
        strangerRow(`${client}-${number}`, {
          ...counted,
          ...{ client_id: client, collected_at: at, mobile: `+336399801${order}${number}` },
          consents: JSON.stringify([{ ...yes, channel: 'email' }]),
        }),
      ),
    ),
  );
  await drive.settle();
  check('five leads are with the client, each with its opt-in', received.length === persons.length);
}

async function withdrawal({ relais, drive, received, check }: Story): Promise<void> {
  await relais(
    'lead',
    'withdraw',
    'V-2',
    '--client',
    clientId,
    '--channel',
    'email',
    '--reason',
    'demande 12',
  );
  await drive.settle();
  check(
    'the client was told that Bernard takes it back',
    received.some((one) => /^PUT V-2 .*"RETRAIT"/.test(one)),
  );
}

const writeAll = async ({ gateway: { app }, environment }: Story): Promise<void> => {
  const folder = environment['RELAIS_ERASURE_LEDGER_DIR'];
  while (await writeLedger({ ...app, sealKeys: app.keys.seal, folder }));
};

async function erasure(story: Story): Promise<void> {
  const { relais, drive, received, folder, check } = story;
  const words = [
    '--client',
    clientId,
    '--reason',
    'demande 13',
    '--identity',
    'rappel au numéro du lead',
    '--yes',
  ];
  await relais('lead', 'erase', 'V-3', ...words);
  await drive.settle();
  await writeAll(story);
  check(
    'the client was asked to erase Petit',
    received.some((one) => one.startsWith('DELETE V-3')),
  );
  writeFileSync(join(folder, 'cle.pem'), await relais('proof', 'key'));
  await relais('proof', 'list', '--client', clientId);
  await relais('proof', 'show', '2', '--to', join(folder, 'preuve-2.json'));
  const verified = await relais(
    'proof',
    'verify',
    join(folder, 'preuve-2.json'),
    '--key',
    join(folder, 'cle.pem'),
  );
  check('the proof verifies with the public key alone', verified.includes('The proof verifies'));
}

const backups = ({ environment }: Story): readonly string[] =>
  readdirSync(environment['RELAIS_BACKUP_DIR'] ?? '').toSorted();

/** Restores into empty schemas, and returns the names that are there. */
async function restored(story: Story, ...words: readonly string[]): Promise<readonly string[]> {
  const { environment, folder, relais } = story;
  const fresh = await freshDatabase();
  const owner = openDatabase({ url: fresh.ownerUrl, connections: 1 });
  try {
    await relais.with({ RELAIS_MYSQL_URL: fresh.ownerUrl, RELAIS_MYSQL_OWNER_URL: fresh.ownerUrl })(
      ...['restore', 'load', ...words, '--identity', join(folder, 'backup.key')],
      ...['--ledger', environment['RELAIS_ERASURE_LEDGER_DIR'] ?? '', '--reason', 'exercice 1'],
    );
    const rows = await owner.all<{ name: string | null }>(
      'SELECT last_name AS name FROM prospects WHERE client_id = ? ORDER BY lead_id',
      [clientId],
    );
    return rows.flatMap(({ name }) => name ?? []);
  } finally {
    await owner.close();
    await fresh.drop();
  }
}

const pathOf = ({ environment }: Story, name: string): string =>
  join(environment['RELAIS_BACKUP_DIR'] ?? '', name);

async function drill(story: Story): Promise<void> {
  const [first = ''] = backups(story);
  const names = await restored(story, pathOf(story, first));
  say(`    persons in the restored database: ${names.join(', ')}`);
  story.check('a backup of before the erasure does not bring Petit back', !names.includes('Petit'));
  story.check(
    'it brings the others back',
    ['Martin', 'Bernard', 'Durand', 'Moreau'].every((one) => names.includes(one)),
  );
}

async function longCopy(story: Story): Promise<void> {
  const { relais } = story;
  const [first = ''] = backups(story);
  await relais('backup', 'rotate', '--today', '2026-04-13', '--yes');
  const second = backups(story).at(-1) ?? '';
  story.check('on day eleven the dump is gone', !existsSync(join(pathOf(story, first), 'main.sql.zst.age')));
  const names = await restored(story, pathOf(story, first), '--secrets', pathOf(story, second));
  say(`    persons in the restored database: ${names.join(', ')}`);
  story.check('the long copy has forgotten Petit', names.includes('Martin') && !names.includes('Petit'));
}

async function lapse({ drive, received, check }: Story): Promise<void> {
  await drive.settle();
  check(
    'the client was told that Durand may be called no more',
    received.some((one) => /^PUT V-4 .*"TEL":"NON"/.test(one)),
  );
}

async function purge(story: Story): Promise<void> {
  const { gateway, drive, relais, check } = story;
  await drive.night();
  await relais('retention', 'list', '--client', clientId);
  const left = await gateway.owner.all("SELECT 1 FROM prospects WHERE last_name = 'Moreau'");
  check('two months after the operation Moreau is gone', left.length === 0);
  await sameMonth(story);
}

async function audit({ gateway, relais, folder, check }: Story): Promise<void> {
  while ((await gateway.app.sealer.seal(5_000)) > 0);
  const period = ['--client', clientId, '--from', '2026-01-01', '--until', '2026-12-31'];
  const path = await relais('audit', 'export', ...period, '--to', folder, '--reason', 'audit 7');
  const verified = await relais(
    'audit',
    'verify',
    path.trim().split('\n')[0] ?? '',
    '--key',
    join(folder, 'cle.pem'),
  );
  check('the audit pack verifies with the public key alone', verified.includes('The pack verifies'));
}

const chapters: readonly (readonly [at: string, title: string, tell: (story: Story) => Promise<unknown>])[] =
  [
    ['2026-01-05T09:00:00Z', 'five requests come in, and six for two other clients', takeLeads],
    ['2026-01-05T10:00:00Z', 'the three clients authorise statistics in writing', authorise],
    [
      '2026-01-12T09:00:00Z',
      'the open days are recorded with their end',
      ({ relais }) =>
        relais('operation', 'record', 'PORTES-OUVERTES', '--client', clientId, '--ends', '2026-06-30'),
    ],
    ['2026-02-02T09:00:00Z', 'the statistic of January', issueMonth],
    ['2026-03-10T09:00:00Z', 'Bernard takes the opt-in back', withdrawal],
    [
      '2026-04-02T03:00:00Z',
      'the nightly backup, with its long copy',
      ({ relais }) => relais('backup', 'run'),
    ],
    ['2026-04-03T09:00:00Z', 'Petit asks for erasure', erasure],
    ['2026-04-04T03:00:00Z', 'the next backup', ({ relais }) => relais('backup', 'run')],
    ['2026-04-04T09:00:00Z', 'the drill: the backup of before the erasure is restored', drill],
    ['2026-04-13T09:00:00Z', 'day eleven: the older backup is reduced to its long copy', longCopy],
    ['2026-08-31T01:00:00Z', 'two months after the open days', purge],
    ['2026-09-30T08:00:01Z', 'the consent of Durand ends by itself', lapse],
    ['2026-12-31T09:00:00Z', 'an auditor asks for the year', audit],
  ];

const world = enterWorld(new Date('2026-01-05T08:00:00Z'));
const begun = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'relais-charter-'));
const services = await startServices({
  folder: join(process.cwd(), '.relais', `charter-${process.pid}`),
  log: say,
  durable: false,
  ...askedEngine(),
});
process.env['RELAIS_TEST_MYSQL_URL'] = services.mysqlUrl;
process.env['RELAIS_TEST_REDIS_URL'] = services.redisUrl;
const crm = await startHttpRecipient();
const received: string[] = [];
crm.answer = ({ method, url, body }, response) => {
  const text = body.toString();
  const { ref = url.split('/').at(-1) ?? '' } = JSON.parse(text || '{}') as { readonly ref?: string };
  if (url.startsWith('/leads'))
    received.push(`${method} ${decodeURIComponent(ref).replace(/^C-/, '')} ${text}`);
  const answer = JSON.stringify({ success: true, id: `C-${ref}` });
  response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
};
const broken: string[] = [];
mkdirSync(join(folder, 'proofs'));
const gateway = await openGateway({
  files: { ...filesFor({ 'essai-crm': crm.port, 'essai-old': crm.port }), ...filesOfOthers(crm.port) },
  environment: { RELAIS_PHONE_PROOFS_DIR: join(folder, 'proofs') },
});
try {
  for (const client of ['essai', ...otherClients])
    await gateway.app.publishing.publish({
      destinationId: `${client}-crm`,
      author: 'demo',
      note: 'contract 1',
    });
  const drive = await startDrive(gateway, world, (zero, what) => void broken.push(`${zero}: ${what}`));
  const identity = await generateIdentity();
  writeFileSync(join(folder, 'backup.key'), `${identity}\n`);
  for (const name of ['backups', 'ledger']) mkdirSync(join(folder, name));
  const owner = new URL(services.mysqlUrl);
  owner.pathname = `/${gateway.app.database.name}`;
  const environment = environmentOf(gateway, {
    RELAIS_MYSQL_OWNER_URL: owner.href,
    RELAIS_BACKUP_DIR: join(folder, 'backups'),
    RELAIS_BACKUP_RECIPIENT: await identityToRecipient(identity),
    RELAIS_ERASURE_LEDGER_DIR: join(folder, 'ledger'),
    ...(await makeStatistics(gateway)),
  });
  const story: Story = {
    ...{ gateway, world, drive, folder, environment, received },
    relais: commandLine(environment),
    check: (promise, isKept) => {
      say(`  ${isKept ? '✔' : '✘'} ${promise}`);
      if (!isKept) broken.push(promise);
    },
  };
  for (const [at, title, tell] of chapters) {
    world.jumpTo(new Date(at));
    say(`\n${at.slice(0, 10)}  ${title}`);
    await tell(story);
  }
  await drive.stop();
  say(`\nA year in ${Math.round((Date.now() - begun) / 1000)} s.`);
} finally {
  await gateway.close();
  await crm.close();
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
}
for (const one of broken) say(`NOT KEPT: ${one}`);
process.exitCode = broken.length === 0 ? 0 : 1;
