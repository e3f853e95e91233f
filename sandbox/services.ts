// Provides MySQL (or MariaDB) and Redis for a demo or a test run: the servers the caller names, else private ones from programs installed
// here, else Docker Compose, else apt as root, else a message that lists the choices. For MySQL by name, Debian's unpacked packages come
// before Docker.
// Invariant: after stop() nothing of ours runs and, unless asked to keep it, no data is left; the next start cleans up after a killed run
// (see folders.ts).
import { parseRedisPlace, redisForms } from '../src/config/redis-place.ts';
import { RelaisError } from '../src/errors.ts';
import { aptIsPossible, installWithApt } from './apt.ts';
import { findMysql, findRedis, isMariadb } from './binaries.ts';
import type { Engine, MysqlBinary } from './binaries.ts';
import { dockerAnswers, startCompose } from './compose.ts';
import { takeFolder } from './folders.ts';
import type { RunFolder } from './folders.ts';
import { startMariadb } from './mariadb.ts';
import { unpackMysql, unpackingIsPossible } from './mysql-packages.ts';
import { converse } from './ports.ts';
import { startRedis } from './redis.ts';

export type Services = {
  /** an account that may create databases and users; no database selected */
  readonly mysqlUrl: string;
  readonly redisUrl: string;
  readonly origin: 'given' | 'private' | 'compose';
  readonly stop: () => Promise<void>;
};

export type ServiceOptions = {
  /** absolute; for data, sockets and logs. One per run: <root>/.relais/<what>-<pid> */
  readonly folder: string;
  /** receives the progress, one line at a time */
  readonly log: (line: string) => void;
  /** false: commits may be lost when the machine (not the server) stops. Default true */
  readonly durable?: boolean;
  /** true: data stays for the next start with the same folder. Default false */
  readonly keep?: boolean;
  /** The required engine; without it any. */
  readonly engine?: Engine;
  readonly mysqlUrl?: string;
  readonly redisUrl?: string;
};

type Wanted = Pick<ServiceOptions, 'engine' | 'log' | 'mysqlUrl' | 'redisUrl'>;

type Running = { readonly url: string; readonly stop: () => Promise<void> };

const nothingToStop = (): Promise<void> => Promise.resolve();

export async function startServices(options: ServiceOptions): Promise<Services> {
  const { mysqlUrl, redisUrl, engine, log } = options;
  if (mysqlUrl !== undefined) await mysqlMustAnswer(mysqlUrl, engine);
  if (redisUrl !== undefined) await redisMustAnswer(redisUrl);
  if (mysqlUrl !== undefined && redisUrl !== undefined) {
    return { mysqlUrl, redisUrl, origin: 'given', stop: nothingToStop };
  }
  const folder = await takeFolder(options.folder, { keep: options.keep === true, log });
  try {
    const unpacked = await unpackMissing(options);
    if (!hasPrograms(options) && engine !== 'mariadb' && (await dockerAnswers())) {
      log('starting MySQL and Redis with Docker Compose');
      const compose = await startCompose(folder.path);
      const stop = async (): Promise<void> => {
        await compose.stop();
        folder.release();
      };
      return {
        mysqlUrl: mysqlUrl ?? compose.mysqlUrl,
        redisUrl: redisUrl ?? compose.redisUrl,
        origin: 'compose',
        stop,
      };
    }
    await installMissing(options, unpacked);
    return await startPrivate(options, folder);
  } catch (error) {
    folder.release();
    throw error;
  }
}

const hasMysql = ({ mysqlUrl, engine }: Wanted): boolean =>
  mysqlUrl !== undefined || findMysql(engine) !== undefined;
const hasRedis = ({ redisUrl }: Wanted): boolean => redisUrl !== undefined || findRedis() !== undefined;
const hasPrograms = (options: Wanted): boolean => hasMysql(options) && hasRedis(options);

/**
 * The programs of both servers; what is missing is unpacked or installed where that is possible.
 * @throws SERVICE-001 with the choices
 */
export async function requirePrograms(
  options: Pick<ServiceOptions, 'engine' | 'log'>,
): Promise<{ readonly mysql: MysqlBinary; readonly redis: string }> {
  await installMissing(options, await unpackMissing(options));
  const [mysql, redis] = [findMysql(options.engine), findRedis()];
  if (mysql === undefined || redis === undefined) throw noServices(options.engine);
  return { mysql, redis };
}

/** Returns undefined on success or where there is nothing to unpack, else the last lines of apt's output. */
async function unpackMissing(options: Wanted): Promise<string | undefined> {
  if (options.engine !== 'mysql' || hasMysql(options) || !unpackingIsPossible()) return undefined;
  return await unpackMysql(options.log);
}

/** @param unpacked the problem of `unpackMissing` */
async function installMissing(options: Wanted, unpacked: string | undefined): Promise<void> {
  if (hasPrograms(options)) return;
  const problem =
    unpacked ?? (aptIsPossible() ? await installWithApt(missing(options), options.log) : undefined);
  if (!hasPrograms(options)) throw noServices(options.engine, problem);
}

/** The packages of Debian and Ubuntu for the missing servers. */
const missing = (options: Wanted): readonly string[] => [
  ...(hasMysql(options) || options.engine === 'mysql' ? [] : ['mariadb-server']),
  ...(hasRedis(options) ? [] : ['redis-server']),
];

async function startPrivate(options: ServiceOptions, folder: RunFolder): Promise<Services> {
  const durable = options.durable !== false;
  const binary = options.mysqlUrl === undefined ? findMysql(options.engine) : undefined;
  const database = { mysql: 'MySQL and ', mariadb: 'MariaDB and ' };
  options.log(`starting private ${binary === undefined ? '' : database[binary.kind]}Redis in ${folder.path}`);
  const [mysql, redis] = await Promise.allSettled([
    givenOr(options.mysqlUrl, async () => {
      if (binary === undefined) throw noServices(options.engine);
      return await startMariadb({ binary, folder: folder.path, socket: folder.socket, durable });
    }),
    givenOr(options.redisUrl, async () => {
      const program = findRedis();
      if (program === undefined) throw noServices(options.engine);
      return await startRedis({ program, folder: folder.path, durable });
    }),
  ]);
  const running = [mysql, redis].flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const stopAll = async (): Promise<void> => {
    await Promise.all(running.map((server) => server.stop()));
  };
  if (mysql.status === 'rejected' || redis.status === 'rejected') {
    await stopAll();
    throw mysql.status === 'rejected'
      ? mysql.reason
      : redis.status === 'rejected'
        ? redis.reason
        : noServices(options.engine);
  }
  const stop = async (): Promise<void> => {
    await stopAll();
    folder.release();
  };
  return { mysqlUrl: mysql.value.url, redisUrl: redis.value.url, origin: 'private', stop };
}

async function givenOr(
  url: string | undefined,
  start: () => Promise<{ readonly url: string; readonly process: { readonly stop: () => Promise<void> } }>,
): Promise<Running> {
  if (url !== undefined) return { url, stop: nothingToStop };
  const server = await start();
  return { url: server.url, stop: server.process.stop };
}

async function mysqlMustAnswer(url: string, engine: Engine | undefined): Promise<void> {
  if (!URL.canParse(url)) {
    throw new RelaisError('SERVICE-001', 'RELAIS_MYSQL_OWNER_URL is no URL: mysql://user:password@host:port');
  }
  const { hostname, port } = new URL(url);
  const to = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? 3306 : port) };
  // MySQL greets first: five bytes, its version, a zero.
  const answer = await converse(to, '', (text) => text.includes('\0', 5), 5_000);
  if (answer === '') throw noAnswer('RELAIS_MYSQL_OWNER_URL', [to]);
  if (engine !== undefined && (engine === 'mariadb') !== isMariadb(answer)) {
    throw new RelaisError(
      'SERVICE-001',
      `--engine ${engine} was asked for, and ${to.host}, named by RELAIS_MYSQL_OWNER_URL, is the other one. ` +
        'Leave the word out, or unset the URL to use a private server.',
    );
  }
}

async function redisMustAnswer(url: string): Promise<void> {
  const place = parseRedisPlace(url);
  if (place === undefined) throw new RelaisError('SERVICE-001', `RELAIS_REDIS_URL must be ${redisForms}.`);
  // Over TLS no readable answer comes: not asked.
  if (place.tls) return;
  // Any server answers, even with an error; of a cluster or of sentinels, one is enough.
  for (const node of place.nodes)
    if ((await converse(node, 'PING\r\n', (text) => text.length > 4, 5_000)) !== '') return;
  throw noAnswer('RELAIS_REDIS_URL', place.nodes);
}

const noAnswer = (variable: string, places: readonly { host: string; port: number }[]): RelaisError =>
  new RelaisError(
    'SERVICE-001',
    `nothing answers at ${places.map(({ host, port }) => `${host}:${port}`).join(', ')}, named by ${variable}. ` +
      'Start that server, correct the URL, or unset it to use a private one.',
  );

const noServices = (engine: Engine | undefined, problem?: string): RelaisError =>
  new RelaisError(
    'SERVICE-001',
    [
      `neither ${engine === undefined ? 'MariaDB/MySQL' : { mysql: 'MySQL', mariadb: 'MariaDB' }[engine]} with Redis/Valkey was found on this machine, nor a Docker that answers.`,
      ...(problem === undefined ? [] : [`apt was tried and failed:\n${problem}`]),
      'One of these will do:',
      '  - install them: apt-get install mariadb-server redis-server (they need not run as services)',
      '  - start Docker with its compose plugin',
      '  - name servers that run elsewhere: RELAIS_MYSQL_OWNER_URL=mysql://root:...@host:3306',
      '    (an account that may create databases and users) and RELAIS_REDIS_URL=redis://host:6379',
      '  - run once as root on Debian or Ubuntu, and they are installed for you; with --engine mysql on Debian, MySQL is unpacked',
    ].join('\n'),
  );
