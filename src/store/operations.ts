// Stores the operations of the clients, with kind, last day and delay (C30, C31, C35).
// Invariant: a change runs under the lock of the client's row; dates are civil ones and stay texts.
import type { CivilDate, Delay } from '../domain/civil-date.ts';
import type { OperationFacts } from '../domain/retention.ts';
import { inList, type ReadOnlySql, type Sql } from './database.ts';

export interface Operation extends OperationFacts {
  readonly clientId: string;
  /** '': the client's leads without a recorded operation. */
  readonly code: string;
  /** 0: no instruction was needed. */
  readonly instruction: number;
  readonly recordedAt: Date;
  readonly recordedBy: string;
}

interface Row {
  readonly clientId: string;
  readonly code: string;
  readonly kind: OperationFacts['kind'];
  readonly endsOn: CivilDate | null;
  readonly delayCount: number | null;
  readonly delayUnit: Delay['unit'] | null;
  readonly instruction: number;
  readonly recordedAt: Date;
  readonly recordedBy: string;
}

const operationOf = ({ endsOn, delayCount, delayUnit, ...row }: Row): Operation => ({
  ...row,
  ...(endsOn === null ? {} : { endsOn }),
  ...(delayCount === null || delayUnit === null ? {} : { delay: { count: delayCount, unit: delayUnit } }),
});

const columns = `client_id AS clientId, code, kind, DATE_FORMAT(ends_on, '%Y-%m-%d') AS endsOn, delay_count AS delayCount,
       delay_unit AS delayUnit, instruction, recorded_at AS recordedAt, recorded_by AS recordedBy`;

/** The operations of one client, or of all. */
export async function listOperations(
  sql: ReadOnlySql,
  clientId: string | undefined,
): Promise<readonly Operation[]> {
  const rows = await sql.all<Row>(
    `SELECT ${columns} FROM operations ${clientId === undefined ? '' : 'WHERE client_id = ?'} ORDER BY client_id, code`,
    clientId === undefined ? [] : [clientId],
  );
  return rows.map(operationOf);
}

/** The operations of these names, by `client\ncode`. */
export async function operationsNamed(
  sql: ReadOnlySql,
  names: readonly { readonly clientId: string; readonly code: string }[],
): Promise<ReadonlyMap<string, Operation>> {
  if (names.length === 0) return new Map();
  const clients = inList([...new Set(names.map(({ clientId }) => clientId))]);
  const codes = inList([...new Set(names.map(({ code }) => code))]);
  // Every client with every code: more than needed, in one statement.
  const rows = await sql.all<Row>(
    `SELECT ${columns} FROM operations FORCE INDEX (PRIMARY) WHERE client_id IN (${clients.marks}) AND code IN (${codes.marks})`,
    [...clients.values, ...codes.values],
  );
  return new Map(
    rows.map(operationOf).map((operation) => [`${operation.clientId}\n${operation.code}`, operation]),
  );
}

export async function writeOperation(tx: Sql, operation: Omit<Operation, 'recordedAt'>): Promise<void> {
  const { clientId, code, kind, endsOn, delay, instruction, recordedBy } = operation;
  await tx.run(
    `INSERT INTO operations (client_id, code, kind, ends_on, delay_count, delay_unit, instruction, recorded_at, recorded_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), ?)
     ON DUPLICATE KEY UPDATE kind = VALUES(kind), ends_on = VALUES(ends_on), delay_count = VALUES(delay_count),
       delay_unit = VALUES(delay_unit), instruction = VALUES(instruction), recorded_at = VALUES(recorded_at), recorded_by = VALUES(recorded_by)`,
    [
      clientId,
      code,
      kind,
      endsOn ?? null,
      delay?.count ?? null,
      delay?.unit ?? null,
      instruction,
      recordedBy,
    ],
  );
}
