// Stores the written notes of each client (C48): numbered, appended, never changed.
// Invariant: numbers have no gap; the client's counter is locked from the number's increment to the end of the transaction.
import type { ReadOnlySql, Sql } from './database.ts';

export interface NoteRow {
  readonly clientId: string;
  readonly kind: string;
  readonly destinationId: string;
  readonly mappingVersionId: number;
  readonly title: string;
  readonly changes: readonly string[];
  readonly askedBy: string;
  readonly doneBy: string;
  /** 0: follows no registered instruction. */
  readonly instruction: number;
  readonly document: string;
}

export interface StoredNote extends NoteRow {
  readonly number: number;
  readonly writtenAt: Date;
}

/** The client's next number. A rollback releases it. */
export async function nextNoteNumber(tx: Sql, clientId: string): Promise<number> {
  await tx.run(
    'INSERT INTO client_note_numbers (client_id, last_number) VALUES (?, 1) ON DUPLICATE KEY UPDATE last_number = last_number + 1',
    [clientId],
  );
  const [row] = await tx.all<{ number: number }>(
    'SELECT last_number AS number FROM client_note_numbers WHERE client_id = ?',
    [clientId],
  );
  return row?.number ?? 1;
}

export async function insertNote(tx: Sql, number: number, note: NoteRow, at: Date): Promise<void> {
  await tx.run(
    `INSERT INTO client_notes (client_id, number, written_at, kind, destination_id, mapping_version_id, title, changes, asked_by, done_by, instruction, document)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      note.clientId,
      number,
      at,
      note.kind,
      note.destinationId,
      note.mappingVersionId,
      note.title,
      JSON.stringify(note.changes),
      note.askedBy,
      note.doneBy,
      note.instruction,
      note.document,
    ],
  );
}

/** True when a note of this kind has this document. */
export async function hasNoteOf(
  sql: ReadOnlySql,
  clientId: string,
  { kind, document }: Pick<NoteRow, 'kind' | 'document'>,
): Promise<boolean> {
  const rows = await sql.all(
    'SELECT 1 FROM client_notes WHERE client_id = ? AND kind = ? AND document = ? LIMIT 1',
    [clientId, kind, document],
  );
  return rows.length > 0;
}

type Row = Omit<StoredNote, 'changes'> & { readonly changes: string };

const columns = `client_id AS clientId, number, written_at AS writtenAt, kind, destination_id AS destinationId,
  mapping_version_id AS mappingVersionId, title, changes, asked_by AS askedBy, done_by AS doneBy, instruction, document`;
const noteOf = (row: Row): StoredNote => ({ ...row, changes: JSON.parse(row.changes) as readonly string[] });

/** Newest first. */
export async function listNotes(
  sql: ReadOnlySql,
  clientId: string,
  limit: number,
  before: number,
): Promise<readonly StoredNote[]> {
  const rows = await sql.all<Row>(
    `SELECT ${columns} FROM client_notes WHERE client_id = ? AND number < ? ORDER BY number DESC LIMIT ${Math.trunc(limit)}`,
    [clientId, before],
  );
  return rows.map(noteOf);
}

export async function findNote(
  sql: ReadOnlySql,
  clientId: string,
  number: number,
): Promise<StoredNote | undefined> {
  const [row] = await sql.all<Row>(`SELECT ${columns} FROM client_notes WHERE client_id = ? AND number = ?`, [
    clientId,
    number,
  ]);
  return row === undefined ? undefined : noteOf(row);
}
