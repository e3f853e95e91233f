// Stores idempotency keys of API requests: the first request under a key is processed, later ones get its answer.
// Invariant: a key identifies one request of its holder and has one answer; another request under it is refused. Only a keyed
// digest of the request is stored.
import { insertGroups, isDuplicateKey, type Sql, changes, changesOne } from '../database.ts';

export interface RequestKey {
  readonly holder: string;
  readonly key: Buffer;
  readonly request: Buffer;
}

export type Begun =
  | { readonly kind: 'new' }
  | { readonly kind: 'under_way' }
  | { readonly kind: 'other_request' }
  | { readonly kind: 'answered'; readonly status: number; readonly answer: string };

/** After so long, another process may take over a request that a dead process left unanswered. */
const isGivenUp = 'begun_at < TIMESTAMPADD(SECOND, -60, UTC_TIMESTAMP(3))';

export async function beginRequest(tx: Sql, { holder, key, request }: RequestKey): Promise<Begun> {
  try {
    await tx.run(
      'INSERT INTO idempotency_keys (holder, key_digest, request_digest, begun_at) VALUES (?, ?, ?, UTC_TIMESTAMP(3))',
      [holder, key, request],
    );
    return { kind: 'new' };
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
  // No lock: the refused INSERT shares the row with others, and those who wanted it alone now would wait for each other.
  const [row] = await tx.all<{ request: Buffer; status: number | null; answer: string | null; old: number }>(
    `SELECT request_digest AS request, status, answer, ${isGivenUp} AS old
       FROM idempotency_keys WHERE holder = ? AND key_digest = ?`,
    [holder, key],
  );
  if (row === undefined) return { kind: 'under_way' };
  if (!row.request.equals(request)) return { kind: 'other_request' };
  if (row.status !== null && row.answer !== null)
    return { kind: 'answered', status: row.status, answer: row.answer };
  if (row.old !== 1) return { kind: 'under_way' };
  const isOurs = await changesOne(
    tx,
    `UPDATE idempotency_keys SET begun_at = UTC_TIMESTAMP(3)
      WHERE holder = ? AND key_digest = ? AND status IS NULL AND ${isGivenUp}`,
    [holder, key],
  );
  return { kind: isOurs ? 'new' : 'under_way' };
}

export interface AnsweredRequest extends RequestKey {
  readonly status: number;
  readonly answer: string;
}

/** Stores requests with their answers at once, in the transaction of what they ask for. @throws a duplicate key where one is known already */
export async function insertAnswered(tx: Sql, requests: readonly AnsweredRequest[]): Promise<void> {
  for (const group of insertGroups(requests, 64))
    await tx.run(
      `INSERT INTO idempotency_keys (holder, key_digest, request_digest, begun_at, status, answer)
       VALUES ${group.map(() => '(?, ?, ?, UTC_TIMESTAMP(3), ?, ?)').join(', ')}`,
      group.flatMap(({ holder, key, request, status, answer }) => [holder, key, request, status, answer]),
    );
}

/**
 * Stores the answer. False when another process that took the request over has answered it, or the key now belongs to another request.
 */
export const keepAnswer = (
  sql: Sql,
  { holder, key, request }: RequestKey,
  status: number,
  answer: string,
): Promise<boolean> =>
  changesOne(
    sql,
    'UPDATE idempotency_keys SET status = ?, answer = ? WHERE holder = ? AND key_digest = ? AND request_digest = ? AND status IS NULL',
    [status, answer, holder, key, request],
  );

/**
 * Deletes the key of a request that failed before it changed anything: the next one under this key starts afresh. False when
 * another process has answered it.
 */
export const forgetRequest = (sql: Sql, { holder, key, request }: RequestKey): Promise<boolean> =>
  changesOne(
    sql,
    'DELETE FROM idempotency_keys WHERE holder = ? AND key_digest = ? AND request_digest = ? AND status IS NULL',
    [holder, key, request],
  );

export const forgetRequests = (sql: Sql, olderThanHours: number, limit = 1_000): Promise<number> =>
  changes(
    sql,
    `DELETE FROM idempotency_keys WHERE begun_at < TIMESTAMPADD(HOUR, ?, UTC_TIMESTAMP(3)) LIMIT ${limit}`,
    [-olderThanHours],
  );
