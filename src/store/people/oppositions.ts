// Stores the opposition list of each client: withdrawals by keyed digests of mail addresses and phones; and finds leads by address.
// Invariant: no address is stored with a withdrawal; of two for one address and opt-in the later one counts, by stamp and by receipt.
import { addressDigests, type Addresses } from '../../domain/opposition.ts';
import type { ConsentChannel, ConsentPurpose } from '../../domain/lead.ts';
import { allAs, firstNumber, type Sql, columnOf, changes } from '../database.ts';
import { noteErasedAddresses, noteOpposed } from '../backups/erasures-unwritten.ts';
import { fromStored, insertRows } from '../columns.ts';

export interface Opposition {
  readonly clientId: string;
  readonly digest: Buffer;
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
  readonly recordedAt: Date;
  readonly receipt: number;
}

export async function keepOppositions(tx: Sql, oppositions: readonly Opposition[]): Promise<void> {
  await noteOpposed(tx, oppositions);
  await insertRows(
    tx,
    'oppositions',
    oppositions.map(({ clientId, digest, purpose, channel, recordedAt, receipt }) => ({
      clientId,
      digest,
      purpose,
      channel,
      recordedAt,
      receipt,
    })),
    'recorded_at = GREATEST(recorded_at, VALUES(recorded_at)), receipt = GREATEST(receipt, VALUES(receipt))',
  );
}

export async function clientsWithOppositions(
  sql: Sql,
  clientIds: readonly string[],
): Promise<ReadonlySet<string>> {
  // Through `clients`: one index lookup for each, however long the list is.
  return new Set(
    await columnOf<string>(
      sql,
      `SELECT c.id FROM clients c WHERE c.id IN (?)
        AND EXISTS (SELECT 1 FROM oppositions o WHERE o.client_id = c.id)`,
      [[...new Set(clientIds)]],
    ),
  );
}

/** Entries of a client's list with these digests. */
export async function oppositionsOf(
  sql: Sql,
  clientId: string,
  digests: readonly Buffer[],
): Promise<readonly Opposition[]> {
  return sql.all<Opposition>(
    `SELECT client_id AS clientId, digest, purpose, channel, recorded_at AS recordedAt, receipt
       FROM oppositions FORCE INDEX (PRIMARY) WHERE client_id = ? AND digest IN (?)`,
    [clientId, digests],
  );
}

export interface LeadAddresses extends Addresses {
  readonly leadId: number;
  readonly clientId: string;
}

export const addressesOf = (sql: Sql, leadIds: readonly number[]): Promise<readonly LeadAddresses[]> =>
  allAs(
    sql,
    fromStored<LeadAddresses>(),
    `SELECT lead_id AS leadId, client_id AS clientId, email, mobile, landline
       FROM prospects FORCE INDEX (PRIMARY) WHERE lead_id IN (?)`,
    [leadIds],
  );

/** A client's leads that have one of these addresses now, not locked. */
export async function leadsWithAddress(
  sql: Sql,
  clientId: string,
  { email, mobile, landline }: Addresses,
): Promise<readonly number[]> {
  const ids = new Set<number>();
  const asked = [
    ['email', email],
    ...[mobile, landline].flatMap((phone) => [
      ['mobile', phone],
      ['landline', phone],
    ]),
  ] as const;
  for (const [column = '', value] of asked) {
    if (value === undefined) continue;
    const rows = await columnOf(
      sql,
      `SELECT lead_id FROM prospects FORCE INDEX (prospects_${column}) WHERE client_id = ? AND ${column} = ?`,
      [clientId, value],
    );
    for (const lead_id of rows) ids.add(lead_id);
  }
  return [...ids].sort((a, b) => a - b);
}

/**
 * A client's leads that have one of these addresses, or had it before a correction: every search for a person uses this.
 * @param key of the addresses on the opposition list
 */
export async function leadsUnderAddress(
  sql: Sql,
  key: Buffer,
  clientId: string,
  addresses: Addresses,
): Promise<readonly number[]> {
  const now = await leadsWithAddress(sql, clientId, addresses);
  const before = await leadsFormerlyUnder(sql, clientId, addressDigests(key, clientId, addresses));
  return [...new Set([...now, ...before])].sort((a, b) => a - b);
}

/** A client's leads that had one of these addresses before a correction. */
export const leadsFormerlyUnder = async (
  sql: Sql,
  clientId: string,
  digests: readonly Buffer[],
): Promise<readonly number[]> => [
  ...new Set((await holdersBefore(sql, clientId, digests)).map(({ leadId }) => leadId)),
];

/** The same, each with the address it had. */
export const holdersBefore = async (
  sql: Sql,
  clientId: string,
  digests: readonly Buffer[],
): Promise<readonly { readonly leadId: number; readonly digest: Buffer }[]> =>
  sql.all(
    `SELECT lead_id AS leadId, digest FROM former_addresses FORCE INDEX (former_addresses_digest)
      WHERE client_id = ? AND digest IN (?)`,
    [clientId, digests],
  );

/** A position in the order of receipt behind every existing answer. */
export const nextReceipt = async (sql: Sql): Promise<number> =>
  1 + (await firstNumber(sql, 'SELECT MAX(id) AS id FROM consents'));

/** Stores former addresses of leads, by digest, once each. */
export const keepFormerAddresses = (
  tx: Sql,
  former: readonly { readonly leadId: number; readonly clientId: string; readonly digest: Buffer }[],
): Promise<void> =>
  insertRows(
    tx,
    'former_addresses',
    former.map(({ leadId, clientId, digest }) => ({ leadId, clientId, digest })),
    'client_id = VALUES(client_id)',
  );

export const formerHoldings = (
  sql: Sql,
  leadIds: readonly number[],
): Promise<readonly { readonly leadId: number; readonly digest: Buffer }[]> =>
  sql.all('SELECT lead_id AS leadId, digest FROM former_addresses WHERE lead_id IN (?)', [leadIds]);

export const formerAddresses = async (sql: Sql, ...leadIds: readonly number[]): Promise<readonly Buffer[]> =>
  (await formerHoldings(sql, leadIds)).map(({ digest }) => digest);

/** Deletes a client's oppositions older than an instant. Returns the client and the number deleted. */
export async function dropOppositions(
  tx: Sql,
  before: Date,
  limit: number,
): Promise<{ readonly clientId: string; readonly count: number } | undefined> {
  const [first] = await tx.all<{ client_id: string }>(
    `SELECT client_id FROM oppositions FORCE INDEX (oppositions_recorded)
      WHERE recorded_at < ? ORDER BY recorded_at LIMIT 1`,
    [before],
  );
  if (first === undefined) return undefined;
  const { affected } = await tx.run(
    `DELETE FROM oppositions WHERE client_id = ? AND recorded_at < ? LIMIT ${Math.trunc(limit)}`,
    [first.client_id, before],
  );
  return { clientId: first.client_id, count: affected };
}

// Stores the addresses of erased persons as keyed digests, with the time of erasure, so that intake recognises older leads of theirs.
// Invariant: no address and no lead is stored here; of two erasures of one address the later one counts.

export async function keepErased(
  tx: Sql,
  clientId: string,
  digests: readonly Buffer[],
  erasedAt: Date,
): Promise<void> {
  await noteErasedAddresses(tx, clientId, digests, erasedAt);
  await insertRows(
    tx,
    'erased_addresses',
    digests.map((digest) => ({ clientId, digest, erasedAt })),
    'erased_at = GREATEST(erased_at, VALUES(erased_at))',
  );
}

/** Time of erasure by the digest in hex; addresses that were never erased are missing. */
export async function erasedAmong(
  sql: Sql,
  clientId: string,
  digests: readonly Buffer[],
): Promise<ReadonlyMap<string, Date>> {
  const rows = await sql.all<{ digest: Buffer; erasedAt: Date }>(
    `SELECT digest, erased_at AS erasedAt FROM erased_addresses FORCE INDEX (PRIMARY)
      WHERE client_id = ? AND digest IN (?)`,
    [clientId, digests],
  );
  return new Map(rows.map(({ digest, erasedAt }) => [digest.toString('hex'), erasedAt]));
}

/** Returns the number deleted. */
export const dropErased = (tx: Sql, before: Date, limit: number): Promise<number> =>
  changes(
    tx,
    `DELETE FROM erased_addresses WHERE erased_at < ? ORDER BY erased_at LIMIT ${Math.trunc(limit)}`,
    [before],
  );
