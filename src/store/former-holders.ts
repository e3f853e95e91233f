// Finds the leads of a client that have or had an address known only as a keyed digest, because a correction replaced it.
// Invariant: reads only, page by page over the client's addresses; nothing is read without a digest to find.
import { addressDigests } from '../domain/opposition.ts';
import type { Sql } from './database.ts';
import { leadsFormerlyUnder } from './oppositions.ts';

const columns = ['email', 'mobile', 'landline'] as const;
const rowsAtOnce = 2_000;

export interface Holder {
  readonly leadId: number;
  readonly digest: Buffer;
}

interface Row {
  readonly address: string;
  readonly withdrawn: number;
  readonly leadId: number;
}

/**
 * Leads that have one of these addresses now, each with its digest. No index has the digests of present addresses: every address of
 * the client is digested, 3.5 s for 300,000 leads on a busy machine of two cores; new leads of the client wait meanwhile.
 */
export async function holdersNow(
  sql: Sql,
  key: Buffer,
  clientId: string,
  digests: readonly Buffer[],
): Promise<readonly Holder[]> {
  const wanted = new Set(digests.map((digest) => digest.toString('hex')));
  const holders: Holder[] = [];
  for (const column of wanted.size === 0 ? [] : columns)
    for (let last: Row | undefined = { address: '', withdrawn: -1, leadId: 0 }; last !== undefined;) {
      const rows: readonly Row[] = await sql.all<Row>(
        `SELECT ${column} AS address, withdrawn, lead_id AS leadId FROM prospects FORCE INDEX (prospects_${column})
          WHERE client_id = ? AND ${column} >= ? AND (${column}, withdrawn, lead_id) > (?, ?, ?)
          ORDER BY ${column}, withdrawn, lead_id LIMIT ${rowsAtOnce}`,
        [clientId, last.address, last.address, last.withdrawn, last.leadId],
      );
      for (const { address, leadId } of rows) {
        const own = { [column === 'email' ? 'email' : 'mobile']: address };
        const digest = addressDigests(key, clientId, own).find((one) => wanted.has(one.toString('hex')));
        if (digest !== undefined) holders.push({ leadId, digest });
      }
      last = rows.length < rowsAtOnce ? undefined : rows.at(-1);
    }
  return holders;
}

/** Leads that have one of these addresses, or had it before a correction. */
export async function leadsUnderDigests(
  sql: Sql,
  key: Buffer,
  clientId: string,
  digests: readonly Buffer[],
): Promise<readonly number[]> {
  const now = (await holdersNow(sql, key, clientId, digests)).map(({ leadId }) => leadId);
  return [...new Set([...now, ...(await leadsFormerlyUnder(sql, clientId, digests))])].sort((a, b) => a - b);
}
