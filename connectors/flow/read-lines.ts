// Turns the bytes of an acknowledgement into the answers of its lines, piece by piece.
// Invariant: whatever the recipient sends, memory is bounded: by a piece, by the longest record and by the lines taken at once.
import type { ItemAnswer, LineWord, TakeAnswers } from '../contract.ts';
import { compared, wordsOf, type Column, type LineSettings } from './line-settings.ts';
import { csvRecords } from './line-csv.ts';
import type { Cell } from './line-text.ts';
import { xmlRecords } from './line-xml.ts';

/** Lines taken at once. */
const together = 500;
/** Characters of a cell that are used. */
const longestCell = 200;

export interface LineReader {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly end: () => Promise<void>;
}

export function lineReader(lines: LineSettings, take: TakeAnswers): LineReader {
  const records = lines.xml === undefined ? csvRecords(lines) : xmlRecords(lines.xml.record);
  const words = wordsOf(lines);
  let waiting: ItemAnswer[] = [];
  const keep = async (cells: readonly Cell[]): Promise<void> => {
    for (const cell of cells) {
      waiting.push(answerOf(cell, lines, words));
      if (waiting.length < together) continue;
      const full = waiting;
      waiting = [];
      await take(full);
    }
  };
  return {
    write: async (bytes) => keep(await records.write(bytes)),
    async end() {
      await keep(await records.end());
      if (waiting.length > 0) await take(waiting);
    },
  };
}

function answerOf(cell: Cell, lines: LineSettings, words: ReadonlyMap<string, LineWord>): ItemAnswer {
  const valueOf = (column: Column | undefined): string =>
    column === undefined ? '' : (cell(column) ?? '').slice(0, longestCell).trim();
  const reason = valueOf(lines.reason);
  const id = valueOf(lines.id);
  return {
    name: valueOf(lines.reference ?? lines.key),
    says: words.get(compared(valueOf(lines.status))),
    ...(reason === '' ? {} : { reason }),
    ...(id === '' ? {} : { id }),
  };
}
