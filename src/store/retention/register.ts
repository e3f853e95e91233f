// Stores the register of a client: its written instructions (C53), and its operations with kind, last day and delay (C30, C31, C35).
// Invariant: a number is assigned once and never changes; a change of an operation runs under the lock of the client's row.
import type { Delay } from '../../domain/civil-date.ts';
import type { OperationFacts } from '../../domain/retention.ts';
import { firstNumber, allAs, firstAs, hasRow, type ReadOnlySql, type Sql } from '../database.ts';
import type { Covered, Instruction } from '../../domain/instructions.ts';
import { refuseAddresses } from '../people/persons-names.ts';
import { type Stored, insertRow, insertRows } from '../columns.ts';

export interface Operation extends OperationFacts {
  readonly clientId: string;
  /** '': the client's leads without a recorded operation. */
  readonly code: string;
  /** 0: no instruction was needed. */
  readonly instruction: number;
  readonly recordedAt: Date;
  readonly recordedBy: string;
}

type OperationRow = Stored<Omit<Operation, 'delay'>> & {
  readonly delayCount: number | null;
  readonly delayUnit: Delay['unit'] | null;
};

const operationOf = ({ endsOn, delayCount, delayUnit, ...row }: OperationRow): Operation => ({
  ...row,
  ...(endsOn === null ? {} : { endsOn }),
  ...(delayCount === null || delayUnit === null ? {} : { delay: { count: delayCount, unit: delayUnit } }),
});

const operationColumns = `client_id AS clientId, code, kind, DATE_FORMAT(ends_on, '%Y-%m-%d') AS endsOn, delay_count AS delayCount,
       delay_unit AS delayUnit, instruction, recorded_at AS recordedAt, recorded_by AS recordedBy`;

export const listOperations = (
  sql: ReadOnlySql,
  clientId: string | undefined,
): Promise<readonly Operation[]> =>
  allAs(
    sql,
    operationOf,
    `SELECT ${operationColumns} FROM operations ${clientId === undefined ? '' : 'WHERE client_id = ?'} ORDER BY client_id, code`,
    clientId === undefined ? [] : [clientId],
  );

/** The operations of these names, by `client\ncode`. */
export async function operationsNamed(
  sql: ReadOnlySql,
  names: readonly { readonly clientId: string; readonly code: string }[],
): Promise<ReadonlyMap<string, Operation>> {
  if (names.length === 0) return new Map();
  // Every client with every code: more than needed, in one statement.
  const operations = await allAs(
    sql,
    operationOf,
    `SELECT ${operationColumns} FROM operations FORCE INDEX (PRIMARY) WHERE client_id IN (?) AND code IN (?)`,
    [[...new Set(names.map(({ clientId }) => clientId))], [...new Set(names.map(({ code }) => code))]],
  );
  return new Map(operations.map((operation) => [`${operation.clientId}\n${operation.code}`, operation]));
}

export async function writeOperation(tx: Sql, operation: Omit<Operation, 'recordedAt'>): Promise<void> {
  const { clientId, code, kind, endsOn = null, delay, instruction, recordedBy } = operation;
  const [delayCount, delayUnit] = [delay?.count ?? null, delay?.unit ?? null];
  await insertRows(
    tx,
    'operations',
    [{ clientId, code, kind, endsOn, delayCount, delayUnit, instruction, recordedBy }],
    `kind = VALUES(kind), ends_on = VALUES(ends_on), delay_count = VALUES(delay_count), delay_unit = VALUES(delay_unit),
       instruction = VALUES(instruction), recorded_at = VALUES(recorded_at), recorded_by = VALUES(recorded_by)`,
    { recordedAt: 'UTC_TIMESTAMP(3)' },
  );
}

// Stores the register of a client's written instructions (C53): date, author, document and scope.
// Invariant: a number is assigned once per client and never changes; no data of a prospect is stored here.

type Row = Omit<Instruction, 'covers'> & { readonly covers: string };

const columns = `client_id AS clientId, number, DATE_FORMAT(given_on, '%Y-%m-%d') AS givenOn, given_by AS givenBy, document, covers,
       operation, recorded_at AS recordedAt, recorded_by AS recordedBy`;

const instructionOf = ({ covers, ...row }: Row): Instruction => ({
  ...row,
  covers: covers.split(',') as Covered[],
});

/** Inserts an instruction and returns its number. The caller has locked the client's row, so that no number is assigned twice. */
export async function insertInstruction(
  tx: Sql,
  instruction: Omit<Instruction, 'number' | 'recordedAt'>,
): Promise<number> {
  const { clientId, givenOn, givenBy, document, covers, operation, recordedBy } = instruction;
  for (const text of [givenBy, document, operation]) refuseAddresses(text);
  const last = await firstNumber(
    tx,
    `SELECT MAX(g.number) AS number FROM
       (SELECT MAX(number) AS number FROM instructions WHERE client_id = ?
        UNION ALL SELECT number FROM numbers_given WHERE what = 'instruction' AND owner_id = ?) g`,
    [clientId, clientId],
  );
  const number = last + 1;
  await insertRow(
    tx,
    'instructions',
    { clientId, number, givenOn, givenBy, document, covers: covers.join(','), operation, recordedBy },
    { recordedAt: 'UTC_TIMESTAMP(3)' },
  );
  return number;
}

export const findInstruction = (
  sql: ReadOnlySql,
  clientId: string,
  number: number,
): Promise<Instruction | undefined> =>
  firstAs(sql, instructionOf, `SELECT ${columns} FROM instructions WHERE client_id = ? AND number = ?`, [
    clientId,
    number,
  ]);

/** True when the client has at least one instruction. */
export const hasInstructions = (sql: ReadOnlySql, clientId: string): Promise<boolean> =>
  hasRow(sql, 'SELECT 1 FROM instructions WHERE client_id = ? LIMIT 1', [clientId]);

/** Newest first; of every client when none is named. */
export const listInstructions = (
  sql: ReadOnlySql,
  clientId: string | undefined,
): Promise<readonly Instruction[]> =>
  allAs(
    sql,
    instructionOf,
    `SELECT ${columns} FROM instructions ${clientId === undefined ? '' : 'WHERE client_id = ?'}
      ORDER BY client_id, number DESC LIMIT 1000`,
    clientId === undefined ? [] : [clientId],
  );
