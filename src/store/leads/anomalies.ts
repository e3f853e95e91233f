// Counts the anomalies in the leads of each client by day, each with a few leads as examples.
// Invariant: codes only, no value of a person; an example is deleted with its lead, a count remains and refers to no lead.
import type { AnomalyKind } from '../../domain/anomaly.ts';
import type { Channel } from '../../domain/lead.ts';
import { type ReadOnlySql, type Sql, changes } from '../database.ts';
import { insertRows } from '../columns.ts';

/** Rows of one count: concurrent intakes seldom lock the same one, and each keeps an example. */
const slots = 4;

export interface CountedAnomaly {
  readonly clientId: string;
  /** Civil day in Paris, yyyy-MM-dd. */
  readonly day: string;
  readonly kind: AnomalyKind;
  /** '' for a row of consents alone. */
  readonly channel: Channel | '';
  readonly source: string;
  readonly detail: string;
  readonly leadId: number;
}

interface Line extends CountedAnomaly {
  readonly slot: number;
  readonly leads: number;
}

/** One statement, rows in the order of their keys: two intakes never deadlock. */
export const countAnomalies = (tx: Sql, anomalies: readonly CountedAnomaly[]): Promise<void> =>
  insertRows(
    tx,
    'client_anomalies',
    linesOf(anomalies),
    'leads = leads + VALUES(leads), lead_id = VALUES(lead_id)',
  );

function linesOf(anomalies: readonly CountedAnomaly[]): readonly Line[] {
  const keyOf = ({ clientId, day, kind, channel, source, detail, leadId }: CountedAnomaly): string =>
    [clientId, day, kind, channel, source, detail, leadId % slots].join('\n');
  return [...Map.groupBy(anomalies, keyOf)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, [first, ...others]]) =>
      first === undefined ? [] : [{ ...first, slot: first.leadId % slots, leads: 1 + others.length }],
    );
}

/** Called before leads are deleted: their counts remain without the lead's id. */
export async function forgetExamples(tx: Sql, leadIds: readonly number[]): Promise<void> {
  await tx.run(
    'UPDATE client_anomalies FORCE INDEX (client_anomalies_lead) SET lead_id = 0 WHERE lead_id IN (?)',
    [leadIds],
  );
}

export interface ListedAnomaly {
  readonly kind: AnomalyKind;
  readonly channel: Channel | '';
  readonly source: string;
  readonly detail: string;
  readonly leads: number;
  readonly firstDay: string;
  readonly lastDay: string;
  /** References of existing leads, newest first; at most `slots` a day, the newest days first. */
  readonly examples: readonly string[];
}

const mostExamples = 4;

/** Since a civil day, the most frequent first. */
export async function listAnomalies(
  sql: ReadOnlySql,
  clientId: string,
  sinceDay: string,
): Promise<readonly ListedAnomaly[]> {
  const rows = await sql.all<
    Omit<Line, 'clientId' | 'slot' | 'leadId'> & { readonly reference: string | null }
  >(
    `SELECT a.day, a.kind, a.channel, a.source, a.detail, a.leads, l.reference
       FROM client_anomalies a LEFT JOIN leads l ON l.id = a.lead_id AND l.erased_at IS NULL
      WHERE a.client_id = ? AND a.day >= ? ORDER BY a.day DESC, a.lead_id DESC`,
    [clientId, sinceDay],
  );
  const groups = Map.groupBy(rows, ({ kind, channel, source, detail }) =>
    [kind, channel, source, detail].join('\n'),
  );
  return [...groups.values()]
    .flatMap((own): readonly ListedAnomaly[] => {
      const [newest, oldest] = [own[0], own.at(-1)];
      if (newest === undefined || oldest === undefined) return [];
      const { kind, channel, source, detail } = newest;
      const leads = own.reduce((sum, row) => sum + row.leads, 0);
      const examples = [...new Set(own.flatMap(({ reference }) => reference ?? []))].slice(0, mostExamples);
      return [{ kind, channel, source, detail, leads, firstDay: oldest.day, lastDay: newest.day, examples }];
    })
    .sort((a, b) => b.leads - a.leads);
}

export interface Pile {
  readonly clientId: string;
  readonly kind: AnomalyKind;
  readonly leads: number;
}

/** Anomalies since `day` that reached `least` leads and were not alerted in the last days. @param day first day counted */
export async function piledUp(
  sql: Sql,
  day: string,
  least: number,
  alertedWithinDays: number,
): Promise<readonly Pile[]> {
  const rows = await sql.all<Omit<Pile, 'leads'> & { readonly leads: string | number }>(
    `SELECT a.client_id AS clientId, a.kind, SUM(a.leads) AS leads FROM client_anomalies a FORCE INDEX (client_anomalies_day)
      WHERE a.day >= ?
        AND NOT EXISTS (SELECT 1 FROM alerts t WHERE t.kind = 'anomalies_pile_up' AND t.client_id = a.client_id AND t.reason = a.kind
                           AND t.raised_at > TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3)))
      GROUP BY a.client_id, a.kind HAVING SUM(a.leads) >= ?`,
    [day, -alertedWithinDays, least],
  );
  return rows.map((row) => ({ ...row, leads: Number(row.leads) }));
}

/** Deletes counts older than a day. Returns the number deleted. */
export const dropAnomalies = (sql: Sql, beforeDay: string, limit: number): Promise<number> =>
  changes(sql, `DELETE FROM client_anomalies WHERE day < ? ORDER BY day LIMIT ${Math.trunc(limit)}`, [
    beforeDay,
  ]);
