// Stores how far the feed of events has been delivered, one cursor by name for each consumer.
// Invariant: a cursor only moves forward, after an event was accepted; times are the database's.
import type { Sql } from './database.ts';

export interface EventCursor {
  readonly after: string;
  /** The last accepted event behind `after`; 0: none. */
  readonly lastEvent: number;
  /** Failed tries in a row. */
  readonly failures: number;
  readonly isDue: boolean;
}

export async function readCursor(sql: Sql, name: string): Promise<EventCursor | undefined> {
  const [row] = await sql.all<Omit<EventCursor, 'isDue'> & { due: number }>(
    `SELECT after_position AS after, last_event AS lastEvent, failures, due_at <= UTC_TIMESTAMP(3) AS due
       FROM event_cursors WHERE name = ?`,
    [name],
  );
  if (row === undefined) return undefined;
  const { due, ...cursor } = row;
  return { ...cursor, isDue: due === 1 };
}

export async function beginCursor(sql: Sql, name: string, after: string): Promise<void> {
  await sql.run('INSERT INTO event_cursors (name, after_position, due_at) VALUES (?, ?, UTC_TIMESTAMP(3))', [
    name,
    after,
  ]);
}

/** Moves the cursor past an accepted event, or to a position up to which all events were read. */
export async function moveCursor(
  sql: Sql,
  name: string,
  { after, lastEvent }: { readonly after: string; readonly lastEvent: number },
): Promise<void> {
  await sql.run(
    'UPDATE event_cursors SET after_position = ?, last_event = ?, failures = 0, due_at = UTC_TIMESTAMP(3) WHERE name = ?',
    [after, lastEvent, name],
  );
}

export async function deferCursor(sql: Sql, name: string, afterMs: number): Promise<void> {
  await sql.run(
    'UPDATE event_cursors SET failures = failures + 1, due_at = TIMESTAMPADD(MICROSECOND, ? * 1000, UTC_TIMESTAMP(3)) WHERE name = ?',
    [Math.round(afterMs), name],
  );
}
