// Stores the register of a client's written instructions (C53): date, author, document and scope.
// Invariant: a number is assigned once per client and never changes; no data of a prospect is stored here.
import type { Covered, Instruction } from '../domain/instructions.ts';
import type { ReadOnlySql, Sql } from './database.ts';

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
  const [last] = await tx.all<{ number: number | null }>(
    'SELECT MAX(number) AS number FROM instructions WHERE client_id = ?',
    [clientId],
  );
  const number = (last?.number ?? 0) + 1;
  await tx.run(
    `INSERT INTO instructions (client_id, number, given_on, given_by, document, covers, operation, recorded_at, recorded_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3), ?)`,
    [clientId, number, givenOn, givenBy, document, covers.join(','), operation, recordedBy],
  );
  return number;
}

export async function findInstruction(
  sql: ReadOnlySql,
  clientId: string,
  number: number,
): Promise<Instruction | undefined> {
  const [row] = await sql.all<Row>(`SELECT ${columns} FROM instructions WHERE client_id = ? AND number = ?`, [
    clientId,
    number,
  ]);
  return row === undefined ? undefined : instructionOf(row);
}

/** True when the client has at least one instruction. */
export async function hasInstructions(sql: ReadOnlySql, clientId: string): Promise<boolean> {
  return (await sql.all('SELECT 1 FROM instructions WHERE client_id = ? LIMIT 1', [clientId])).length > 0;
}

/** Newest first; of every client when none is named. */
export async function listInstructions(
  sql: ReadOnlySql,
  clientId: string | undefined,
): Promise<readonly Instruction[]> {
  const rows = await sql.all<Row>(
    `SELECT ${columns} FROM instructions ${clientId === undefined ? '' : 'WHERE client_id = ?'}
      ORDER BY client_id, number DESC LIMIT 1000`,
    clientId === undefined ? [] : [clientId],
  );
  return rows.map(instructionOf);
}
