// Contains the demo's own SQL statements: make its database and accounts, insert leads as an outside system does, and read tables for the
// comparison, which must not trust the code it checks.
// Invariant: values are bound, except random passwords and names made here of letters, digits and underscores.

/** The part of a connection that the demo uses; the store's own type fits. */
export interface DemoConnection {
  readonly all: <Row>(
    sql: string,
    values?: readonly (string | number | boolean | Date | null)[],
  ) => Promise<Row[]>;
  readonly run: (
    sql: string,
    values?: readonly (string | number | boolean | Date | null)[],
  ) => Promise<unknown>;
  readonly text: (sql: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface Accounts {
  readonly database: string;
  readonly keysSchema: string;
  readonly owner: { readonly user: string; readonly password: string };
  readonly gateway: { readonly user: string; readonly password: string };
  readonly intake: { readonly user: string; readonly password: string };
  /** Where the accounts may connect from. */
  readonly host: string;
}

/** Creates databases and accounts; the migration grants the rights of gateway and intake. */
export async function createAccounts(server: DemoConnection, accounts: Accounts): Promise<void> {
  const { database, keysSchema, owner, gateway, intake, host } = accounts;
  for (const schema of [database, keysSchema]) {
    await server.text(`CREATE DATABASE \`${schema}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
  }
  for (const { user, password } of [owner, gateway, intake]) {
    await server.text(`CREATE USER '${user}'@'${host}' IDENTIFIED BY '${password}'`);
  }
  for (const schema of [database, keysSchema]) {
    await server.text(
      `GRANT ALL PRIVILEGES ON \`${schema}\`.* TO '${owner.user}'@'${host}' WITH GRANT OPTION`,
    );
  }
}

export async function dropAccounts(server: DemoConnection, accounts: Accounts): Promise<void> {
  const { database, keysSchema, owner, gateway, intake, host } = accounts;
  for (const schema of [database, keysSchema]) await server.text(`DROP DATABASE IF EXISTS \`${schema}\``);
  for (const { user } of [owner, gateway, intake])
    await server.text(`DROP USER IF EXISTS '${user}'@'${host}'`);
}

/** One row, one commit, through an account that may do nothing else. */
export async function insertLead(
  intake: DemoConnection,
  row: Readonly<Record<string, string | number | Date>>,
): Promise<void> {
  const columns = Object.keys(row);
  await intake.run(
    `INSERT INTO lead_intake (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
    Object.values(row),
  );
}
