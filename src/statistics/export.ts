// Writes the issued statistics as three CSV files and one page.
// Invariant: read under an account that has no right elsewhere; a cell that was not published is absent, whatever the reason.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { reports, type Report } from '../domain/statistics.ts';
import { RelaisError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { otherRights, readEditions, type Issued } from '../store/statistics/editions.ts';
import { statisticsPage } from './page.ts';
import { cellWords, personsWord, reportWords } from './words.ts';

const pageFile = 'statistiques.html';

/** Returns the names of the files. @throws STATISTICS-001 where the account has a right elsewhere */
export async function exportStatistics(
  reader: Pick<Database, 'all' | 'name'>,
  { folder, from, until }: { readonly folder: string; readonly from: string; readonly until: string },
): Promise<{ readonly months: readonly string[]; readonly files: readonly string[] }> {
  const others = await otherRights(reader);
  if (others.length > 0)
    throw new RelaisError(
      'STATISTICS-001',
      `The account of RELAIS_MYSQL_STATISTICS_READ_URL has rights on ${others.join(', ')}.`,
    );
  const issued = await readEditions(reader, from, until);
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const report of reports) {
    const { file } = reportWords[report];
    await writeFile(join(folder, file), csvOf(report, issued));
    files.push(file);
  }
  await writeFile(join(folder, pageFile), statisticsPage(issued));
  return { months: issued.months, files: [...files, pageFile] };
}

/** A header, and a line for each published cell. */
export function csvOf(report: Report, { cells }: Pick<Issued, 'cells'>): string {
  const { category, class: of } = reportWords[report];
  const head = ['Mois', category, ...(of === undefined ? [] : [of]), personsWord];
  const rows = cells
    .filter((cell) => cell.report === report)
    .map((cell) => [cell.month, ...cellWords(cell).slice(0, of === undefined ? 1 : 2), cell.persons]);
  return stringify([head, ...rows]);
}
