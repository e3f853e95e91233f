// Refused rows of an operation whose leads are deleted go with them (C30): they hold a person as a lead does.
// Invariant: not before the day of its leads; what a right holds back stays until that is through.
import { operationGoesOn } from '../domain/retention.ts';
import type { CivilDate } from '../domain/civil-date.ts';
import type { Database } from '../store/database.ts';
import { listOperations } from '../store/operations.ts';
import { operationsOfRefused, purgeRefusedOf } from '../store/refused-rows.ts';

const rowsAtOnce = 200;

/** Returns how many went. */
export async function letRefusedGo(database: Database, clientId: string, day: CivilDate): Promise<number> {
  let gone = 0;
  const named = await operationsOfRefused(database, clientId);
  if (named.size === 0) return 0;
  for (const operation of await listOperations(database, clientId)) {
    const on = operationGoesOn(operation);
    if (on === undefined || on > day || !named.has(operation.code)) continue;
    for (let part = rowsAtOnce; part === rowsAtOnce;) {
      part = await database.transaction((tx) => purgeRefusedOf(tx, clientId, operation.code, rowsAtOnce), {
        // Another process took some of them just now.
        undoIf: (count) => count < 0,
      });
      gone += Math.max(0, part);
    }
  }
  return gone;
}
