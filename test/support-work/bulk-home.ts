// A gateway with one published destination and many failed deliveries, for the tests of bulk runs.
import type { BulkRow } from '../../src/store/deliveries/bulk-runs.ts';
import type { Database } from '../../src/store/database.ts';
import { beginRunIn } from '../../src/support/bulk-runs.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

/** A run as an act records it, without its plan. */
export const begunRun = (database: Database, asked: Parameters<typeof beginRunIn>[1]): Promise<BulkRow> =>
  database.transaction((tx) => beginRunIn(tx, asked));

export interface BulkHome {
  readonly gateway: Gateway;
  /** Deliveries that failed, `refused` by the recipient, each of a lead of its own. Returns their ids, in order. */
  readonly failed: (count: number, prefix: string) => Promise<readonly number[]>;
  /** Times each delivery was replayed, by the log. */
  readonly replays: () => Promise<ReadonlyMap<number, number>>;
}

export async function openBulkHome(): Promise<BulkHome> {
  // Nothing listens there, and no worker runs: what is replayed stays where the replay has put it.
  const gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.owner.run("UPDATE destinations SET status = 'suspended' WHERE id = 'essai-crm'");
  return {
    gateway,
    failed: async (count, prefix) => {
      const { owner } = gateway;
      const names = Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
      await owner.run(
        `INSERT INTO leads (client_id, reference, channel, collected_at, operation_kind)
         VALUES ${names.map(() => "('essai', ?, 'web_form', UTC_TIMESTAMP(3), 'recurring')").join(', ')}`,
        names,
      );
      await owner.run(
        `INSERT INTO deliveries (client_id, destination_id, lead_id, revision, action, delivery_key, state, reason, due_at, expires_at, settled_at)
         SELECT 'essai', 'essai-crm', id, 1, 'create', reference, 'failed', 'refused', UTC_TIMESTAMP(3), '2099-01-01', UTC_TIMESTAMP(3)
           FROM leads WHERE reference LIKE ? ORDER BY id`,
        [`${prefix}-%`],
      );
      const rows = await owner.all<{ id: number }>(
        'SELECT d.id FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.reference LIKE ? ORDER BY d.id',
        [`${prefix}-%`],
      );
      return rows.map((row) => row.id);
    },
    replays: async () => {
      const rows = await gateway.owner.all<{ id: number; n: number }>(
        "SELECT delivery_id AS id, COUNT(*) AS n FROM handovers WHERE entry = 'replayed' GROUP BY delivery_id",
      );
      return new Map(rows.map((row) => [row.id, row.n]));
    },
  };
}
