// Deletes the refused rows of an operation with its leads (C30): they contain a person's data like a lead.
// Invariant: not before the day of its leads; a row kept by an open right stays until the right is settled.
import { operationGoesOn } from '../domain/retention.ts';
import type { CivilDate } from '../domain/civil-date.ts';
import type { Database } from '../store/database.ts';
import { listOperations } from '../store/operations.ts';
import { operationsOfRefused, purgeRefusedOf } from '../store/refused-rows.ts';

const rowsAtOnce = 200;

/** Returns how many were deleted. */
export async function letRefusedGo(database: Database, clientId: string, day: CivilDate): Promise<number> {
  let gone = 0;
  const named = await operationsOfRefused(database, clientId);
  if (named.size === 0) return 0;
  for (const operation of await listOperations(database, clientId)) {
    const on = operationGoesOn(operation);
    if (on === undefined || on > day || !named.has(operation.code)) continue;
    for (let part = rowsAtOnce; part === rowsAtOnce;) {
      part = await database.transaction((tx) => purgeRefusedOf(tx, clientId, operation.code, rowsAtOnce), {
        // Another process has just taken some of them.
        undoIf: (count) => count < 0,
      });
      gone += Math.max(0, part);
    }
  }
  return gone;
}
