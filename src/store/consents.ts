// Stores the prospects' answers on consent as events, in the order of receipt, and reads them by lead.
// Invariant: an event is never changed; a copy of another lead's event keeps that event's place in the order of receipt.
import { consentFields } from '../domain/lead-fields/consent.ts';
import type { ConsentRecord } from '../domain/lead.ts';
import { noteConsentEnds } from './consent-ends.ts';
import { inList, insertGroups, rowMarks, type Sql, type SqlValue } from './database.ts';
import { blockReader, namesAndColumns, type RowOf } from './lead-columns.ts';

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
  const rows = await sql.all<ConsentRow>(`${selectConsents} WHERE lead_id IN (${marks})`, values);
  const sorted = [...inTime(rows, (row) => row.recorded_at)];
  return new Map(sorted.map(([leadId, group]) => [leadId, group.map(consentOf)]));
}

/**
 * Inserts events; their receipt follows the order of the list. `revision`: of the lead, with the event; `originId`: the event of
 * another lead that this one copies.
 */
export async function insertConsents(
  tx: Sql,
  events: readonly {
    readonly clientId: string;
    readonly leadId: number;
    readonly event: ConsentRecord;
    readonly revision: number;
    readonly originId?: number;
  }[],
): Promise<void> {
  for (const group of insertGroups(events, together)) {
    await tx.run(
      `INSERT INTO consents (client_id, lead_id, ${columnList}, origin_id, lead_revision) VALUES ${rowMarks(group.length, 4 + consentColumns.length)}`,
      group.flatMap(({ clientId, leadId, event, originId, revision }): SqlValue[] => [
        clientId,
        leadId,
        ...consentColumns.map(([name]) => event[name] ?? null),
        originId ?? 0,
        revision,
      ]),
    );
  }
  await noteConsentEnds(tx, events);
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
