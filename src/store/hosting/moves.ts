// Reads what keeps a client from moving, and opens it in its new place (C36).
// Invariant: a client is open in one installation at a time.
import type { ReadOnlySql, Sql } from '../database.ts';

export interface UnderWay {
  /** Attempts between their departure and their outcome. */
  readonly sending: number;
  /** Changes of leads that are not planned yet. */
  readonly changes: number;
  /** Files that are collected, written, or not accepted yet. */
  readonly files: number;
}

export async function underWayOf(sql: ReadOnlySql, clientId: string): Promise<UnderWay> {
  const [row] = await sql.all<UnderWay>(
    `SELECT (SELECT COUNT(*) FROM deliveries d WHERE d.client_id = ? AND d.state = 'sending') AS sending,
            (SELECT COUNT(*) FROM lead_changes g WHERE g.client_id = ?) AS changes,
            (SELECT COUNT(*) FROM batches b WHERE b.client_id = ? AND (b.state IN ('open', 'written') OR b.content IS NOT NULL)) AS files`,
    [clientId, clientId, clientId],
  );
  return row ?? { sending: 0, changes: 0, files: 0 };
}

/** The client is being moved to another installation, or was. */
export const isMoved = async (sql: ReadOnlySql, clientId: string): Promise<boolean> =>
  (await sql.all('SELECT 1 FROM clients WHERE id = ? AND moved_at IS NOT NULL', [clientId])).length > 0;

export const hasClients = async (sql: ReadOnlySql): Promise<boolean> =>
  (await sql.all('SELECT 1 FROM clients LIMIT 1')).length > 0;

/** Begins: every process of this database reads only until `openMoved`. Repeated, it changes nothing. */
export async function holdForMove(owner: Sql, clientId: string): Promise<void> {
  const open = await owner.all('SELECT 1 FROM restores WHERE opened_at IS NULL LIMIT 1');
  if (open.length === 0)
    await owner.run('INSERT INTO restores (backup) VALUES (?)', [`move ${clientId}`.slice(0, 40)]);
}

export interface StatusBefore {
  readonly id: string;
  readonly status: string;
  readonly reason: string;
}

/** Opens the client here: its destinations are as they were, and rows that waited here are taken in. */
export async function openMoved(tx: Sql, clientId: string, statuses: readonly StatusBefore[]): Promise<void> {
  for (const { id, status, reason } of statuses)
    await tx.run('UPDATE destinations SET status = ?, status_reason = ? WHERE id = ? AND client_id = ?', [
      status,
      reason,
      id,
      clientId,
    ]);
  await tx.run('DELETE FROM client_closings WHERE client_id = ?', [clientId]);
  await tx.run("UPDATE lead_intake SET status = 'new' WHERE client_id = ? AND status = 'moved'", [clientId]);
  await tx.run('UPDATE clients SET closed_at = NULL, moved_at = NULL WHERE id = ?', [clientId]);
  await tx.run(
    'UPDATE restores SET applied_at = UTC_TIMESTAMP(3), opened_at = UTC_TIMESTAMP(3) WHERE opened_at IS NULL AND backup = ?',
    [`move ${clientId}`.slice(0, 40)],
  );
}

/** The installation of a client is never used again: another one gets another number. */
export async function endInstance(owner: Sql, slot: number): Promise<void> {
  await owner.run('UPDATE instances SET open_for = NULL WHERE slot = ?', [slot]);
}
