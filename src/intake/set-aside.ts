// Refuses rows that cannot be stored, visibly and with an alert.
// Invariant: nothing of a row's content reaches the log or the alert.
import { foreignCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { raisedSince } from '../store/alerts/alerts.ts';
import type { Database, Sql } from '../store/database.ts';
import { raiseIntakeAlert, refuseRows, refuseStrays as refuseStrayRows } from '../store/intake/intake.ts';
import type { IntakeHead } from '../store/intake/intake-take.ts';
import type { ProcessedRows } from './batch.ts';
import { refusal, refusalText } from './refusals.ts';
import { nothing } from './rounds.ts';

interface SetAsideDeps {
  readonly database: Database;
  readonly log: Log;
}

const strayAtOnce = 200;
/** A lasting failure is reported once an hour. */
const toldAgainSeconds = 3_600;

/**
 * Refuses a row in the caller's transaction. Returns rows refused.
 * @param shown text of the refusal on the row; `code` is for the log and the alert
 */
export async function refuseWithAlert(
  tx: Sql,
  {
    head,
    shown,
    code,
    log,
  }: {
    readonly head: IntakeHead;
    readonly shown: 'INTERNAL' | 'SET_ASIDE';
    readonly code: string;
    readonly log: Log;
  },
): Promise<number> {
  const count = await refuseRows(tx, [{ id: head.id, refusal: refusalText([refusal('row', shown)]) }]);
  if (count > 0) await raiseAlert(tx, head.clientId, code);
  log.error('intake.refused', { reason: shown, code, count });
  return count;
}

/** Refuses a row whose content the database rejects. */
export async function refusePoison(
  { database, log }: SetAsideDeps,
  head: IntakeHead,
  error: unknown,
): Promise<ProcessedRows> {
  const code = foreignCode(error);
  const refused = await database.transaction((tx) =>
    refuseWithAlert(tx, { head, shown: 'INTERNAL', code, log }),
  );
  return { ...nothing, refused };
}

/** Refuses rows with an unknown status. Returns how many. */
export const refuseUnknownStatus = ({ database, log }: SetAsideDeps): Promise<number> =>
  database.transaction(async (tx) => {
    const text = refusalText([refusal('status', 'UNKNOWN_STATUS')]);
    const strays = await refuseStrayRows(tx, text, strayAtOnce);
    for (const clientId of strays.keys()) await raiseAlert(tx, clientId, 'UNKNOWN_STATUS');
    const count = [...strays.values()].reduce((sum, n) => sum + n, 0);
    if (count > 0) log.error('intake.refused', { reason: 'UNKNOWN_STATUS', count });
    return count;
  });

/** Raises an alert that names no row: intake makes no progress. */
export async function alertTrouble(database: Database, error: unknown): Promise<void> {
  if (await raisedSince(database, 'intake_failed', '', toldAgainSeconds)) return;
  await raiseAlert(database, '', foreignCode(error));
}

const raiseAlert = (sql: Sql, clientId: string, code: string): Promise<void> =>
  raiseIntakeAlert(sql, clientId.length <= 40 ? clientId : '', code);
