// What entries of the log cite, read again by its id to be compared with the digests in them.
// Invariant: reads only; consents come in the order in which they were recorded here.
import { authorisationDigest, citedText } from '../domain/cited.ts';
import type { Authorisation } from '../domain/destination.ts';
import type { ConsentRecord } from '../domain/lead.ts';
import { authorisationColumns, authorisationOf, type AuthorisationRow } from './authorisations.ts';
import { consentOf, selectConsents, type ConsentRow } from './consents.ts';
import { inList, type Sql } from './database.ts';

export async function authorisationsById(
  sql: Sql,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Authorisation>> {
  if (ids.length === 0) return new Map();
  const { marks, values } = inList(ids);
  const rows = await sql.all<AuthorisationRow>(
    `SELECT ${authorisationColumns} FROM authorisations a WHERE a.id IN (${marks})`,
    values,
  );
  return new Map(rows.map((row) => [row.id, authorisationOf(row)]));
}

/** What the entry about a new authorisation cites: the row as it stands, so that it is named when it is altered before its first use. */
export async function citedAuthorisation(tx: Sql, id: number): Promise<string> {
  const authorisation = (await authorisationsById(tx, [id])).get(id);
  return authorisation === undefined ? '' : citedText({ authorisation: authorisationDigest(authorisation) });
}

/** Consent events of leads that are not erased, oldest id first. */
export async function consentsById(
  sql: Sql,
  leadIds: readonly number[],
): Promise<ReadonlyMap<number, readonly ConsentRecord[]>> {
  if (leadIds.length === 0) return new Map();
  const { marks, values } = inList(leadIds);
  const rows = await sql.all<ConsentRow>(`${selectConsents} WHERE lead_id IN (${marks}) ORDER BY id`, values);
  // Asked last: a lead that was erased meanwhile has another secret, and nothing to compare.
  const alive = await sql.all<{ id: number }>(
    `SELECT id FROM leads WHERE id IN (${marks}) AND erased_at IS NULL`,
    values,
  );
  const grouped = Map.groupBy(rows, (row) => row.lead_id);
  return new Map(alive.map(({ id }) => [id, (grouped.get(id) ?? []).map(consentOf)]));
}
