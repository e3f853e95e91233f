// The server's own programs: which one, how it connects, and what is said where it is missing or fails.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { optionsOf, started, toolsOf } from '../../src/backups/tools.ts';

const run = promisify(execFile);

test('the program belongs to the server', () => {
  expect(toolsOf('11.8.2-MariaDB-1 from Debian').dump).toBe('mariadb-dump');
  expect(toolsOf('9.7.4')).toEqual({ version: '9.7.4', dump: 'mysqldump', client: 'mysql' });
});

test('a client program of MariaDB under the name of MySQL is refused by name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relais-tools-'));
  const says = (name: string, version: string): void =>
    writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} ${version}"\n`, { mode: 0o755 });
  const tools = new URL('../../src/backups/tools.ts', pathToFileURL(import.meta.filename)).href;
  // A process of its own: programs are searched in the folders of its environment.
  const found = async (): Promise<string> => {
    const text = `import { findTools } from '${tools}'; console.log(await findTools('9.7.4').then(() => 'found', String));`;
    const env = { PATH: `${folder}:/bin` };
    return (await run(process.execPath, ['--input-type=module', '--eval', text], { env })).stdout;
  };
  try {
    says('mysqldump', 'Ver 9.7.4 for Linux');
    says('mysql', 'Ver 15.2 Distrib 11.8.9-MariaDB');
    expect(await found()).toContain(
      "mysql of this host is MariaDB's, and the server is MySQL: install MySQL's",
    );
    says('mysql', 'Ver 9.7.4 for Linux');
    expect(await found()).toBe('found\n');
  } finally {
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
  await expect(started('relais-no-such-program', []).ended).rejects.toMatchObject({
    code: 'SERVICE-002',
    message: 'relais-no-such-program is not installed on this host.',
  });
  await expect(
    started('sh', ['-c', 'echo "sh: Deprecated name" >&2; echo cause >&2; echo end >&2; exit 3']).ended,
  ).rejects.toThrow('sh ended with 3: cause');
});
