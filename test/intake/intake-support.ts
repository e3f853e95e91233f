// A migrated database with one client and an intake built on it.
import { randomBytes } from 'node:crypto';
import { createIntake, type Intake, type IntakeDeps } from '../../src/intake/accept.ts';
import { createSign } from '../../src/privacy/macs.ts';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { silentLog } from '../../src/log.ts';
import { openDatabase, type Database } from '../../src/store/database.ts';
import { insertIntakeRows, type IntakeValues } from '../../src/store/intake/intake.ts';
import { grantRights } from '../../src/store/migrate.ts';
import { createLeadSecrets } from '../../src/store/secrets.ts';
import { freshDatabase } from '../support/database.ts';
import { layTables } from '../support/schema.ts';

export const masterKey = randomBytes(32);

export interface IntakeHome {
  readonly name: string;
  readonly ownerUrl: string;
  readonly database: Database;
  /** Connected as the intake account. */
  readonly sender: Database;
  readonly snapshots: number[][];
  readonly intake: (snapshot?: IntakeDeps['snapshot'], more?: Partial<IntakeDeps>) => Intake;
  /** The same with connections of its own, as another process has. */
  readonly another: () => Database;
  readonly send: (...rows: readonly IntakeValues[]) => Promise<void>;
  readonly count: (table: string) => Promise<number>;
  readonly refusals: () => Promise<{ reference: string; column: string; code: string; message: string }[]>;
  readonly empty: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openIntakeHome(): Promise<IntakeHome> {
  const fresh = await freshDatabase();
  const keysSchema = `${fresh.name}_keys`;
  const database = openDatabase({
    url: fresh.ownerUrl,
    connections: 12,
    sign: createSign(createKeyRing([randomBytes(32)])),
  });
  await layTables(fresh);
  const account = { user: `${fresh.name}_i`, host: '%' };
  await database.text(`CREATE USER '${account.user}'@'${account.host}' IDENTIFIED BY 'intake'`);
  await database.text(`CREATE USER '${fresh.name}_g'@'%' IDENTIFIED BY 'gateway'`);
  await grantRights(database, keysSchema, {
    gateway: { user: `${fresh.name}_g`, host: '%' },
    intake: account,
  });
  await database.run(
    "INSERT INTO clients (id, name, legal_entity, facts) VALUES ('acme', 'Acme', 'Acme Promotion SAS', '{}')",
  );
  const url = new URL(fresh.ownerUrl);
  url.username = account.user;
  url.password = 'intake';
  const sender = openDatabase({ url: url.href, connections: 8 });
  const snapshots: number[][] = [];
  const others: Database[] = [];
  const count = async (table: string): Promise<number> =>
    (await database.all<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n ?? -1;
  return {
    ...{ name: fresh.name, ownerUrl: fresh.ownerUrl, database, sender, snapshots, count },
    intake: (snapshot = (_tx, ids) => Promise.resolve(void snapshots.push([...ids])), more = {}) =>
      createIntake({
        ...{ database, snapshot, log: silentLog },
        secrets: createLeadSecrets({ masterKeys: createKeyRing([masterKey]), keysSchema }),
        digestKey: masterKey,
        oppositionKey: masterKey,
        ...more,
      }),
    another: () => {
      const other = openDatabase({
        url: fresh.ownerUrl,
        connections: 4,
        sign: createSign(createKeyRing([randomBytes(32)])),
      });
      others.push(other);
      return other;
    },
    send: (...rows) => insertIntakeRows(sender, rows),
    refusals: async () => {
      const rows = await database.all<{ reference: string; refusal: string }>(
        "SELECT reference, refusal FROM lead_intake WHERE status = 'refused' ORDER BY id",
      );
      return rows.flatMap(({ reference, refusal }) =>
        (JSON.parse(refusal) as { column: string; code: string; message: string }[]).map((one) => ({
          reference,
          ...one,
        })),
      );
    },
    empty: async () => {
      snapshots.length = 0;
      const tables = [
        'interactions',
        'consents',
        'lead_finances',
        'lead_origins',
        'lead_projects',
        'prospects',
        'leads',
      ];
      for (const table of [
        'lead_intake',
        'intake_receipts',
        'lead_changes',
        'alerts',
        'takings',
        `${keysSchema}.lead_secrets`,
        ...tables,
      ]) {
        await database.run(`DELETE FROM ${table}`);
      }
    },
    close: async () => {
      for (const one of [...others, sender]) await one.close();
      await database.close();
      await fresh.drop();
    },
  };
}
