// Runs one migration statement by statement and records each, so that the next `migrate` resumes after the last.
// Invariant: MySQL commits every change of the schema by itself, so an interrupted migration is resumed and never undone.
import { RelaisError } from '../errors.ts';
import { SqlFailure, type Database, type Sql, hasRow } from './database.ts';

/** Errors of a statement that had run after all: its process died, or the answer was lost. */
const hasRunAlready = new Set([1050, 1060, 1061, 1091, 1359, 1360, 1826]);

/** Remedy for a missing right or setting, by the server's error number. */
const hints: Readonly<Record<number, string>> = {
  1044:
    'the owner account has no right on this database: GRANT ALL PRIVILEGES on the database and on the keys schema ' +
    '(RELAIS_KEYS_SCHEMA) to it, WITH GRANT OPTION',
  1049: 'a schema does not exist: create the database and the keys schema (RELAIS_KEYS_SCHEMA) first',
  1050: 'a table of this name is there and is not of Relais: give it a database of its own',
  1054: 'a table of this name is there and is not of Relais: give it a database of its own',
  1133: 'the account does not exist: create it first, with the host part named here (--host)',
  1142: 'the owner account lacks a right on this table: GRANT ALL PRIVILEGES on both schemas WITH GRANT OPTION',
  1227: 'the server keeps this for an administrator: with binary logging on, set log_bin_trust_function_creators = ON',
  1410: 'the account does not exist, or the owner account may not grant: create it first, and give the owner WITH GRANT OPTION',
  1419:
    'the server writes a binary log and lets only administrators create triggers: set log_bin_trust_function_creators = ON ' +
    '(SET PERSIST on MySQL, the configuration file on MariaDB)',
};

/** The server's error number with its remedy; for DB-005. */
export function migrationFailure(error: unknown, where: string): unknown {
  if (!(error instanceof SqlFailure)) return error;
  const hint = hints[error.errno];
  return new RelaisError(
    'DB-005',
    `${where}: MySQL error ${error.errno} (${error.code})${hint === undefined ? '' : `: ${hint}`}.`,
  );
}

const progressTable = 'schema_migration_steps';

export const hasTable = (owner: Database, name: string): Promise<boolean> =>
  hasRow(owner, 'SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?', [
    owner.name,
    name,
  ]);

/** @returns true when a program that recorded no progress may have stopped within the next migration */
export async function openProgress(
  owner: Database,
  { everMigrated }: { readonly everMigrated: boolean },
): Promise<boolean> {
  if (await hasTable(owner, progressTable)) return false;
  await owner.run(
    `CREATE TABLE IF NOT EXISTS ${progressTable} (
       version INT UNSIGNED NOT NULL, step INT UNSIGNED NOT NULL, done TINYINT NOT NULL, PRIMARY KEY (version, step)
     ) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  );
  return everMigrated;
}

/** Step of a migration that an earlier program may have begun: statements that it ran count as run. */
const unsureStep = 0;

/**
 * Runs the statements of one migration that have not run yet.
 * @param options.unsure an earlier program, which recorded no progress, may have begun it
 */
export async function runSteps(
  owner: Database,
  migration: { readonly version: number; readonly name: string },
  statements: readonly string[],
  { unsure }: { readonly unsure: boolean },
): Promise<void> {
  const { version } = migration;
  if (unsure) await note(owner, version, unsureStep, 0);
  const steps = await owner.all<{ step: number; done: number }>(
    `SELECT step, done FROM ${progressTable} WHERE version = ?`,
    [version],
  );
  const maybeBegun = new Set(steps.filter((step) => step.done === 0).map((step) => step.step));
  const done = new Set(steps.filter((step) => step.done === 1).map((step) => step.step));
  for (const [index, statement] of statements.entries()) {
    const step = index + 1;
    if (done.has(step)) continue;
    try {
      await runStep(owner, version, step, statement);
    } catch (error) {
      const mayHaveRun = maybeBegun.has(unsureStep) || maybeBegun.has(step);
      if (error instanceof SqlFailure && mayHaveRun && hasRunAlready.has(error.errno)) {
        await note(owner, version, step, 1);
        continue;
      }
      // The server refused the statement, so that it had no effect. Without an answer the effect is unknown, and the record stays.
      if (error instanceof SqlFailure) await forget(owner, version, step);
      const what = statement.replaceAll(/\s+/g, ' ').slice(0, 60);
      throw migrationFailure(
        error,
        `Migration ${version} (${migration.name}), statement ${step} of ${statements.length} (${what} ...)`,
      );
    }
  }
}

/** Only a change of rows can share a transaction with its record. */
async function runStep(owner: Database, version: number, step: number, statement: string): Promise<void> {
  if (/^(INSERT|UPDATE|DELETE)\b/i.test(statement)) {
    await owner.transaction(async (tx) => {
      await tx.run(statement);
      await note(tx, version, step, 1);
    });
    return;
  }
  await note(owner, version, step, 0);
  await owner.text(statement);
  await note(owner, version, step, 1);
}

const note = async (sql: Sql, version: number, step: number, done: 0 | 1): Promise<void> => {
  await sql.run(
    `INSERT INTO ${progressTable} (version, step, done) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE done = VALUES(done)`,
    [version, step, done],
  );
};

const forget = async (sql: Sql, version: number, step: number): Promise<void> => {
  await sql.run(`DELETE FROM ${progressTable} WHERE version = ? AND step = ?`, [version, step]);
};
