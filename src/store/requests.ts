// Stores the requests of prospects: kind, due date, state, and the actor of each step.
// Invariant: a change runs under the lock of the request's row; no personal data is stored in clear.
import type { RequestKind, RequestOutcome, RequestState, TermAlert } from '../domain/requests.ts';
import type { ReadOnlySql, Sql, SqlValue } from './database.ts';
import { refuseNamesOfRequest } from './persons-names.ts';

export interface Request {
  readonly id: number;
  readonly clientId: string;
  readonly kind: RequestKind;
  readonly state: RequestState;
  readonly receivedAt: Date;
  /** The first instant past the term. */
  readonly dueAt: Date;
  readonly extendedAt: Date | null;
  readonly extensionReason: string;
  /** For an objection or a withdrawal: `purpose.channel`, separated by spaces. */
  readonly optIns: string;
  /** The data given to find the leads, sealed. NULL once the retention of the request is over. */
  readonly asked: Buffer | null;
  readonly identityCheckedAt: Date | null;
  readonly identityCheckedBy: string;
  readonly identityHow: string;
  readonly openedAt: Date;
  readonly openedBy: string;
  readonly confirmedAt: Date | null;
  readonly confirmedBy: string;
  readonly appliedAt: Date | null;
  readonly appliedBy: string;
  readonly logBefore: number;
  readonly logAfter: number;
  readonly liftedAt: Date | null;
  readonly liftedBy: string;
  readonly informedAt: Date | null;
  readonly informedBy: string;
  readonly informedEvidence: string;
  readonly closedAt: Date | null;
  readonly closedBy: string;
  readonly outcome: RequestOutcome | '';
  readonly outcomeReason: string;
  readonly alerted: TermAlert | '';
}

const columns = {
  id: 'id',
  clientId: 'client_id',
  kind: 'kind',
  state: 'state',
  receivedAt: 'received_at',
  dueAt: 'due_at',
  extendedAt: 'extended_at',
  extensionReason: 'extension_reason',
  optIns: 'opt_ins',
  asked: 'asked',
  identityCheckedAt: 'identity_checked_at',
  identityCheckedBy: 'identity_checked_by',
  identityHow: 'identity_how',
  openedAt: 'opened_at',
  openedBy: 'opened_by',
  confirmedAt: 'confirmed_at',
  confirmedBy: 'confirmed_by',
  appliedAt: 'applied_at',
  appliedBy: 'applied_by',
  logBefore: 'log_before',
  logAfter: 'log_after',
  liftedAt: 'lifted_at',
  liftedBy: 'lifted_by',
  informedAt: 'informed_at',
  informedBy: 'informed_by',
  informedEvidence: 'informed_evidence',
  closedAt: 'closed_at',
  closedBy: 'closed_by',
  outcome: 'outcome',
  outcomeReason: 'outcome_reason',
  alerted: 'alerted',
} as const satisfies Readonly<Record<keyof Request, string>>;

const selected = Object.entries(columns)
  .map(([name, column]) => (name === column ? column : `${column} AS ${name}`))
  .join(', ');

export type NewRequest = Pick<
  Request,
  'clientId' | 'kind' | 'receivedAt' | 'dueAt' | 'optIns' | 'openedAt' | 'openedBy'
>;

export async function insertRequest(tx: Sql, request: NewRequest): Promise<number> {
  const { insertId } = await tx.run(
    `INSERT INTO requests (client_id, kind, received_at, due_at, opt_ins, opened_at, opened_by) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [
      request.clientId,
      request.kind,
      request.receivedAt,
      request.dueAt,
      request.optIns,
      request.openedAt,
      request.openedBy,
    ],
  );
  return insertId;
}

export async function findRequest(sql: ReadOnlySql, id: number): Promise<Request | undefined> {
  const [row] = await sql.all<Request>(`SELECT ${selected} FROM requests WHERE id = ?`, [id]);
  return row;
}

/** Locks the request for the rest of the transaction: one officer after the other. Locked before any client or lead. */
export async function lockRequest(tx: Sql, id: number): Promise<Request | undefined> {
  const [row] = await tx.all<Request>(`SELECT ${selected} FROM requests WHERE id = ? FOR UPDATE`, [id]);
  return row;
}

/** Columns with text that an officer typed about the person. */
const typed = ['identityHow', 'extensionReason', 'outcomeReason'] as const;

/** Changes columns of a request; the caller has locked it. @throws USAGE-001 when a typed text names a person of the request */
export async function changeRequest(
  tx: Sql,
  id: number,
  change: Readonly<Partial<Omit<Request, 'id' | 'clientId' | 'kind'>>>,
): Promise<void> {
  const pairs = Object.entries(change) as readonly (readonly [keyof Request, SqlValue])[];
  if (pairs.length === 0) return;
  const text = typed.map((name) => change[name] ?? '').join(' ; ');
  await refuseNamesOfRequest(tx, id, text);
  await tx.run(
    `UPDATE requests SET ${pairs.map(([name]) => `${columns[name]} = ?`).join(', ')} WHERE id = ?`,
    [...pairs.map(([, value]) => value), id],
  );
}

export interface RequestFilter {
  readonly clientId?: string;
  readonly state?: RequestState;
  readonly kind?: RequestKind;
  /** Only requests that are not closed. */
  readonly isOpen?: boolean;
}

/** Newest first. */
export async function listRequests(
  sql: ReadOnlySql,
  { clientId, state, kind, isOpen }: RequestFilter,
  limit: number,
  before: number = Number.MAX_SAFE_INTEGER,
): Promise<readonly Request[]> {
  const given = [
    ['client_id = ?', clientId],
    ['state = ?', state],
    ['kind = ?', kind],
  ].flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]));
  const where = [...given.map(({ sql }) => sql), ...(isOpen === true ? ["state <> 'closed'"] : [])];
  return sql.all<Request>(
    `SELECT ${selected} FROM requests WHERE id < ?${where.map((part) => ` AND ${part}`).join('')} ORDER BY id DESC LIMIT ${Math.trunc(limit)}`,
    [before, ...given.map(({ value }) => value)],
  );
}

/** Open requests, the first due first: the officer's work list. */
export const requestsDueFirst = (
  sql: ReadOnlySql,
  { clientId, kind }: Pick<RequestFilter, 'clientId' | 'kind'>,
  limit: number,
): Promise<readonly Request[]> =>
  sql.all<Request>(
    `SELECT ${selected} FROM requests
      WHERE state IN ('open', 'applied')${clientId === undefined ? '' : ' AND client_id = ?'}${kind === undefined ? '' : ' AND kind = ?'}
      ORDER BY due_at, id LIMIT ${Math.trunc(limit)}`,
    [clientId, kind].filter((value) => value !== undefined),
  );

/** Open requests in id order, a page at a time, for the timer. */
export async function openRequests(
  sql: ReadOnlySql,
  after: number,
  limit: number,
): Promise<readonly Request[]> {
  return sql.all<Request>(
    `SELECT ${selected} FROM requests WHERE state IN ('open', 'applied') AND id > ? ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [after],
  );
}

/** Id of the last entry of the log. */
export async function logPosition(sql: Sql): Promise<number> {
  const [row] = await sql.all<{ id: number | null }>('SELECT MAX(id) AS id FROM handovers');
  return row?.id ?? 0;
}

export interface RequestEffect {
  readonly leadId: number;
  readonly table: string;
  readonly columns: string;
  readonly rows: number;
}

/** Adds to the counts of what the request changed; the caller has locked it. */
export async function noteEffects(
  tx: Sql,
  requestId: number,
  effects: readonly RequestEffect[],
): Promise<void> {
  for (const { leadId, table, columns: changed, rows } of effects)
    await tx.run(
      `INSERT INTO request_effects (request_id, lead_id, table_name, columns_changed, row_count) VALUES (?, ?, ?, ?, ?)
       ON DUPLICATE KEY UPDATE row_count = row_count + VALUES(row_count)`,
      [requestId, leadId, table, changed.slice(0, 2000), rows],
    );
}

/** Changes that applying a request made, for the proof (C23): tables, columns, counts. */
export const readEffects = (sql: ReadOnlySql, requestId: number): Promise<readonly RequestEffect[]> =>
  sql.all<RequestEffect>(
    `SELECT lead_id AS leadId, table_name AS \`table\`, columns_changed AS columns, row_count AS \`rows\`
       FROM request_effects WHERE request_id = ? ORDER BY lead_id, table_name`,
    [requestId],
  );
