// The outbox of the ledger of erasures: what was erased, deleted, taken back or restricted, until its line is on the disk outside the
// database (C44).
// Invariant: inserted in the transaction of the act, so that no act is without its line; removed once the line is on the disk.
import { insertRows } from '../columns.ts';
import { type Sql, firstNumber } from '../database.ts';

/**
 * `erased`: the person is blank, recipients are asked to erase. `gone`: retention deleted it. `addresses`: an erased person's.
 * `backup`: one began, so that a ledger without the line is known to be older. `withdrawn`: a lead's person took an answer back; `opposed`:
 * an address came on the opposition list; `cleared`: a refused row lost its consents. `restricted`, `unrestricted`: a lead's processing.
 * A version that does not know an act reads over its line.
 */
export type LedgerAct =
  | 'erased'
  | 'gone'
  | 'addresses'
  | 'backup'
  | 'withdrawn'
  | 'opposed'
  | 'cleared'
  | 'restricted'
  | 'unrestricted';

export interface UnwrittenErasure {
  readonly id: number;
  readonly clientId: string;
  readonly act: LedgerAct;
  /** 0 for addresses and backups; of a cleared row its own id. */
  readonly leadId: number;
  readonly reference: string;
  /** Keyed digests, as in `erased_addresses`. */
  readonly addresses: readonly Buffer[];
  readonly at: Date;
}

export async function noteErasedLead(
  tx: Sql,
  lead: { readonly clientId: string; readonly leadId: number; readonly reference: string },
  act: 'erased' | 'gone',
): Promise<void> {
  await tx.run('INSERT INTO erasures_unwritten (client_id, act, lead_id, reference) VALUES (?, ?, ?, ?)', [
    lead.clientId,
    act,
    lead.leadId,
    lead.reference,
  ]);
}

/** @param at the time of the erasure */
export async function noteErasedAddresses(
  tx: Sql,
  clientId: string,
  digests: readonly Buffer[],
  at: Date,
): Promise<void> {
  if (digests.length === 0) return;
  await tx.run(
    "INSERT INTO erasures_unwritten (client_id, act, addresses, at) VALUES (?, 'addresses', ?, ?)",
    [clientId, Buffer.concat(digests), at],
  );
}

/** The answers themselves are read when the line is written. */
export const noteWithdrawn = (
  tx: Sql,
  leads: readonly { readonly clientId: string; readonly leadId: number }[],
): Promise<void> => {
  const distinct = new Map(leads.map(({ clientId, leadId }) => [leadId, { clientId, leadId }]));
  return insertRows(
    tx,
    'erasures_unwritten',
    [...distinct.values()].map((lead) => ({ ...lead, act: 'withdrawn' })),
  );
};

/** A line for each address: what is on the list under it is read when the line is written. */
export const noteOpposed = (
  tx: Sql,
  oppositions: readonly { readonly clientId: string; readonly digest: Buffer }[],
): Promise<void> => {
  const distinct = new Map(
    oppositions.map(({ clientId, digest }) => [digest.toString('hex'), { clientId, addresses: digest }]),
  );
  return insertRows(
    tx,
    'erasures_unwritten',
    [...distinct.values()].map((one) => ({ ...one, act: 'opposed' })),
  );
};

/** Refused rows, whose client may be any text: it is not noted. */
export const noteCleared = (tx: Sql, rows: readonly number[]): Promise<void> =>
  insertRows(
    tx,
    'erasures_unwritten',
    rows.map((row) => ({ clientId: '', act: 'cleared', leadId: row })),
  );

export async function noteRestriction(
  tx: Sql,
  leadId: number,
  act: 'restricted' | 'unrestricted',
): Promise<void> {
  await tx.run(
    'INSERT INTO erasures_unwritten (client_id, act, lead_id) SELECT client_id, ?, id FROM leads WHERE id = ?',
    [act, leadId],
  );
}

/** @param at when it began, as its name says */
export async function noteBackup(sql: Sql, at: Date): Promise<void> {
  await sql.run("INSERT INTO erasures_unwritten (client_id, act, at) VALUES ('', 'backup', ?)", [at]);
}

const digestLength = 32;

/** The oldest, locked in the caller's transaction; those of another process are skipped. */
export async function takeUnwritten(tx: Sql, limit: number): Promise<readonly UnwrittenErasure[]> {
  const rows = await tx.all<Omit<UnwrittenErasure, 'addresses'> & { addresses: Buffer | null }>(
    `SELECT id, client_id AS clientId, act, lead_id AS leadId, reference, addresses, at FROM erasures_unwritten
      ORDER BY id LIMIT ${Math.trunc(limit)} FOR UPDATE SKIP LOCKED`,
  );
  return rows.map(({ addresses, ...row }) => ({
    ...row,
    addresses: Array.from({ length: (addresses?.length ?? 0) / digestLength }, (_, index) =>
      Buffer.from(addresses?.subarray(index * digestLength, (index + 1) * digestLength) ?? []),
    ),
  }));
}

export async function dropWritten(tx: Sql, ids: readonly number[]): Promise<void> {
  await tx.run('DELETE FROM erasures_unwritten WHERE id IN (?)', [ids]);
}

/** Lines that each writer of a ledger has written. */
export async function linesWritten(sql: Pick<Sql, 'all'>): Promise<Readonly<Record<string, number>>> {
  const rows = await sql.all<{ name: string; written: number }>(
    'SELECT name, written FROM ledger_writers ORDER BY name',
  );
  return Object.fromEntries(rows.map(({ name, written }) => [name, written]));
}

/** Counts lines that are being written; writers of one ledger wait for each other. */
export async function countLines(tx: Sql, name: string, lines: number): Promise<void> {
  await tx.run(
    'INSERT INTO ledger_writers (name, written) VALUES (?, ?) ON DUPLICATE KEY UPDATE written = written + VALUES(written)',
    [name, lines],
  );
}

/** After a restore: no line bears a number that the former life gave. */
export async function raiseLines(tx: Sql, known: Readonly<Record<string, number>>): Promise<void> {
  for (const [name, written] of Object.entries(known))
    await tx.run(
      'INSERT INTO ledger_writers (name, written) VALUES (?, ?) ON DUPLICATE KEY UPDATE written = GREATEST(written, VALUES(written))',
      [name, written],
    );
}

/** Age of the oldest, seconds; 0 when none waits. */
export const oldestUnwrittenSeconds = (sql: Pick<Sql, 'all'>): Promise<number> =>
  firstNumber(
    sql,
    `SELECT TIMESTAMPDIFF(SECOND, (SELECT at FROM erasures_unwritten ORDER BY id LIMIT 1), UTC_TIMESTAMP(3)) AS seconds`,
  );

/** Highest ids ever given, by table: the ledger remembers them, so that a restored database gives none of them again. */
export async function highestIds(sql: Pick<Sql, 'all'>): Promise<Readonly<Record<string, number>>> {
  const [row] = await sql.all<Record<string, number | null>>(
    `SELECT (SELECT MAX(id) FROM leads) AS leads, (SELECT MAX(id) FROM deliveries) AS deliveries,
            (SELECT MAX(id) FROM handovers) AS handovers, (SELECT MAX(id) FROM requests) AS requests,
            (SELECT MAX(id) FROM lead_intake) AS lead_intake, (SELECT MAX(id) FROM consents) AS consents`,
  );
  return Object.fromEntries(Object.entries(row ?? {}).map(([table, id]) => [table, Number(id ?? 0)]));
}
