// Checks the archive of an audit pack byte by byte, so that every program extracts the same files from it.
// Invariant: every byte belongs to a file. A comment, bytes between two files, or a file name different from the directory's
// would be read by some programs and skipped by this one.
import type { Entry, LocalFileHeader, ZipFile } from 'yauzl';
import { Wrong } from './check-journal.ts';

/** Lengths without the variable parts: APPNOTE.TXT 4.3.12, 4.3.16; with the two records of ZIP64 (4.3.14, 4.3.15) before the last. */
const directoryLength = 46;
const endLengths: readonly number[] = [22, 22 + 56 + 20];
/** Sum and sizes behind a file whose length was not known before it (4.3.9), those of ZIP64 longer. */
const lengthsBehind = ({ generalPurposeBitFlag }: LocalFileHeader): readonly number[] =>
  (generalPurposeBitFlag & 8) === 0 ? [0] : [16, 24];
/** Sizes of ZIP64 and a time: other parts may give a file another name. */
const harmless: readonly number[] = [0x0001, 0x5455];

/** @throws Wrong */
export async function checkArchive(zip: ZipFile, entries: Iterable<Entry>): Promise<void> {
  if (zip.comment !== '') throw new Wrong('archive_padded');
  /** Where the next file may begin. */
  let places: readonly number[] = [0];
  let directory = 0;
  for (const entry of [...entries].toSorted(
    (a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader,
  )) {
    const local = await zip.readLocalFileHeaderPromise(entry).catch(() => {
      throw new Wrong('archive_padded', entry.fileName);
    });
    if (!places.includes(entry.relativeOffsetOfLocalHeader) || !isAsListed(entry, local))
      throw new Wrong('archive_padded', entry.fileName);
    places = lengthsBehind(local).map((length) => local.fileDataStart + entry.compressedSize + length);
    directory += directoryLength + entry.fileNameLength + entry.extraFieldLength;
  }
  const ends = places.flatMap((place) => endLengths.map((length) => place + directory + length));
  if (!ends.includes(zip.fileSize)) throw new Wrong('archive_padded');
}

const isAsListed = (entry: Entry, local: LocalFileHeader): boolean =>
  local.fileName.equals(entry.fileNameRaw) &&
  local.extraFieldLength === 0 &&
  entry.fileCommentLength === 0 &&
  entry.extraFields.every(({ id }) => harmless.includes(id)) &&
  local.compressionMethod === entry.compressionMethod &&
  local.generalPurposeBitFlag === entry.generalPurposeBitFlag &&
  isLengthAsListed(entry, local);

/** The header before the file has no lengths where they follow the file. */
const isLengthAsListed = (entry: Entry, local: LocalFileHeader): boolean =>
  (local.generalPurposeBitFlag & 8) === 0
    ? local.compressedSize === entry.compressedSize && local.uncompressedSize === entry.uncompressedSize
    : local.compressedSize === 0 && local.uncompressedSize === 0;
