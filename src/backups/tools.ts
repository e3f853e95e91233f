// Runs the server's own programs: mysqldump and mysql, or mariadb-dump and mariadb; gives them the account without showing it.
// Invariant: a password is neither an argument nor a file with a name; a program that is missing or fails is one clear sentence.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RelaisError } from '../errors.ts';

export interface ServerTools {
  /** `11.8.2-MariaDB`, as the server says. */
  readonly version: string;
  readonly dump: 'mariadb-dump' | 'mysqldump';
  readonly client: 'mariadb' | 'mysql';
}

export const toolsOf = (version: string): ServerTools =>
  /mariadb/i.test(version)
    ? { version, dump: 'mariadb-dump', client: 'mariadb' }
    : { version, dump: 'mysqldump', client: 'mysql' };

/** The programs of this host for a server. Debian's `mysqldump` and `mysql` are links to MariaDB's. @throws SERVICE-002 */
export async function findTools(version: string): Promise<ServerTools> {
  const tools = toolsOf(version);
  for (const name of tools.client === 'mysql' ? [tools.dump, tools.client] : []) {
    const run = started(name, ['--version']);
    let said = '';
    run.process.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
    await run.ended;
    if (/mariadb/i.test(said))
      throw new RelaisError(
        'SERVICE-002',
        `${name} of this host is MariaDB's, and the server is MySQL: install MySQL's own client programs.`,
      );
  }
  return tools;
}

export interface Login {
  /** `mysql://user:password@host:port/schema`, as the program's own connections take it. */
  readonly url: string;
  /** File of further certificate authorities. */
  readonly caFile: string | undefined;
  /** Folder of the option file while it is opened. */
  readonly scratch: string;
}

/** In double quotes of an option file. */
const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

export function optionsOf({ url, caFile }: Omit<Login, 'scratch'>, { dump }: ServerTools): string {
  const parsed = new URL(url);
  const socket = parsed.searchParams.get('socket');
  const isMariaDb = dump === 'mariadb-dump';
  const verified =
    parsed.searchParams.get('tls') === 'yes'
      ? [
          isMariaDb ? 'ssl-verify-server-cert' : 'ssl-mode=VERIFY_IDENTITY',
          `ssl-ca=${quoted(caFile ?? '/etc/ssl/certs/ca-certificates.crt')}`,
        ]
      : isMariaDb
        ? ['skip-ssl-verify-server-cert']
        : [];
  const place =
    socket === null
      ? [
          `host=${quoted(parsed.hostname.replace(/^\[|\]$/g, ''))}`,
          `port=${parsed.port === '' ? '3306' : parsed.port}`,
          'protocol=tcp',
        ]
      : [`socket=${quoted(socket)}`];
  return [
    '[client]',
    `user=${quoted(decodeURIComponent(parsed.username))}`,
    `password=${quoted(decodeURIComponent(parsed.password))}`,
    ...place,
    ...verified,
    '',
  ].join('\n');
}

export interface Running {
  readonly process: ChildProcess;
  /** Resolves when the program ended well. @throws BACKUP-001, SERVICE-002 */
  readonly ended: Promise<void>;
}

/**
 * Starts a program that connects to the server. Its option file is open for it alone and has no name by then.
 * @throws BACKUP-001, SERVICE-002, through `ended`
 */
export function startTool(
  name: string,
  parameters: readonly string[],
  { login, tools }: { readonly login: Login; readonly tools: ServerTools },
): Running {
  const path = join(login.scratch, `.login-${process.pid}`);
  writeFileSync(path, optionsOf(login, tools), { mode: 0o600 });
  const options = openSync(path, 'r');
  unlinkSync(path);
  try {
    return started(name, ['--defaults-file=/dev/fd/3', ...parameters], [options]);
  } finally {
    closeSync(options);
  }
}

/** Starts any program; further open files begin at descriptor 3. */
export function started(name: string, parameters: readonly string[], files: readonly number[] = []): Running {
  const child = spawn(name, parameters, { stdio: ['pipe', 'pipe', 'pipe', ...files] });
  // A program that ended early says why itself; the closed pipe is no second error.
  child.stdin?.on('error', () => undefined);
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (words = `${words}${text}`.slice(-2_000)));
  const ended = new Promise<void>((done, failed) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      failed(
        error.code === 'ENOENT'
          ? new RelaisError('SERVICE-002', `${name} is not installed on this host.`)
          : new RelaisError('BACKUP-001', `${name} cannot be started (${error.code ?? 'unknown'}).`),
      ),
    );
    child.once('close', (status, signal) => {
      if (status === 0) return done();
      const lines = words.trim().split('\n');
      const said = lines.find((line) => !/warning|deprecated/i.test(line)) ?? lines.at(-1) ?? '';
      failed(new RelaisError('BACKUP-001', `${name} ended with ${signal ?? status}: ${said.slice(0, 300)}`));
    });
  });
  // Reported where the caller awaits it.
  ended.catch(() => undefined);
  return { process: child, ended };
}
