// Which months of the log stand in files, and taking their entries out of the table.
// Invariant: written by the owner's account only; the trigger lets an entry go once its id is in log_archived_ranges.
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

/** In order of their seals. */
export async function logArchives(sql: Sql): Promise<readonly LogArchive[]> {
  return sql.all<LogArchive>(
    `SELECT first_seal AS firstSeal, last_seal AS lastSeal, file_name AS fileName, entries, digest, mac
       FROM log_archives ORDER BY last_seal`,
  );
}

/** In the caller's transaction: the record and the ids it makes free to go. */
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

/** Takes entries of a range out of the table, at most `limit`; returns how many went. */
export async function removeEntries(owner: Sql, range: IdRange, limit: number): Promise<number> {
  const { affected } = await owner.run(
    `DELETE FROM handovers WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ${Math.trunc(limit)}`,
    [range.from, range.to],
  );
  return affected;
}
