// Stores published mapping versions: the exact text of every file, for ever.
// Invariant: a version is never changed; a destination refers to the one in force.
import { createHash } from 'node:crypto';
import { type Sql } from '../database.ts';

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

type Row = {
  id: number;
  client_id: string;
  destination_id: string;
  version: number;
  sources: string;
  fingerprint: string;
  author: string;
  note: string;
  published_at: Date;
};
const versionOf = (row: Row): MappingVersion => ({
  id: row.id,
  clientId: row.client_id,
  destinationId: row.destination_id,
  version: row.version,
  sources: row.sources,
  fingerprint: row.fingerprint,
  author: row.author,
  note: row.note,
  publishedAt: row.published_at,
});
const columns = 'id, client_id, destination_id, version, sources, fingerprint, author, note, published_at';

export const fingerprintOf = (sources: string): string => createHash('sha256').update(sources).digest('hex');

/** Stores the next version of a destination and returns it. The destination's row must exist. */
export async function insertVersion(
  tx: Sql,
  version: {
    readonly clientId: string;
    readonly destinationId: string;
    readonly sources: string;
    readonly author: string;
    readonly note: string;
  },
): Promise<MappingVersion> {
  await tx.all('SELECT id FROM destinations WHERE id = ? FOR UPDATE', [version.destinationId]);
  const [highest] = await tx.all<{ version: number | null }>(
    `SELECT MAX(g.version) AS version FROM
       (SELECT MAX(version) AS version FROM mapping_versions WHERE destination_id = ?
        UNION ALL SELECT number FROM numbers_given WHERE what = 'version' AND owner_id = ?) g`,
    [version.destinationId, version.destinationId],
  );
  const number = (highest?.version ?? 0) + 1;
  const { insertId } = await tx.run(
    `INSERT INTO mapping_versions (client_id, destination_id, version, sources, fingerprint, author, note) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    [
      version.clientId,
      version.destinationId,
      number,
      version.sources,
      fingerprintOf(version.sources),
      version.author,
      version.note.slice(0, 500),
    ],
  );
  const [row] = await tx.all<Row>(`SELECT ${columns} FROM mapping_versions WHERE id = ?`, [insertId]);
  return versionOf(row as Row);
}

export async function pointAt(tx: Sql, destinationId: string, versionId: number): Promise<void> {
  await tx.run(
    'UPDATE destinations SET mapping_version_id = ?, updated_at = CURRENT_TIMESTAMP(3) WHERE id = ?',
    [versionId, destinationId],
  );
}

export async function readVersions(sql: Sql, ids: readonly number[]): Promise<readonly MappingVersion[]> {
  return (await sql.all<Row>(`SELECT ${columns} FROM mapping_versions WHERE id IN (?)`, [ids])).map(
    versionOf,
  );
}

/** Newest first. */
export async function versionHistory(sql: Sql, destinationId: string): Promise<readonly MappingVersion[]> {
  const rows = await sql.all<Row>(
    `SELECT ${columns} FROM mapping_versions WHERE destination_id = ? ORDER BY version DESC`,
    [destinationId],
  );
  return rows.map(versionOf);
}
