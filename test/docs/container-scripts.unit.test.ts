// The scripts of docker/: certificates by a private authority, and the accounts of MySQL. Run here with a folder for root.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const read = (name: string): string => readFileSync(join(import.meta.dirname, '..', '..', name), 'utf8');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relais-compose-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('`certificates` signs what each server needs once, keeps its key to itself, and renews what ends soon or has another name', () => {
  const places = ['mysql', 'redis', 'mailpit', 'gateway', 'public'];
  for (const place of ['authority', 'tmp', ...places.map((one) => `for/${one}`)])
    mkdirSync(join(folder, place), { recursive: true });
  const here = read('docker/certificates.sh')
    .replaceAll(/(?<=[\s"])\/(authority|for|tmp)\b/g, `${folder}/$1`)
    // Only root may give a file away.
    .replaceAll('--owner="$user" --group="$user" ', '');
  const run = (now = '', name = 'leads.centre.example'): string =>
    execFileSync('bash', ['-euc', now === '' ? here : here.replace('5184000', now)], {
      env: { PATH: process.env['PATH'] ?? '', INTAKE_NAME: name, GATEWAY_NAME: 'relais.centre.example' },
      stdio: ['ignore', 'pipe', 'ignore'],
      encoding: 'utf8',
    });
  const all = 'signed: mysql\nsigned: redis\nsigned: mailpit\nsigned: gateway\n';
  expect(run()).toBe(all);
  const openssl = (...words: readonly string[]): string =>
    execFileSync('openssl', words, { encoding: 'utf8' });
  for (const [host, name] of [
    ['mysql', 'leads.centre.example'],
    ['mysql', 'mysql'],
    ['redis', 'redis'],
    ['gateway', 'relais.centre.example'],
  ] as const)
    expect(
      openssl(
        'verify',
        '-CAfile',
        join(folder, 'for/public/ca.pem'),
        '-verify_hostname',
        name,
        join(folder, 'for', host, 'server.pem'),
      ),
    ).toContain('OK');
  expect(statSync(join(folder, 'authority/ca-key.pem')).mode & 0o077).toBe(0);
  expect(statSync(join(folder, 'for/redis/key.pem')).mode & 0o777).toBe(0o400);
  expect(statSync(join(folder, 'for/gateway/both.pem')).mode & 0o777).toBe(0o400);
  expect(execFileSync('ls', ['-R', join(folder, 'for')], { encoding: 'utf8' })).not.toContain('ca-key');
  expect(run()).toBe('');
  expect(run('', 'mysql.centre.example')).toBe('signed: mysql\n');
  // As it will be 400 days on.
  expect(run('34560000', 'mysql.centre.example')).toBe(all);
});

/** Runs accounts.sh with a `mysql` that answers as a server without accounts of ours, or with one at an old address. */
const accounts = (intakeFrom: string): { readonly said: string; readonly asked: string } => {
  for (const secret of ['mysql_root', 'mysql_owner', 'mysql_gateway', 'mysql_intake'])
    writeFileSync(join(folder, secret), `${secret}'s\n`);
  const asked = join(folder, 'asked');
  writeFileSync(
    join(folder, 'mysql'),
    `#!/bin/sh
case "$*" in
  *skip_networking*) echo 0 ;;
  *mysql.user*) echo "'relais_intake'@'10.0.0.9'" ;;
  *--execute*) echo "$*" >> ${asked} ;;
  *) cat >> ${asked} ;;
esac
`,
    { mode: 0o755 },
  );
  writeFileSync(join(folder, 'settings'), `# INTAKE_FROM\nINTAKE_FROM=${intakeFrom}\n`);
  const script = read('docker/accounts.sh')
    .replaceAll('/run/secrets', folder)
    .replace('/docker/settings', join(folder, 'settings'));
  const ran = spawnSync('bash', ['-c', script], {
    env: {
      PATH: `${folder}:${process.env['PATH'] ?? ''}`,
      OWNER_ADDRESS: '10.0.0.20',
      BACKUP_ADDRESS: '10.0.0.22',
      GATEWAY_ADDRESS: '10.0.0.21',
      THIS_HOST: '10.0.1.1',
    },
    encoding: 'utf8',
  });
  return {
    said: `${ran.status} ${ran.stdout}${ran.stderr}`,
    asked: existsSync(asked) ? readFileSync(asked, 'utf8') : '',
  };
};

test('`accounts` names an address in each account, follows INTAKE_FROM, and takes what is elsewhere away', () => {
  const { asked } = accounts('10.1.2.7,10.1.2.8');
  const made = [
    ...asked.matchAll(/CREATE USER IF NOT EXISTS ('\w+'@'[^']+') IDENTIFIED BY '(\S+)' REQUIRE SSL;/g),
  ];
  expect(made.map(([, account, password]) => [account, password])).toEqual([
    ["'relais_owner'@'10.0.0.20'", String.raw`mysql_owner\'s`],
    ["'relais_owner'@'10.0.0.22'", String.raw`mysql_owner\'s`],
    ["'relais'@'10.0.0.21'", String.raw`mysql_gateway\'s`],
    ["'relais_intake'@'10.0.0.21'", String.raw`mysql_intake\'s`],
    ["'relais_intake'@'10.1.2.7'", String.raw`mysql_intake\'s`],
    ["'relais_intake'@'10.1.2.8'", String.raw`mysql_intake\'s`],
  ]);
  for (const schema of ['relais', 'relais_keys'])
    for (const address of ['10.0.0.20', '10.0.0.22'])
      expect(asked).toContain(
        `GRANT ALL PRIVILEGES ON ${schema}.* TO 'relais_owner'@'${address}' WITH GRANT OPTION;\n`,
      );
  expect(asked).toContain("DROP USER 'relais_intake'@'10.0.0.9'");
});

test('`accounts` takes this host where INTAKE_FROM is empty', () => {
  expect(accounts('').asked).toContain("CREATE USER IF NOT EXISTS 'relais_intake'@'10.0.1.1'");
});

test.each(['%', '10.1.2.%', 'forms.centre.example', "10.1.2.7'"])(
  '`accounts` refuses %s as an address, and asks MySQL nothing',
  (from) => {
    const { said, asked } = accounts(from);
    expect(said).toMatch(/^1 [^]*is no address/);
    expect(asked.replace(/.*DO 1\n/, '')).toBe('');
  },
);
