// Reads what the server says of an account's connection and rights, and of its own logs, for the check of security (C40, C43).
// Invariant: reads only; an account sees its own rights, whatever else it may read.
import { binaryLogSeconds } from './backups/binary-logs.ts';
import { type ReadOnlySql, columnOf } from './database.ts';

/** A right of an account: on everything (`schema` and `table` empty), a schema, a table, or a column. */
export interface Right {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  /** `SELECT`, `ALTER`, ... */
  readonly right: string;
}

export interface AccountFacts {
  /** `relais@10.0.3.7` */
  readonly account: string;
  /** Empty where the connection is in clear. */
  readonly cipher: string;
  /** True where the server refuses this account in clear. */
  readonly demandsTls: boolean;
  /** End of the server's certificate; undefined in clear. */
  readonly certificateEnd: Date | undefined;
  readonly rights: readonly Right[];
  /** Roles that the account may take on: `name@host`. */
  readonly roles: readonly string[];
}

export async function accountFacts(sql: ReadOnlySql): Promise<AccountFacts> {
  const [row] = await sql.all<{ account: string }>('SELECT CURRENT_USER() AS account');
  const account = row?.account ?? '';
  const at = account.lastIndexOf('@');
  const grantee = `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
  const status = await namedValues(
    sql,
    "SHOW SESSION STATUS WHERE Variable_name IN ('Ssl_cipher', 'Ssl_server_not_after')",
  );
  const end = new Date(status.get('Ssl_server_not_after') ?? '');
  const cipher = status.get('Ssl_cipher') ?? '';
  return {
    account,
    cipher,
    demandsTls: await demandsTls(sql),
    certificateEnd: cipher === '' || Number.isNaN(end.getTime()) ? undefined : end,
    rights: await rightsOf(sql, grantee),
    roles: await rolesOf(sql),
  };
}

/** The server shows an account how it was made; it may demand TLS of every account. */
async function demandsTls(sql: ReadOnlySql): Promise<boolean> {
  const server = await namedValues(
    sql,
    "SHOW GLOBAL VARIABLES WHERE Variable_name = 'require_secure_transport'",
  );
  if (server.get('require_secure_transport') === 'ON') return true;
  const [made] = await sql.all<Record<string, string>>('SHOW CREATE USER CURRENT_USER()');
  return /\bREQUIRE (?:SSL|X509|SUBJECT|ISSUER|CIPHER)\b/.test(Object.values(made ?? {}).join(' '));
}

async function rightsOf(sql: ReadOnlySql, grantee: string): Promise<readonly Right[]> {
  const read = (text: string): Promise<Right[]> => sql.all<Right>(text, [grantee]);
  const rights = [
    ...(await read(
      "SELECT '' AS `schema`, '' AS `table`, '' AS `column`, PRIVILEGE_TYPE AS `right` FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ? ORDER BY 4",
    )),
    ...(await read(
      "SELECT TABLE_SCHEMA AS `schema`, '' AS `table`, '' AS `column`, PRIVILEGE_TYPE AS `right` FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ? ORDER BY 1, 4",
    )),
    ...(await read(
      "SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `table`, '' AS `column`, PRIVILEGE_TYPE AS `right` FROM information_schema.TABLE_PRIVILEGES WHERE GRANTEE = ? ORDER BY 1, 2, 4",
    )),
    ...(await read(
      'SELECT TABLE_SCHEMA AS `schema`, TABLE_NAME AS `table`, COLUMN_NAME AS `column`, PRIVILEGE_TYPE AS `right` FROM information_schema.COLUMN_PRIVILEGES WHERE GRANTEE = ? ORDER BY 1, 2, 3, 4',
    )),
  ];
  // USAGE is MySQL's word for no right; a grant on `relais\_keys` is one on that schema alone.
  return [...rights, ...(await unlistedRights(sql))]
    .filter(({ right }) => right !== 'USAGE')
    .map((right) => ({ ...right, schema: right.schema.replaceAll('\\', '') }));
}

/** Rights that information_schema lists for no account: on routines, to act as another account, and MariaDB's to everybody. */
async function unlistedRights(sql: ReadOnlySql): Promise<readonly Right[]> {
  const rows = await sql.all<Record<string, string>>('SHOW GRANTS');
  return rows
    .flatMap((row) => Object.values(row))
    .flatMap((grant) => {
      const [, right = '', routine, on = '', to] =
        /^GRANT (.+?) ON (?:(PROCEDURE|FUNCTION|PACKAGE BODY|PACKAGE) )?(.+?) TO (PUBLIC\b)?/.exec(grant) ??
        [];
      const how = routine?.toLowerCase() ?? to;
      if (right === 'USAGE' || (how === undefined && right !== 'PROXY')) return [];
      const [schema = '', table = ''] = on.replaceAll(/[`*]/g, '').split('.');
      return [{ schema, table, column: '', right: how === undefined ? right : `${right} (${how})` }];
    });
}

/** A server without the view has no roles. */
const rolesOf = (sql: ReadOnlySql): Promise<readonly string[]> =>
  columnOf<string>(
    sql,
    'SELECT DISTINCT ROLE_NAME AS role FROM information_schema.APPLICABLE_ROLES ORDER BY 1',
  );

export interface ServerLogs {
  /** True while every statement is written to a file, with its values. */
  readonly general: boolean;
  /** Days after which the server deletes its binary logs; 0 where it writes none, Infinity where it deletes none. */
  readonly binaryDays: number;
}

const daySeconds = 86_400;

export async function serverLogs(sql: ReadOnlySql): Promise<ServerLogs> {
  const values = await namedValues(sql, "SHOW GLOBAL VARIABLES WHERE Variable_name = 'general_log'");
  return {
    general: values.get('general_log') === 'ON',
    binaryDays: (await binaryLogSeconds(sql)) / daySeconds,
  };
}

async function namedValues(sql: ReadOnlySql, show: string): Promise<ReadonlyMap<string, string>> {
  const rows = await sql.all<{ Variable_name: string; Value: string }>(show);
  return new Map(rows.map(({ Variable_name: name, Value: value }) => [name, value]));
}
