// Stores the prospects' answers on consent as events, in the order of receipt, and reads them by lead.
// Invariant: an event is never changed; a copy of another lead's event keeps that event's place in the order of receipt.
import { consentFields } from '../../domain/lead-fields/consent.ts';
import type { ConsentRecord, ConsentChannel, ConsentPurpose } from '../../domain/lead.ts';
import { inList, insertGroups, rowMarks, type Sql, type SqlValue } from '../database.ts';
import { blockReader, namesAndColumns, type RowOf } from './lead-columns.ts';
import { arrayOf, packed, unpacker } from '../placeholders.ts';
import { grantEnd, toldAheadMs } from '../../domain/consent.ts';
import { isLaterNo } from '../../domain/opposition.ts';
import { noteWithdrawn } from '../backups/erasures-unwritten.ts';
import { deleteNamed } from '../named-rows.ts';
import { insertRows } from '../columns.ts';

// Stores when each grant of consent ends by itself.
// Invariant: a row is written with its grant, and deleted with its lead or in the transaction that applies its end.

export interface ConsentEnd {
  readonly leadId: number;
  readonly clientId: string;
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
  readonly endsAt: Date;
}

/** A grant that ended more than this before its receipt is reported as ended everywhere: its end is not reported again, ms. */
const longOverMs = 86_400_000;

/** An event with its lead. */
interface Named {
  readonly clientId: string;
  readonly leadId: number;
  readonly event: ConsentRecord;
}

/** Stores the ends of the grants among these events. The day of tolerance is for a database whose clock is set back. */
async function noteConsentEnds(tx: Sql, events: readonly Named[]): Promise<void> {
  const overSince = tx.now().getTime() - longOverMs;
  const ending = events.flatMap(({ clientId, leadId, event }) => {
    const endsAt = event.state === 'granted' ? grantEnd(event) : undefined;
    if (endsAt === undefined || endsAt.getTime() < overSince) return [];
    const { purpose, channel } = event;
    return [{ leadId, clientId, purpose, channel, endsAt, dueAt: new Date(endsAt.getTime() - toldAheadMs) }];
  });
  await insertRows(tx, 'consent_ends', ending, 'due_at = VALUES(due_at)');
}

/** Leads with a grant whose end is due, the longest due first. No lock: the caller locks the leads next. */
export async function leadsWithEnds(sql: Sql, limit: number): Promise<readonly number[]> {
  const rows = await sql.all<{ lead_id: number }>(
    `SELECT lead_id FROM consent_ends FORCE INDEX (consent_ends_due)
      WHERE due_at <= UTC_TIMESTAMP(3) ORDER BY due_at LIMIT ${Math.trunc(limit)}`,
  );
  return [...new Set(rows.map((row) => row.lead_id))];
}

/** Removes and returns the due ends of leads that the caller has locked. */
export async function takeConsentEnds(tx: Sql, leadIds: readonly number[]): Promise<readonly ConsentEnd[]> {
  if (leadIds.length === 0) return [];
  const { marks, values } = inList(leadIds);
  const now = tx.now();
  const rows = await tx.all<ConsentEnd>(
    `SELECT lead_id AS leadId, client_id AS clientId, purpose, channel, ends_at AS endsAt
       FROM consent_ends FORCE INDEX (PRIMARY) WHERE lead_id IN (${marks}) AND due_at <= ? FOR UPDATE`,
    [...values, now],
  );
  if (rows.length > 0)
    await deleteNamed(
      tx,
      { table: 'consent_ends', column: 'lead_id', index: 'PRIMARY', and: 't.due_at <= ?', values: [now] },
      [...new Set(leadIds)],
    );
  return rows;
}

/** Postpones the ends of a lead that could not be processed. */
export async function putOffConsentEnds(sql: Sql, leadId: number, minutes: number): Promise<void> {
  await sql.run(
    `UPDATE consent_ends SET due_at = TIMESTAMPADD(MINUTE, ?, UTC_TIMESTAMP(3))
      WHERE lead_id = ? AND due_at <= UTC_TIMESTAMP(3)`,
    [minutes, leadId],
  );
}

export type ConsentRow = RowOf<typeof consentFields> & {
  readonly id: number;
  readonly lead_id: number;
  readonly recorded_at: Date;
  readonly origin_id: number;
  readonly lead_revision: number;
};

const consentColumns = namesAndColumns(consentFields);
const columnList = consentColumns.map(([, column]) => column).join(', ');
/** The SELECT of the columns that `consentOf` reads. */
export const selectConsents = `SELECT id, lead_id, ${columnList}, origin_id, lead_revision FROM consents`;
const packedNames = [
  'id',
  'lead_id',
  ...consentColumns.map(([, column]) => column),
  'origin_id',
  'lead_revision',
];
/** The same of one lead `l` as one packed column; read back by `unpackConsents`. */
export const packedConsents = `(SELECT JSON_ARRAYAGG(${packed(packedNames.map((name) => `e.${name}`))}) FROM consents e WHERE e.lead_id = l.id)`;

/** Most rows per statement. */
const together = 256;

const answerOf = blockReader(consentFields);

export const consentOf = (row: ConsentRow): ConsentRecord => ({
  ...answerOf(row),
  receipt: row.origin_id > 0 ? row.origin_id : row.id,
  leadRevision: row.lead_revision,
});

/** Consent events of these leads, oldest stamp first. */
export async function readConsents(
  sql: Sql,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, readonly ConsentRecord[]>> {
  if (leadIds.length === 0) return new Map();
  const { marks, values } = inList([...new Set(leadIds)]);
  return consentsByLead(await sql.all<ConsentRow>(`${selectConsents} WHERE lead_id IN (${marks})`, values));
}

function consentsByLead(rows: readonly ConsentRow[]): ReadonlyMap<number, readonly ConsentRecord[]> {
  const byLead = new Map<number, readonly ConsentRecord[]>();
  for (const [leadId, group] of inTime(rows, (row) => row.recorded_at))
    byLead.set(leadId, group.map(consentOf));
  return byLead;
}

const unpackConsent = unpacker<ConsentRow>(
  packedNames as (keyof ConsentRow)[],
  new Set(Object.values(consentFields).flatMap(({ type, column }) => (type === 'date' ? [column] : []))),
);

/** Consent events by lead, oldest stamp first, from the packed columns of several leads. */
export function unpackConsents(columns: readonly unknown[]): ReadonlyMap<number, readonly ConsentRecord[]> {
  const rows: ConsentRow[] = [];
  for (const column of columns) for (const packed of arrayOf(column)) rows.push(unpackConsent(packed));
  return consentsByLead(rows);
}

/**
 * Inserts events; their receipt follows the order of the list. Returns their ids. `revision`: of the lead, with the event; `originId`: the
 * event of another lead that this one copies.
 */
export async function insertConsents(
  tx: Sql,
  events: readonly (Named & { readonly revision: number; readonly originId?: number })[],
): Promise<readonly number[]> {
  const ids: number[] = [];
  for (const group of insertGroups(events, together)) {
    const { insertId, idStep } = await tx.run(
      `INSERT INTO consents (client_id, lead_id, ${columnList}, origin_id, lead_revision) VALUES ${rowMarks(group.length, 4 + consentColumns.length)}`,
      group.flatMap(({ clientId, leadId, event, originId, revision }): SqlValue[] => [
        clientId,
        leadId,
        ...consentColumns.map(([name]) => event[name] ?? null),
        originId ?? 0,
        revision,
      ]),
    );
    for (let index = 0; index < group.length; index += 1) ids.push(insertId + index * idStep);
  }
  await noteConsentEnds(tx, events);
  await noteWithdrawn(
    tx,
    events.filter(({ event, revision }) => isLaterNo({ ...event, leadRevision: revision })),
  );
  return ids;
}

/** Rows by lead, oldest first. Sorted here: the server would sort those of all leads together. */
export function inTime<T extends { id: number; lead_id: number }>(
  rows: readonly T[],
  at: (row: T) => Date,
): ReadonlyMap<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const row of rows) {
    const group = groups.get(row.lead_id);
    if (group === undefined) groups.set(row.lead_id, [row]);
    else group.push(row);
  }
  for (const group of groups.values()) group.sort((a, b) => at(a).getTime() - at(b).getTime() || a.id - b.id);
  return groups;
}
