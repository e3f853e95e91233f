// Finds, changes and purges refused rows of lead_intake, which contain personal data as a lead does.
// Invariant: a search finds a value in any spelling, since the spelling may be why the row was refused.
import { ending } from '../../domain/addresses-in-text.ts';
import { columnFacts } from '../../domain/lead-fields/columns.ts';
import { noteCleared } from '../backups/erasures-unwritten.ts';
import { changes, columnOf, inList, type Sql, type SqlValue } from '../database.ts';
import { deleteNamed } from '../named-rows.ts';
import type { LeadName } from './intake.ts';
import type { RefusedRow } from './intake-refusals.ts';
import type { LeadQuery } from '../leads/support-leads.ts';
import { nameIsIn } from '../people/name-search.ts';

export interface RefusedPerson {
  readonly row: string;
  readonly clientId: string;
  readonly kind: string;
  readonly reference: string;
  readonly receivedAt: Date;
  readonly lastName: string | undefined;
  readonly firstName: string | undefined;
  readonly email: string | undefined;
  readonly mobile: string | undefined;
  readonly landline: string | undefined;
  /** Reasons for the refusal; without content of the row. */
  readonly problems: RefusedRow['problems'];
}

/** Most rows shown. */
const mostRows = 200;
/** Every column of a text: a value may be in the wrong one. */
const texts = `CONCAT_WS(' | ', ${[
  'client_id',
  'reference',
  'row_reference',
  'consents',
  'interactions',
  'clear_fields',
  ...columnFacts.filter(({ rule }) => rule.schema['type'] === 'string').map(({ column }) => column),
].join(', ')})`;
/**
 * SQL condition: a text contains the given one, in any case. Accents differ: under a `_ci` collation MySQL's LOCATE takes remi@
 * for rémi@.
 */
const holds = `LOCATE(LOWER(?), LOWER(${texts}) COLLATE utf8mb4_bin) > 0`;
/** Short columns only: a regular expression on a long text takes minutes. */
const digits = "REGEXP_REPLACE(CONCAT_WS('|', mobile, landline, reference, row_reference), '[^0-9|]', '')";

/** @param clients undefined: also rows without a known client */
export async function findRefused(
  sql: Sql,
  clients: readonly string[] | undefined,
  query: LeadQuery,
): Promise<readonly RefusedPerson[]> {
  const { where, values } = conditions(clients, query);
  type Found = Record<Exclude<keyof RefusedPerson, 'problems'> | 'refusal', string | null>;
  const rows = await sql.all<Found & { receivedAt: Date }>(
    `SELECT CAST(id AS CHAR) AS \`row\`, client_id AS clientId, kind, reference, received_at AS receivedAt,
            last_name AS lastName, first_name AS firstName, email, mobile, landline, refusal
       FROM lead_intake FORCE INDEX (lead_intake_turn)
      WHERE status = 'refused' AND ${where} ORDER BY lead_intake.id DESC LIMIT ${mostRows}`,
    values,
  );
  return rows.map(({ refusal, ...row }) => ({
    ...(Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, value ?? undefined]),
    ) as unknown as Omit<RefusedPerson, 'problems'>),
    problems: JSON.parse(refusal ?? '[]') as RefusedPerson['problems'],
  }));
}

function conditions(
  clients: readonly string[] | undefined,
  query: LeadQuery,
): { readonly where: string; readonly values: readonly SqlValue[] } {
  const parts: string[] = ['1 = 1'];
  const values: SqlValue[] = [];
  if (clients !== undefined) {
    const list = inList(clients);
    parts.push(`client_id IN (${list.marks})`);
    values.push(...list.values);
  }
  if (query.email !== undefined) {
    parts.push(holds);
    values.push(query.email);
  }
  for (const name of [query.name, query.firstName]) {
    if (name === undefined) continue;
    const named = nameIsIn(texts, name);
    parts.push(named.where);
    values.push(...named.values);
  }
  if (query.phone !== undefined) {
    parts.push(`(LOCATE(?, ${digits}) > 0 OR ${holds})`);
    values.push(ending(query.phone), ending(query.phone));
  }
  if (query.reference !== undefined) {
    parts.push('LOWER(reference) = LOWER(?)');
    values.push(query.reference);
  }
  return { where: parts.join(' AND '), values };
}

/** Deletes refused rows of this reference. Returns the number deleted. */
export async function removeRefused(tx: Sql, lead: LeadName): Promise<number> {
  const { affected } = await tx.run(
    "DELETE FROM lead_intake WHERE client_id = ? AND reference = ? AND status = 'refused'",
    [lead.clientId, lead.reference],
  );
  return affected;
}

/** Removes the consents from refused rows of this reference, so that none can be resubmitted unchanged. */
export const clearRefusedConsents = (tx: Sql, lead: LeadName): Promise<number> =>
  clearConsents(tx, "client_id = ? AND reference = ? AND status = 'refused'", [
    lead.clientId,
    lead.reference,
  ]);

/** The same of rows under this condition. Returns how many. */
export async function clearConsents(
  tx: Sql,
  where: string,
  values: readonly (string | number)[],
): Promise<number> {
  const ids = await columnOf(
    tx,
    `SELECT id FROM lead_intake WHERE ${where} AND consents IS NOT NULL FOR UPDATE`,
    values,
  );
  if (ids.length === 0) return 0;
  await noteCleared(tx, ids);
  return changes(tx, 'UPDATE lead_intake SET consents = NULL WHERE id IN (?)', [ids]);
}

/** True when a refused row of this reference exists; waits for a transaction that is resubmitting it. */
export async function anyRefused(tx: Sql, lead: LeadName): Promise<boolean> {
  const rows = await tx.all(
    "SELECT 1 FROM lead_intake WHERE client_id = ? AND reference = ? AND status = 'refused' LIMIT 1 FOR UPDATE",
    [lead.clientId, lead.reference],
  );
  return rows.length > 0;
}

/** True when a row that creates a lead of this reference waits for intake. */
export async function isComingIn(sql: Sql, lead: LeadName): Promise<boolean> {
  const rows = await sql.all(
    "SELECT 1 FROM lead_intake WHERE client_id = ? AND reference = ? AND status = 'new' AND kind = 'lead' LIMIT 1",
    [lead.clientId, lead.reference],
  );
  return rows.length > 0;
}

export interface RefusedRowCodes extends LeadName {
  /** Its number without leading zeros: marks and the log name it so. */
  readonly row: string;
  readonly kind: string;
  readonly codes: readonly string[];
}

/** Client, reference and codes of a refused row, locked; undefined when no refused row has the number. */
export async function lockRefusedRow(tx: Sql, number: string): Promise<RefusedRowCodes | undefined> {
  // CAST would take the digits at the start of any text.
  if (!/^\d+$/.test(number)) return undefined;
  const [found] = await tx.all<Omit<RefusedRowCodes, 'codes'> & { refusal: string | null }>(
    `SELECT CAST(id AS CHAR) AS \`row\`, client_id AS clientId, reference, kind, refusal FROM lead_intake
      WHERE id = CAST(? AS UNSIGNED) AND status = 'refused' FOR UPDATE`,
    [number],
  );
  if (found === undefined) return undefined;
  const { refusal, ...named } = found;
  return { ...named, codes: codesOf(refusal) };
}

/** Rows about a lead that were refused only with this code, locked; oldest first. */
export async function refusedAbout(
  tx: Sql,
  { clientId, reference }: LeadName,
  code: string,
): Promise<readonly string[]> {
  const rows = await tx.all<{ row: string; refusal: string | null }>(
    `SELECT CAST(id AS CHAR) AS \`row\`, refusal FROM lead_intake
      WHERE client_id = ? AND reference = ? AND status = 'refused' ORDER BY lead_intake.id FOR UPDATE`,
    [clientId, reference],
  );
  return rows
    .filter(({ refusal }) => codesOf(refusal).length > 0 && codesOf(refusal).every((found) => found === code))
    .map(({ row }) => row);
}

const codesOf = (refusal: string | null): readonly string[] =>
  (JSON.parse(refusal ?? '[]') as readonly { readonly code: string }[]).map(({ code }) => code);

/** Resubmits a refused row: it is new again, in its original order. @param released the officer has released it */
export async function retryRefusedRow(tx: Sql, row: string, released = false): Promise<void> {
  await tx.run(
    `UPDATE lead_intake SET status = 'new', settled_at = NULL, refusal = NULL, released = GREATEST(released, ?)
      WHERE id = CAST(? AS UNSIGNED) AND status = 'refused'`,
    [released ? 1 : 0, row],
  );
}

/** SQL condition: the request `r` is a restriction in force of its subject `s`. */
const restricts = "r.kind = 'restriction' AND s.applied_at IS NOT NULL AND r.lifted_at IS NULL";

/** Those of these refused rows for which a restriction of processing is in force. */
export const restrictedRows = async (sql: Sql, rows: readonly string[]): Promise<ReadonlySet<string>> =>
  new Set(
    await columnOf<string>(
      sql,
      `SELECT CAST(s.subject_id AS CHAR) FROM request_subjects s FORCE INDEX (request_subjects_subject) JOIN requests r ON r.id = s.request_id
        WHERE s.kind = 'row' AND s.subject_id IN (?) AND s.decision <> 'left_out' AND ${restricts}`,
      [rows],
    ),
  );

/** SQL condition: an open request or a restriction covers the row `i`, which is then kept. */
export const heldByRight = `EXISTS (SELECT 1 FROM request_subjects s JOIN requests r ON r.id = s.request_id
          WHERE s.kind = 'row' AND s.subject_id = i.id AND s.decision <> 'left_out'
            AND (r.state <> 'closed' OR (${restricts})))
        OR EXISTS (SELECT 1 FROM leads l
          WHERE l.client_id = i.client_id AND l.reference = i.reference AND l.restricted_at IS NOT NULL)`;

/** Those of these refused rows that an open request or a restriction covers. */
export const rowsHeldByRights = async (sql: Sql, rows: readonly string[]): Promise<ReadonlySet<string>> =>
  new Set(
    await columnOf<string>(
      sql,
      `SELECT CAST(i.id AS CHAR) FROM lead_intake i FORCE INDEX (PRIMARY) WHERE i.id IN (?) AND (${heldByRight})`,
      [rows],
    ),
  );

/**
 * Purges rows refused more than so many days ago, at most `limit`, and counts them; rows covered by a right are kept.
 * Returns the number purged.
 */
export const purgeRefused = (tx: Sql, days: number, limit: number): Promise<number> =>
  purgeWhere(tx, { where: 'i.settled_at < TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3))', values: [-days] }, limit);

/** Operations that a client's refused rows name. */
export async function operationsOfRefused(
  sql: Pick<Sql, 'all'>,
  clientId: string,
): Promise<ReadonlySet<string>> {
  const rows = await sql.all<{ operation: string }>(
    `SELECT DISTINCT operation FROM lead_intake FORCE INDEX (lead_intake_turn)
      WHERE status = 'refused' AND client_id = ? AND operation IS NOT NULL`,
    [clientId],
  );
  return new Set(rows.map(({ operation }) => operation));
}

/** The same for one operation's rows, of any age. */
export const purgeRefusedOf = (tx: Sql, clientId: string, code: string, limit: number): Promise<number> =>
  purgeWhere(tx, { where: 'i.client_id = ? AND i.operation = ?', values: [clientId, code] }, limit);

async function purgeWhere(
  tx: Sql,
  which: { readonly where: string; readonly values: readonly SqlValue[] },
  limit: number,
): Promise<number> {
  const rows = await tx.all<{ id: string; clientId: string | null; month: string; refusal: string | null }>(
    `SELECT CAST(i.id AS CHAR) AS id, c.id AS clientId, DATE_FORMAT(i.settled_at, '%Y-%m') AS month, i.refusal
       FROM lead_intake i LEFT JOIN clients c ON c.id = i.client_id
      WHERE i.status = 'refused' AND ${which.where} AND NOT (${heldByRight})
      ORDER BY i.id LIMIT ${Math.trunc(limit)}`,
    which.values,
  );
  if (rows.length === 0) return 0;
  const counted = Map.groupBy(rows, (row) => `${row.clientId ?? ''}\n${row.month}\n${codeOf(row.refusal)}`);
  const affected = await deleteNamed(
    tx,
    { table: 'lead_intake', column: 'id', index: 'PRIMARY', and: "t.status = 'refused'" },
    rows.map((row) => BigInt(row.id)),
  );
  // Another planner has purged some of them just now and counted them; the caller rolls back and counts again.
  if (affected !== rows.length) return -1;
  for (const [key, rows] of counted) {
    await tx.run(
      'INSERT INTO refused_rows (client_id, month, code, count) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE count = count + VALUES(count)',
      [...key.split('\n'), rows.length],
    );
  }
  return affected;
}

function codeOf(refusal: string | null): string {
  const [first] = JSON.parse(refusal ?? '[]') as readonly { readonly code?: string }[];
  return first?.code ?? 'UNKNOWN';
}

export interface RefusedCount {
  readonly clientId: string;
  readonly month: string;
  readonly code: string;
  readonly count: number;
}

/** Counts of purged rows, newest month first. */
export function refusedCounts(sql: Sql): Promise<readonly RefusedCount[]> {
  return sql.all(
    'SELECT client_id AS clientId, month, code, count FROM refused_rows ORDER BY month DESC, client_id, code LIMIT 1000',
  );
}
