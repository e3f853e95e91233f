// Reads leads for support: by mailbox, phone, name or reference; routing refusals; exercised rights; the size of a backfill.
// Invariant: reads only, by index; every look-up of a person names the clients it searches.
import { addressDigests, type Addresses } from '../../domain/opposition.ts';
import { allAs, columnOf, firstNumber, type ReadOnlySql, type Sql, allOfMany } from '../database.ts';
import { leadsFormerlyUnder } from '../people/oppositions.ts';
import { fromStored } from '../columns.ts';
import { nameBegins } from '../people/name-search.ts';

export interface FoundLead {
  readonly id: number;
  readonly clientId: string;
  readonly reference: string;
  readonly channel: string;
  readonly collectedAt: Date;
  readonly erased: boolean;
}

export interface LeadQuery {
  readonly email?: string;
  /** E.164. */
  readonly phone?: string;
  /** The centre's reference in any case, or the id that a recipient gave to the lead. */
  readonly reference?: string;
  /** The beginning of a last name; case, accents and the signs between its parts are ignored. */
  readonly name?: string;
  /** The same for the first name; only together with the last name. */
  readonly firstName?: string;
}

/** More leads than one person has; a longer list is cut and reported as cut. */
export const mostLeads = 200;

/** Leads of these clients of exactly that reference: one in each. */
export async function leadsNamed(
  sql: Sql,
  clients: readonly string[],
  reference: string,
): Promise<readonly FoundLead[]> {
  return leadHeads(
    sql,
    await columnOf(sql, 'SELECT id FROM leads WHERE client_id IN (?) AND reference = ?', [
      clients,
      reference,
    ]),
  );
}

/** As typed, all in capitals, and all in small letters: an index compares byte by byte. */
export const spellingsOf = (reference: string): readonly string[] => [
  ...new Set([reference, reference.toUpperCase(), reference.toLowerCase()]),
];

const byRecipients = 'deliveries FORCE INDEX (deliveries_recipient_reference)';

/**
 * Leads of these clients that match the whole query; at most `mostLeads`, newest first. An address matches a lead that had it
 * before a correction, too.
 * @param key of the addresses on the opposition lists
 */
export async function searchLeads(
  sql: Sql,
  clients: readonly string[],
  query: LeadQuery,
  key: Buffer,
): Promise<readonly FoundLead[]> {
  const found: (readonly number[])[] = [];
  // One statement per column, each with its index: an OR over two columns reads every prospect of the client.
  const search = (
    table: string,
    id: string,
    column: string,
    values: readonly string[],
  ): Promise<readonly number[]> =>
    columnOf(
      sql,
      `SELECT ${id} FROM ${table} WHERE client_id IN (?) AND ${column} IN (?) ORDER BY ${id} DESC LIMIT ${mostLeads}`,
      [clients, values],
    );
  const formerly = async (addresses: Addresses): Promise<readonly number[]> => {
    const ids: number[] = [];
    for (const clientId of clients)
      ids.push(...(await leadsFormerlyUnder(sql, clientId, addressDigests(key, clientId, addresses))));
    return ids;
  };
  if (query.email !== undefined)
    found.push([
      ...(await search('prospects', 'lead_id', 'email', [query.email])),
      ...(await formerly({ email: query.email })),
    ]);
  if (query.phone !== undefined)
    found.push([
      ...(await search('prospects', 'lead_id', 'mobile', [query.phone])),
      ...(await search('prospects', 'lead_id', 'landline', [query.phone])),
      ...(await formerly({ mobile: query.phone })),
    ]);
  if (query.reference !== undefined) {
    const spellings = spellingsOf(query.reference);
    found.push([
      ...(await search('leads', 'id', 'reference', spellings)),
      ...(await search(byRecipients, 'lead_id', 'recipient_reference', spellings)),
    ]);
  }
  if (query.name !== undefined) {
    const conditions = [
      nameBegins('last_name', query.name),
      ...(query.firstName === undefined ? [] : [nameBegins('first_name', query.firstName)]),
    ];
    const named = await sql.all<{ id: number }>(
      `SELECT lead_id AS id FROM prospects FORCE INDEX (prospects_name)
        WHERE client_id IN (?) AND ${conditions.map(({ where }) => where).join(' AND ')}
        ORDER BY lead_id DESC LIMIT ${mostLeads}`,
      [clients, ...conditions.flatMap(({ values }) => values)],
    );
    found.push(named.map((row) => row.id));
  }
  const [first = [], ...others] = found;
  const ids = [...new Set(first)].filter((id) => others.every((list) => list.includes(id)));
  return leadHeads(sql, ids);
}

const leadHeads = (sql: Sql, ids: readonly number[]): Promise<readonly FoundLead[]> =>
  allAs(
    sql,
    fromStored<FoundLead>('erased'),
    `SELECT id, client_id AS clientId, reference, channel, collected_at AS collectedAt, erased_at IS NOT NULL AS erased
       FROM leads WHERE id IN (?) ORDER BY id DESC LIMIT ${mostLeads}`,
    [ids],
  );

/** Destinations that did not take the lead, with their reasons. */
export async function routingRefusals(
  sql: Sql,
  clientId: string,
  leadId: number,
): Promise<
  readonly { readonly destinationId: string; readonly reason: string; readonly revision: number }[]
> {
  return sql.all(
    `SELECT destination_id AS destinationId, reason, revision FROM routing_refusals
      WHERE client_id = ? AND lead_id = ? ORDER BY id`,
    [clientId, leadId],
  );
}

/** A right exercised on a lead, as logged. */
export interface ExercisedRight {
  readonly at: Date;
  readonly entry: 'withdrawn' | 'consent_ended' | 'erased';
  readonly actor: string;
  /** The ticket or request. */
  readonly purpose: string;
  /** The withdrawn opt-in: `marketing.email`. */
  readonly reason: string;
}

/** Withdrawals, ended consents and the erasure of a lead, with actor and purpose. */
export const exercisedRights = (sql: Sql, leadId: number): Promise<readonly ExercisedRight[]> =>
  sql.all<ExercisedRight>(
    `SELECT at, entry, actor, purpose, reason FROM handovers
      WHERE lead_id = ? AND delivery_id = 0 AND entry IN ('withdrawn', 'consent_ended', 'erased') ORDER BY id`,
    [leadId],
  );

/** Number of leads that a backfill of the destination would give to the planner. */
export const countBackfill = (
  sql: Sql,
  clientId: string,
  destinationId: string,
  since: Date,
): Promise<number> =>
  firstNumber(
    sql,
    `SELECT COUNT(*) AS n FROM leads l WHERE l.client_id = ? AND l.created_at >= ? AND l.erased_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.lead_id = l.id AND d.destination_id = ?)`,
    [clientId, since, destinationId],
  );

/** The newest leads with a delivery to a destination; its client's newest when there is none yet. Erased ones are left out. */
export async function latestLeads(
  sql: Sql,
  clientId: string,
  destinationId: string,
  limit: number,
): Promise<readonly number[]> {
  const count = Math.trunc(limit);
  const delivered = await sql.all<{ id: number }>(
    `SELECT d.lead_id AS id FROM deliveries d JOIN leads l ON l.id = d.lead_id
      WHERE d.destination_id = ? AND d.client_id = ? AND d.action = 'create' AND l.erased_at IS NULL
      ORDER BY d.id DESC LIMIT ${2 * count}`,
    [destinationId, clientId],
  );
  const rows =
    delivered.length > 0
      ? delivered
      : await sql.all<{ id: number }>(
          `SELECT id FROM leads WHERE client_id = ? AND erased_at IS NULL ORDER BY created_at DESC, id DESC LIMIT ${count}`,
          [clientId],
        );
  return [...new Set(rows.map((row) => row.id))].slice(0, count);
}

/** References of these leads, by id; a lead that is gone has none. */
export async function leadReferences(
  sql: ReadOnlySql,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const rows = await allOfMany<{ id: number; reference: string }>(
    sql,
    'SELECT id, reference FROM leads WHERE id IN (?)',
    leadIds,
  );
  return new Map(rows.map(({ id, reference }) => [id, reference]));
}
