// Base images that stand in for the official ones, made from Debian's packages: no registry of images is asked.
// Invariant: a stand-in has what docker-compose.yml leans on (users, folders, entry point), and a name of its own.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from '../../../sandbox/binaries.ts';
import { attempt, run } from './shell.ts';

/** As .env names them. */
export const images = {
  MYSQL_IMAGE: 'relais-lab/mysql',
  REDIS_IMAGE: 'relais-lab/redis',
  MAILPIT_IMAGE: 'relais-lab/mailpit',
  NODE_IMAGE: 'relais-lab/node',
} as const;

const base = 'relais-lab/debian:13';
/** The server's packages come from unstable: Debian 13 has no MySQL. Its lists may be older than they say they last. */
const unstable = 'deb http://deb.debian.org/debian sid main';

const dockerfiles: Readonly<Record<string, string>> = {
  [images.REDIS_IMAGE]: `FROM ${base}
RUN groupadd --system --gid 999 redis && useradd --system --uid 999 --gid redis redis \\
 && apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/* \\
 && install -d -o redis -g redis /data
`,
  [images.MYSQL_IMAGE]: `FROM ${base}
RUN groupadd --system --gid 999 mysql && useradd --system --uid 999 --gid mysql mysql \\
 && echo '${unstable}' > /etc/apt/sources.list.d/sid.list && apt-get -o Acquire::Check-Valid-Until=false update \\
 && apt-get install -y --no-install-recommends -t sid mysql-server-core mysql-client-core openssl \\
 && rm -rf /var/lib/apt/lists/* && install -d -o mysql -g mysql /var/lib/mysql /var/lib/mysql-files /var/run/mysqld
COPY my.cnf /etc/my.cnf
COPY entrypoint.sh /usr/local/bin/docker-entrypoint.sh
ENTRYPOINT ["docker-entrypoint.sh"]
`,
  // A mail server that takes everything; Mailpit itself is no package of Debian.
  [images.MAILPIT_IMAGE]: `FROM ${base}
RUN apt-get update && apt-get install -y --no-install-recommends python3-aiosmtpd && rm -rf /var/lib/apt/lists/*
ENTRYPOINT ["sh", "-c", "exec aiosmtpd -n -l 0.0.0.0:1025 --tlscert \\"$MP_SMTP_TLS_CERT\\" --tlskey \\"$MP_SMTP_TLS_KEY\\" --no-requiretls -c aiosmtpd.handlers.Debugging stdout"]
`,
  [images.NODE_IMAGE]: `FROM ${base}
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --create-home node
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
CMD ["node"]
`,
};

/** As the official image's entry point: an empty data folder becomes a server with a password for root; then the server. */
const mysqlEntry = `#!/bin/bash
set -euo pipefail
if [ ! -d /var/lib/mysql/mysql ]; then
  mysqld "$@" --initialize-insecure
  mysqld "$@" --skip-networking --daemonize
  mysql -uroot --execute="ALTER USER 'root'@'localhost' IDENTIFIED BY '$(cat "$MYSQL_ROOT_PASSWORD_FILE")'"
  mysqladmin -uroot --password="$(cat "$MYSQL_ROOT_PASSWORD_FILE")" shutdown
fi
exec mysqld "$@"
`;
const mysqlSettings = `[mysqld]
host-cache-size = 0
skip-name-resolve
datadir = /var/lib/mysql
socket = /var/run/mysqld/mysqld.sock
secure-file-priv = /var/lib/mysql-files
pid-file = /var/run/mysqld/mysqld.pid
[client]
socket = /var/run/mysqld/mysqld.sock
`;

/** Builds what is missing. Returns the versions of the programs inside. */
export async function buildImages(folder: string, say: (line: string) => void): Promise<string> {
  mkdirSync(folder, { recursive: true });
  if (!(await isThere(base))) {
    say('building the base image from Debian packages');
    const root = mkdtempSync(join(folder, 'debian-'));
    await run(['debootstrap', '--variant=minbase', '--include=ca-certificates', 'trixie', root]);
    await run(['sh', '-c', `tar -C '${root}' -c . | docker import - ${base}`]);
    rmSync(root, { recursive: true, force: true });
  }
  for (const [name, dockerfile] of Object.entries(dockerfiles)) {
    if (await isThere(name)) continue;
    say(`building ${name}`);
    const context = mkdtempSync(join(folder, 'image-'));
    writeFileSync(join(context, 'Dockerfile'), dockerfile);
    if (name === images.MYSQL_IMAGE) {
      writeFileSync(join(context, 'entrypoint.sh'), mysqlEntry, { mode: 0o755 });
      writeFileSync(join(context, 'my.cnf'), mysqlSettings);
    }
    if (name === images.NODE_IMAGE) {
      copyFileSync(process.execPath, join(context, 'node'));
      cpSync(npmFolder(), join(context, 'npm'), { recursive: true });
    }
    await run(['docker', 'build', '--quiet', '--tag', name, context]);
    rmSync(context, { recursive: true, force: true });
  }
  return versions();
}

const isThere = async (name: string): Promise<boolean> =>
  (await attempt(['docker', 'image', 'inspect', name])).code === 0;

/** npm of this machine: the package with Node's binary has none. */
function npmFolder(): string {
  const npm = findProgram('npm');
  if (npm === undefined) throw new Error('npm is not installed');
  for (let at = dirname(realpathSync(npm)); at !== '/'; at = dirname(at)) {
    const manifest = join(at, 'package.json');
    if (existsSync(manifest) && /"name": "npm"/.test(readFileSync(manifest, 'utf8'))) return at;
  }
  throw new Error(`${npm} belongs to no package`);
}

async function versions(): Promise<string> {
  const inside = (image: string, ...words: readonly string[]): Promise<string> =>
    run([
      'docker',
      'run',
      '--rm',
      '--network',
      'none',
      '--entrypoint',
      words[0] ?? '',
      image,
      ...words.slice(1),
    ]);
  const mysql = /Ver (\S+)/.exec(await inside(images.MYSQL_IMAGE, 'mysqld', '--version'))?.[1] ?? '?';
  const redis = /v=(\S+)/.exec(await inside(images.REDIS_IMAGE, 'redis-server', '--version'))?.[1] ?? '?';
  const node = await inside(images.NODE_IMAGE, 'node', '--version');
  return `MySQL ${mysql}, Redis ${redis}, Node ${node.slice(1)}`;
}
