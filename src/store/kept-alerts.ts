// Alerts of one kind of a client as a whole: what was raised before, and what of it is open.
import type { AlertKind } from '../domain/alert-kinds.ts';
import type { Sql } from './database.ts';

export interface ClientAlert {
  readonly id: number;
  readonly reason: string;
  readonly isOpen: boolean;
}

/** Oldest first. */
export async function clientAlerts(
  sql: Sql,
  kind: AlertKind,
  clientId: string,
): Promise<readonly ClientAlert[]> {
  const rows = await sql.all<Omit<ClientAlert, 'isOpen'> & { isOpen: number }>(
    `SELECT id, reason, closed_at IS NULL AS isOpen FROM alerts FORCE INDEX (alerts_kind)
      WHERE kind = ? AND destination_id = '' AND client_id = ? ORDER BY id`,
    [kind, clientId],
  );
  return rows.map((row) => ({ ...row, isOpen: row.isOpen === 1 }));
}
