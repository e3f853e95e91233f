// Makes the schemas and accounts of an installation for one client, under an account that may (C36, C40).
// Invariant: every account is bound to an address without a pattern; no account has a right on another installation's schemas.
import { RelaisError } from '../../errors.ts';
import type { Account } from '../migrate.ts';
import type { Database } from '../database.ts';

/** @throws USAGE-001 for a pattern */
export function requireAddress(host: string): void {
  if (!/^[0-9A-Za-z:][0-9A-Za-z.:-]{0,59}$/.test(host))
    throw new RelaisError('USAGE-001', `"${host}" is no address of a host: no pattern, no mask.`);
}

/** An account, its password and the encryption that it needs. */
export interface MadeAccount extends Account {
  readonly password: string;
  readonly tls: boolean;
}

/** @throws CONFIG-001 for a password that SQL text cannot hold */
function accountText({ user, host, password, tls }: MadeAccount): string {
  requireAddress(host);
  if (!/^[\w+/=-]{16,200}$/.test(password))
    throw new RelaisError(
      'CONFIG-001',
      `The password of ${user} has to be 16 to 200 letters, digits, + / = _ or -.`,
    );
  return `'${user}'@'${host}' IDENTIFIED BY '${password}' REQUIRE ${tls ? 'SSL' : 'NONE'}`;
}

/** Creates the account, or gives an existing one this password. */
export async function makeAccount(admin: Database, account: MadeAccount): Promise<void> {
  const text = accountText(account);
  await admin.text(`CREATE USER IF NOT EXISTS ${text}`);
  await admin.text(`ALTER USER ${text}`);
}

/** In a GRANT on a schema `_` would match any sign, and with it another client's schema. */
const literal = (schema: string): string => `\`${schema.replaceAll('_', String.raw`\_`)}\``;

export async function makeSchemas(
  admin: Database,
  schemas: readonly string[],
  owner: MadeAccount,
): Promise<void> {
  for (const schema of schemas)
    await admin.text(`CREATE DATABASE IF NOT EXISTS \`${schema}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  await makeAccount(admin, owner);
  for (const schema of schemas)
    await admin.text(
      `GRANT ALL PRIVILEGES ON ${literal(schema)}.* TO '${owner.user}'@'${owner.host}' WITH GRANT OPTION`,
    );
}
