// Applies rights to the lead tables: a consent event, or the erasure of all personal data, and counts it beforehand.
// Invariant: the caller has locked the lead; an erased lead keeps only ids, dates and statistics columns without personal data.
import { randomBytes } from 'node:crypto';
import { columnFacts } from '../domain/lead-fields/columns.ts';
import { forgetExamples } from './anomalies.ts';
import type { Sql } from './database.ts';
import { blankFiles } from './file-bytes.ts';
import { contentTables } from './lead-columns.ts';

export async function findLeadId(sql: Sql, clientId: string, reference: string): Promise<number | undefined> {
  const [row] = await sql.all<{ id: number }>('SELECT id FROM leads WHERE client_id = ? AND reference = ?', [
    clientId,
    reference,
  ]);
  return row?.id;
}

/** Sets the lead's next revision and raises its consent revision. */
export async function raiseConsentRevision(tx: Sql, leadId: number, revision: number): Promise<void> {
  await tx.run(
    'UPDATE leads SET revision = ?, consent_revision = consent_revision + 1, changed_at = UTC_TIMESTAMP(3) WHERE id = ?',
    [revision, leadId],
  );
}

/** Deletes rows of a lead still in lead_intake, refused ones after its erasure included. */
export async function forgetRows(tx: Sql, clientId: string, reference: string): Promise<void> {
  await tx.run('DELETE FROM lead_intake WHERE client_id = ? AND reference = ?', [clientId, reference]);
}

/** Tables with personal data by `lead_id`, besides the lead's own row. */
const tablesOfThePerson = [
  ...contentTables.filter((table) => table !== 'leads'),
  'consents',
  'consent_ends',
  'former_addresses',
  'interactions',
  'lead_revisions',
];
/** Optional columns of the lead's own row, without the operation, which decides when the rest of the row is deleted (C30). */
const blankedColumns = columnFacts
  .filter(
    ({ table, presence, column }) => table === 'leads' && presence === 'optional' && column !== 'operation',
  )
  .map(({ stored }) => stored);

/** Deletes the personal data from every lead table, and the lead's rows of lead_intake that are refused or not yet read. */
export async function blankLead(
  tx: Sql,
  leadId: number,
  clientId: string,
  reference: string,
  revision: number,
): Promise<void> {
  for (const table of tablesOfThePerson) {
    await tx.run(`DELETE FROM ${table} WHERE lead_id = ?`, [leadId]);
  }
  await forgetExamples(tx, [leadId]);
  await forgetRows(tx, clientId, reference);
  // The receipt stays, so that the same row is never accepted again; its keyed digest of the person is replaced.
  await tx.run('UPDATE intake_receipts SET digest = ? WHERE lead_id = ?', [randomBytes(32), leadId]);
  await tx.run(
    `UPDATE leads SET revision = ?, consent_revision = consent_revision + 1, erased_at = UTC_TIMESTAMP(3), changed_at = UTC_TIMESTAMP(3),
            ${blankedColumns.map((column) => `${column} = NULL`).join(', ')} WHERE id = ?`,
    [revision, leadId],
  );
  // A written file that is not accepted yet contains the person, even if the delivery has left it since: its bytes are deleted,
  // and unless the recipient has it the batch is voided at its next try. The log names the files of the lead.
  const files = await tx.all<{ id: number }>(
    "SELECT id FROM batches WHERE state = 'written' AND id IN (SELECT batch_id FROM handovers WHERE lead_id = ? AND batch_id > 0)",
    [leadId],
  );
  await blankFiles(
    tx,
    files.map((file) => file.id),
  );
}

interface TableCount {
  readonly table: string;
  /** `all` when rows are deleted whole, else the columns that have a value. */
  readonly columns: string;
  readonly rows: number;
}

/**
 * Counts the data of a person in each table of a lead, for the report of an erasure: counts and names of columns;
 * no value is read.
 */
export async function personCounts(sql: Sql, leadId: number): Promise<readonly TableCount[]> {
  const counts: TableCount[] = [];
  for (const table of tablesOfThePerson) {
    const [row] = await sql.all<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table} WHERE lead_id = ?`, [
      leadId,
    ]);
    if (row !== undefined && row.n > 0) counts.push({ table, columns: 'all', rows: row.n });
  }
  const [own] = await sql.all<Record<string, number>>(
    `SELECT ${blankedColumns.map((column) => `${column} IS NOT NULL AS ${column}`).join(', ')} FROM leads WHERE id = ?`,
    [leadId],
  );
  const filled = Object.entries(own ?? {}).flatMap(([column, isFilled]) => (isFilled === 1 ? [column] : []));
  return filled.length === 0 ? counts : [...counts, { table: 'leads', columns: filled.join(' '), rows: 1 }];
}
