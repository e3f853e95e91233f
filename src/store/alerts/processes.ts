// Stores the heartbeats of the gateway's processes (table processes), with the ids of the keys each was given; reads its state.
// Invariant: by the database's clock alone; a process without a recent heartbeat counts as gone.
import { firstNumber, type ReadOnlySql, type Sql } from '../database.ts';
import type { KeyPurpose } from '../keys.ts';
import { countUnsealed } from '../log/handovers-unsealed.ts';
import { oldestNewRow } from '../intake/intake.ts';
import { closedCounts } from './tasks.ts';

export interface ProcessLine {
  /** `host:pid`. */
  readonly name: string;
  readonly role: string;
  readonly version: string;
  /** Ids of the keys it was given to write with. */
  readonly keys: Readonly<Record<KeyPurpose, string>>;
}

interface SeenProcess extends Omit<ProcessLine, 'keys'> {
  /** Seconds since its last heartbeat. */
  readonly seenSeconds: number;
}

/** A process counts as gone after this, seconds: three missed heartbeats. */
const goneAfterSeconds = 20;

/** Marks the row with a process's keys: this word instead of a role, the key ids instead of a version. */
const keysLine = 'keys';
/** Two ids fill the column; so many digits of each distinguish two keys. */
const keyDigits = 10;

export async function renewProcess(sql: Sql, { name, role, version, keys }: ProcessLine): Promise<void> {
  const given = keys.master.slice(0, keyDigits) + keys.seal.slice(0, keyDigits);
  await sql.run(
    `INSERT INTO processes (name, role, version, started_at, seen_at)
     VALUES (?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)), (?, ?, ?, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))
     ON DUPLICATE KEY UPDATE version = VALUES(version), seen_at = UTC_TIMESTAMP(3)`,
    [name, role, version, name, keysLine, given],
  );
}

/** Deletes the rows of processes that were killed yesterday. */
export async function forgetProcesses(sql: Sql): Promise<void> {
  await sql.run('DELETE FROM processes WHERE seen_at < TIMESTAMPADD(DAY, -1, UTC_TIMESTAMP(3))');
}

export async function removeProcess(
  sql: Sql,
  { name, role }: Pick<ProcessLine, 'name' | 'role'>,
): Promise<void> {
  await sql.run('DELETE FROM processes WHERE name = ? AND role = ?', [name, role]);
}

/** Processes alive within `goneAfterSeconds`, the latest heartbeat first. */
export async function seenProcesses(sql: ReadOnlySql): Promise<readonly SeenProcess[]> {
  return sql.all<SeenProcess>(
    `SELECT name, role, version, TIMESTAMPDIFF(SECOND, seen_at, UTC_TIMESTAMP(3)) AS seenSeconds FROM processes
      WHERE role <> ? AND seen_at > TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3)) ORDER BY seen_at DESC`,
    [keysLine, -goneAfterSeconds],
  );
}

/** Live processes that write with another key than this one, or that do not report theirs (an older program). */
export async function processesWithoutKey(
  sql: ReadOnlySql,
  purpose: KeyPurpose,
  keyId: string,
): Promise<readonly Pick<ProcessLine, 'name' | 'role'>[]> {
  const firstDigit = purpose === 'master' ? 1 : 1 + keyDigits;
  return sql.all(
    `SELECT p.name, p.role FROM processes p LEFT JOIN processes k ON k.name = p.name AND k.role = ?
      WHERE p.role <> ? AND p.seen_at > TIMESTAMPADD(SECOND, ?, UTC_TIMESTAMP(3))
        AND (k.version IS NULL OR SUBSTRING(k.version, ?, ?) <> ?)
      ORDER BY p.name, p.role`,
    [keysLine, keysLine, -goneAfterSeconds, firstDigit, keyDigits, keyId.slice(0, keyDigits)],
  );
}

// Reads the state of the gateway for `relais status`: its processes, and the number and age of what waits.
// Invariant: reads only; counts come from indexes, never from the rows of millions of settled deliveries.

interface DeliveryCount {
  readonly destination: string;
  readonly state: string;
  /** Given for open states only: settled deliveries are too many to read. */
  readonly reason: string;
  readonly count: number;
  readonly oldest: Date;
}

export interface GatewayStatus {
  readonly deliveries: readonly DeliveryCount[];
  readonly intakeNew: number;
  readonly oldestIntake: Date | undefined;
  readonly intakeRefused: number;
  readonly changes: number;
  readonly unsealed: number;
  readonly alertsUnsent: number;
  /** Processes of the gateway that are alive. */
  readonly processes: readonly SeenProcess[];
}

export async function gatewayStatus(sql: ReadOnlySql): Promise<GatewayStatus> {
  const countOf = (statement: string): Promise<number> => firstNumber(sql, statement);
  const settled = await sql.all<DeliveryCount>(
    `SELECT g.destination_id AS destination, g.state, '' AS reason, g.n AS count, d.created_at AS oldest
       FROM (SELECT state, destination_id, COUNT(*) AS n, MIN(id) AS first_id FROM deliveries FORCE INDEX (deliveries_due)
              WHERE state NOT IN ('waiting', 'withheld', 'pending') GROUP BY state, destination_id) g
       JOIN deliveries d ON d.id = g.first_id`,
  );
  const open = await sql.all<DeliveryCount>(
    `SELECT destination_id AS destination, state, reason, COUNT(*) AS count, MIN(created_at) AS oldest
       FROM deliveries FORCE INDEX (deliveries_due)
      WHERE state IN ('waiting', 'withheld', 'pending') GROUP BY destination_id, state, reason`,
  );
  const closed = await closedCounts(sql);
  // Failures that support has closed are not counted.
  const dealtWith = settled.flatMap((row) => {
    const count = row.state === 'failed' ? row.count - (closed.get(row.destination) ?? 0) : row.count;
    return count > 0 ? [{ ...row, count }] : [];
  });
  return {
    deliveries: [...dealtWith, ...open].sort(
      (a, b) => a.destination.localeCompare(b.destination) || a.state.localeCompare(b.state),
    ),
    intakeNew: await countOf("SELECT COUNT(*) AS n FROM lead_intake WHERE status = 'new'"),
    oldestIntake: await oldestNewRow(sql),
    intakeRefused: await countOf("SELECT COUNT(*) AS n FROM lead_intake WHERE status = 'refused'"),
    changes: await countOf('SELECT COUNT(*) AS n FROM lead_changes'),
    unsealed: await countUnsealed(sql),
    alertsUnsent: await countOf('SELECT COUNT(*) AS n FROM alerts WHERE sent_at IS NULL'),
    processes: await seenProcesses(sql),
  };
}
