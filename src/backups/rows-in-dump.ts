// Counts the rows of each table in the SQL text that mysqldump and mariadb-dump write, as it passes.
// Invariant: the counts are of the bytes that were kept, from the same snapshot; the text itself passes unchanged, in constant memory.
import { Transform } from 'node:stream';

const code = {
  newline: 10,
  space: 32,
  quote: 39,
  open: 40,
  close: 41,
  semicolon: 59,
  V: 86,
  backslash: 92,
} as const;
/** `INSERT INTO` and a table's name fit; a longer line begins with something else. */
const headLength = 200;
const insert = /^INSERT INTO `([^`]+)` $/;

type Place = 'line' | 'skip' | 'insert' | 'values' | 'text';

export interface RowCounter {
  readonly stream: Transform;
  /** Rows by table, of the tables that had any so far. */
  readonly rows: () => ReadonlyMap<string, number>;
}

export function createRowCounter(onTable: (table: string) => void = () => undefined): RowCounter {
  const rows = new Map<string, number>();
  let place: Place = 'line';
  let head = '';
  let table = '';
  let count = 0;
  let depth = 0;
  let escaped = false;
  const beginLine = (byte: number): void => {
    if (byte === code.newline) head = '';
    else head += String.fromCharCode(byte);
    if (byte === code.space && insert.test(head)) {
      const name = insert.exec(head)?.[1] ?? '';
      if (name !== table) onTable(name);
      [table, place] = [name, 'insert'];
    } else if (head.length > headLength) place = 'skip';
  };
  const readValues = (byte: number): void => {
    if (byte === code.quote) place = 'text';
    else if (byte === code.open) {
      if (depth === 0) count += 1;
      depth += 1;
    } else if (byte === code.close) depth -= 1;
    else if (byte === code.semicolon) {
      rows.set(table, (rows.get(table) ?? 0) + count);
      [count, place] = [0, 'skip'];
    }
  };
  const read = (chunk: Buffer): void => {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (place === 'text') {
        if (escaped) escaped = false;
        else if (byte === code.backslash) escaped = true;
        else if (byte === code.quote) place = 'values';
      } else if (place === 'values') readValues(byte);
      else if (place === 'line') beginLine(byte);
      else if (place === 'skip') {
        if (byte === code.newline) [place, head] = ['line', ''];
        // A list of columns stands in brackets before VALUES; no name of a column has a capital V.
      } else if (byte === code.V) [place, depth] = ['values', 0];
    }
  };
  const stream = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      read(chunk);
      done(undefined, chunk);
    },
  });
  return { stream, rows: () => rows };
}
