// Checks that a CSV dialect can be read back: its separators, its words, the names of its columns.
// Invariant: only reports; a lead whose text would shift the columns is refused when it is written.
import type { Both } from '../../../connectors/contract.ts';
import { isRecord } from '../document/yaml.ts';
import { fitInto } from './encoding.ts';
import type { Path, Report } from '../document/problems.ts';
import type { Target } from '../fields/target.ts';
import * as says from './csv-words.ts';
import type { CsvWriter } from './write-csv.ts';

/** Checks the separators and words of the `csv:` block itself. */
export function checkCsv({ dialect, unwritable }: CsvWriter, raw: unknown, report: Report): void {
  const { delimiter, decimal, trueFalse, lineBreak, quote, encoding } = dialect;
  const block = isRecord(raw) ? raw : {};
  const fail = (path: Path, message: Both): void => report.error(['csv', ...path], 'MAP-708', message);
  const foreign = [
    '"',
    ...(dialect.quoteInside === 'backslash' ? ['\\'] : []),
    ...(dialect.quoteInside === 'apostrophe' || dialect.formulaGuard ? ["'"] : []),
  ].find((sign) => delimiter.includes(sign));
  if (/[\r\n\v\f\u0085\u2028\u2029]/.test(delimiter)) fail(['delimiter'], says.lineBreakBetween);
  else if (foreign !== undefined) fail(['delimiter'], says.quoteBetween(foreign));
  else if (/[\p{L}\p{N}]|\\t/u.test(delimiter)) fail(['delimiter'], says.letterBetween);
  else if (fitInto(delimiter, encoding) !== delimiter) fail(['delimiter'], says.delimiterUnknown(encoding));
  if (/[\p{L}\p{N}"'+\r\n-]/u.test(decimal)) fail(['decimal'], says.noDecimal(decimal));
  else if (fitInto(decimal, encoding) !== decimal) fail(['decimal'], says.signUnknown(encoding, decimal));
  else if (quote === 'none' && delimiter.includes(decimal))
    fail([Object.hasOwn(block, 'decimal') ? 'decimal' : 'quote'], says.decimalBetween);
  for (const [index, word] of trueFalse.entries())
    if (unwritable(word) !== undefined) fail(['trueFalse', index], says.unwritable(word));
  if (trueFalse[0] === trueFalse[1]) fail(['trueFalse'], says.alike);
  if (lineBreak !== undefined && fitInto(lineBreak, encoding) !== lineBreak)
    fail(['lineBreak'], says.signUnknown(encoding, lineBreak));
  else if (lineBreak !== undefined && unwritable(`a${lineBreak}b`) !== undefined)
    fail(['lineBreak'], says.breakUnquoted(lineBreak));
}

/** Checks that a reader finds every column under its own name. */
export function checkColumns(
  targets: readonly { readonly target: Target; readonly path: Path }[],
  csv: CsvWriter,
  report: Report,
): void {
  if (!csv.dialect.header) return;
  for (const { target, path } of targets) {
    if (csv.namesColumn(target.text)) continue;
    report.error([...path, 'to'], 'MAP-708', [
      `la colonne « ${target.text} » ne se lirait pas sous son nom : certains de ses caractères n’existent pas dans ce CSV.`,
      `the column "${target.text}" would not be read under its name: its letters or signs do not fit this CSV.`,
    ]);
  }
}
