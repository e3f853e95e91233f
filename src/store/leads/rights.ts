// Applies rights to the lead tables: a consent event, or the erasure of all personal data, and counts it beforehand.
// Invariant: the caller has locked the lead; an erased lead keeps only ids, dates and statistics columns without personal data.
import { randomBytes } from 'node:crypto';
import { columnFacts } from '../../domain/lead-fields/columns.ts';
import { forgetExamples } from './anomalies.ts';
import { noteErasedLead } from '../backups/erasures-unwritten.ts';
import { blankFiles } from '../files/file-bytes.ts';
import { contentTables } from './lead-columns.ts';
import { phoneGrantDays, toldAheadMs } from '../../domain/consent.ts';
import { type Sql, type ReadOnlySql, inList, hasRow, firstValue } from '../database.ts';

// Finds erasures and withdrawals that have not reached their recipient in time, and closes their tasks.
// Invariant: alerted once per delivery; the task closes by itself when the delivery ends.

interface WaitingRight {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  readonly state: string;
  readonly reason: string;
}

/**
 * Overdue deliveries without an alert. A delivery that waits for the next file of its schedule, for hours that its mapping ranks
 * above rights, or for the recipient's decision, is not overdue.
 */
export async function waitingRights(
  sql: Sql,
  minutes: number,
  limit: number,
): Promise<readonly WaitingRight[]> {
  return sql.all<WaitingRight>(
    `SELECT d.id, d.client_id AS clientId, d.destination_id AS destinationId, d.state, d.reason
       FROM deliveries d FORCE INDEX (deliveries_open)
      WHERE d.settled_at IS NULL AND d.action IN ('update', 'erase') AND d.state IN ('planned', 'queued', 'waiting', 'withheld')
        AND d.reason NOT IN ('slot', 'outside_hours') AND d.created_at < TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3))
        AND ${carriesRightSql('d')}
        AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.delivery_id = d.id AND a.kind = 'right_waits')
      LIMIT ${Math.trunc(limit)}`,
    [-minutes],
  );
}

/** Closes the tasks of ended deliveries: rights that were delivered or failed with a task of their own, and internal errors. */
export async function closeSettled(sql: Sql): Promise<void> {
  await sql.run(
    `UPDATE alerts a JOIN deliveries d ON d.id = a.delivery_id SET a.closed_at = UTC_TIMESTAMP(3)
      WHERE a.closed_at IS NULL AND d.settled_at IS NOT NULL
        AND (a.kind = 'right_waits' OR (a.kind = 'internal_error' AND a.reason NOT LIKE 'BULK%'))`,
  );
}

/** True when a task is open for withdrawals of this client that were refused at intake. */
export const isRefusedRightTold = (sql: Sql, clientId: string): Promise<boolean> =>
  hasRow(
    sql,
    `SELECT 1 FROM alerts WHERE kind = 'right_waits' AND reason = 'withdrawal_refused' AND client_id = ? AND closed_at IS NULL LIMIT 1`,
    [clientId],
  );

// Finds deliveries that carry a right of the prospect: an erasure, or an update after a withdrawn or ended consent.
// Invariant: every statement uses this one condition.

/** A grant that is reported as ended because its time is over (`domain/consent.ts`). */
const hasEnded = `(c.state = 'granted' AND TIMESTAMPADD(MICROSECOND, ${toldAheadMs} * 1000, UTC_TIMESTAMP(3)) >= LEAST(COALESCE(c.valid_until, TIMESTAMP'9999-01-01 00:00:00'),
        CASE WHEN c.channel = 'phone' THEN TIMESTAMPADD(DAY, ${phoneGrantDays}, c.recorded_at) ELSE TIMESTAMP'9999-01-01 00:00:00' END))`;

/**
 * SQL condition: this delivery carries a right.
 * @param delivery the name or alias of the table in the statement
 */
export const carriesRightSql = (delivery: 'deliveries' | 'd'): string =>
  `(${delivery}.action = 'erase' OR (${delivery}.action = 'update' AND EXISTS (
      SELECT 1 FROM consents c WHERE c.lead_id = ${delivery}.lead_id AND (c.state = 'withdrawn' OR ${hasEnded} OR (c.state = 'refused' AND EXISTS (
        SELECT 1 FROM consents g WHERE g.lead_id = c.lead_id AND g.purpose = c.purpose AND g.channel = c.channel AND g.state = 'granted'))))))`;

/** The ids of these deliveries that carry a right. */
export async function carryingRights(sql: ReadOnlySql, ids: readonly number[]): Promise<ReadonlySet<number>> {
  if (ids.length === 0) return new Set();
  const { marks, values } = inList(ids);
  const rows = await sql.all<{ id: number }>(
    `SELECT d.id FROM deliveries d FORCE INDEX (PRIMARY) WHERE d.id IN (${marks}) AND ${carriesRightSql('d')}`,
    values,
  );
  return new Set(rows.map((row) => row.id));
}

export const findLeadId = (sql: Sql, clientId: string, reference: string): Promise<number | undefined> =>
  firstValue(sql, 'SELECT id FROM leads WHERE client_id = ? AND reference = ?', [clientId, reference]);

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
  await noteErasedLead(tx, { clientId, leadId, reference }, 'erased');
  await forgetExamples(tx, [leadId]);
  await forgetRows(tx, clientId, reference);
  // Receipts stay, so that the same rows are never accepted again; their keyed digests of the person are replaced, also in the lead itself.
  await tx.run('UPDATE intake_receipts SET digest = ? WHERE lead_id = ?', [randomBytes(32), leadId]);
  await tx.run(
    `UPDATE leads SET revision = ?, row_digest = ?, consent_revision = consent_revision + 1, erased_at = UTC_TIMESTAMP(3), changed_at = UTC_TIMESTAMP(3),
            ${blankedColumns.map((column) => `${column} = NULL`).join(', ')} WHERE id = ?`,
    [revision, randomBytes(32), leadId],
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
