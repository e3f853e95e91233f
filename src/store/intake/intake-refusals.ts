// Reads the refused rows of lead_intake for support: names, codes and reasons.
// Invariant: no content of a row is returned; a reference is returned only when its format is that of a reference.
import type { Sql } from '../database.ts';

export interface RefusedRow {
  /** As digits: JavaScript rounds numbers above 2^53. */
  readonly id: string;
  /** '' when the value has not the format of a client or reference: it could be anything, a person's mail included. */
  readonly clientId: string;
  readonly kind: string;
  readonly reference: string;
  readonly rowReference: string;
  readonly receivedAt: Date;
  readonly settledAt: Date | undefined;
  readonly problems: readonly { readonly column: string; readonly code: string; readonly message: string }[];
}

/**
 * Refused rows, newest first.
 * @param clientId one client's rows only; all clients' when absent
 * @param page `before`: id of the last row of the page before
 */
export async function listRefusals(
  sql: Sql,
  clientId?: string,
  { before, size = 50 }: { readonly before?: string; readonly size?: number } = {},
): Promise<readonly RefusedRow[]> {
  const rows = await sql.all<{
    id: string;
    clientId: string;
    kind: string;
    reference: string;
    rowReference: string;
    receivedAt: Date;
    settledAt: Date | null;
    refusal: string | null;
  }>(
    `SELECT CAST(id AS CHAR) AS id, client_id AS clientId, kind, reference, row_reference AS rowReference, received_at AS receivedAt,
            settled_at AS settledAt, refusal
       FROM lead_intake
      WHERE status = 'refused'${before === undefined ? '' : ' AND lead_intake.id < CAST(? AS UNSIGNED)'}
        ${clientId === undefined ? '' : 'AND client_id = ?'}
      ORDER BY lead_intake.id DESC LIMIT ${Math.trunc(size)}`,
    [before, clientId].filter((value) => value !== undefined),
  );
  return rows.map((row) => ({
    id: row.id,
    clientId: shown(row.clientId),
    kind: shown(row.kind),
    reference: shown(row.reference),
    rowReference: shown(row.rowReference),
    receivedAt: row.receivedAt,
    settledAt: row.settledAt ?? undefined,
    problems: JSON.parse(row.refusal ?? '[]') as RefusedRow['problems'],
  }));
}

// Excludes @ and +, and values that are only eight or more digits and separators.
function shown(name: string): string {
  return /^[A-Za-z0-9._-]{1,64}$/.test(name) && !/^[\d._-]{8,}$/.test(name) ? name : '';
}
