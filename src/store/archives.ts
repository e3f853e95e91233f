// Records the archive files of the log, and deletes archived entries from the table.
// Invariant: only the owner's account writes; the trigger lets an entry be deleted once its id is in log_archived_ranges.
import { rowMarks, type Sql } from './database.ts';

export interface LogArchive {
  readonly firstSeal: number;
  readonly lastSeal: number;
  readonly fileName: string;
  readonly entries: number;
  /** SHA-256 of the file. */
  readonly digest: Buffer;
  readonly mac: Buffer;
}

export interface IdRange {
  readonly from: number;
  readonly to: number;
}

/** By their seals, ascending. */
export async function logArchives(sql: Sql): Promise<readonly LogArchive[]> {
  return sql.all<LogArchive>(
    `SELECT first_seal AS firstSeal, last_seal AS lastSeal, file_name AS fileName, entries, digest, mac
       FROM log_archives ORDER BY last_seal`,
  );
}

/** Inserts the record of an archive and the ranges of ids that may now be deleted, in the caller's transaction. */
export async function insertArchive(tx: Sql, archive: LogArchive, ranges: readonly IdRange[]): Promise<void> {
  await tx.run(
    `INSERT INTO log_archives (first_seal, last_seal, file_name, entries, digest, mac) VALUES ${rowMarks(1, 6)}`,
    [archive.firstSeal, archive.lastSeal, archive.fileName, archive.entries, archive.digest, archive.mac],
  );
  for (let start = 0; start < ranges.length; start += 500) {
    const part = ranges.slice(start, start + 500);
    await tx.run(
      `INSERT INTO log_archived_ranges (from_id, to_id) VALUES ${rowMarks(part.length, 2)}`,
      part.flatMap((range) => [range.from, range.to]),
    );
  }
}

/** Deletes entries of a range from the table, at most `limit`; returns the number deleted. */
export async function removeEntries(owner: Sql, range: IdRange, limit: number): Promise<number> {
  const { affected } = await owner.run(
    `DELETE FROM handovers WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [range.from, range.to],
  );
  return affected;
}
