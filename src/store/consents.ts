// What prospects answered, as events: written in the order of receipt, read back by lead.
// Invariant: an event is never changed; one that repeats another lead's keeps that one's place in the order of receipt.
import type { ConsentRecord } from '../domain/lead.ts';
import { inList, insertGroups, rowMarks, type Sql, type SqlValue } from './database.ts';

export type ConsentRow = {
  id: number;
  lead_id: number;
  purpose: ConsentRecord['purpose'];
  channel: ConsentRecord['channel'];
  state: ConsentRecord['state'];
  recorded_at: Date;
  wording_version: string | null;
  legal_entity: string | null;
  valid_until: Date | null;
  source: string | null;
  origin_id: number;
};

/** Rows per statement at most. */
const together = 128;

export const consentOf = (row: ConsentRow): ConsentRecord => ({
  purpose: row.purpose,
  channel: row.channel,
  state: row.state,
  recordedAt: row.recorded_at,
  receipt: row.origin_id > 0 ? row.origin_id : row.id,
  ...present({
    wordingVersion: row.wording_version,
    legalEntity: row.legal_entity,
    validUntil: row.valid_until,
    source: row.source,
  }),
});

/** What was answered in these leads, oldest stamp first. */
export async function readConsents(
  sql: Sql,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, readonly ConsentRecord[]>> {
  if (leadIds.length === 0) return new Map();
  const { marks, values } = inList([...new Set(leadIds)]);
  const rows = await sql.all<ConsentRow>(
    `SELECT id, lead_id, purpose, channel, state, recorded_at, wording_version, legal_entity, valid_until, source, origin_id
       FROM consents WHERE lead_id IN (${marks})`,
    values,
  );
  const sorted = [...inTime(rows, (row) => row.recorded_at)];
  return new Map(sorted.map(([leadId, group]) => [leadId, group.map(consentOf)]));
}

/** Receipt follows the order of the list. `originId` is the event of another lead that is repeated here. */
export async function insertConsents(
  tx: Sql,
  events: readonly {
    readonly clientId: string;
    readonly leadId: number;
    readonly event: ConsentRecord;
    readonly originId?: number;
  }[],
): Promise<void> {
  for (const group of insertGroups(events, together)) {
    await tx.run(
      `INSERT INTO consents (client_id, lead_id, purpose, channel, state, recorded_at, wording_version, legal_entity, valid_until, source, origin_id)
       VALUES ${rowMarks(group.length, 11)}`,
      group.flatMap(({ clientId, leadId, event, originId }): SqlValue[] => [
        ...[clientId, leadId, event.purpose, event.channel, event.state, event.recordedAt],
        ...[
          event.wordingVersion ?? null,
          event.legalEntity ?? null,
          event.validUntil ?? null,
          event.source ?? null,
          originId ?? 0,
        ],
      ]),
    );
  }
}

/** Absent stays absent (C13): NULL columns leave no key. */
export function present<T extends Record<string, unknown>>(
  values: T,
): { [K in keyof T]?: NonNullable<T[K]> } {
  const kept: Record<string, unknown> = {};
  for (const name of Object.keys(values)) {
    const value = values[name];
    if (value !== null && value !== undefined) kept[name] = value;
  }
  return kept as { [K in keyof T]?: NonNullable<T[K]> };
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
