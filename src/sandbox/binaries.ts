// Finds the database servers installed on this machine. Servers often live in /usr/sbin, which the PATH of an
// ordinary user does not name.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { spawnSync } from 'node:child_process';

const FURTHER_FOLDERS = [
  '/usr/sbin',
  '/usr/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/libexec',
  '/opt/homebrew/bin',
];

export type MysqlBinary = {
  readonly kind: 'mariadb' | 'mysql';
  readonly server: string;
  readonly install?: string;
};

// PATH is the machine's, not a setting of Relais: src/config.ts has no part in it.
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...FURTHER_FOLDERS];
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (folder !== '' && isExecutable(path)) return path;
    }
  }
  return undefined;
}

export function findMysql(): MysqlBinary | undefined {
  const server = findProgram('mariadbd', 'mysqld');
  if (server === undefined) return undefined;
  // On many systems `mysqld` is MariaDB under its old name: only the version tells.
  const version = spawnSync(server, ['--no-defaults', '--version'], { encoding: 'utf8' }).stdout;
  if (!/mariadb/i.test(version)) return { kind: 'mysql', server };
  const install = findProgram('mariadb-install-db', 'mysql_install_db');
  return install === undefined ? undefined : { kind: 'mariadb', server, install };
}

export const findRedis = (): string | undefined => findProgram('redis-server', 'valkey-server');

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
