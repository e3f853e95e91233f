// Stores authorisations: the recipient, targets and data a client grants, on which document; and their revocation (C18).
// Invariant: departures share their rows (departure-locks.ts), so that none crosses a revocation; nothing is ever deleted.
import { targetKey, type Authorisation } from '../../domain/destination.ts';
import type { DataCategory, ConsentRecord } from '../../domain/lead.ts';
import { inList, type Sql, changesOne, insertedId } from '../database.ts';
import { authorisationDigest, citedText } from '../../domain/keyed.ts';
import { consentOf, selectConsents, type ConsentRow } from '../leads/consents.ts';

type AuthorisationRow = {
  id: number;
  client_id: string;
  destination_id: string;
  recipient: string;
  targets: string;
  categories: string;
  document_ref: string;
  valid_from: Date;
  valid_until: Date | null;
  revoked_at: Date | null;
};

const authorisationColumns =
  'a.id, a.client_id, a.destination_id, a.recipient, a.targets, a.categories, a.document_ref, a.valid_from, a.valid_until, a.revoked_at';

const authorisationOf = (row: AuthorisationRow): Authorisation => ({
  id: row.id,
  clientId: row.client_id,
  destinationId: row.destination_id,
  recipient: row.recipient,
  targets: JSON.parse(row.targets) as string[],
  categories: JSON.parse(row.categories) as DataCategory[],
  documentRef: row.document_ref,
  validFrom: row.valid_from,
  ...(row.valid_until === null ? {} : { validUntil: row.valid_until }),
  ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
});

/** @param lock shares the rows, so that nothing crosses a revocation */
export async function readAuthorisations(
  sql: Sql,
  destinationIds: readonly string[],
  lock = false,
): Promise<ReadonlyMap<string, readonly Authorisation[]>> {
  if (destinationIds.length === 0) return new Map();
  const { marks, values } = inList([...new Set(destinationIds)].sort());
  const rows = await sql.all<AuthorisationRow>(
    `SELECT ${authorisationColumns}
       FROM destinations d FORCE INDEX (PRIMARY) STRAIGHT_JOIN authorisations a FORCE INDEX (authorisations_destination)
         ON a.client_id = d.client_id AND a.destination_id = d.id
      WHERE d.id IN (${marks}) ORDER BY a.id${lock ? ' LOCK IN SHARE MODE' : ''}`,
    values,
  );
  const found = new Map<string, Authorisation[]>();
  for (const row of rows) {
    const list = found.get(row.destination_id) ?? [];
    list.push(authorisationOf(row));
    found.set(row.destination_id, list);
  }
  return found;
}

export const insertAuthorisation = (
  tx: Sql,
  authorisation: Omit<Authorisation, 'id' | 'revokedAt'> & { readonly grantedBy: string },
): Promise<number> =>
  insertedId(
    tx,
    `INSERT INTO authorisations (client_id, destination_id, recipient, targets, categories, document_ref, valid_from, valid_until, granted_by)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      authorisation.clientId,
      authorisation.destinationId,
      authorisation.recipient,
      JSON.stringify(authorisation.targets.map(targetKey)),
      JSON.stringify(authorisation.categories),
      authorisation.documentRef,
      authorisation.validFrom,
      authorisation.validUntil ?? null,
      authorisation.grantedBy,
    ],
  );

/** Returns false when there is no such live authorisation. */
export const revokeAuthorisation = (tx: Sql, id: number, actor: string): Promise<boolean> =>
  changesOne(
    tx,
    'UPDATE authorisations SET revoked_at = UTC_TIMESTAMP(3), revoked_by = ? WHERE id = ? AND revoked_at IS NULL',
    [actor, id],
  );

// Reads the consents and authorisations that log entries cite, to compare them with the digests in the entries.
// Invariant: reads only; consents come in the order in which they were recorded here.

export async function authorisationsById(
  sql: Sql,
  ids: readonly number[],
): Promise<ReadonlyMap<number, Authorisation>> {
  const rows = await sql.all<AuthorisationRow>(
    `SELECT ${authorisationColumns} FROM authorisations a WHERE a.id IN (?)`,
    [ids],
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
  const rows = await sql.all<ConsentRow>(`${selectConsents} WHERE lead_id IN (?) ORDER BY id`, [leadIds]);
  // Read last: a lead erased meanwhile has another secret, and no digest to compare.
  const alive = await sql.all<{ id: number }>(`SELECT id FROM leads WHERE id IN (?) AND erased_at IS NULL`, [
    leadIds,
  ]);
  const grouped = Map.groupBy(rows, (row) => row.lead_id);
  return new Map(alive.map(({ id }) => [id, (grouped.get(id) ?? []).map(consentOf)]));
}
