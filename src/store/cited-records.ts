// Reads the consents and authorisations that log entries cite, to compare them with the digests in the entries.
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

/** The text that the entry about a new authorisation cites: a digest of the row, which shows a change before its first use. */
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
  // Read last: a lead erased meanwhile has another secret, and no digest to compare.
  const alive = await sql.all<{ id: number }>(
    `SELECT id FROM leads WHERE id IN (${marks}) AND erased_at IS NULL`,
    values,
  );
  const grouped = Map.groupBy(rows, (row) => row.lead_id);
  return new Map(alive.map(({ id }) => [id, (grouped.get(id) ?? []).map(consentOf)]));
}
