// Stores published mapping versions: the exact text of every file, for ever.
// Invariant: a version is never changed; a destination refers to the one in force.
import { createHash } from 'node:crypto';
import { firstNumber, firstRow, type Sql } from '../database.ts';
import { insertRow } from '../columns.ts';

export interface MappingVersion {
  readonly id: number;
  readonly clientId: string;
  readonly destinationId: string;
  /** From 1, per destination. */
  readonly version: number;
  /** JSON of the mapping's sources. */
  readonly sources: string;
  readonly fingerprint: string;
  readonly author: string;
  readonly note: string;
  readonly publishedAt: Date;
}

const columns = `id, client_id AS clientId, destination_id AS destinationId, version, sources, fingerprint, author, note,
  published_at AS publishedAt`;

export const fingerprintOf = (sources: string): string => createHash('sha256').update(sources).digest('hex');

/** Stores the next version of a destination and returns it. The destination's row must exist. */
export async function insertVersion(
  tx: Sql,
  version: Pick<MappingVersion, 'clientId' | 'destinationId' | 'sources' | 'author' | 'note'>,
): Promise<MappingVersion> {
  const { clientId, destinationId, sources, author, note } = version;
  await tx.all('SELECT id FROM destinations WHERE id = ? FOR UPDATE', [destinationId]);
  const highest = await firstNumber(
    tx,
    `SELECT MAX(g.version) AS version FROM
       (SELECT MAX(version) AS version FROM mapping_versions WHERE destination_id = ?
        UNION ALL SELECT number FROM numbers_given WHERE what = 'version' AND owner_id = ?) g`,
    [destinationId, destinationId],
  );
  const id = await insertRow(tx, 'mapping_versions', {
    clientId,
    destinationId,
    version: highest + 1,
    sources,
    fingerprint: fingerprintOf(sources),
    author,
    note: note.slice(0, 500),
  });
  const [made] = await readVersions(tx, [id]);
  return made as MappingVersion;
}

export async function pointAt(tx: Sql, destinationId: string, versionId: number): Promise<void> {
  await tx.run(
    'UPDATE destinations SET mapping_version_id = ?, updated_at = CURRENT_TIMESTAMP(3) WHERE id = ?',
    [versionId, destinationId],
  );
}

export const readVersions = (sql: Sql, ids: readonly number[]): Promise<readonly MappingVersion[]> =>
  sql.all<MappingVersion>(`SELECT ${columns} FROM mapping_versions WHERE id IN (?)`, [ids]);

/** Newest first. */
export const versionHistory = (sql: Sql, destinationId: string): Promise<readonly MappingVersion[]> =>
  sql.all<MappingVersion>(
    `SELECT ${columns} FROM mapping_versions WHERE destination_id = ? ORDER BY version DESC`,
    [destinationId],
  );

/** The version may be of any destination of the client. */
export const newestVersionBefore = (
  sql: Sql,
  clientId: string,
  id: number,
): Promise<MappingVersion | undefined> =>
  firstRow<MappingVersion>(
    sql,
    `SELECT ${columns} FROM mapping_versions WHERE client_id = ? AND id < ? ORDER BY id DESC LIMIT 1`,
    [clientId, id],
  );
