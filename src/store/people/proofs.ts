// Stores signed proofs, and reads the log's entries about their leads.
// Invariant: a number is assigned once; a document is deleted with the leads it names, its number never.
import { columnOf, insertGroups, type ReadOnlySql, type Sql, firstValue, allOfMany } from '../database.ts';
import { deleteNamed } from '../named-rows.ts';
import { insertRow, insertRows } from '../columns.ts';

export interface ProofHead {
  readonly number: number;
  readonly clientId: string;
  readonly act: string;
  readonly request: string;
  readonly madeAt: Date;
}

export const insertProof = (
  tx: Sql,
  { clientId, act, request, madeAt }: Omit<ProofHead, 'number'>,
): Promise<number> => insertRow(tx, 'proofs', { clientId, act, request, madeAt });

export async function insertProofDocument(
  tx: Sql,
  number: number,
  document: string,
  leadIds: readonly number[],
): Promise<void> {
  await insertRows(tx, 'proof_documents', [{ number, document }]);
  await insertRows(
    tx,
    'proof_leads',
    leadIds.map((leadId) => ({ leadId, number })),
  );
}

/** Undefined: no such proof; `document` undefined: it was deleted with its leads. */
export async function findProof(
  sql: ReadOnlySql,
  number: number,
): Promise<(ProofHead & { readonly document: string | undefined }) | undefined> {
  const [row] = await sql.all<ProofHead & { document: string | null }>(
    `SELECT p.number, p.client_id AS clientId, p.act, p.request, p.made_at AS madeAt, d.document
       FROM proofs p LEFT JOIN proof_documents d ON d.number = p.number WHERE p.number = ?`,
    [number],
  );
  return row === undefined ? undefined : { ...row, document: row.document ?? undefined };
}

interface KeptProof {
  readonly sha256: string;
  /** Leads that it is shown with. */
  readonly leadIds: readonly number[];
  /** Number of leads that it names. */
  readonly named: number;
}

/** Deleted documents are left out. */
export async function keptProofs(
  sql: ReadOnlySql,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, KeptProof>> {
  const rows = await sql.all<{ number: number; sha256: string; named: number; leadId: number | null }>(
    `SELECT d.number, SHA2(d.document, 256) AS sha256, l.lead_id AS leadId,
            CASE WHEN JSON_VALID(d.document) THEN JSON_LENGTH(d.document, '$.leads') ELSE 0 END AS named
       FROM proof_documents d LEFT JOIN proof_leads l ON l.number = d.number WHERE d.number IN (?)`,
    [numbers],
  );
  return new Map(
    [...Map.groupBy(rows, ({ number }) => number)].map(([number, own]) => [
      number,
      {
        sha256: own[0]?.sha256 ?? '',
        leadIds: own.flatMap(({ leadId }) => leadId ?? []),
        named: own[0]?.named ?? 0,
      },
    ]),
  );
}

/** Newest first. */
export async function listProofs(
  sql: ReadOnlySql,
  asked: {
    readonly client?: string;
    readonly request?: string;
    readonly from?: Date;
    /** Exclusive. */
    readonly until?: Date;
    readonly limit?: number;
  },
): Promise<readonly ProofHead[]> {
  const conditions = [
    ['client_id = ?', asked.client],
    ['request = ?', asked.request],
    ['made_at >= ?', asked.from],
    ['made_at < ?', asked.until],
  ] as const;
  const given = conditions.flatMap(([where, value]) => (value === undefined ? [] : [{ where, value }]));
  return sql.all<ProofHead>(
    `SELECT number, client_id AS clientId, act, request, made_at AS madeAt FROM proofs
      ${given.length === 0 ? '' : `WHERE ${given.map(({ where }) => where).join(' AND ')}`}
      ORDER BY number DESC ${asked.limit === undefined ? '' : `LIMIT ${Math.trunc(asked.limit)}`}`,
    given.map(({ value }) => value),
  );
}

/** Proofs that name a lead, oldest first. */
export const proofsOfLead = (sql: ReadOnlySql, leadId: number): Promise<readonly ProofHead[]> =>
  sql.all<ProofHead>(
    `SELECT p.number, p.client_id AS clientId, p.act, p.request, p.made_at AS madeAt
       FROM proof_leads l JOIN proofs p ON p.number = l.number WHERE l.lead_id = ? ORDER BY p.number`,
    [leadId],
  );

/** Deletes the documents that name one of these leads, so that nothing refers to them any more; copies handed out remain. */
export async function forgetProofs(tx: Sql, leadIds: readonly number[]): Promise<void> {
  for (const group of insertGroups(leadIds)) {
    const rows = await columnOf(tx, 'SELECT DISTINCT number FROM proof_leads WHERE lead_id IN (?)', [group]);
    const proofs = rows;
    await deleteNamed(tx, { table: 'proof_documents', column: 'number', index: 'PRIMARY' }, proofs);
    await deleteNamed(tx, { table: 'proof_leads', column: 'number', index: 'proof_leads_number' }, proofs);
  }
}

/** The newest entry that this transaction sees, and the newest seal. */
export async function logPosition(
  sql: Sql,
): Promise<{ readonly entry: number; readonly anchor: string | null }> {
  const [row] = await sql.all<{ entry: number | null; sequence: number | null; mac: Buffer | null }>(
    `SELECT (SELECT MAX(h.id) FROM handovers h) AS entry,
            (SELECT s.sequence FROM seals s ORDER BY s.sequence DESC LIMIT 1) AS sequence,
            (SELECT s.mac FROM seals s ORDER BY s.sequence DESC LIMIT 1) AS mac`,
  );
  const { entry, sequence, mac } = row ?? { entry: null, sequence: null, mac: null };
  return {
    entry: entry ?? 0,
    anchor: sequence === null || mac === null ? null : `${sequence}:${mac.toString('hex')}`,
  };
}

export interface LogEntryHead {
  readonly id: number;
  readonly entry: string;
}

/** Entries about these leads after an entry of the log; without leads, the client's entries about no lead. */
export async function entriesSince(
  sql: Sql,
  after: number,
  { clientId, leadIds }: { readonly clientId: string; readonly leadIds: readonly number[] },
): Promise<readonly LogEntryHead[]> {
  if (leadIds.length === 0)
    return sql.all<LogEntryHead>(
      `SELECT id, entry FROM handovers FORCE INDEX (handovers_subject)
        WHERE id > ? AND client_id = ? AND lead_id = 0 AND delivery_id = 0 ORDER BY id LIMIT 1000`,
      [after, clientId],
    );
  const found = await allOfMany<LogEntryHead>(
    sql,
    'SELECT id, entry FROM handovers FORCE INDEX (handovers_subject) WHERE lead_id IN (?) AND id > ?',
    leadIds,
    { also: [after] },
  );
  return found.sort((a, b) => a.id - b.id);
}

export const installationId = (sql: ReadOnlySql): Promise<string | undefined> =>
  firstValue<string>(sql, 'SELECT installation FROM installation_lives ORDER BY number DESC LIMIT 1');
