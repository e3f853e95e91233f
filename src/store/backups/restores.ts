// Records the restore of a backup into this database, and reads what a restore needs: the next ids, leads and rows page by page.
// Invariant: from its first moment until a person opens it a restored database is read-only for every process.
import { firstId, firstShortId } from '../../domain/hosting.ts';
import { RelaisError } from '../../errors.ts';
import { type Database, type Sql, firstNumber, firstRow } from '../database.ts';
import { readDedication } from '../hosting/instances.ts';
import { shippedMigrations, statementsOf } from '../migrate.ts';

/** Creates the table in an empty schema and begins: whatever is loaded from now on is read-only. */
export async function beginRestore(owner: Database, backup: string): Promise<void> {
  const statement = shippedMigrations()
    .flatMap(({ sql }) => statementsOf(sql))
    .find((text) => text.startsWith('CREATE TABLE restores'));
  if (statement === undefined)
    throw new RelaisError('INTERNAL-001', 'No migration makes the table of restores.');
  await owner.text(statement);
  await owner.run('INSERT INTO restores (backup) VALUES (?)', [backup]);
}

export async function restoreApplied(tx: Sql): Promise<void> {
  await tx.run('UPDATE restores SET applied_at = UTC_TIMESTAMP(3) WHERE applied_at IS NULL');
}

export interface Restore {
  readonly backup: string;
  readonly appliedAt: Date | null;
  readonly openedAt: Date | null;
}

export const lastRestore = (sql: Pick<Sql, 'all'>): Promise<Restore | undefined> =>
  firstRow<Restore>(
    sql,
    'SELECT backup, applied_at AS appliedAt, opened_at AS openedAt FROM restores ORDER BY id DESC LIMIT 1',
  );

export async function markOpened(tx: Sql): Promise<void> {
  await tx.run('UPDATE restores SET opened_at = UTC_TIMESTAMP(3) WHERE opened_at IS NULL');
}

/** Raises every counter of ids above what the table, and `known` of it, ever had. Returns how many. */
export async function raiseIds(
  owner: Database,
  known: Readonly<Record<string, number>>,
  spare: (table: string) => number,
): Promise<number> {
  const columns = await owner.all<{ name: string; col: string; type: string }>(
    `SELECT TABLE_NAME AS name, COLUMN_NAME AS col, DATA_TYPE AS type FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = ? AND EXTRA LIKE '%auto_increment%'`,
    [owner.name],
  );
  const { slot } = (await readDedication(owner)) ?? { slot: 0 };
  for (const { name, col, type } of columns) {
    const [row] = await owner.all<{ highest: number | null }>(
      `SELECT MAX(\`${col}\`) AS highest FROM \`${name}\``,
    );
    // A table without a row goes on in the range of its installation too.
    const first = type === 'bigint' ? firstId(slot) : firstShortId(slot);
    const next = Math.max(first, row?.highest ?? 0, known[name] ?? 0) + spare(name) + 1;
    await owner.text(`ALTER TABLE \`${name}\` AUTO_INCREMENT = ${Math.trunc(next)}`);
  }
  return columns.length;
}

/**
 * Raises the numbers that clients and destinations are given: files, notes, instructions, versions. Neither log nor ledger has those
 * given since the backup, so that as many as its age allows are left out.
 */
export async function raiseNumbers(
  tx: Sql,
  spare: { readonly files: number; readonly others: number },
): Promise<void> {
  await tx.run('UPDATE destination_states SET next_sequence = next_sequence + ?', [spare.files]);
  await tx.run(
    `INSERT INTO client_note_numbers (client_id, last_number) SELECT id, 0 FROM clients
     ON DUPLICATE KEY UPDATE last_number = last_number`,
    [],
  );
  await tx.run('UPDATE client_note_numbers SET last_number = last_number + ?', [spare.others]);
  await tx.run('UPDATE numbers_given SET number = number + ?', [spare.others]);
  for (const [what, table, column, owner, owners] of [
    ['instruction', 'instructions', 'number', 'client_id', 'clients'],
    ['version', 'mapping_versions', 'version', 'destination_id', 'destinations'],
  ] as const)
    await tx.run(
      `INSERT INTO numbers_given (what, owner_id, number)
         SELECT '${what}', o.id, ? + COALESCE((SELECT MAX(t.${column}) FROM ${table} t WHERE t.${owner} = o.id), 0) FROM ${owners} o
       ON DUPLICATE KEY UPDATE number = GREATEST(numbers_given.number, VALUES(number))`,
      [spare.others],
    );
}

export const highestSecret = (sql: Pick<Sql, 'all'>, keysSchema: string): Promise<number> =>
  firstNumber(sql, `SELECT MAX(lead_id) AS id FROM \`${keysSchema}\`.lead_secrets`);

export interface NamedLead {
  readonly id: number;
  readonly clientId: string;
  readonly reference: string;
}

const atOnce = 5_000;

/** Every lead, by id. */
export async function* everyLead(sql: Pick<Sql, 'all'>): AsyncGenerator<readonly NamedLead[]> {
  for (let after = 0; ;) {
    const page = await sql.all<NamedLead>(
      `SELECT id, client_id AS clientId, reference FROM leads FORCE INDEX (PRIMARY) WHERE id > ? ORDER BY id LIMIT ${atOnce}`,
      [after],
    );
    if (page.length > 0) yield page;
    if (page.length < atOnce) return;
    after = page.at(-1)?.id ?? after;
  }
}

export interface NamedRow extends NamedLead {
  readonly receivedAt: Date;
}

/** Every row of lead_intake with a client and a reference, by id. */
export async function* everyRow(sql: Pick<Sql, 'all'>): AsyncGenerator<readonly NamedRow[]> {
  for (let after = 0; ;) {
    const page = await sql.all<NamedRow>(
      `SELECT id, COALESCE(client_id, '') AS clientId, COALESCE(reference, '') AS reference, received_at AS receivedAt
         FROM lead_intake FORCE INDEX (PRIMARY) WHERE id > ? ORDER BY id LIMIT ${atOnce}`,
      [after],
    );
    if (page.length > 0) yield page;
    if (page.length < atOnce) return;
    after = page.at(-1)?.id ?? after;
  }
}

export async function deleteRow(tx: Sql, id: number): Promise<void> {
  await tx.run('DELETE FROM lead_intake WHERE id = ?', [id]);
}
