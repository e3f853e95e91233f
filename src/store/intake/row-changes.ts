// Reads from the log the changes that intake rows made to personal data on a day: corrections and withdrawn consents.
// Invariant: reads the log by its primary key, from about the day's first entry on; an entry belongs to the day of its time.
import { firstNumber, firstValue, type ReadOnlySql } from '../database.ts';
import { firstEntryFrom } from '../log/log-range.ts';

export interface RowChange {
  /** Id of the log entry. */
  readonly entry: number;
  readonly at: Date;
  readonly clientId: string;
  /** Columns that a correction wrote or emptied. */
  readonly fields: readonly string[];
  /** For example `marketing.email`, of a consent that refuses. */
  readonly takenBack: readonly string[];
}

/** Reason of entries to skip: a request corrected the lead, and has a note of its own. */
export const byRequest = 'by_request';

/** Entries that committed late may be out of order by so much, ms. */
const outOfOrderMs = 3_600_000;
const idsAtOnce = 20_000;

interface Row {
  readonly id: number;
  readonly at: Date;
  readonly clientId: string;
  readonly entry: 'corrected' | 'consent_recorded';
  readonly fields: string | null;
  readonly consents: string | null;
}

/** Page by page, in the order of the log. Archived months are left out. */
export async function* rowChanges(
  sql: ReadOnlySql,
  { from, to }: { readonly from: Date; readonly to: Date },
): AsyncGenerator<readonly RowChange[]> {
  const last = await firstNumber(sql, 'SELECT MAX(id) AS id FROM handovers');
  const first = await firstEntryFrom(sql, from.getTime() - outOfOrderMs);
  for (let low = first; low <= last; low += idsAtOnce) {
    const rows = await sql.all<Row>(
      `SELECT id, at, client_id AS clientId, entry, fields, consents FROM handovers FORCE INDEX (PRIMARY)
        WHERE id BETWEEN ? AND ? AND entry IN ('corrected', 'consent_recorded') AND reason <> ? AND at >= ? AND at < ? ORDER BY id`,
      [low, low + idsAtOnce - 1, byRequest, from, to],
    );
    if (rows.length > 0) yield rows.map(changeOf);
    const next = await firstValue<Date>(sql, 'SELECT at FROM handovers WHERE id >= ? ORDER BY id LIMIT 1', [
      low + idsAtOnce,
    ]);
    if (next === undefined || next.getTime() > to.getTime() + outOfOrderMs) return;
  }
}

const isNo = new Set(['withdrawn', 'refused']);

function changeOf({ id, at, clientId, entry, fields, consents }: Row): RowChange {
  const answers = JSON.parse(consents ?? '[]') as readonly Record<'purpose' | 'channel' | 'state', string>[];
  return {
    entry: id,
    at,
    clientId,
    fields: entry === 'corrected' ? (fields ?? '').split(' ').filter((name) => name !== '') : [],
    takenBack:
      entry === 'corrected'
        ? []
        : answers.flatMap(({ purpose, channel, state }) =>
            isNo.has(state) ? [`${purpose}.${channel}`] : [],
          ),
  };
}
