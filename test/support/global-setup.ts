// Starts a private MariaDB and Redis once for all integration tests, or takes those the caller names.
// The test files find them in RELAIS_TEST_MYSQL_URL (an account that may create databases and users) and
// RELAIS_TEST_REDIS_URL.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startServices } from '../../sandbox/services.ts';
import { keepSchema } from './schema.ts';
import { openCollection } from '../statements/collected.ts';
import { keepServices } from './test-services.ts';
import { askedEngine } from './engine.ts';

const root = join(import.meta.dirname, '..', '..');
const keepStatements = join(root, 'test/statements/keep.mjs');

export default async function globalSetup(): Promise<void> {
  const { RELAIS_MYSQL_OWNER_URL, RELAIS_REDIS_URL } = process.env;
  const services = await startServices({
    folder: join(root, '.relais', `test-${process.pid}`),
    // What is killed loses nothing all the same: `unsynced` in sandbox/mariadb.ts.
    durable: false,
    ...askedEngine(),
    log: (line) => process.stderr.write(`tests: ${line}\n`),
    ...(RELAIS_MYSQL_OWNER_URL === undefined ? {} : { mysqlUrl: RELAIS_MYSQL_OWNER_URL }),
    ...(RELAIS_REDIS_URL === undefined ? {} : { redisUrl: RELAIS_REDIS_URL }),
  });
  keepServices(services);
  // Half of what a process of ours needs to begin is compiling. Not where the command line keeps its own: V8 refuses what was
  // compiled under other flags, and each would write over the other's.
  process.env['NODE_COMPILE_CACHE'] ??= join(root, '.relais', 'compiled-for-tests');
  process.env['RELAIS_TEST_RUN'] = randomBytes(3).toString('hex');
  // Every statement is kept, for test/statements; by this process too, which runs a test that is alone.
  process.env['RELAIS_TEST_STATEMENTS'] = openCollection();
  await import(keepStatements);
  process.env['NODE_OPTIONS'] =
    `${process.env['NODE_OPTIONS'] ?? ''} --import=${pathToFileURL(keepStatements).href}`.trim();
  // Workers are started after this and inherit it.
  process.env['RELAIS_TEST_MYSQL_URL'] = services.mysqlUrl;
  process.env['RELAIS_TEST_REDIS_URL'] = services.redisUrl;
  process.env['RELAIS_TEST_SCHEMA'] = join(root, '.relais', `test-schema-${process.pid}.json`);
  await keepSchema(process.env['RELAIS_TEST_SCHEMA']);
}
