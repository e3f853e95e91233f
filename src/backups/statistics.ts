// Keeps issued statistics in a backup, and writes them back: an edition is never issued again, and its leads may be gone (C26 to C28).
// Invariant: read and written under the accounts of statistics alone; a month that is there is left as it is.
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import { RelaisError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { hasIssued } from '../store/statistics/counting.ts';
import {
  hasEdition,
  makeTables,
  readEditions,
  writeEdition,
  type Issued,
} from '../store/statistics/editions.ts';
import type { Manifest, PackedFile } from './manifest.ts';
import { readPacked, writePacked } from './packed.ts';

export const statisticsName = 'statistics.json.zst.age';

/**
 * Written after the main dump: every month that the dump calls issued is in it. Undefined where none was ever issued.
 * @throws BACKUP-001 where some were and no account reads them
 */
export async function packStatistics(
  owner: Database,
  reader: Database | undefined,
  { folder, recipient }: { readonly folder: string; readonly recipient: string },
): Promise<
  { readonly statistics: NonNullable<Manifest['statistics']>; readonly packed: PackedFile } | undefined
> {
  if (!(await hasIssued(owner))) return undefined;
  if (reader === undefined)
    throw new RelaisError(
      'BACKUP-001',
      'Statistics were issued: RELAIS_MYSQL_STATISTICS_READ_URL must name the account that reads them, since no edition is issued again.',
    );
  const issued = await readEditions(reader, '0000-00', '9999-99');
  const text = Readable.from([Buffer.from(JSON.stringify(issued))], { objectMode: false });
  const { name, bytes, digest } = await writePacked(join(folder, statisticsName), recipient, text);
  return {
    statistics: { file: name, months: issued.months.length },
    packed: { name, bytes, sha256: digest.toString('hex') },
  };
}

/** Writes back the months that are missing. Returns how many. */
export async function loadStatistics(
  writer: Database,
  { folder, identity }: { readonly folder: string; readonly identity: string },
): Promise<number> {
  const { months, cells } = (await json(await readPacked(join(folder, statisticsName), identity))) as Issued;
  await makeTables(writer);
  let written = 0;
  for (const month of months) {
    if (await hasEdition(writer, month)) continue;
    await writer.transaction((tx) =>
      writeEdition(
        tx,
        month,
        cells.filter((cell) => cell.month === month),
      ),
    );
    written += 1;
  }
  return written;
}
