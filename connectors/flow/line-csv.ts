// Parses the records of a CSV acknowledgement from a stream of bytes.
// Invariant: every column that the settings name must be in the heading, or nothing of the file counts.
import { parse } from 'csv-parse';
import { hasHeading, type LineSettings } from './line-settings.ts';
import { decoder, unread, type Cell, type Records } from './line-text.ts';

/** A longer record means that a quote was left open. */
const longestRecord = 262_144;

export function csvRecords(lines: LineSettings): Records {
  const { delimiter = ';', encoding = 'utf-8' } = lines.csv ?? {};
  const text = decoder(encoding);
  const options = {
    delimiter,
    bom: true,
    relax_column_count: true,
    // A quote in the middle of a free text is an ordinary character.
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: longestRecord,
    // Read as soon as it is written: nothing is buffered in between.
    readableHighWaterMark: Number.MAX_SAFE_INTEGER,
  };
  const parser = parse(options);
  let broken = false;
  parser.on('error', () => (broken = true));
  let heading: ReadonlyMap<string, number> | undefined;
  const read = (): readonly Cell[] => {
    if (broken) throw unread('MALFORMED');
    const cells: Cell[] = [];
    for (;;) {
      const row = parser.read() as readonly string[] | null;
      if (row === null) return cells;
      if (heading === undefined && hasHeading(lines)) heading = headingOf(row, lines);
      else cells.push(cellOf(row, heading));
    }
  };
  const write = (piece: string): Promise<void> =>
    new Promise((resolve, reject) =>
      parser.write(piece, (error) =>
        error === null || error === undefined ? resolve() : reject(unread('MALFORMED')),
      ),
    );
  return {
    async write(bytes) {
      const piece = text(bytes);
      if (piece !== '') await write(piece);
      return read();
    },
    async end() {
      const last = text();
      if (last !== '') await write(last);
      await new Promise<void>((resolve, reject) => {
        parser.once('error', () => reject(unread('MALFORMED')));
        parser.end(resolve);
      });
      return read();
    },
  };
}

function headingOf(row: readonly string[], lines: LineSettings): ReadonlyMap<string, number> {
  const places = new Map(row.map((name, index) => [name.trim(), index]));
  const { reference, key, status, reason, id } = lines;
  for (const column of [reference, key, status, reason, id])
    if (typeof column === 'string' && !places.has(column)) throw unread('COLUMNS');
  return places;
}

const cellOf =
  (row: readonly string[], heading: ReadonlyMap<string, number> | undefined): Cell =>
  (column) =>
    row[typeof column === 'number' ? column - 1 : (heading?.get(column) ?? -1)];
