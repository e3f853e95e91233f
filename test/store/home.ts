// A migrated database with its three accounts, one client and one destination, for the tests of the store and the log.
import { randomBytes } from 'node:crypto';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { createSign } from '../../src/privacy/macs.ts';
import { openDatabase, type Database, type SqlValue } from '../../src/store/database.ts';
import { grantRights } from '../../src/store/migrate.ts';
import { createLeadSecrets, type LeadSecrets } from '../../src/store/secrets.ts';
import { freshDatabase } from '../support/database.ts';
import { layTables } from '../support/schema.ts';

export interface StoreHome {
  readonly name: string;
  readonly keysSchema: string;
  readonly ownerUrl: string;
  /** Root-like: may do everything. */
  readonly owner: Database;
  /** The account of planner, worker, console and CLI. */
  readonly gateway: Database;
  /** The account of systems that send leads. */
  readonly intake: Database;
  readonly secrets: LeadSecrets;
  /** Connections of their own, as another process has; closed with the home. */
  readonly another: (connections?: number) => Database;
  /** A lead with its secret; returns its id. */
  readonly lead: (reference: string) => Promise<number>;
  /** A delivery with these columns; the others are those of a fresh `planned` create that is due. Returns its id. */
  readonly delivery: (leadId: number, columns?: Readonly<Record<string, SqlValue>>) => Promise<number>;
  /** Columns of a delivery. */
  readonly row: (id: number) => Promise<Readonly<Record<string, SqlValue>>>;
  readonly close: () => Promise<void>;
}

/** What every connection of a home signs with. */
export const sealKey = randomBytes(32);
export const sealKeys = createKeyRing([sealKey]);

export async function openStoreHome(): Promise<StoreHome> {
  const fresh = await freshDatabase();
  const keysSchema = `${fresh.name}_keys`;
  const sign = createSign(sealKeys);
  const owner = openDatabase({ url: fresh.ownerUrl, connections: 8, sign });
  await layTables(fresh);
  for (const letter of ['g', 'i'])
    await owner.text(`CREATE USER '${fresh.name}_${letter}'@'%' IDENTIFIED BY 'secret'`);
  await grantRights(owner, keysSchema, {
    gateway: { user: `${fresh.name}_g`, host: '%' },
    intake: { user: `${fresh.name}_i`, host: '%' },
  });
  const as = (letter: string): Database => {
    const url = new URL(fresh.ownerUrl);
    [url.username, url.password] = [`${fresh.name}_${letter}`, 'secret'];
    return openDatabase({ url: url.href, connections: 4, sign });
  };
  await owner.run(
    "INSERT INTO clients (id, name, legal_entity, facts) VALUES ('essai', 'Essai', 'ESSAI PROMOTION SAS', '{}')",
  );
  await owner.run(
    "INSERT INTO destinations (id, client_id, connector, leads_from) VALUES ('essai-crm', 'essai', 'webhook', '2026-01-01')",
  );
  const secrets = createLeadSecrets({ masterKeys: createKeyRing([randomBytes(32)]), keysSchema });
  const [gateway, intake, others] = [as('g'), as('i'), [] as Database[]];
  return {
    ...{ name: fresh.name, keysSchema, ownerUrl: fresh.ownerUrl, owner, gateway, intake, secrets },
    another: (connections = 2) => {
      const other = openDatabase({ url: fresh.ownerUrl, connections, sign });
      others.push(other);
      return other;
    },
    lead: async (reference) => {
      const { insertId } = await gateway.run(
        "INSERT INTO leads (client_id, reference, channel, collected_at, operation_kind) VALUES ('essai', ?, 'web_form', '2026-10-01 10:00:00', 'recurring')",
        [reference],
      );
      await secrets.create(gateway, [insertId]);
      return insertId;
    },
    delivery: async (leadId, columns = {}) => {
      const all: Record<string, SqlValue> = {
        ...{
          client_id: 'essai',
          destination_id: 'essai-crm',
          lead_id: leadId,
          revision: 1,
          action: 'create',
        },
        ...{ delivery_key: randomBytes(16).toString('hex'), state: 'planned' },
        ...{ due_at: new Date('2026-10-01T10:00:00Z'), expires_at: new Date('2099-01-01T00:00:00Z') },
        ...columns,
      };
      const names = Object.keys(all);
      const { insertId } = await gateway.run(
        `INSERT INTO deliveries (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
        Object.values(all),
      );
      return insertId;
    },
    row: async (id) => {
      const [row] = await owner.all<Record<string, SqlValue>>('SELECT * FROM deliveries WHERE id = ?', [id]);
      if (row === undefined) throw new Error(`no delivery ${id}`);
      return row;
    },
    close: async () => {
      for (const one of [...others, gateway, intake, owner]) await one.close();
      await fresh.drop();
    },
  };
}
