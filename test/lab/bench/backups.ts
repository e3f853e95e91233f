// npm run bench -- backups [--leads N]: backup, long copy and restore of 100,000 leads (or of N): seconds, megabytes on the disk and of memory.
// Each step is the command line in a process of its own; leads are copies of one that came in the normal way, with addresses of their own.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setInterval as every } from 'node:timers/promises';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { writeLedger } from '../../../src/backups/ledger.ts';
import { environmentOf } from '../../cli/terminal.ts';
import { freshDatabase } from '../../support/database.ts';
import { openGateway, webhookFiles, type Gateway } from '../../trip/gateway.ts';
import { addTemplate, fill } from './backlog.ts';
import { machine, option, peakMb, withServices } from './measure.ts';

const leads = option('leads', 100_000);
const erasures = 200;

/** Runs a command to its end; prints how long it took, the most memory that it held, and the megabytes that it wrote. */
async function timed(
  name: string,
  environment: Readonly<Record<string, string>>,
  words: readonly string[],
  written?: () => number,
): Promise<void> {
  const begun = performance.now();
  const child = spawn(process.execPath, ['src/cli/index.ts', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  });
  let [said, most] = ['', 0];
  child.stdout.on('data', (part: Buffer) => (said += part.toString()));
  const over = new AbortController();
  const ended = new Promise<number | null>((done) => child.once('close', done)).finally(() => over.abort());
  try {
    for await (const _ of every(200, undefined, { signal: over.signal }))
      most = Math.max(most, await peakMb(child.pid ?? 0));
  } catch {
    // It has ended.
  }
  const code = await ended;
  const seconds = Math.round((performance.now() - begun) / 1000);
  const onDisk = written === undefined ? '' : `, ${written().toFixed(0)} MB written`;
  console.log(
    `${name.padEnd(34)} ${String(seconds).padStart(6)} s, ${most.toFixed(0)} MB of memory${onDisk}`,
  );
  console.log(said.trim().replaceAll(/^/gm, '    '));
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}`);
}

/** Everybody has addresses of their own: equal rows would compress to nothing. A part at a time: a server is not silent for a minute. */
async function tellApart({ owner }: Gateway): Promise<void> {
  const [newest] = await owner.all<{ id: number }>('SELECT MAX(id) AS id FROM leads');
  for (let after = 0; after <= (newest?.id ?? 0); after += 20_000) {
    const part = [after, after + 20_000];
    await owner.run(
      `UPDATE prospects SET last_name = CONCAT('Nom', MD5(lead_id)), first_name = SUBSTRING(SHA1(lead_id), 1, 8),
              email = CONCAT(SUBSTRING(SHA2(lead_id, 256), 1, 20), '@courriel.example'), mobile = CONCAT('+336', LPAD(lead_id, 8, '0'))
        WHERE lead_id > ? AND lead_id <= ?`,
      part,
    );
    await owner.run(
      "UPDATE deliveries SET state = 'delivered', reason = 'accepted', settled_at = UTC_TIMESTAMP(3) WHERE lead_id > ? AND lead_id <= ?",
      part,
    );
  }
}

await withServices(async () => {
  const gateway = await openGateway({ files: webhookFiles(9) });
  const folder = mkdtempSync(join(process.cwd(), '.relais', 'bench-backups-'));
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'bench', note: 'bench' });
    await addTemplate(gateway);
    await fill(gateway, leads);
    await tellApart(gateway);
    const identity = await generateIdentity();
    writeFileSync(join(folder, 'backup.key'), `${identity}\n`);
    const [backups, ledger] = [join(folder, 'backups'), join(folder, 'ledger')];
    for (const one of [backups, ledger]) mkdirSync(one);
    const urlOf = (name: string): string => {
      const url = new URL(process.env['RELAIS_TEST_MYSQL_URL'] ?? '');
      url.pathname = `/${name}`;
      return url.href;
    };
    const environment = environmentOf(gateway, {
      RELAIS_MYSQL_OWNER_URL: urlOf(gateway.app.database.name),
      RELAIS_BACKUP_DIR: backups,
      RELAIS_BACKUP_RECIPIENT: await identityToRecipient(identity),
      RELAIS_ERASURE_LEDGER_DIR: ledger,
    });
    const names = (): readonly string[] => readdirSync(backups).toSorted();
    const megabytes = (): number =>
      readdirSync(join(backups, names().at(-1) ?? '')).reduce(
        (sum, file) => sum + statSync(join(backups, names().at(-1) ?? '', file)).size / 1e6,
        0,
      );
    console.log(`\n${machine()}; ${leads} leads with a delivery each`);
    await timed('backup with its long copy', environment, ['backup', 'run'], megabytes);
    await timed('backup', environment, ['backup', 'run'], megabytes);
    const some = await gateway.owner.all<{ reference: string }>(
      `SELECT reference FROM leads ORDER BY id LIMIT ${erasures}`,
    );
    for (const { reference } of some)
      await gateway.app.rights.erase({ clientId: 'essai', reference, actor: 'bench', reason: 'bench' });
    while (await writeLedger({ ...gateway.app, sealKeys: gateway.app.keys.seal, folder: ledger }));
    const [first = '', second = ''] = names();
    const restore = async (name: string, backup: string, ...more: readonly string[]): Promise<void> => {
      const fresh = await freshDatabase();
      const there = {
        ...environment,
        RELAIS_MYSQL_URL: fresh.ownerUrl,
        RELAIS_MYSQL_OWNER_URL: fresh.ownerUrl,
      };
      const words = ['--identity', join(folder, 'backup.key'), '--ledger', ledger, '--reason', 'bench'];
      await timed(name, there, ['restore', 'load', join(backups, backup), ...words, ...more]);
      await fresh.drop();
    };
    await restore('restore', second);
    for (const file of readdirSync(join(backups, first)))
      if (!file.startsWith('long-') && file !== 'manifest.json') rmSync(join(backups, first, file));
    await restore('restore of the long copy', first, '--secrets', join(backups, second));
  } finally {
    await gateway.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
