// Provides two empty schemas on a server of its own, for a test of a backup; the server named by the caller, or a private one.
// Invariant: afterwards neither schemas nor the private server are left.
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRelaisError, RelaisError } from '../src/errors.ts';
import { openDatabase } from '../src/app/for-terminal.ts';
import { findMysql, type Engine } from './binaries.ts';
import { takeFolder } from './folders.ts';
import { startMariadb } from './mariadb.ts';

export interface RestorePlace {
  /** Owner's URL with the main schema selected. */
  readonly url: string;
  readonly keysSchema: string;
  readonly stop: () => Promise<void>;
}

const nameOf = { mysql: 'MySQL', mariadb: 'MariaDB' } as const;

/** @param engine of the backup: its dumps are loaded into no other */
export async function privateServer(
  given: string | undefined,
  engine: Engine,
  log: (line: string) => void,
): Promise<RestorePlace> {
  const server =
    given === undefined ? await started(engine, log) : { url: given, stop: () => Promise.resolve() };
  const name = `relais_test_${randomBytes(4).toString('hex')}`;
  const keysSchema = `${name}_keys`;
  const statements = async (...texts: readonly string[]): Promise<void> => {
    const database = openDatabase({ url: server.url, connections: 1 });
    try {
      for (const text of texts) await database.text(text);
    } finally {
      await database.close();
    }
  };
  const form = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
  try {
    await statements(...[name, keysSchema].map((schema) => `CREATE DATABASE \`${schema}\` ${form}`));
  } catch (error) {
    await server.stop();
    if (given === undefined || !isRelaisError(error)) throw error;
    throw new RelaisError(error.code, `--server: ${error.message}`);
  }
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    keysSchema,
    stop: async () => {
      try {
        await statements(...[name, keysSchema].map((schema) => `DROP DATABASE \`${schema}\``));
      } finally {
        await server.stop();
      }
    },
  };
}

async function started(engine: Engine, log: (line: string) => void) {
  const binary = findMysql(engine);
  if (binary === undefined)
    throw new RelaisError(
      'SERVICE-002',
      `The backup is ${nameOf[engine]}'s, and no ${nameOf[engine]} server is installed here. Or name one with --server.`,
    );
  const folder = await takeFolder(join(tmpdir(), 'relais-restore', String(process.pid)), {
    keep: false,
    log,
  });
  try {
    const server = await startMariadb({ binary, folder: folder.path, socket: folder.socket, durable: false });
    return {
      url: server.url,
      stop: async () => {
        await server.process.stop();
        folder.release();
      },
    };
  } catch (error) {
    folder.release();
    if (!isRelaisError(error)) throw error;
    throw new RelaisError('BACKUP-001', `${error.message}\nOr name a server with --server.`);
  }
}
