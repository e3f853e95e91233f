// Runs a private MariaDB (or MySQL) with its own data folder, on a free port of the loopback.
// Invariant: durable at commit, and no login without the random password: an init file sets it, which the server runs before it accepts
// its first connection.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { RelaisError } from '../src/errors.ts';
import { useClientsOf, type MysqlBinary } from './binaries.ts';
import { converse, freePort } from './ports.ts';
import { lastLines, launch, untilReady } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

export type PrivateServer = { readonly url: string; readonly process: ServerProcess };

export type MariadbOptions = {
  readonly binary: MysqlBinary;
  /** data, password and log are here; kept data is used again */
  readonly folder: string;
  readonly socket: string;
  readonly durable: boolean;
};

const PORT_TRIES = 5;

export async function startMariadb(options: MariadbOptions): Promise<PrivateServer> {
  const { binary, folder, socket } = options;
  useClientsOf(binary);
  const dataFolder = join(folder, 'mysql');
  const errorLog = join(folder, 'mysql.log');
  const initFile = join(folder, 'mysql-init.sql');
  const complete = join(folder, 'mysql-complete');
  if (!existsSync(complete)) {
    await createData(options, dataFolder, errorLog);
    writeFileSync(complete, '');
  }

  const password = rememberedPassword(join(folder, 'mysql-password'));
  for (let attempt = 1; attempt <= PORT_TRIES; attempt += 1) {
    const port = await freePort();
    rmSync(socket, { force: true });
    writeFileSync(initFile, initStatements(password), { mode: 0o600 });
    const server = launch({
      program: binary.server,
      args: serverArguments(options, { dataFolder, errorLog, initFile, port }),
      folder,
      logFile: errorLog,
    });
    // Connects through the socket, which is ours alone: another server may have taken the port, and it would greet us just as well there.
    // Ours opens its port before its socket, or ends.
    const greets = async (): Promise<boolean> =>
      (await converse({ path: socket }, '', (text) => text.length > 5)) !== '';
    const readiness = await untilReady(server, greets, errorLog).catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
    rmSync(initFile, { force: true });
    if (readiness === 'ready') return { url: `mysql://root:${password}@127.0.0.1:${port}`, process: server };
    await server.stop();
    if (!/address already in use|bind on TCP\/IP port|port: \d+ is in use/i.test(lastLines(errorLog, 20)))
      break;
  }
  throw new RelaisError('SERVICE-001', `${binary.server} did not start:\n${lastLines(errorLog)}`);
}

// A killed process loses nothing it has written: only a machine that stops would.
const unsynced = [
  '--innodb-flush-method=nosync',
  '--loose-innodb-doublewrite=OFF',
  '--loose-sync-frm=OFF',
  '--sync-binlog=0',
  '--loose-innodb-file-per-table=OFF',
  '--loose-debug-no-sync=ON',
];

// MySQL's X protocol would open port 33060, one for the whole machine, and a package names a folder for exports that does not exist here.
// Everything else is MySQL's default, the binary log and the trust in authors of triggers included.
const mysqlOnly = ['--mysqlx=OFF', '--secure-file-priv=NULL'];

function serverArguments(
  { binary, socket, durable, folder }: MariadbOptions,
  {
    dataFolder,
    errorLog,
    initFile,
    port,
  }: Record<'dataFolder' | 'errorLog' | 'initFile', string> & { port: number },
): string[] {
  return [
    '--no-defaults',
    `--user=${userInfo().username}`,
    `--datadir=${dataFolder}`,
    `--tmpdir=${temporaryFolder(folder)}`,
    `--socket=${socket}`,
    `--pid-file=${join(folder, 'mysql.pid')}`,
    `--log-error=${errorLog}`,
    `--init-file=${initFile}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--skip-name-resolve',
    '--character-set-server=utf8mb4',
    '--innodb-buffer-pool-size=256M',
    `--innodb-flush-log-at-trx-commit=${durable ? 1 : 2}`,
    ...(durable ? [] : unsynced),
    '--max-connections=600',
    ...(binary.kind === 'mysql' ? mysqlOnly : []),
  ];
}

// One statement a line: older servers read an init file line by line.
function initStatements(password: string): string {
  const accounts = ["'root'@'127.0.0.1'", "'root'@'localhost'"];
  return accounts
    .flatMap((account) => [
      `CREATE USER IF NOT EXISTS ${account} IDENTIFIED BY '${password}';`,
      `ALTER USER ${account} IDENTIFIED BY '${password}';`,
      `GRANT ALL PRIVILEGES ON *.* TO ${account} WITH GRANT OPTION;`,
    ])
    .map((statement) => `${statement}\n`)
    .join('');
}

function rememberedPassword(file: string): string {
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const password = randomBytes(18).toString('hex');
  writeFileSync(file, password, { mode: 0o600 });
  return password;
}

// A folder of its own: a starting MariaDB removes the temporary tables it finds there, so two in /tmp would remove each other's.
function temporaryFolder(folder: string): string {
  const path = join(folder, 'tmp');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

// A page of general advice follows the first error.
const errorLines = (text: string): string =>
  text
    .split('\n')
    .filter((line) => /error|warning|fatal/i.test(line))
    .slice(0, 5)
    .join('\n');

async function createData(
  { binary, folder }: MariadbOptions,
  dataFolder: string,
  log: string,
): Promise<void> {
  // A half-made data folder of an interrupted start cannot be completed.
  rmSync(dataFolder, { recursive: true, force: true });
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const common = [
    '--no-defaults',
    `--datadir=${dataFolder}`,
    `--tmpdir=${temporaryFolder(folder)}`,
    `--user=${userInfo().username}`,
  ];
  const mariadb = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
  const [program, args] =
    binary.install === undefined
      ? [binary.server, [...common, '--initialize-insecure']]
      : [binary.install, [...common, ...mariadb]];
  const output = await new Promise<{ code: number; text: string }>((resolve, reject) => {
    const child = spawn(program, args, { cwd: dataFolder, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => (text += part));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, text }));
  });
  writeFileSync(log, output.text, { flag: 'a', mode: 0o600 });
  if (output.code !== 0) {
    rmSync(dataFolder, { recursive: true, force: true });
    throw new RelaisError(
      'SERVICE-001',
      `${program} could not create ${dataFolder}:\n${errorLines(output.text)}`,
    );
  }
}
