// Lists files for support, newest first, with what their recipients acknowledged.
// Invariant: reads only; a long file is listed once, without its parts.
import { inList, type ReadOnlySql } from './database.ts';

export interface ListedFile {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  readonly sequence: number | null;
  readonly slotAt: Date;
  readonly state: string;
  readonly attempt: number;
  readonly fileName: string;
  readonly rows: number;
  readonly writtenAt: Date | null;
  readonly settledAt: Date | null;
}

export interface FileFilter {
  readonly client?: string;
  readonly destination?: string;
}

/** @param before only ids below this one */
export async function listFiles(
  sql: ReadOnlySql,
  { client, destination }: FileFilter,
  limit: number,
  before: number,
): Promise<readonly ListedFile[]> {
  const values = [client, destination].filter((value) => value !== undefined);
  return sql.all<ListedFile>(
    `SELECT id, client_id AS clientId, destination_id AS destinationId, sequence, slot_at AS slotAt, state, attempt,
            file_name AS fileName, rows_count AS \`rows\`, written_at AS writtenAt, settled_at AS settledAt
       FROM batches FORCE INDEX (PRIMARY) WHERE id < ? AND role <> 'part'${client === undefined ? '' : ' AND client_id = ?'}${destination === undefined ? '' : ' AND destination_id = ?'}
      ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
    [before, ...values],
  );
}

/** Pieces of acknowledgements by file: the number read, and the number unreadable. */
export async function acknowledgedFiles(
  sql: ReadOnlySql,
  ids: readonly number[],
): Promise<ReadonlyMap<number, { readonly read: number; readonly unreadable: number }>> {
  if (ids.length === 0) return new Map();
  const { marks, values } = inList(ids);
  const rows = await sql.all<{ id: number; readable: number; unreadable: number }>(
    `SELECT batch_id AS id, SUM(state <> 'unreadable') AS readable, SUM(state = 'unreadable') AS unreadable
       FROM file_acknowledgements WHERE batch_id IN (${marks}) GROUP BY batch_id`,
    values,
  );
  return new Map(
    rows.map(({ id, readable, unreadable }) => [
      id,
      { read: Number(readable), unreadable: Number(unreadable) },
    ]),
  );
}
