// What retention takes out of the tables, written down by triggers as it goes, so that the account keeps the keys it needs.
// Invariant: written in the transaction that deletes, in a schema of its own, where no search of the gateway's tables looks.
import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../../src/store/database.ts';
import type { DeliveryLine } from './ledgers.ts';

export interface GoneLead {
  readonly id: number;
  readonly reference: string;
}

/** A refused row that was removed. */
export interface GoneRow {
  readonly reference: string;
  /** Of a correction and the like; empty for a lead. */
  readonly rowReference: string;
  readonly refusal: string;
}

export interface Gone {
  readonly leads: readonly GoneLead[];
  readonly deliveries: readonly DeliveryLine[];
  readonly rows: readonly GoneRow[];
}

const schemaOf = ({ name }: Database): string => `${name}_storm`;

export async function openBook(owner: Database): Promise<void> {
  const book = schemaOf(owner);
  const table = (name: string, columns: string): string =>
    `CREATE TABLE ${book}.${name} (${columns}) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;
  await owner.text(`CREATE DATABASE ${book}`);
  await owner.text(table('leads', 'id BIGINT UNSIGNED PRIMARY KEY, reference VARCHAR(64)'));
  await owner.text(
    table(
      'deliveries',
      `id BIGINT UNSIGNED PRIMARY KEY, lead_id BIGINT UNSIGNED, destination_id VARCHAR(60), action VARCHAR(8), state VARCHAR(12),
       reason VARCHAR(120), delivery_key VARCHAR(64)`,
    ),
  );
  await owner.text(
    table('intake_rows', 'id BIGINT UNSIGNED PRIMARY KEY, reference TEXT, row_reference TEXT, refusal TEXT'),
  );
  await owner.text(
    `CREATE TRIGGER storm_leads AFTER DELETE ON leads FOR EACH ROW INSERT IGNORE INTO ${book}.leads VALUES (OLD.id, OLD.reference)`,
  );
  await owner.text(
    `CREATE TRIGGER storm_deliveries AFTER DELETE ON deliveries FOR EACH ROW INSERT IGNORE INTO ${book}.deliveries
     VALUES (OLD.id, OLD.lead_id, OLD.destination_id, OLD.action, OLD.state, OLD.reason, OLD.delivery_key)`,
  );
  await owner.text(
    `CREATE TRIGGER storm_rows AFTER DELETE ON lead_intake FOR EACH ROW INSERT IGNORE INTO ${book}.intake_rows
     SELECT OLD.id, OLD.reference, OLD.row_reference, OLD.refusal FROM DUAL WHERE OLD.status = 'refused'`,
  );
}

export const readBook = async (owner: Database): Promise<Gone> => {
  const book = schemaOf(owner);
  return {
    leads: await owner.all(`SELECT id, reference FROM ${book}.leads`),
    deliveries: await owner.all(
      `SELECT id, lead_id AS leadId, destination_id AS destination, action, state, reason, delivery_key AS \`key\` FROM ${book}.deliveries`,
    ),
    rows: await owner.all(
      `SELECT reference, row_reference AS rowReference, COALESCE(refusal, '') AS refusal FROM ${book}.intake_rows`,
    ),
  };
};

/** A server that has just been through a storm may cut a connection, or refuse a change of the schema once. */
const dropTries = 5;

export async function dropBook(owner: Database): Promise<void> {
  for (let tries = 1; ; tries += 1)
    try {
      await owner.text(`DROP DATABASE IF EXISTS ${schemaOf(owner)}`);
      return;
    } catch (error) {
      if (tries === dropTries) throw error;
      await pause(tries * 200);
    }
}
