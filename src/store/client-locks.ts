// Locks clients' rows, and refuses an act for a client that has moved to another installation (C36).
// Invariant: a move waits for the lock, or the client is found moved.
import { RelaisError } from '../errors.ts';
import { raiseOnce } from './alerts/alerts.ts';
import { inList, type Sql } from './database.ts';

/** The columns read with the lock of a client. */
export interface LockedClient {
  /** Revision of its contract's facts. */
  readonly revision: number;
  /** Its contract has ended, or it was moved. */
  readonly closed: boolean;
  /** It is being moved to another installation, or was. */
  readonly moved: boolean;
}

/**
 * Locks the clients' rows: shared, or exclusively for a change of one of their lists (`client-lists.ts`): a withdrawal, a changed
 * address, a publication. Called before any lead is locked; the log (`appendHandovers`) takes it shared afterwards, and a deadlock is
 * repeated. Returns those that exist.
 * @param moved `refused`: an act here would be lost for the installation that the client has moved to
 * @throws INSTANCE-001
 */
export async function lockClients(
  tx: Sql,
  ids: readonly string[],
  mode: 'shared' | 'alone',
  moved: 'refused' | 'taken' = 'refused',
): Promise<ReadonlyMap<string, LockedClient>> {
  if (ids.length === 0) return new Map();
  const { marks, values } = inList([...new Set(ids)].sort());
  const rows = await tx.all<{ id: string; revision: number; closed: 0 | 1; moved: 0 | 1 }>(
    `SELECT id, facts_revision AS revision, closed_at IS NOT NULL AS closed, moved_at IS NOT NULL AS moved FROM clients FORCE INDEX (PRIMARY) WHERE id IN (${marks}) ORDER BY id ${mode === 'alone' ? 'FOR UPDATE' : 'LOCK IN SHARE MODE'}`,
    values,
  );
  const gone = rows.find((row) => row.moved === 1);
  if (gone !== undefined && moved === 'refused')
    throw new RelaisError('INSTANCE-001', [
      `${gone.id} passe à une autre installation, ou y est déjà : agissez là-bas.`,
      `${gone.id} is being moved to another installation, or was: act there.`,
    ]);
  // An intake that read the lists before this change and locks the row after it finds another revision.
  if (mode === 'alone' && rows.length > 0)
    await tx.run(
      `UPDATE clients FORCE INDEX (PRIMARY) SET lists_revision = lists_revision + 1 WHERE id IN (${marks})`,
      values,
    );
  return new Map(
    rows.map((row) => [row.id, { revision: row.revision, closed: row.closed === 1, moved: row.moved === 1 }]),
  );
}

/** A report of a recipient would be lost here: it is asked to come again, and a task says that it belongs to the other installation. */
export async function isElsewhere(tx: Sql, clientId: string): Promise<boolean> {
  const isMoved = (await lockClients(tx, [clientId], 'shared', 'taken')).get(clientId)?.moved === true;
  if (isMoved) await raiseOnce(tx, { kind: 'moved_reports', clientId });
  return isMoved;
}
