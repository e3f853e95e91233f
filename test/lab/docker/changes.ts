// Changes that an installation lives through while leads come in: restarts, kills, addresses, certificates, an upgrade, down and up.
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerOf, isUntouched, journalOf } from './containers.ts';
import { serialOf } from './doors.ts';
import { must, type Scene } from './scene.ts';
import { attempt, until } from './shell.ts';

const healthy = async ({ site }: Scene, service: string): Promise<void> => {
  await until(`${service} is healthy`, 180, async () =>
    /^(healthy|)$/.test((await containerOf(site, service)).health),
  );
};

const parts = ['redis', 'mysql', 'gateway', 'mailpit'] as const;

export async function restartEach(scene: Scene): Promise<void> {
  for (const part of parts) {
    await scene.site.compose('restart', part);
    await healthy(scene, part);
  }
  scene.say(`restarted: ${parts.join(', ')}`);
}

/** Killed from outside, as by the kernel; Docker starts it again. */
export async function killEach(scene: Scene): Promise<void> {
  for (const part of parts) {
    const before = await containerOf(scene.site, part);
    process.kill(before.pid, 'SIGKILL');
    await until(`${part} runs again`, 120, async () => {
      const { pid } = await containerOf(scene.site, part);
      return pid !== 0 && pid !== before.pid;
    });
    await healthy(scene, part);
  }
  scene.say(`killed with SIGKILL, started again by Docker: ${parts.join(', ')}`);
}

/** A further system sends leads, then it does not; an address that is none is refused. Neither MySQL nor the gateway notices. */
export async function changeIntakeFrom({ site, say }: Scene): Promise<void> {
  const before = await Promise.all([containerOf(site, 'mysql'), containerOf(site, 'gateway')]);
  const accounts = async (): Promise<readonly string[]> =>
    await site.sql(`SELECT host FROM mysql.user WHERE user = 'relais_intake' ORDER BY host;`);
  const here = `${site.nets.intake}.1`;
  site.set({ INTAKE_FROM: `${here},10.1.2.7` });
  await site.compose('up', '--detach');
  must((await accounts()).includes('10.1.2.7'), 'the new address has no account');
  site.set({ INTAKE_FROM: '%' });
  must((await site.tryCompose('up', '--detach')).code !== 0, '% is taken as an address');
  site.set({ INTAKE_FROM: '' });
  await site.compose('up', '--detach');
  const left = await accounts();
  must(!left.includes('10.1.2.7') && left.includes(here), `accounts of the intake are at ${left.join(', ')}`);
  const anywhere = await site.sql(`SELECT user, host FROM mysql.user WHERE host LIKE '%\\%%';`);
  must(anywhere.length === 0, `accounts from anywhere: ${anywhere.join(', ')}`);
  const now = await Promise.all([containerOf(site, 'mysql'), containerOf(site, 'gateway')]);
  must(
    before.every((one, index) => isUntouched(one, now[index] ?? one)),
    'MySQL or the gateway was restarted',
  );
  say('INTAKE_FROM changed, refused and changed back: MySQL and the gateway ran on');
}

export async function renew(scene: Scene): Promise<void> {
  const { site, say } = scene;
  const before = await containerOf(site, 'gateway');
  await healthy(scene, 'gateway');
  const serial = await serialOf(site.ports.API_PORT);
  // As if all ended soon: what is not there is signed like what ends soon.
  await site.compose('run', '--rm', '--entrypoint', 'bash', 'certificates', '-c', 'rm /for/*/server.pem');
  await site.compose('run', '--rm', 'certificates');
  await site.compose('restart', 'mysql', 'redis', 'mailpit', 'gateway');
  for (const part of parts) await healthy(scene, part);
  must((await serialOf(site.ports.API_PORT)) !== serial, 'the API shows the old certificate');
  must((await containerOf(site, 'gateway')).id === before.id, 'the gateway has another container');
  say('certificates renewed: new serial numbers, the same containers');
}

const migrationsOf = (folder: string): string => join(folder, 'src/store/migrations');

/** A version that `migrate` refuses, then one that it takes. */
export async function upgrade(scene: Scene): Promise<void> {
  const { site, say } = scene;
  const before = await containerOf(site, 'gateway');
  const [first = ''] = readdirSync(migrationsOf(site.folder)).toSorted();
  const path = join(migrationsOf(site.folder), first);
  const original = readFileSync(path, 'utf8');
  appendFileSync(path, '\n-- edited\n');
  await site.compose('build');
  const check = ['run', '--rm', '--no-deps', 'migrate', 'migrate', '--check'];
  const refused = await site.tryCompose(...check);
  must(
    refused.code !== 0 && `${refused.out}${refused.err}`.includes('DB-003'),
    'an edited migration is not refused',
  );
  must(isUntouched(before, await containerOf(site, 'gateway')), 'a refused version stopped the gateway');
  writeFileSync(path, original);
  writeFileSync(
    join(migrationsOf(site.folder), '999_lab.sql'),
    'CREATE TABLE lab (id INT UNSIGNED NOT NULL, PRIMARY KEY (id)) ENGINE=InnoDB;\n',
  );
  await site.compose('build');
  must(
    (await site.compose(...check)).includes('would migrate 999 lab'),
    'the check does not name the migration',
  );
  await site.compose('up', '--detach', '--wait', 'gateway');
  const after = await containerOf(site, 'gateway');
  must(after.id !== before.id, 'the gateway still runs the old version');
  const [version] = await site.sql('SELECT MAX(version) FROM schema_migrations;');
  must(version === '999', `the schema is at ${version}`);
  say('upgraded: a refused version left the old gateway running, the next one migrated and replaced it');
}

export async function downAndUp(scene: Scene): Promise<void> {
  const { site, say, journal } = scene;
  const mark = (await containerOf(site, 'gateway')).startedAt;
  const before = journal ? (await journalOf('gateway')).length : 0;
  await site.compose('down');
  await site.compose('up', '--detach', '--wait', 'gateway');
  must((await containerOf(site, 'gateway')).startedAt !== mark, 'the gateway was not taken down');
  if (journal)
    must((await journalOf('gateway')).length > before, 'the log of the gateway went with its container');
  say(`taken down and up${journal ? '; the log of the containers before is there' : ''}`);
}

/** Commands in the container: what cannot be written says so, what can be goes into the volume. */
export async function commands({ site, say, sent }: Scene): Promise<void> {
  const read = await site.relais([
    'mapping',
    'new',
    'autre',
    'nom;email',
    '--to',
    'https://crm.autre.example/leads',
  ]);
  must(
    read.code === 1 && /FILE-001 \/app\/mappings\S* cannot be written \(EROFS\)/.test(read.err),
    `EROFS: ${read.err}`,
  );
  const month = new Date().toISOString().slice(0, 7);
  await site.compose(
    'run',
    '--rm',
    '--no-deps',
    'migrate',
    'log',
    'archive',
    '--before',
    month,
    '--to',
    '/archives/log',
  );
  const written = await site.relais(['proof', 'key']);
  must(written.code === 0, `proof key: ${written.err}`);
  const rows = Array.from({ length: 200 }, (_, index) => `LAB-F-${String(index + 1).padStart(6, '0')}`);
  const at = new Date().toISOString();
  const lines = rows.map((reference) => `essai;${reference};web_form;${at};Durand;refused;${at}`);
  const head =
    'client_id;reference;channel;collected_at;last_name;consent.marketing.email;consent.recorded_at';
  const imported = await site.relais(['lead', 'import', '-'], `${[head, ...lines].join('\n')}\n`);
  must(imported.code === 0 && imported.err.includes('200 inserted'), `lead import -: ${imported.err}`);
  for (const reference of rows) sent.add(reference);
  say('commands: EROFS by its name, archives in their volume, 200 leads through standard input');
}

/** Limits as Docker has them; on cgroup v1 the kernel may not count swap, which Docker says by itself. */
export async function limits({ site, say }: Scene): Promise<void> {
  for (const service of ['mysql', 'redis', 'mailpit', 'gateway']) {
    const { memory, memoryWithSwap } = await containerOf(site, service);
    must(memory > 0, `${service} has no limit of memory`);
    must(
      memoryWithSwap === memory || memoryWithSwap === -1,
      `${service} may swap ${memoryWithSwap - memory} bytes`,
    );
    if (memoryWithSwap === -1) say(`${service}: this kernel limits no swap`);
  }
  const port = await attempt(['docker', 'port', (await containerOf(site, 'mysql')).id]);
  must(!port.out.includes('33060'), 'mysqlx is published');
  const [active = ''] = await site.sql(
    "SELECT COUNT(*) FROM information_schema.plugins WHERE plugin_name = 'mysqlx' AND plugin_status = 'ACTIVE';",
  );
  must(active === '0', 'mysqlx is active');
}
