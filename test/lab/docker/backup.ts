// A backup in its own container, an erasure, the loss of both schemas, and all of it brought back as docs/docker.md says: the person stays erased.
import { containerOf } from './containers.ts';
import { must, type Scene } from './scene.ts';
import { until } from './shell.ts';

const why = ['--reason', 'laboratory'] as const;

/** Runs last: nothing is on its way any more. */
export async function backUpAndRestore({ site, say, sent }: Scene): Promise<void> {
  const counted = (): Promise<readonly string[]> =>
    site.sql(
      "SELECT COUNT(*), (SELECT COUNT(*) FROM deliveries WHERE action = 'create' AND state = 'delivered') FROM leads;",
    );
  const before = await counted();
  const backedUp = await site.compose('run', '--rm', '-T', '--build', 'backup');
  const [, name = ''] = /^(\S+Z) {2}\d+ rows/m.exec(backedUp) ?? [];
  must(name !== '', `the backup says ${backedUp}`);
  const [person = ''] = sent;
  const erased = await site.relais([
    ...['lead', 'erase', person, '--client', 'essai', '--identity', 'seen', '--yes', ...why],
  ]);
  must(erased.code === 0, `lead erase: ${erased.err}`);
  await until('the ledger has the erasure', 60, async () => {
    const [unwritten] = await site.sql('SELECT COUNT(*) FROM erasures_unwritten;');
    return unwritten === '0';
  });
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
  const gone = await site.sql('SELECT reference FROM leads WHERE erased_at IS NOT NULL;');
  must(gone.join() === person, `erased after the restore: ${gone.join()}`);
  const verified = await site.relais(['log', 'verify']);
  must(verified.code === 0, `the log after the restore: ${verified.err}`);
  const { health } = await containerOf(site, 'gateway');
  must(health === 'healthy', `the gateway is ${health} after the restore`);
  say(
    `backed up, both schemas lost, restored: ${after.join()} leads and deliveries, the person erased meanwhile is erased; the log verifies`,
  );
}
