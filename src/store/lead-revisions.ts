// Earlier revisions of leads that a recipient may already hold.
// Invariant: encrypted under the lead's own secret; gone as soon as its deliveries have settled or the lead is erased.
import { derived, openBytes, sealBytes } from '../domain/keyed.ts';
import type { Lead } from '../domain/lead.ts';
import { inList, rowMarks, type Sql } from './database.ts';
import { readLeads } from './leads.ts';
import type { LeadSecrets } from './secrets.ts';

/**
 * Keeps the present revision of leads that a recipient may already hold, encrypted under the lead's secret,
 * so that a later attempt can send exactly what the first may have brought (guarantee 4). Call before changing the lead.
 */
export function createSnapshots(secrets: LeadSecrets): {
  readonly keep: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
  readonly read: (
    sql: Sql,
    wanted: readonly { leadId: number; revision: number }[],
  ) => Promise<ReadonlyMap<string, Lead>>;
} {
  return {
    keep: async (tx, leadIds) => {
      if (leadIds.length === 0) return;
      const { marks, values } = inList(leadIds);
      const open = await tx.all<{ lead_id: number }>(
        `SELECT DISTINCT lead_id FROM deliveries
          WHERE lead_id IN (${marks}) AND departures > 0
            AND (state NOT IN ('delivered', 'failed', 'cancelled') OR (state = 'failed' AND maybe_received = 1))`,
        values,
      );
      const ids = open.map((row) => row.lead_id);
      const [leads, keys] = [await readLeads(tx, ids), await secrets.read(tx, ids)];
      for (const id of ids) {
        const [read, key] = [leads.get(id), keys.get(id)];
        if (read === undefined || key === undefined) continue;
        const content = sealBytes(derived(key, 'revision'), Buffer.from(JSON.stringify(read.lead)));
        await tx.run(
          `INSERT INTO lead_revisions (lead_id, revision, client_id, content) VALUES ${rowMarks(1, 4)}
           ON DUPLICATE KEY UPDATE content = VALUES(content)`,
          [id, read.lead.revision, read.lead.clientId, content],
        );
      }
    },
    read: async (sql, wanted) => {
      if (wanted.length === 0) return new Map();
      const ids = wanted.map((one) => one.leadId);
      const { marks, values } = inList(ids);
      const rows = await sql.all<{ lead_id: number; revision: number; content: Buffer }>(
        `SELECT lead_id, revision, content FROM lead_revisions WHERE lead_id IN (${marks})`,
        values,
      );
      const keys = rows.length === 0 ? new Map<number, Buffer>() : await secrets.read(sql, ids);
      const found = new Map<string, Lead>();
      for (const row of rows) {
        const key = keys.get(row.lead_id);
        const plain = key === undefined ? undefined : openBytes(derived(key, 'revision'), row.content);
        if (plain !== undefined) found.set(`${row.lead_id}:${row.revision}`, revived(plain.toString('utf8')));
      }
      return found;
    },
  };
}

/** Earlier revisions nobody needs any more: every delivery of the lead has settled. Returns how many went. */
export async function dropSettledRevisions(sql: Sql): Promise<number> {
  const { affected } = await sql.run(
    `DELETE FROM lead_revisions WHERE NOT EXISTS (
       SELECT 1 FROM deliveries d WHERE d.lead_id = lead_revisions.lead_id AND d.departures > 0
          AND (d.state NOT IN ('delivered', 'failed', 'cancelled') OR (d.state = 'failed' AND d.maybe_received = 1)))`,
  );
  return affected;
}

const dateKeys = new Set(['collectedAt', 'erasedAt', 'talkStartedAt', 'recordedAt', 'validUntil', 'at']);

function revived(json: string): Lead {
  return JSON.parse(json, (key, value: unknown) =>
    dateKeys.has(key) && typeof value === 'string' ? new Date(value) : value,
  ) as Lead;
}
