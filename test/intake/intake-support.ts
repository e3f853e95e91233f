// A migrated database with one client, an intake built on it, and rows to send. Invented persons only.
import { randomBytes } from 'node:crypto';
import { createIntake, type Intake } from '../../src/intake/accept.ts';
import { intakeDigestKey } from '../../src/intake/digest.ts';
import { silentLog } from '../../src/log.ts';
import { openDatabase, type Database, type Sql } from '../../src/store/database.ts';
import { insertIntakeRows, type IntakeValues } from '../../src/store/intake.ts';
import { grantRights, migrate } from '../../src/store/migrate.ts';
import { createLeadSecrets } from '../../src/store/secrets.ts';
import { freshDatabase } from '../support/database.ts';

export const now = new Date('2026-11-24T12:00:00.000Z');
export const masterKey = randomBytes(32);

export interface IntakeHome {
  readonly name: string;
  readonly database: Database;
  /** Connected as the intake account. */
  readonly sender: Database;
  readonly snapshots: number[][];
  readonly intake: (snapshot?: (tx: Sql, ids: readonly number[]) => Promise<void>) => Intake;
  readonly send: (...rows: readonly IntakeValues[]) => Promise<void>;
  readonly count: (table: string) => Promise<number>;
  readonly refusals: () => Promise<{ reference: string; column: string; code: string; message: string }[]>;
  readonly empty: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export async function openIntakeHome(): Promise<IntakeHome> {
  const fresh = await freshDatabase();
  const keysSchema = `${fresh.name}_keys`;
  const database = openDatabase({ url: fresh.ownerUrl, connections: 12 });
  await migrate(database, keysSchema);
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
  const count = async (table: string): Promise<number> =>
    (await database.all<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n ?? -1;
  return {
    ...{ name: fresh.name, database, sender, snapshots, count },
    intake: (snapshot = (_tx, ids) => Promise.resolve(void snapshots.push([...ids]))) =>
      createIntake({
        ...{ database, snapshot, log: silentLog, now: () => now },
        secrets: createLeadSecrets({ masterKey, keysSchema }),
        digestKey: intakeDigestKey(masterKey),
      }),
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
        `${keysSchema}.lead_secrets`,
        ...tables,
      ]) {
        await database.run(`DELETE FROM ${table}`);
      }
    },
    close: async () => {
      await sender.close();
      await database.close();
      await fresh.drop();
    },
  };
}

export const grant = (more: object = {}): object => ({
  ...{
    purpose: 'marketing',
    channel: 'email',
    state: 'granted',
    recordedAt: '2026-11-24T10:15:00+01:00',
    wordingVersion: 'v3',
    source: 'form-12',
  },
  ...more,
});

/** The smallest lead that is complete enough to be judged. */
export const lead = (reference: string, more: IntakeValues = {}): IntakeValues => ({
  ...{
    client_id: 'acme',
    reference,
    channel: 'web_form',
    collected_at: new Date('2026-11-24T09:15:00Z'),
    last_name: 'Dupont-Test',
  },
  ...more,
});

/** A lead with every column filled. */
export const fullLead = (reference: string, more: IntakeValues = {}): IntakeValues =>
  lead(reference, {
    ...{
      operation: 'OP-2026-1',
      operation_kind: 'one_off',
      notice: 'n4',
      civility: 'ms',
      first_name: 'Élodie',
      email: 'elodie@example.test',
    },
    ...{
      mobile: '+33639981234',
      landline: '+33199001234',
      address_line1: '12 rue des Lilas',
      address_line2: 'Bât. B',
      postcode: '33000',
    },
    ...{
      city: 'Bordeaux',
      country: 'FR',
      programme: 'Les Jardins',
      housing_type: 'apartment',
      rooms: 3,
      surface_min: 55.5,
      surface_max: 80,
    },
    ...{
      housing_use: 'main_residence',
      budget_min: 250000,
      budget_max: 310000.5,
      location: 'Bordeaux Caudéran',
      comment: 'Rappeler\naprès 18 h',
    },
    ...{
      origin_type: 'portal',
      origin_media: 'SeLoger',
      origin_support: 'Annonce 12',
      recording: 'rec-1',
      commune: '33063',
    },
    ...{
      commune_name: 'Bordeaux',
      departement: '33',
      talk_started_at: new Date('2026-11-24T09:10:00Z'),
      talk_duration: 240,
    },
    ...{ contribution: 50000, resale: 0, reference_tax_income: 42000, rent: 900.5, tax_bracket: 30 },
    consents: JSON.stringify([
      grant(),
      grant({ channel: 'phone', legalEntity: 'Acme Promotion SAS', validUntil: '2027-11-01T00:00:00Z' }),
      grant({ channel: 'sms', state: 'not_asked' }),
    ]),
    interactions: JSON.stringify([
      { kind: 'web_form', at: '2026-11-24T09:15:00Z' },
      { kind: 'email_sent', at: '2026-11-24T09:20:00Z', content: 'Merci' },
    ]),
    ...more,
  });
