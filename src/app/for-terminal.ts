// Opens what the terminal's system commands need: connections of other accounts, the owner of the Redis, the table of old keys.
// Invariant: nothing here serves the work of support, which src/support does.
import type { KeyRing } from '../domain/key-ring.ts';
import { createLeadSecrets, type LeadSecrets } from '../store/secrets.ts';

export { openAccount, requireOneHost } from './one-host.ts';
export { archiveDeliveries } from '../delivery/background/archive-erased.ts';
export { adoptRedis, foreignText } from '../delivery/background/redis-ownership.ts';
export { openDatabase, type Database } from '../store/database.ts';
export { ownIdentity } from '../store/installation.ts';
export { insertIntakeRows } from '../store/intake/intake.ts';
export { accountExists, accountHosts } from '../store/migrate.ts';

/** Secrets of leads, read by a command that opens no gateway. */
export const leadSecretsOf = (masterKeys: KeyRing, keysSchema: string): LeadSecrets =>
  createLeadSecrets({ masterKeys, keysSchema });
