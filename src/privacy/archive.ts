// Moves old months of the log from MySQL to archive files: writes the files, then deletes the entries that a verified file contains.
// Invariant: an entry leaves the table only while a file that contains it verifies; the chain of seals stays in the table.
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Key, KeyRing } from '../domain/key-ring.ts';
import { RelaisError } from '../errors.ts';
import {
  insertArchive,
  logArchives,
  removeEntries,
  type IdRange,
  type LogArchive,
  readEntries,
  sealsAfter,
  type Seal,
} from '../store/log/seals.ts';
import type { Database } from '../store/database.ts';
import { archiveMac, checkArchiveFile, isArchiveMac, endLine, headLine, sealLine } from './archive-file.ts';
import { entryMac, entryText, entryIdsOf, keyOfSeal, macAt } from './macs.ts';

export interface ArchiveOptions {
  /** The owner's account: it records archives, and may delete the entries that they contain. */
  readonly owner: Database;
  readonly sealKeys: KeyRing;
  readonly folder: string;
}

const entriesRemovedAtOnce = 2_000;
const monthOf = (at: Date): string => at.toISOString().slice(0, 7);

/**
 * Writes one file for each month whose seals are all older than `before` (`2026-10`, UTC) and not archived yet.
 * @throws LOG-001 when an entry or seal on the way does not verify: a broken log is kept as it is
 */
export async function archiveLog(options: ArchiveOptions, before: string): Promise<readonly LogArchive[]> {
  await mkdir(options.folder, { recursive: true });
  const written: LogArchive[] = [];
  let last = (await logArchives(options.owner)).at(-1)?.lastSeal ?? 0;
  for (;;) {
    const [first] = await sealsAfter(options.owner, last, 1);
    if (first === undefined || monthOf(first.sealedAt) >= before) return written;
    const archive = await archiveMonth(options, first);
    written.push(archive);
    last = archive.lastSeal;
  }
}

async function archiveMonth(options: ArchiveOptions, first: Seal): Promise<LogArchive> {
  const { owner, sealKeys, folder } = options;
  const month = monthOf(first.sealedAt);
  const ids: IdRange[] = [];
  let lastSeal = first.sequence - 1;
  let seals = 0;
  let entries = 0;

  async function* lines(): AsyncGenerator<string, void> {
    yield `${headLine({ month, firstSeal: first.sequence })}\n`;
    for (;;) {
      const part = await sealsAfter(owner, lastSeal, 20);
      for (const seal of part) {
        // A clock that was set back must not mix months: the first seal of another month ends the file.
        if (monthOf(seal.sealedAt) !== month) {
          yield `${endLine(seals, entries)}\n`;
          return;
        }
        yield `${sealLine(seal)}\n`;
        for (const text of await sealedTexts(owner, sealKeys, seal)) yield `${text}\n`;
        addRanges(ids, seal.entries);
        [lastSeal, seals, entries] = [seal.sequence, seals + 1, entries + seal.count];
      }
      if (part.length > 0) continue;
      yield `${endLine(seals, entries)}\n`;
      return;
    }
  }

  const partial = join(folder, `relais-log-${month}-${first.sequence}.part`);
  await pipeline(Readable.from(lines()), createGzip({ level: 9 }), createWriteStream(partial));
  const fileName = `relais-log-${month}-${first.sequence}-${lastSeal}.jsonl.gz`;
  const file = await open(partial, 'r+');
  await file.sync();
  await file.close();
  await rename(partial, join(folder, fileName));
  const check = await checkArchiveFile(join(folder, fileName), sealKeys);
  if (!check.ok || check.entries !== entries || check.lastSeal !== lastSeal)
    throw new RelaisError('LOG-002', `${fileName} does not verify after it was written.`);
  const record = { firstSeal: first.sequence, lastSeal, fileName, entries, digest: check.digest };
  const archive = { ...record, mac: archiveMac(sealKeys.current(), record) };
  await owner.transaction((tx) => insertArchive(tx, archive, ids));
  return archive;
}

/** The sealed texts of a seal's entries, each proved before it is written. */
async function sealedTexts(owner: Database, keys: KeyRing, seal: Seal): Promise<readonly string[]> {
  const broken = (what: string): RelaisError =>
    new RelaisError('LOG-001', `Not archived: ${what} does not verify. Run relais log verify.`);
  const key: Key | 'unknown' | undefined = keyOfSeal(keys, seal);
  if (key === 'unknown' || key === undefined) throw broken(`seal ${seal.sequence}`);
  const ids = entryIdsOf(seal.entries);
  const rows = await readEntries(owner, ids);
  if (rows.length !== ids.length) throw broken(`an entry of seal ${seal.sequence}`);
  return rows.map((row, index) => {
    if (!entryMac(key, row).equals(macAt(seal, index))) throw broken(`entry ${row.id}`);
    return entryText(row);
  });
}

/** Merges a seal's ranges (`1-5,7`) into those before. */
function addRanges(ranges: IdRange[], text: string): void {
  for (const part of text.split(',').filter((text) => text !== '')) {
    const [from = 0, to = from] = part.split('-').map(Number);
    const last = ranges.at(-1);
    if (last !== undefined && last.to + 1 === from) ranges[ranges.length - 1] = { from: last.from, to };
    else ranges.push({ from, to });
  }
}

/**
 * Deletes from the table the entries of every archive whose file in the folder verifies and is the recorded one.
 * Stops at the first that does not. Returns the number of entries deleted. After an interruption, a second call continues.
 * @throws LOG-002
 */
export async function removeArchived(
  options: ArchiveOptions,
  progress?: (removed: number) => void,
): Promise<number> {
  const { owner, sealKeys, folder } = options;
  let removed = 0;
  for (const archive of await logArchives(owner)) {
    if (!isArchiveMac(sealKeys, archive))
      throw new RelaisError('LOG-002', `The record of ${archive.fileName} in log_archives was changed.`);
    const check = await checkArchiveFile(join(folder, archive.fileName), sealKeys);
    if (!check.ok || !check.digest.equals(archive.digest))
      throw new RelaisError(
        'LOG-002',
        `${archive.fileName} is not in ${folder}, or is not the file that was written.`,
      );
    for (const range of await idsOfArchive(owner, archive)) {
      for (let went = entriesRemovedAtOnce; went === entriesRemovedAtOnce;) {
        went = await removeEntries(owner, range, entriesRemovedAtOnce);
        removed += went;
        progress?.(removed);
      }
    }
  }
  return removed;
}

/** Ids of an archive by its seals, which stay in the table. */
async function idsOfArchive(owner: Database, archive: LogArchive): Promise<readonly IdRange[]> {
  const ranges: IdRange[] = [];
  for (let at = archive.firstSeal - 1; at < archive.lastSeal;) {
    const part = await sealsAfter(owner, at, 50);
    for (const seal of part.filter((seal) => seal.sequence <= archive.lastSeal))
      addRanges(ranges, seal.entries);
    at = part.at(-1)?.sequence ?? archive.lastSeal;
  }
  return ranges;
}
