// The server's own programs: which one, how it connects, and what is said where it is missing or fails.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTools, optionsOf, started, toolsOf } from '../../src/backups/tools.ts';

test('the program belongs to the server', () => {
  expect(toolsOf('11.8.2-MariaDB-1 from Debian').dump).toBe('mariadb-dump');
  expect(toolsOf('9.7.4')).toEqual({ version: '9.7.4', dump: 'mysqldump', client: 'mysql' });
});

test('a client program of MariaDB under the name of MySQL is refused by name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relais-tools-'));
  const path = process.env['PATH'];
  const says = (name: string, version: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} ${version}"\n`);
    chmodSync(join(folder, name), 0o755);
  };
  process.env['PATH'] = `${folder}:${path ?? ''}`;
  try {
    says('mysqldump', 'Ver 9.7.4 for Linux');
    says('mysql', 'Ver 15.2 Distrib 11.8.9-MariaDB');
    await expect(findTools('9.7.4')).rejects.toThrow(
      "mysql of this host is MariaDB's, and the server is MySQL: install MySQL's own client programs.",
    );
    says('mysql', 'Ver 9.7.4 for Linux');
    expect(await findTools('9.7.4')).toEqual(toolsOf('9.7.4'));
  } finally {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  }
});

test('a password with any sign reaches the program, and TLS is verified as the gateway does', () => {
  const url = 'mysql://owner:a%22b%5Cc%23d@db.centre.example:3307/relais?tls=yes';
  expect(optionsOf({ url, caFile: '/etc/relais/ca.pem' }, toolsOf('9.7.4'))).toBe(
    `[client]
user="owner"
password="a\\"b\\\\c#d"
host="db.centre.example"
port=3307
protocol=tcp
ssl-mode=VERIFY_IDENTITY
ssl-ca="/etc/relais/ca.pem"
`,
  );
  expect(optionsOf({ url, caFile: undefined }, toolsOf('11.8.2-MariaDB'))).toContain(
    '\nssl-verify-server-cert\n',
  );
});

test('a program that is missing or fails is one sentence', async () => {
  await expect(started('relais-no-such-program', []).ended).rejects.toThrow(
    'relais-no-such-program is not installed on this host.',
  );
  await expect(
    started('sh', ['-c', 'echo "sh: Deprecated name" >&2; echo cause >&2; echo end >&2; exit 3']).ended,
  ).rejects.toThrow('sh ended with 3: cause');
});
