// Reads a CSV sample, with or without rows: delimiter, quotes, encoding, line ends and decimal sign as the client writes them.
// Invariant: the first line names the columns; a file without names is refused, not guessed.
import { parse } from 'csv-parse/sync';
import type { Shape, Unreadable } from './shape.ts';

const delimiters = ['!#', ';', '\t', '|', ','] as const;

export function readCsvSample(bytes: Uint8Array): Shape | Unreadable {
  const { text, encoding } = decoded(bytes);
  const [head = ''] = text.split(/\r?\n/);
  const counted = delimiters
    .map((separator) => ({ separator, parts: head.split(separator).length }))
    .filter(({ parts }) => parts > 1);
  const delimiter =
    counted.find(({ separator }) => separator === '!#')?.separator ?? mostFrequent(counted) ?? ';';
  let rows: readonly (readonly string[])[];
  try {
    rows = parse(text, { delimiter, relax_column_count: true, relax_quotes: true, skip_empty_lines: true });
  } catch {
    return { unreadable: 'its lines cannot be read as CSV.' };
  }
  const [names = [], example] = rows;
  const unnamed = names.filter((name) => name.trim() === '' || /^[\d\s.,+-]+$|@/.test(name));
  if (names.length < 2 || unnamed.length > 0)
    return { unreadable: 'its first line does not name the columns; add a header line.' };
  const decimal = example?.some((cell) => /^\d+,\d+$/.test(cell)) === true ? { decimal: ',' } : {};
  return {
    format: 'csv',
    layout: {
      delimiter,
      quote: head.trim().startsWith('"') ? 'all' : 'minimal',
      encoding,
      eol: text.includes('\r\n') ? 'crlf' : 'lf',
      header: true,
      ...decimal,
    },
    slots: names.map((name, index) => ({
      target: name.trim(),
      name: name.trim(),
      parents: [],
      value: example?.[index],
    })),
    notes:
      encoding === 'windows-1252'
        ? ['the sample is not UTF-8: it was read, and will be written, as windows-1252 (what Excel saves).']
        : [],
  };
}

const mostFrequent = (counted: readonly { readonly separator: string; readonly parts: number }[]) =>
  counted.toSorted((a, b) => b.parts - a.parts)[0]?.separator;

function decoded(bytes: Uint8Array): { readonly text: string; readonly encoding: string } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.startsWith('\uFEFF')
      ? { text: text.slice(1), encoding: 'utf-8-bom' }
      : { text, encoding: 'utf-8' };
  } catch {
    return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'windows-1252' };
  }
}
