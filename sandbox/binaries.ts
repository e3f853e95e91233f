// Finds the database servers installed on this machine. Many are in /usr/sbin, which an ordinary user's PATH does not name.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { projectRoot } from '../src/config.ts';

/** The folder of the MySQL server that mysql-packages.ts unpacks, one for each checkout. */
export const mysqlFolder = join(projectRoot, '.relais', 'mysql');
const unpackedMysql = join(mysqlFolder, 'mysqld');
/** Its own `mysql` and `mysqldump`: Debian's under these names are MariaDB's. */
const unpackedClients = join(mysqlFolder, 'bin');

const FURTHER_FOLDERS = [
  '/usr/sbin',
  '/usr/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/libexec',
  '/opt/homebrew/bin',
];

export type Engine = 'mysql' | 'mariadb';

export type MysqlBinary = {
  readonly kind: Engine;
  readonly server: string;
  readonly install?: string;
};

/** The first installed one of these programs. */
export const findProgram = (...names: readonly string[]): string | undefined => installed(names)[0];

// PATH is the machine's, not a setting of Relais: src/config.ts has no part in it.
function installed(names: readonly string[]): string[] {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...FURTHER_FOLDERS];
  return names.flatMap((name) =>
    folders
      .filter((folder) => folder !== '')
      .map((folder) => join(folder, name))
      .filter(isExecutable),
  );
}

/** The server of this engine, or of any; for MySQL also the one that mysql-packages.ts has unpacked. */
export function findMysql(engine?: Engine): MysqlBinary | undefined {
  const servers = installed(engine === 'mysql' ? ['mysqld'] : ['mariadbd', 'mysqld']);
  if (engine === 'mysql' && isExecutable(unpackedMysql) && isExecutable(join(unpackedClients, 'mysqldump')))
    servers.push(unpackedMysql);
  for (const server of new Set(servers)) {
    const binary = binaryOf(server);
    if (binary !== undefined && (engine === undefined || binary.kind === engine)) return binary;
  }
  return undefined;
}

/** The client programs that were unpacked with this server come first for what this process starts from now on. */
export function useClientsOf({ server }: MysqlBinary): void {
  const path = process.env['PATH'] ?? '';
  if (server === unpackedMysql && !path.split(delimiter).includes(unpackedClients))
    process.env['PATH'] = [unpackedClients, path].join(delimiter);
}

// On many systems `mysqld` is MariaDB under its old name: only the version distinguishes them.
function binaryOf(server: string): MysqlBinary | undefined {
  const { status, stdout } = spawnSync(server, ['--no-defaults', '--version'], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  if (!isMariadb(stdout)) return { kind: 'mysql', server };
  const install = findProgram('mariadb-install-db', 'mysql_install_db');
  return install === undefined ? undefined : { kind: 'mariadb', server, install };
}

/** True for a version of MariaDB, as `--version` prints it or as a server greets with it. */
export const isMariadb = (version: string): boolean => /mariadb/i.test(version);

export const findRedis = (): string | undefined => findProgram('redis-server', 'valkey-server');

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
