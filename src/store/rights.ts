// What rights change in the lead tables: a consent event, or everything of a person blanked.
// Invariant: the caller holds the lead's lock; a blanked lead keeps ids, dates and statistics columns free of the person only.
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

/** The lead's next revision, with one more change of its consents. */
export async function raiseConsentRevision(tx: Sql, leadId: number, revision: number): Promise<void> {
  await tx.run(
    'UPDATE leads SET revision = ?, consent_revision = consent_revision + 1, changed_at = UTC_TIMESTAMP(3) WHERE id = ?',
    [revision, leadId],
  );
}

/** Rows of a lead still in lead_intake, refused ones after its erasure among them. */
export async function forgetRows(tx: Sql, clientId: string, reference: string): Promise<void> {
  await tx.run('DELETE FROM lead_intake WHERE client_id = ? AND reference = ?', [clientId, reference]);
}

/** All tables but the lead's own row that hold a person, by `lead_id`. */
export const tablesOfThePerson = [
  ...contentTables.filter((table) => table !== 'leads'),
  'consents',
  'consent_ends',
  'former_addresses',
  'interactions',
  'lead_revisions',
];
/** Of the lead's own row: all that need not be there, but the operation: it says when the rest of the row goes (C30). */
export const blankedColumns = columnFacts
  .filter(
    ({ table, presence, column }) => table === 'leads' && presence === 'optional' && column !== 'operation',
  )
  .map(({ stored }) => stored);

/** Removes the person from every lead table and from rows of lead_intake that were refused or not yet read. */
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
  // The receipt stays, so that the same row never comes back; its keyed digest of the person does not.
  await tx.run('UPDATE intake_receipts SET digest = ? WHERE lead_id = ?', [randomBytes(32), leadId]);
  await tx.run(
    `UPDATE leads SET revision = ?, consent_revision = consent_revision + 1, erased_at = UTC_TIMESTAMP(3), changed_at = UTC_TIMESTAMP(3),
            ${blankedColumns.map((column) => `${column} = NULL`).join(', ')} WHERE id = ?`,
    [revision, leadId],
  );
  // A file that was written but not yet accepted holds the person, also where the row has left it since: its bytes go,
  // and unless the recipient turns out to have it the batch is voided at its next try. The log says which files it left with.
  const files = await tx.all<{ id: number }>(
    "SELECT id FROM batches WHERE state = 'written' AND id IN (SELECT batch_id FROM handovers WHERE lead_id = ? AND batch_id > 0)",
    [leadId],
  );
  await blankFiles(
    tx,
    files.map((file) => file.id),
  );
}
