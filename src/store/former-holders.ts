// Finds the leads of a client that have or had an address known only as a keyed digest, because a correction replaced it.
// Invariant: reads only, page by page over the client's distinct addresses; nothing is read without a digest to find.
import { addressDigests } from '../domain/opposition.ts';
import type { Sql } from './database.ts';
import { leadsFormerlyUnder, leadsWithAddress } from './oppositions.ts';

const columns = ['email', 'mobile', 'landline'] as const;
const addressesAtOnce = 2_000;

export interface Holder {
  readonly leadId: number;
  readonly digest: Buffer;
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
  const wanted = new Map(digests.map((digest) => [digest.toString('hex'), digest]));
  const holders: Holder[] = [];
  for (const column of wanted.size === 0 ? [] : columns)
    for (let after = ''; ;) {
      const page = await sql.all<{ readonly address: string }>(
        `SELECT DISTINCT ${column} AS address FROM prospects FORCE INDEX (prospects_${column})
          WHERE client_id = ? AND ${column} > ? ORDER BY ${column} LIMIT ${addressesAtOnce}`,
        [clientId, after],
      );
      for (const { address } of page) {
        const own = { [column === 'email' ? 'email' : 'mobile']: address };
        const digest = addressDigests(key, clientId, own).find((one) => wanted.has(one.toString('hex')));
        if (digest === undefined) continue;
        for (const leadId of await leadsWithAddress(sql, clientId, own)) holders.push({ leadId, digest });
      }
      const last = page.at(-1);
      if (last === undefined || page.length < addressesAtOnce) break;
      after = last.address;
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
