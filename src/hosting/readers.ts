// Lets a client's own systems read its database, and ends that (C57).
// Invariant: the log has an entry before an account has a right.
import { randomBytes } from 'node:crypto';
import { type Database, withDatabase } from '../store/database.ts';
import { makeAccount } from '../store/hosting/instance-accounts.ts';
import { addReader, endReader, requireDedicated, type DatabaseReader } from '../store/hosting/readers.ts';
import { appendHandover } from '../store/log/handovers.ts';

export { isOverdue, listReaders, type DatabaseReader } from '../store/hosting/readers.ts';

export interface ReaderPlace {
  /** Signs and keeps the log. */
  readonly database: Database;
  readonly ownerUrl: string;
}

export interface ReaderOrder extends Omit<DatabaseReader, 'isEnded'> {
  readonly actor: string;
}

/** Returns the password of the account. @throws INSTANCE-001 in a shared installation, USAGE-001 for a pattern */
export async function letRead(
  place: ReaderPlace & { readonly adminUrl: string },
  order: ReaderOrder,
): Promise<string> {
  const { account, origin, validUntil, reason, actor } = order;
  const password = randomBytes(32).toString('base64url');
  const tls = new URL(place.adminUrl).searchParams.get('tls') === 'yes';
  await underOwner(place, async (owner, clientId) => {
    await addReader(owner, order, async () => {
      await appendHandover(place.database, {
        entry: 'database_reader',
        clientId,
        actor,
        purpose: reason,
        target: `${account}@${origin}`,
        reason: `until:${validUntil}`,
      });
      await withDatabase({ url: place.adminUrl, connections: 1 }, (admin) =>
        makeAccount(admin, { user: account, host: origin, password, tls }),
      );
    });
  });
  return password;
}

/** Takes all rights of these accounts. @throws INSTANCE-001 */
export async function endReading(
  place: ReaderPlace,
  readers: readonly DatabaseReader[],
  by: { readonly actor: string; readonly reason: string },
): Promise<void> {
  await underOwner(place, async (owner, clientId) => {
    for (const reader of readers) {
      await endReader(owner, reader);
      await appendHandover(place.database, {
        entry: 'database_reader',
        clientId,
        actor: by.actor,
        purpose: by.reason,
        target: `${reader.account}@${reader.origin}`,
        reason: 'ended',
      });
    }
  });
}

const underOwner = (
  { ownerUrl }: ReaderPlace,
  work: (owner: Database, clientId: string) => Promise<void>,
): Promise<void> =>
  withDatabase({ url: ownerUrl, connections: 1 }, async (owner) =>
    work(owner, await requireDedicated(owner)),
  );
