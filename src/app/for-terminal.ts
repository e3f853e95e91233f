// What the terminal's commands of the system itself use: connections of other accounts, who owns the Redis, the table of old keys.
// Invariant: nothing of it is for support's work; that is behind src/support.
export { archiveDeliveries } from '../delivery/background/archive-erased.ts';
export { adoptRedis, foreignText } from '../delivery/background/redis-ownership.ts';
export { openDatabase, type Database } from '../store/database.ts';
export { ownIdentity } from '../store/installation.ts';
export { insertIntakeRows } from '../store/intake.ts';
export { accountExists, accountHosts } from '../store/migrate.ts';
