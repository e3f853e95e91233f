// Stores the centre's own mails to clients: the outbox, written with the event a mail reports, claimed one by one until sent; and
// the written notes.
// Invariant: a claim postpones the next try by more than a send may last, so that two planners never send the same mail at once.
import {
  allAs,
  firstAs,
  type ReadOnlySql,
  type Sql,
  firstValue,
  hasRow,
  changesOne,
  insertedId,
} from '../database.ts';
import { given, insertRows } from '../columns.ts';

/** Longer than a send may last, seconds. */
export const clientMailLeaseSeconds = 120;

interface ClientMailRow {
  readonly clientId: string;
  readonly kind: string;
  readonly key: string;
  readonly addressee: 'contact' | 'dpo' | 'mailbox';
  /** Only with the addressee `mailbox`. */
  readonly mailbox: string;
  readonly subject: string;
  /** JSON */
  readonly body: string;
  /** JSON */
  readonly attachments: string | null;
}

/** Returns the row's id, also when the same mail exists already. */
export const insertClientMail = (tx: Sql, row: ClientMailRow): Promise<number> =>
  insertedId(
    tx,
    `INSERT INTO client_mails (client_id, kind, mail_key, addressee, mailbox, subject, body, attachments) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)`,
    [row.clientId, row.kind, row.key, row.addressee, row.mailbox, row.subject, row.body, row.attachments],
  );

export interface ClaimedMail extends ClientMailRow {
  readonly id: number;
  /** Includes the current one. */
  readonly tries: number;
  readonly messageId: string;
  readonly createdAt: Date;
}

/** Claims the next mail that is due. @param domain of the Message-ID, when the mail has none yet */
export async function claimClientMail(tx: Sql, domain: string): Promise<ClaimedMail | undefined> {
  const [row] = await tx.all<ClaimedMail>(
    `SELECT id, client_id AS clientId, kind, mail_key AS \`key\`, addressee, mailbox, subject, body, attachments,
            tries, message_id AS messageId, created_at AS createdAt
       FROM client_mails FORCE INDEX (client_mails_due)
      WHERE sent_at IS NULL AND next_try_at <= UTC_TIMESTAMP(3) ORDER BY next_try_at, id LIMIT 1 FOR UPDATE SKIP LOCKED`,
  );
  if (row === undefined) return undefined;
  const messageId =
    row.messageId || `<${row.clientId}.${row.key}.${row.addressee}.${row.id}@${domain}>`.slice(0, 250);
  // Two minutes, four, ... six hours at most; the exponent is bounded, because POW would overflow.
  await tx.run(
    `UPDATE client_mails SET tries = tries + 1, message_id = ?,
       next_try_at = TIMESTAMPADD(SECOND, LEAST(${clientMailLeaseSeconds} * POW(2, LEAST(tries, 10)), 21600), UTC_TIMESTAMP(3)) WHERE id = ?`,
    [messageId, row.id],
  );
  return { ...row, tries: row.tries + 1, messageId };
}

/** Kinds that name leads by reference: their content is deleted once sent, so that it does not outlive the lead. */
const naming = "('proof', 'recipient_request', 'request_reminder')";

/** Records that the mail server accepted the mail, even when another process has claimed it meanwhile. */
export async function clientMailSent(tx: Sql, id: number, mailbox: string): Promise<void> {
  await tx.run(
    `UPDATE client_mails SET sent_at = UTC_TIMESTAMP(3), sent_to = ?, reason = '',
            body = IF(kind IN ${naming}, '[]', body), attachments = IF(kind IN ${naming}, NULL, attachments)
      WHERE id = ? AND sent_at IS NULL`,
    [mailbox.slice(0, 254), id],
  );
}

/**
 * Deletes unsent mails of requests that name these leads, before the leads are deleted: their requests are answered, or a reminder
 * asks the remaining recipients again; a proof is deleted with its document.
 */
export async function dropMailsNaming(tx: Sql, leadIds: readonly number[]): Promise<void> {
  const named = await tx.all<{ requestId: number; clientId: string; reference: string }>(
    `SELECT DISTINCT s.request_id AS requestId, l.client_id AS clientId, l.reference
       FROM request_subjects s FORCE INDEX (request_subjects_subject) JOIN leads l ON l.id = s.subject_id
      WHERE s.kind = 'lead' AND s.subject_id IN (?)`,
    [leadIds],
  );
  for (const { requestId, clientId, reference } of named)
    await tx.run(
      `DELETE FROM client_mails WHERE client_id = ? AND mail_key LIKE ? AND sent_at IS NULL AND kind IN ${naming}
          AND (kind = 'proof' OR LOCATE(?, body) > 0)`,
      [clientId, `request-${requestId}-%`, reference],
    );
}

export async function clientMailFailed(
  sql: Sql,
  { id, tries }: Pick<ClaimedMail, 'id' | 'tries'>,
  reason: string,
): Promise<void> {
  await sql.run('UPDATE client_mails SET reason = ? WHERE id = ? AND tries = ? AND sent_at IS NULL', [
    reason.slice(0, 80),
    id,
    tries,
  ]);
}

interface UnsentMail {
  readonly id: number;
  readonly clientId: string;
  readonly reason: string;
}

/** Mails unsent for so many minutes and not yet alerted; locks them in the caller's transaction and marks them as alerted. */
export async function takeUnsent(tx: Sql, minutes: number, limit: number): Promise<readonly UnsentMail[]> {
  const rows = await tx.all<UnsentMail>(
    `SELECT id, client_id AS clientId, reason FROM client_mails FORCE INDEX (client_mails_due)
      WHERE sent_at IS NULL AND alerted_at IS NULL AND created_at < TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3))
      ORDER BY id LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
    [-minutes],
  );
  for (const { id } of rows)
    await tx.run('UPDATE client_mails SET alerted_at = UTC_TIMESTAMP(3) WHERE id = ?', [id]);
  return rows;
}

export interface ListedMail {
  readonly id: number;
  readonly clientId: string;
  readonly kind: string;
  readonly key: string;
  readonly addressee: string;
  readonly mailbox: string;
  readonly subject: string;
  readonly createdAt: Date;
  readonly tries: number;
  readonly reason: string;
  readonly sentAt: Date | null;
  readonly sentTo: string;
  readonly nextTryAt: Date;
}

/** Newest first. */
export function listClientMails(
  sql: ReadOnlySql,
  { client, key, unsent }: { readonly client?: string; readonly key?: string; readonly unsent?: boolean },
  limit: number,
): Promise<readonly ListedMail[]> {
  const where = given({ 'client_id = ?': client, 'mail_key = ?': key });
  return sql.all<ListedMail>(
    `SELECT id, client_id AS clientId, kind, mail_key AS \`key\`, addressee, mailbox, subject, created_at AS createdAt, tries, reason,
            sent_at AS sentAt, sent_to AS sentTo, next_try_at AS nextTryAt
       FROM client_mails WHERE 1 = 1${where.sql}${unsent === true ? ' AND sent_at IS NULL' : ''}
      ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
    where.values,
  );
}

/** Makes its next try due at once. False when it was sent, or does not exist. */
export async function bringMailForward(sql: Sql, id: number): Promise<boolean> {
  // A try under way keeps its lease.
  return changesOne(
    sql,
    `UPDATE client_mails SET next_try_at = UTC_TIMESTAMP(3) WHERE id = ? AND sent_at IS NULL AND (tries = 0 OR reason <> '')`,
    [id],
  );
}

// Stores the written notes of each client (C48): numbered, appended, never changed.
// Invariant: numbers have no gap; the client's counter is locked from the number's increment to the end of the transaction.

export interface StoredNote {
  readonly clientId: string;
  readonly number: number;
  readonly writtenAt: Date;
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

/** The client's next number. A rollback releases it. */
export async function nextNoteNumber(tx: Sql, clientId: string): Promise<number> {
  await tx.run(
    'INSERT INTO client_note_numbers (client_id, last_number) VALUES (?, 1) ON DUPLICATE KEY UPDATE last_number = last_number + 1',
    [clientId],
  );
  return (
    (await firstValue(tx, 'SELECT last_number AS number FROM client_note_numbers WHERE client_id = ?', [
      clientId,
    ])) ?? 1
  );
}

export const insertNote = (tx: Sql, note: StoredNote): Promise<void> =>
  insertRows(tx, 'client_notes', [{ ...note, changes: JSON.stringify(note.changes) }]);

/** True when a note of this kind has this document. */
export const hasNoteOf = (
  sql: ReadOnlySql,
  clientId: string,
  { kind, document }: Pick<StoredNote, 'kind' | 'document'>,
): Promise<boolean> =>
  hasRow(sql, 'SELECT 1 FROM client_notes WHERE client_id = ? AND kind = ? AND document = ? LIMIT 1', [
    clientId,
    kind,
    document,
  ]);

type Row = Omit<StoredNote, 'changes'> & { readonly changes: string };

const columns = `client_id AS clientId, number, written_at AS writtenAt, kind, destination_id AS destinationId,
  mapping_version_id AS mappingVersionId, title, changes, asked_by AS askedBy, done_by AS doneBy, instruction, document`;
const noteOf = (row: Row): StoredNote => ({ ...row, changes: JSON.parse(row.changes) as readonly string[] });

/** Newest first. */
export const listNotes = (
  sql: ReadOnlySql,
  clientId: string,
  limit: number,
  before: number,
): Promise<readonly StoredNote[]> =>
  allAs(
    sql,
    noteOf,
    `SELECT ${columns} FROM client_notes WHERE client_id = ? AND number < ? ORDER BY number DESC LIMIT ${Math.trunc(limit)}`,
    [clientId, before],
  );

export const findNote = (
  sql: ReadOnlySql,
  clientId: string,
  number: number,
): Promise<StoredNote | undefined> =>
  firstAs(sql, noteOf, `SELECT ${columns} FROM client_notes WHERE client_id = ? AND number = ?`, [
    clientId,
    number,
  ]);
