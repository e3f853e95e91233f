// Refuses MySQL accounts that may come from more than one address, in production (C40): the gateway's, the reader's, the owner's, the intake's.
// Invariant: refused before the first statement of the work.
import type { Config } from '../config.ts';
import { hostOfAccount, isOneHost } from '../domain/account-host.ts';
import { RelaisError } from '../errors.ts';
import { openDatabase, type Database, type ReadOnlySql } from '../store/database.ts';

/** Asks the server who we are, which also shows that it answers. @throws CONFIG-002 in production, for an account of many hosts */
export async function requireOneHost({ env }: Pick<Config, 'env'>, database: ReadOnlySql): Promise<void> {
  const [row] = await database.all<{ account: string }>('SELECT CURRENT_USER() AS account');
  if (env === 'production' && row !== undefined) refuseHost(row.account);
}

/** @param account `relais@10.0.3.7`. @throws CONFIG-002 */
export function refuseHost(account: string): void {
  if (!isOneHost(hostOfAccount(account)))
    throw new RelaisError(
      'CONFIG-002',
      `Not allowed in production:\n  - the MySQL account ${account} may come from more than one address; bind it to the address it comes from`,
    );
}

/** Opens the account of a URL for one command. @throws CONFIG-002 */
export async function openAccount(
  config: Pick<Config, 'env'>,
  options: Parameters<typeof openDatabase>[0],
): Promise<Database> {
  const database = openDatabase(options);
  try {
    await requireOneHost(config, database);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
