// Stores the ends of contracts (C55): the state of each, and the number of rows that each table holds of a client.
// Invariant: counts only; a closed client stays closed.
import type { CivilDate } from '../../domain/civil-date.ts';
import { type ReadOnlySql, type Sql, columnOf, firstRow, firstValue } from '../database.ts';
import { insertRow } from '../columns.ts';
import { heldByRight } from '../intake/refused-rows.ts';

export interface Closing {
  readonly clientId: string;
  /** `moving`: being moved to another installation, and returned once it is there. */
  readonly state: 'moving' | 'closed' | 'returned' | 'deleted';
  readonly instruction: number;
  readonly reason: string;
  readonly actor: string;
  readonly closedAt: Date;
  readonly deleteOn: CivilDate;
  /** JSON of `HeldBefore`. */
  readonly held: string;
  readonly returnedAt: Date | null;
  readonly fileName: string;
  readonly fileBytes: number;
  readonly deletedAt: Date | null;
  /** 0: not deleted yet. */
  readonly proof: number;
}

/** Rows before the closing: the proof of deletion counts from them. */
export interface HeldBefore {
  readonly rows: Readonly<Record<string, number>>;
  readonly log: { readonly entry: number; readonly anchor: string | null };
}

const columns = `client_id AS clientId, state, instruction, reason, actor, closed_at AS closedAt, DATE_FORMAT(delete_on, '%Y-%m-%d') AS deleteOn,
       held, returned_at AS returnedAt, file_name AS fileName, file_bytes AS fileBytes, deleted_at AS deletedAt, proof`;

export const findClosing = (sql: ReadOnlySql, clientId: string): Promise<Closing | undefined> =>
  firstRow<Closing>(sql, `SELECT ${columns} FROM client_closings WHERE client_id = ?`, [clientId]);

export const lockClosing = (tx: Sql, clientId: string): Promise<Closing | undefined> =>
  firstRow<Closing>(tx, `SELECT ${columns} FROM client_closings WHERE client_id = ? FOR UPDATE`, [clientId]);

/** Ends of contracts that are not complete. */
export const openClosings = (sql: ReadOnlySql): Promise<readonly Closing[]> =>
  sql.all<Closing>(
    `SELECT ${columns} FROM client_closings WHERE state NOT IN ('deleted', 'moving') ORDER BY client_id`,
  );

export async function insertClosing(
  tx: Sql,
  closing: Pick<Closing, 'clientId' | 'instruction' | 'reason' | 'actor' | 'deleteOn' | 'held'>,
  state: 'closed' | 'moving' = 'closed',
): Promise<void> {
  await insertRow(tx, 'client_closings', { ...closing, state }, { closedAt: 'UTC_TIMESTAMP(3)' });
  await tx.run(
    `UPDATE clients SET closed_at = UTC_TIMESTAMP(3)${state === 'moving' ? ', moved_at = UTC_TIMESTAMP(3)' : ''} WHERE id = ?`,
    [closing.clientId],
  );
}

export async function noteReturned(
  tx: Sql,
  clientId: string,
  file: { readonly name: string; readonly bytes: number; readonly digest: Buffer },
): Promise<void> {
  await tx.run(
    `UPDATE client_closings SET state = 'returned', returned_at = UTC_TIMESTAMP(3), file_name = ?, file_bytes = ?, file_digest = ?
      WHERE client_id = ? AND state <> 'deleted'`,
    [file.name.slice(0, 255), file.bytes, file.digest, clientId],
  );
}

export async function noteDeleted(tx: Sql, clientId: string, proof: number): Promise<void> {
  await tx.run(
    "UPDATE client_closings SET state = 'deleted', deleted_at = UTC_TIMESTAMP(3), proof = ? WHERE client_id = ?",
    [proof, clientId],
  );
}

/** The ids of these clients whose contract has ended; one that moved goes on elsewhere. */
export const closedAmong = async (
  sql: Pick<Sql, 'all'>,
  clientIds: readonly string[],
): Promise<ReadonlySet<string>> =>
  new Set(
    await columnOf<string>(
      sql,
      'SELECT id FROM clients WHERE id IN (?) AND closed_at IS NOT NULL AND moved_at IS NULL',
      [[...new Set(clientIds)]],
    ),
  );

/** The day on which all data of a client is deleted; undefined: the client's data is not returned yet, or a request is open. */
export const contractEnd = (sql: Pick<Sql, 'all'>, clientId: string): Promise<CivilDate | undefined> =>
  firstValue<CivilDate>(
    sql,
    `SELECT DATE_FORMAT(c.delete_on, '%Y-%m-%d') AS deleteOn FROM client_closings c WHERE c.client_id = ? AND c.state = 'returned'
        AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.client_id = c.client_id AND r.state <> 'closed')
        AND NOT EXISTS (SELECT 1 FROM lead_intake i WHERE i.client_id = c.client_id AND i.status = 'moved')`,
    [clientId],
  );

/** Tables with data of a client's leads or their persons. */
export const heldTables = [
  'leads',
  'prospects',
  'lead_projects',
  'lead_origins',
  'lead_finances',
  'consents',
  'consent_ends',
  'interactions',
  'lead_revisions',
  'former_addresses',
  'intake_receipts',
  'deliveries',
  'delivery_keys',
  'lead_changes',
  'routing_refusals',
  'lead_intake',
  'oppositions',
  'erased_addresses',
  'client_anomalies',
] as const;

export async function heldRows(
  sql: ReadOnlySql,
  clientId: string,
): Promise<Readonly<Record<string, number>>> {
  const rows: Record<string, number> = {};
  for (const table of heldTables) {
    const [row] = await sql.all<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table} WHERE client_id = ?`, [
      clientId,
    ]);
    rows[table] = row?.n ?? 0;
  }
  return rows;
}

const restTables = [
  'lead_intake',
  'oppositions',
  'erased_addresses',
  'client_anomalies',
  'access_credentials',
  'rotated_secrets',
  'test_leads',
];

/** Deletes the client's rows that remain after its leads, at most `limit` at a time. Returns false when none was left. */
export async function wipeRest(tx: Sql, clientId: string, limit: number): Promise<boolean> {
  for (const table of restTables) {
    const { affected } = await tx.run(`DELETE FROM ${table} WHERE client_id = ? LIMIT ${Math.trunc(limit)}`, [
      clientId,
    ]);
    if (affected > 0) return true;
  }
  return false;
}

export interface StillOpen {
  /** Changes and erasures that a recipient must still get, and intake rows that carry some. */
  readonly rights: number;
  readonly requests: number;
  /** Refused rows that an open request or a restriction of processing covers. */
  readonly heldRows: number;
  /** Deliveries that have not ended. */
  readonly deliveries: number;
}

/** SQL condition: the row `i` may take something back, also in another lead of its person. */
const mayTakeBack = `(i.kind IN ('consent', 'correction')
               OR (i.kind = 'lead' AND (i.consents LIKE '%"refused"%' OR i.consents LIKE '%"withdrawn"%')))`;

export async function stillOpen(sql: ReadOnlySql, clientId: string): Promise<StillOpen> {
  const [row] = await sql.all<StillOpen>(
    `SELECT (SELECT COUNT(*) FROM deliveries d WHERE d.client_id = ? AND d.action IN ('update', 'erase')
               AND (d.state NOT IN ('delivered', 'failed', 'cancelled')
                    OR (d.state = 'failed' AND d.reason LIKE 'manual%'
                        AND NOT EXISTS (SELECT 1 FROM task_closings t WHERE t.delivery_id = d.id AND t.run = d.run))))
            + (SELECT COUNT(*) FROM lead_changes g WHERE g.client_id = ?
                 AND (g.kind IN ('consent', 'erased') OR g.kind LIKE 'consent_ended%'))
            + (SELECT COUNT(*) FROM lead_intake i WHERE i.client_id = ? AND i.status = 'new' AND ${mayTakeBack}) AS rights,
            (SELECT COUNT(*) FROM requests r WHERE r.client_id = ? AND r.state <> 'closed') AS requests,
            (SELECT COUNT(*) FROM lead_intake i WHERE i.client_id = ? AND i.status = 'refused' AND (${heldByRight})) AS heldRows,
            (SELECT COUNT(*) FROM deliveries o WHERE o.client_id = ? AND o.state NOT IN ('delivered', 'failed', 'cancelled')) AS deliveries`,
    [clientId, clientId, clientId, clientId, clientId, clientId],
  );
  return row ?? { rights: 0, requests: 0, heldRows: 0, deliveries: 0 };
}

/** Deliveries of a client that could still leave, in id order. */
export async function unendedDeliveries(
  sql: Pick<Sql, 'all'>,
  clientId: string,
  limit: number,
): Promise<readonly { readonly id: number; readonly leadId: number }[]> {
  return sql.all(
    `SELECT id, lead_id AS leadId FROM deliveries
      WHERE client_id = ? AND state IN ('planned', 'queued', 'waiting', 'withheld', 'pending') ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [clientId],
  );
}

/** Files of a client that no process leases and of which no row is being sent; locked. */
export async function strandedFiles(
  tx: Sql,
  clientId: string,
): Promise<readonly { readonly id: number; readonly destinationId: string }[]> {
  return tx.all(
    `SELECT b.id, b.destination_id AS destinationId FROM batches b
      WHERE b.client_id = ? AND b.state IN ('open', 'written') AND b.lease_until IS NULL
        AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.batch_id = b.id AND d.state = 'sending') ORDER BY b.id FOR UPDATE`,
    [clientId],
  );
}

/** Ids of a client's leads after the last of the page before. */
export const leadPage = (
  sql: Pick<Sql, 'all'>,
  clientId: string,
  after: number,
  limit: number,
): Promise<readonly number[]> =>
  columnOf(
    sql,
    `SELECT id FROM leads FORCE INDEX (PRIMARY) WHERE client_id = ? AND id > ? AND gone = '' ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [clientId, after],
  );

/** Refused intake rows of a client after the last of the page before. */
export async function refusedPage(
  sql: Pick<Sql, 'all'>,
  clientId: string,
  after: string,
  limit: number,
): Promise<readonly string[]> {
  const rows = await sql.all<{ id: string | number }>(
    `SELECT id FROM lead_intake FORCE INDEX (PRIMARY) WHERE id > ? AND client_id = ? AND status = 'refused' ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [after, clientId],
  );
  return rows.map(({ id }) => String(id));
}
