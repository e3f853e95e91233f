// Lays out the issued statistics as one French page: plots drawn here, and their tables beside them.
// Invariant: the page loads nothing and runs nothing, and shows only what was published: no total, no share.
import { capital } from '../domain/lead-values.ts';
import { mostRequests, reports, type Report } from '../domain/statistics.ts';
import { list } from '../privacy/papers/paper.ts';
import { html, styleSheet, written, type Html, type Piece } from '../privacy/papers/html.ts';
import { barsPlot, linesPlot, type BarGroup, type Tone } from '../privacy/papers/plot.ts';
import { type Issued, type IssuedCount, otherRights, readEditions } from '../store/statistics/editions.ts';
import { cellWords, monthWords, personsWord, reportWords } from './words.ts';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { RelaisError } from '../errors.ts';
import type { Database } from '../store/database.ts';

// The style sheet of the page: light and dark differ in colours alone.

const style = `
:root { color-scheme: light dark; --ground: #f5f7f9; --surface: #ffffff; --ink: #17212b; --quiet: #4b5b6b; --line: #ccd5de;
  --first: #0b5c86; --second: #b25d00; --third: #17703f; --fourth: #7a3fa0; --fifth: #9b1c1c; }
@media (prefers-color-scheme: dark) { :root { --ground: #12181e; --surface: #1a222a; --ink: #e4eaf0; --quiet: #a9b7c4; --line: #36424e;
  --first: #86c5e8; --second: #ecc06f; --third: #86d3a5; --fourth: #cda6ea; --fifth: #f6a19a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 76rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", "Liberation Sans", "DejaVu Sans", Arial, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 0; }
h3 { font-size: 1.05rem; margin: 0; }
p { margin: 0 0 .75rem; max-width: 46rem; }
.quiet, .none { color: var(--quiet); }
summary { cursor: pointer; margin: 2rem 0 .75rem; }
summary h2 { display: inline; }
.report { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.25rem; background: var(--surface); border: 1px solid var(--line);
  border-radius: 6px; padding: 1rem; margin: 0 0 1rem; }
@media (min-width: 60rem) { .report { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); } }
.report > :is(h2, h3) { grid-column: 1 / -1; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; align-self: start; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem .3rem 0; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; padding: .3rem 0 .3rem .5rem; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
.plot { margin: 0; }
.plot svg { display: block; width: 100%; height: auto; overflow: visible; }
.plot text { fill: var(--quiet); font-size: 13px; }
.plot text.name { fill: var(--ink); }
.plot .grid-line { stroke: var(--line); }
.plot .line { fill: none; stroke: var(--tone); stroke-width: 2; }
.plot .fill { fill: var(--tone); }
.first { --tone: var(--first); } .second { --tone: var(--second); } .third { --tone: var(--third); }
.fourth { --tone: var(--fourth); } .fifth { --tone: var(--fifth); }
.plot .key { display: inline-block; margin: .25rem 1rem 0 0; font-size: .9rem; }
.plot .key::before { content: ''; display: inline-block; width: .8em; height: .8em; margin-right: .4em; background: var(--tone); }
@media (max-width: 40rem) { .plot text { font-size: 24px; } .plot .bars text { font-size: 17px; }
  table { font-size: .8rem; } td { overflow-wrap: anywhere; } }
@media print { body { background: none; } .report { break-inside: avoid; } }
`;

const tones: readonly Tone[] = ['first', 'second', 'third', 'fourth', 'fifth'];
const toneOf = (index: number): Tone => tones[index % tones.length] ?? 'first';

/** Products with most candidates are drawn; the table has them all. */
const drawnProducts = 15;

export function statisticsPage({ months, cells }: Issued): string {
  const [newest, ...earlier] = months.toReversed();
  const page = html`<html lang="fr">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
      <meta name="robots" content="noindex" />
      <title>Statistiques des leads</title>
      ${styleSheet(style)}
    </head>
    <body>
      <main>
        <h1>Statistiques des leads</h1>
        <p class="quiet">${periodWords(months)}</p>
        <p>
          Ces tableaux comptent des candidats, arrondis à 5, chez les clients qui l’ont autorisé par écrit.
          Une case absente compte moins de 11 candidats, ou moins de 3 clients, ou un client y pèse plus de 85
          %, ou elle permettrait d’en déduire une autre. Il n’y a ni total ni sous-total, et un mois publié
          n’est jamais recompté.
        </p>
        ${newest === undefined ? undefined : html`${simultaneousOver(months, cells)}${monthSection(newest, cells, true)}`}
        ${earlier.map((month) => monthSection(month, cells, false))}
      </main>
    </body>
  </html>`;
  return `<!doctype html>\n${written(page)}\n`;
}

function periodWords(months: readonly string[]): string {
  const [first, last] = [months[0], months.at(-1)];
  if (first === undefined || last === undefined) return 'Aucun mois n’est publié.';
  if (first === last) return `${monthWords(first)}.`;
  return `De ${monthWords(first)} à ${monthWords(last)}.`;
}

const ofReport = (cells: readonly IssuedCount[], report: Report, month?: string): readonly IssuedCount[] =>
  cells.filter((cell) => cell.report === report && (month === undefined || cell.month === month));

function monthSection(month: string, cells: readonly IssuedCount[], isOpen: boolean): Html {
  const open = isOpen ? html` open` : undefined;
  return html`<details${open}>
    <summary><h2>${capital(monthWords(month))}</h2></summary>
    ${reports
      .filter((report) => report !== 'simultaneous')
      .map((report) => reportSection(report, ofReport(cells, report, month)))}
  </details>`;
}

const none = 'Aucune case publiée.';

function reportSection(report: Report, cells: readonly IssuedCount[]): Html {
  const { title, category, class: of = '' } = reportWords[report];
  const rows = [...cells].sort((one, other) => other.persons - one.persons);
  const table = list(
    [{ title: category }, { title: of }, { title: personsWord, number: true }],
    rows.map((cell): readonly Piece[] => [...cellWords(cell), cell.persons]),
    none,
  );
  const groups = report === 'channel_media' ? mediaGroups(rows) : productGroups(rows);
  return html`<section class="report">
    <h3>${title}</h3>
    ${cells.length === 0 ? undefined : barsPlot({ title, groups })}
    <div>${table}</div>
  </section>`;
}

function mediaGroups(rows: readonly IssuedCount[]): readonly BarGroup[] {
  const worded = rows.map((cell) => ({ words: cellWords(cell), value: cell.persons }));
  const channels = [...new Set(worded.map(({ words: [channel] }) => channel))].sort();
  return [...Map.groupBy(worded, ({ words: [, media] }) => media)].map(([name, own]) => ({
    name,
    bars: own
      .map(({ words: [channel], value }) => ({
        name: channel,
        tone: toneOf(channels.indexOf(channel)),
        value,
      }))
      .sort((one, other) => channels.indexOf(one.name) - channels.indexOf(other.name)),
  }));
}

const productGroups = (rows: readonly IssuedCount[]): readonly BarGroup[] =>
  rows.slice(0, drawnProducts).map((cell) => ({
    name: cellWords(cell).join(' · '),
    bars: [{ name: personsWord, tone: 'first', value: cell.persons }],
  }));

function simultaneousOver(months: readonly string[], all: readonly IssuedCount[]): Html {
  const { title } = reportWords.simultaneous;
  const cells = ofReport(all, 'simultaneous');
  const kinds = Array.from({ length: mostRequests }, (_, index) => String(index + 1));
  const nameOf = (kind: string): string =>
    cellWords({ report: 'simultaneous', category: kind, class: '' })[0];
  const countOf = (month: string, kind: string): number | null =>
    cells.find((cell) => cell.month === month && cell.category === kind)?.persons ?? null;
  const series = kinds
    .map((kind, index) => ({
      name: nameOf(kind),
      tone: toneOf(index),
      values: months.map((month) => countOf(month, kind)),
    }))
    .filter(({ values }) => values.some((value) => value !== null));
  const table = list(
    [{ title: 'Mois' }, ...series.map(({ name }) => ({ title: name, number: true as const }))],
    series.length === 0
      ? []
      : months.map((month, index) => [
          monthWords(month),
          ...series.map(({ values }) => values[index] ?? '–'),
        ]),
    none,
  );
  const every = Math.ceil(months.length / 4);
  const plot = linesPlot({
    title,
    marks: months.map((month, index) => ((months.length - 1 - index) % every === 0 ? month : '')),
    series,
    scaleText: (value) => String(Math.round(value)),
  });
  return html`<section class="report">
    <h2>${title}</h2>
    ${cells.length === 0 ? undefined : plot}
    <div>${table}</div>
  </section>`;
}

// Writes the issued statistics as three CSV files and one page.
// Invariant: read under an account that has no right elsewhere; a cell that was not published is absent, whatever the reason.

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
