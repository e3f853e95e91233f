// The next deliveries of a destination, marked queued.
// Invariant: one that breaks the taking keeps no other of its destination from leaving.
import type { Log } from '../../log.ts';
import type { Database } from '../../store/database.ts';
import { dueNames, takeDue, type DueJob, type TakeRoom } from '../../store/due-work.ts';
import { apartOfEach, createApart, unitOf } from './apart.ts';

export type TakeWindow = (
  destinationId: string,
  limit: number,
  room: Omit<TakeRoom, 'which'>,
) => Promise<readonly DueJob[]>;

export function createTakeWindow({
  database,
  log,
  restMs,
}: {
  readonly database: Database;
  readonly log: Log;
  readonly restMs: number;
}): TakeWindow {
  const apartOf = apartOfEach(() => createApart({ database, log, step: 'DISPATCH', restMs }));
  return (destinationId, limit, room) =>
    apartOf(destinationId).rows({
      run: (tx, which) => takeDue(tx, destinationId, limit, { ...room, which }),
      due: async (sql, which) =>
        (await dueNames(sql, destinationId, limit, which)).map((row) => unitOf([row])),
    });
}
