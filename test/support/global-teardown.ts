// Stops the services of the integration tests. Leak guard: a test that leaves its database behind fails the
// whole run here, because on services that the caller gave us the leftovers would pile up.
import { rmSync } from 'node:fs';
import { leftoverDatabases } from './database.ts';
import { gather } from '../statements/collected.ts';
import { takeServices } from './test-services.ts';

export default async function globalTeardown(): Promise<void> {
  const services = takeServices();
  if (services === undefined) return;
  try {
    const leftovers = await leftoverDatabases(services.mysqlUrl);
    if (leftovers.length > 0) {
      throw new Error(
        `these test databases were left behind: ${leftovers.join(', ')}. ` +
          'Call drop() of every freshDatabase() in an afterAll or afterEach.',
      );
    }
  } finally {
    rmSync(process.env['RELAIS_TEST_SCHEMA'] ?? '', { force: true });
    gather(process.env['RELAIS_TEST_STATEMENTS'] ?? '');
    await services.stop();
  }
}
