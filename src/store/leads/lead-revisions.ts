// Stores earlier revisions of leads that a recipient may have, so that a later attempt can send the same content again.
// Invariant: encrypted under the lead's own secret; deleted once its deliveries have settled or the lead is erased.
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { derived, openBytes, sealBytes } from '../../domain/keyed.ts';
import { type Lead, optionalBlocks, reviveLead } from '../../domain/lead.ts';
import { inList, rowMarks, type Sql, changes } from '../database.ts';
import { readLeads } from './leads.ts';
import type { LeadSecrets } from '../secrets.ts';

const partBytes = 262_144;
const leadsAtOnce = 10;
/** Refusals of other persons belong to no revision: they change without one. */
const keptBlocks = new Set(optionalBlocks.filter((block) => block !== 'refusedAtAddress'));

/**
 * Stores the present revision of leads that a recipient may have, encrypted under the lead's secret, so that a later attempt sends
 * exactly the content of the first (guarantee 4). Called before a lead is changed.
 */
export function createSnapshots(secrets: LeadSecrets): {
  readonly keep: (tx: Sql, leadIds: readonly number[]) => Promise<void>;
  readonly read: (
    sql: Sql,
    wanted: readonly { leadId: number; revision: number }[],
  ) => Promise<ReadonlyMap<string, Lead>>;
} {
  const keepSome = async (tx: Sql, ids: readonly number[]): Promise<void> => {
    const leads = await readLeads(tx, ids, keptBlocks);
    const keys = await secrets.read(tx, ids);
    for (const id of ids) {
      const read = leads.get(id);
      const key = keys.get(id);
      if (read === undefined || key === undefined) continue;
      const packed = await promisify(gzip)(JSON.stringify(read.lead));
      await writeParts(tx, read.lead, sealBytes(derived(key, 'revision'), packed));
    }
  };

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
      // A few at a time: each may have megabytes.
      for (let start = 0; start < ids.length; start += leadsAtOnce)
        await keepSome(tx, ids.slice(start, start + leadsAtOnce));
    },
    read: async (sql, wanted) => {
      if (wanted.length === 0) return new Map();
      const ids = wanted.map(({ leadId }) => leadId);
      const { marks, values } = inList(ids);
      const rows = await sql.all<{ lead_id: number; revision: number; content: Buffer }>(
        `SELECT lead_id, revision, content FROM lead_revisions WHERE lead_id IN (${marks}) ORDER BY lead_id, revision, part`,
        values,
      );
      const keys = rows.length === 0 ? new Map<number, Buffer>() : await secrets.read(sql, ids);
      const found = new Map<string, Lead>();
      for (const [name, parts] of Map.groupBy(rows, (row) => `${row.lead_id}:${row.revision}`)) {
        const key = keys.get(parts[0]?.lead_id ?? 0);
        const sealed = Buffer.concat(parts.map((part) => part.content));
        const plain = key === undefined ? undefined : openBytes(derived(key, 'revision'), sealed);
        if (plain !== undefined) found.set(name, parsed(await unpacked(plain)));
      }
      return found;
    },
  };
}

/** Split, so that no statement grows with the lead, whatever the server's `max_allowed_packet`. */
async function writeParts(
  tx: Sql,
  lead: Pick<Lead, 'id' | 'revision' | 'clientId'>,
  sealed: Buffer,
): Promise<void> {
  const parts = Math.ceil(sealed.length / partBytes);
  for (let part = 0; part < parts; part += 1) {
    await tx.run(
      `INSERT INTO lead_revisions (lead_id, revision, part, client_id, content) VALUES ${rowMarks(1, 5)}
       ON DUPLICATE KEY UPDATE content = VALUES(content)`,
      [
        lead.id,
        lead.revision,
        part,
        lead.clientId,
        sealed.subarray(part * partBytes, (part + 1) * partBytes),
      ],
    );
  }
  await tx.run('DELETE FROM lead_revisions WHERE lead_id = ? AND revision = ? AND part >= ?', [
    lead.id,
    lead.revision,
    parts,
  ]);
}

/** Snapshots of versions before 011 are not compressed: JSON begins with another byte than gzip. */
async function unpacked(plain: Buffer): Promise<string> {
  return (plain[0] === 0x1f ? await promisify(gunzip)(plain) : plain).toString('utf8');
}

/** Deletes earlier revisions of leads whose deliveries have all settled. Returns the number deleted. */
export const dropSettledRevisions = (sql: Sql): Promise<number> =>
  changes(
    sql,
    `DELETE FROM lead_revisions WHERE NOT EXISTS (
       SELECT 1 FROM deliveries d WHERE d.lead_id = lead_revisions.lead_id AND d.departures > 0
          AND (d.state NOT IN ('delivered', 'failed', 'cancelled') OR (d.state = 'failed' AND d.maybe_received = 1)))`,
  );

function parsed(json: string): Lead {
  // Snapshots of earlier versions held them.
  const { refusedAtAddress: _others, ...lead } = JSON.parse(json) as Readonly<Record<string, unknown>>;
  return reviveLead(lead) as Lead;
}
