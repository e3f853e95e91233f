// A backup in its own container, then the loss of both schemas, and all of it brought back as docs/docker.md says.
import { containerOf } from './containers.ts';
import { must, type Scene } from './scene.ts';

const why = ['--reason', 'laboratory'] as const;

/** Runs last: nothing is on its way any more. */
export async function backUpAndRestore({ site, say }: Scene): Promise<void> {
  const counted = (): Promise<readonly string[]> =>
    site.sql(
      "SELECT COUNT(*), (SELECT COUNT(*) FROM deliveries WHERE state = 'delivered'), (SELECT COUNT(*) FROM relais_keys.lead_secrets) FROM leads;",
    );
  const before = await counted();
  const backedUp = await site.compose('run', '--rm', '-T', '--build', 'backup');
  const [, name = ''] = /^(\S+Z) {2}\d+ rows/m.exec(backedUp) ?? [];
  must(name !== '', `the backup says ${backedUp}`);
  await site.compose('stop', 'gateway');
  for (const schema of ['relais', 'relais_keys'])
    await site.sql(
      `DROP DATABASE ${schema}; CREATE DATABASE ${schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;`,
      'information_schema',
    );
  const relais = (...words: readonly string[]): Promise<string> =>
    site.compose('run', '--rm', '-T', '--env', 'RELAIS_ACTOR=lab', ...words);
  await site.composeWith(
    site.identity,
    ...['run', '--rm', '-T', '--env', 'RELAIS_ACTOR=lab', 'backup'],
    ...['restore', 'load', `/backups/${name}`, '--identity', '-', '--ledger', '/ledger', ...why],
  );
  await relais('migrate');
  must(
    (await relais('gateway', 'status')).includes('READS ONLY'),
    'the state does not say that it reads only',
  );
  await relais('gateway', 'restore', 'open', ...why);
  await relais('gateway', 'redis', 'adopt', ...why);
  await site.compose('up', '--detach', '--wait', 'gateway');
  const after = await counted();
  must(after.join() === before.join(), `before the loss ${before.join()}, after the restore ${after.join()}`);
  const verified = await site.relais(['log', 'verify']);
  must(verified.code === 0, `the log after the restore: ${verified.err}`);
  const { health } = await containerOf(site, 'gateway');
  must(health === 'healthy', `the gateway is ${health} after the restore`);
  say(
    `backed up, both schemas lost, restored: ${after.join()} leads, deliveries and secrets; the log verifies`,
  );
}
